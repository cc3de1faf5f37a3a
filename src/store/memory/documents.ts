import { type DocumentRecord, type DocumentRef, type Documents, StoreError } from '../store.ts'
import type { ProjectId } from '../../model/id.ts'

export function memoryDocuments(open: () => void, hasProject: (id: ProjectId) => boolean): Documents {
  /** By project and kind, then by key. */
  const kinds = new Map<string, Map<string, DocumentRecord>>()
  let lastRevision = 0

  const find = (ref: DocumentRef): DocumentRecord | undefined => kinds.get(shelfOf(ref))?.get(ref.key)

  return {
    document: async (ref) => {
      open()
      return find(ref)
    },
    putDocument: async (ref, value, at, expectedRevision) => {
      open()
      if (!hasProject(ref.projectId)) throw new StoreError('missing', `there is no project ${ref.projectId}`)
      checkRevision(ref, find(ref)?.revision ?? 0, expectedRevision)
      const shelf = kinds.get(shelfOf(ref)) ?? new Map<string, DocumentRecord>()
      kinds.set(shelfOf(ref), shelf)
      lastRevision += 1
      shelf.set(ref.key, { key: ref.key, value, revision: lastRevision, updatedAt: at })
      return { revision: lastRevision }
    },
    removeDocument: async (ref, expectedRevision) => {
      open()
      const found = find(ref)
      if (found === undefined) throw new StoreError('missing', `there is no ${nameOf(ref)}`)
      checkRevision(ref, found.revision, expectedRevision)
      kinds.get(shelfOf(ref))?.delete(ref.key)
    },
    documents: async (filter, after, limit) => {
      open()
      return [...(kinds.get(shelfOf(filter))?.values() ?? [])]
        .filter(({ key }) => key.startsWith(filter.prefix) && (after === null || inOrder(after, key) < 0))
        .toSorted((a, b) => inOrder(a.key, b.key))
        .slice(0, Math.max(0, limit))
    },
  }
}

const shelfOf = ({ projectId, kind }: Pick<DocumentRef, 'projectId' | 'kind'>): string => `${projectId} ${kind}`

const nameOf = ({ kind, key }: DocumentRef): string => `${kind} ${JSON.stringify(key)}`

/** UTF-8 sorts as code points do; texts of JavaScript do not, beyond U+FFFF. */
const inOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

function checkRevision(ref: DocumentRef, revision: number, expected: number | null): void {
  if (expected === null || expected === revision) return
  throw new StoreError('conflict', `${nameOf(ref)} is at revision ${revision}, not ${expected}`)
}
