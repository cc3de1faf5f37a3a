import type { Outbox } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'

export function sqliteOutbox(writer: WorkerLink<Writes>, reader: WorkerLink<Reads>): Outbox {
  return {
    putMessages: (messages) => writer.call('putMessages', messages),
    dueMessages: (now, limit, without = []) => reader.call('dueMessages', now, limit, without),
    nextDue: (after = 0) => reader.call('nextDue', after),
    message: (id) => reader.call('message', id),
    newestOf: (lane) => reader.call('newestOf', lane),
    messages: (filter, before, limit) => reader.call('messages', filter, before, limit),
    markMessage: (id, mark) => writer.call('markMessage', id, mark),
    replayMessage: (id, at) => writer.call('replayMessage', id, at),
    pruneMessages: (before) => writer.call('pruneMessages', before),
  }
}
