import type { Instant } from '../../../model/time.ts'
import type { NewSecret, Resealed, SecretPlace, SecretRecord } from '../../store.ts'
import { secretRecord, type SecretRow, SELECT_SECRET } from '../../kit/rows.ts'
import { putSetting } from './keys.ts'
import { refuse, type Writer } from './writer.ts'

const AT_PLACE = 'where project = ? and pipeline = ? and name = ?'

export function putSecret(writer: Writer, secret: NewSecret): SecretRecord {
  const { connection } = writer
  const { projectId, pipelineId, sealed, at, by } = secret
  if (connection.get('select 1 from projects where id = ? and deleted_at is null', projectId) === undefined) {
    refuse('missing', `there is no project ${projectId}`)
  }
  const found =
    pipelineId === null ||
    connection.get(
      'select 1 from pipelines where id = ? and project = ? and deleted_at is null',
      pipelineId,
      projectId,
    ) !== undefined
  if (!found) refuse('missing', `there is no pipeline ${pipelineId} in project ${projectId}`)
  connection.run(
    `insert into secrets (project, pipeline, name, sealed, created_at, created_by_id, created_by_name,
       updated_at, updated_by_id, updated_by_name)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on conflict (project, pipeline, name) do update set sealed = excluded.sealed,
       updated_at = excluded.updated_at, updated_by_id = excluded.updated_by_id,
       updated_by_name = excluded.updated_by_name`,
    ...placeOf(secret),
    sealed,
    at,
    by.id,
    by.name,
    at,
    by.id,
    by.name,
  )
  return secretRecord(connection.get<SecretRow>(`${SELECT_SECRET} ${AT_PLACE}`, ...placeOf(secret))!)
}

export function removeSecret({ connection }: Writer, place: SecretPlace): void {
  if (connection.run(`delete from secrets ${AT_PLACE}`, ...placeOf(place)) === 0) {
    refuse('missing', `there is no secret ${place.name}`)
  }
}

export function usedSecrets({ connection }: Writer, places: readonly SecretPlace[], at: Instant): void {
  for (const place of places) connection.run(`update secrets set last_used_at = ? ${AT_PLACE}`, at, ...placeOf(place))
}

/** Looks at everything before it writes anything: a refusal must leave no trace in the transaction of the turn. */
export function reseal(writer: Writer, { secrets, keys, settings }: Resealed): void {
  const { connection } = writer
  for (const { place, was } of secrets) {
    const found = connection.get(`select 1 from secrets ${AT_PLACE} and sealed = ?`, ...placeOf(place), was)
    if (found === undefined) changed(`the secret ${place.name}`)
  }
  for (const { kind, name, was } of keys) {
    const found = connection.get('select 1 from keys where kind = ? and name = ? and secret = ?', kind, name, was)
    if (found === undefined) changed(`the ${kind} ${name}`)
  }
  for (const { place, sealed } of secrets) {
    connection.run(`update secrets set sealed = ? ${AT_PLACE}`, sealed, ...placeOf(place))
  }
  for (const { kind, name, secret } of keys) {
    connection.run('update keys set secret = ? where kind = ? and name = ?', secret, kind, name)
  }
  for (const { name, value } of settings) putSetting(writer, name, value)
}

const changed = (what: string): never => refuse('conflict', `${what} has been changed meanwhile`)

const placeOf = ({ projectId, pipelineId, name }: SecretPlace): [string, string, string] => [
  projectId,
  pipelineId ?? '',
  name,
]
