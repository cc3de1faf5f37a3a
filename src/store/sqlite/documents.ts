import type { Documents } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'

export function sqliteDocuments(writer: WorkerLink<Writes>, reader: WorkerLink<Reads>): Documents {
  return {
    document: (ref) => reader.call('document', ref),
    putDocument: (ref, value, at, expected) => writer.call('putDocument', ref, value, at, expected),
    removeDocument: (ref, expected) => writer.call('removeDocument', ref, expected),
    documents: (filter, after, limit) => reader.call('documents', filter, after, limit),
  }
}
