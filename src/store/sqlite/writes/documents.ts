import type { Instant } from '../../../model/time.ts'
import type { DocumentRef } from '../../store.ts'
import { refuse, type Writer } from './writer.ts'

export function putDocument(
  writer: Writer,
  ref: DocumentRef,
  value: string,
  at: Instant,
  expectedRevision: number | null,
): { readonly revision: number } {
  const { connection } = writer
  if (connection.get('select 1 from projects where id = ?', ref.projectId) === undefined) {
    refuse('missing', `there is no project ${ref.projectId}`)
  }
  checkRevision(ref, revisionOf(writer, ref) ?? 0, expectedRevision)
  const revision = connection.get<{ value: number }>(
    'update last_revision set value = value + 1 returning value',
  )?.value
  if (revision === undefined) throw new Error('last_revision has lost its row')
  connection.run(
    `insert or replace into documents (project, kind, key, value, revision, updated_at) values (?, ?, ?, ?, ?, ?)`,
    ref.projectId,
    ref.kind,
    ref.key,
    value,
    revision,
    at,
  )
  return { revision }
}

export function removeDocument(writer: Writer, ref: DocumentRef, expectedRevision: number | null): void {
  const revision = revisionOf(writer, ref)
  if (revision === undefined) refuse('missing', `there is no ${nameOf(ref)}`)
  checkRevision(ref, revision, expectedRevision)
  const { projectId, kind, key } = ref
  writer.connection.run('delete from documents where project = ? and kind = ? and key = ?', projectId, kind, key)
}

const revisionOf = ({ connection }: Writer, { projectId, kind, key }: DocumentRef): number | undefined =>
  connection.get<{ revision: number }>(
    'select revision from documents where project = ? and kind = ? and key = ?',
    projectId,
    kind,
    key,
  )?.revision

const nameOf = ({ kind, key }: DocumentRef): string => `${kind} ${JSON.stringify(key)}`

function checkRevision(ref: DocumentRef, revision: number, expected: number | null): void {
  if (expected === null || expected === revision) return
  refuse('conflict', `${nameOf(ref)} is at revision ${revision}, not ${expected}`)
}
