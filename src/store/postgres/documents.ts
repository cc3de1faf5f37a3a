import { type DocumentRecord, type DocumentRef, type Documents, StoreError } from '../store.ts'
import { bounded } from './conditions.ts'
import type { Database, Session } from './database.ts'

const SELECT = 'select key, value, revision, updated_at as "updatedAt" from documents'

/** Greater than every character that a key can have behind its prefix. */
const LAST = '\u{10ffff}'

export function postgresDocuments(database: Database): Documents {
  return {
    document: async (ref) => {
      const sql = `${SELECT} where project = $1 and kind = $2 and key = $3`
      return (await database.rows<DocumentRecord>(sql, valuesOf(ref)))[0]
    },
    putDocument: (ref, value, at, expectedRevision) =>
      database.transaction(async (session) => {
        // Whoever writes documents of this project waits here, so that what is looked at stays so until it is written.
        const home = await session.rows('select 1 from projects where id = $1 for no key update', [ref.projectId])
        if (home.length === 0) throw new StoreError('missing', `there is no project ${ref.projectId}`)
        checkRevision(ref, (await revisionOf(session, ref)) ?? 0, expectedRevision)
        const [put] = await session.rows<{ readonly revision: number }>(
          `insert into documents (project, kind, key, value, revision, updated_at)
           values ($1, $2, $3, $4, next_of('revision'), $5)
           on conflict (project, kind, key) do update
             set value = excluded.value, revision = excluded.revision, updated_at = excluded.updated_at
           returning revision`,
          [...valuesOf(ref), value, at],
        )
        if (put === undefined) throw new Error('an insert gave no row')
        return put
      }),
    removeDocument: (ref, expectedRevision) =>
      database.transaction(async (session) => {
        const revision = await revisionOf(session, ref)
        if (revision === undefined) throw new StoreError('missing', `there is no ${nameOf(ref)}`)
        checkRevision(ref, revision, expectedRevision)
        await session.rows('delete from documents where project = $1 and kind = $2 and key = $3', valuesOf(ref))
      }),
    documents: ({ projectId, kind, prefix }, after, limit) =>
      database.rows<DocumentRecord>(
        `${SELECT} where project = $1 and kind = $2 and key > $3 and key >= $4 and key < $5 order by key limit $6`,
        [projectId, kind, after ?? '', prefix, `${prefix}${LAST}`, bounded(limit)],
      ),
  }
}

const valuesOf = ({ projectId, kind, key }: DocumentRef): [string, string, string] => [projectId, kind, key]

/** Locks it until the end of the transaction. */
async function revisionOf(session: Session, ref: DocumentRef): Promise<number | undefined> {
  const sql = 'select revision from documents where project = $1 and kind = $2 and key = $3 for update'
  return (await session.rows<{ readonly revision: number }>(sql, valuesOf(ref)))[0]?.revision
}

const nameOf = ({ kind, key }: DocumentRef): string => `${kind} ${JSON.stringify(key)}`

function checkRevision(ref: DocumentRef, revision: number, expected: number | null): void {
  if (expected === null || expected === revision) return
  throw new StoreError('conflict', `${nameOf(ref)} is at revision ${revision}, not ${expected}`)
}
