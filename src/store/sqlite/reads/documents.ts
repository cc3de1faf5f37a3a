import type { DocumentRecord, DocumentRef } from '../../store.ts'
import type { Connection } from '../connection.ts'

const SELECT = 'select key, value, revision, updated_at as updatedAt from documents'

/** Greater than every character that a key can have behind its prefix. */
const LAST = '\u{10ffff}'

export function document(connection: Connection, ref: DocumentRef): DocumentRecord | undefined {
  const sql = `${SELECT} where project = ? and kind = ? and key = ?`
  const row = connection.get<DocumentRecord>(sql, ref.projectId, ref.kind, ref.key)
  return row === undefined ? undefined : { ...row }
}

export function documents(
  connection: Connection,
  { projectId, kind, prefix }: Pick<DocumentRef, 'projectId' | 'kind'> & { readonly prefix: string },
  after: string | null,
  limit: number,
): DocumentRecord[] {
  const values = [projectId, kind, after ?? '', prefix, `${prefix}${LAST}`, Math.max(0, limit)] as const
  return connection
    .all<DocumentRecord>(
      `${SELECT} where project = ? and kind = ? and key > ? and key >= ? and key < ? order by key limit ?`,
      ...values,
    )
    .map((row) => ({ ...row }))
}
