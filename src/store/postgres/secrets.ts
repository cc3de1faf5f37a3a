import { secretRecord, type SecretRow, SELECT_SECRET } from '../kit/rows.ts'
import {
  type NewSecret,
  type Resealed,
  type SecretPlace,
  type SecretRecord,
  type Secrets,
  StoreError,
} from '../store.ts'
import type { Session, Statements } from './database.ts'

const AT_PLACE = 'where project = $1 and pipeline = $2 and name = $3'

export function postgresSecrets(database: Statements): Secrets {
  return {
    secrets: async () => (await database.rows<SecretRow>(`${SELECT_SECRET} order by place`)).map(secretRecord),
    putSecret: (secret) => database.transaction((session) => put(session, secret)),
    removeSecret: (place) =>
      database.transaction(async (session) => {
        const gone = await session.rows(`delete from secrets ${AT_PLACE} returning 1 as gone`, placeOf(place))
        if (gone.length === 0) throw new StoreError('missing', `there is no secret ${place.name}`)
      }),
    usedSecrets: (places, at) =>
      database.transaction(async (session) => {
        for (const place of places) {
          await session.rows(`update secrets set last_used_at = $4 ${AT_PLACE}`, [...placeOf(place), at])
        }
      }),
    reseal: (change) => database.transaction((session) => reseal(session, change)),
  }
}

async function put(session: Session, secret: NewSecret): Promise<SecretRecord> {
  const { projectId, pipelineId, sealed, at, by } = secret
  const home = 'select 1 from projects where id = $1 and deleted_at is null for share'
  if ((await session.rows(home, [projectId])).length === 0) {
    throw new StoreError('missing', `there is no project ${projectId}`)
  }
  const owner = 'select 1 from pipelines where id = $1 and project = $2 and deleted_at is null for share'
  if (pipelineId !== null && (await session.rows(owner, [pipelineId, projectId])).length === 0) {
    throw new StoreError('missing', `there is no pipeline ${pipelineId} in project ${projectId}`)
  }
  await session.rows(
    `insert into secrets (place, project, pipeline, name, sealed, created_at, created_by_id, created_by_name, updated_at,
       updated_by_id, updated_by_name)
     values (next_of('secret'), $1, $2, $3, $4, $5, $6, $7, $5, $6, $7)
     on conflict (project, pipeline, name) do update set sealed = excluded.sealed, updated_at = excluded.updated_at,
       updated_by_id = excluded.updated_by_id, updated_by_name = excluded.updated_by_name`,
    [...placeOf(secret), sealed, at, by.id, by.name],
  )
  const [row] = await session.rows<SecretRow>(`${SELECT_SECRET} ${AT_PLACE}`, placeOf(secret))
  if (row === undefined) throw new Error('an insert gave no row')
  return secretRecord(row)
}

/** Each is changed only while it is as it was; what is not rolls all of it back. */
async function reseal(session: Session, { secrets, keys, settings }: Resealed): Promise<void> {
  for (const { place, was, sealed } of secrets) {
    const sql = `update secrets set sealed = $5 ${AT_PLACE} and sealed = $4 returning 1 as done`
    checkDone(await session.rows(sql, [...placeOf(place), was, sealed]), `the secret ${place.name}`)
  }
  for (const { kind, name, was, secret } of keys) {
    const sql = 'update keys set secret = $4 where kind = $1 and name = $2 and secret = $3 returning 1 as done'
    checkDone(await session.rows(sql, [kind, name, was, secret]), `the ${kind} ${name}`)
  }
  for (const { name, value } of settings) {
    await session.rows(
      'insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value',
      [name, value],
    )
  }
}

function checkDone(done: readonly unknown[], what: string): void {
  if (done.length === 0) throw new StoreError('conflict', `${what} has been changed meanwhile`)
}

const placeOf = ({ projectId, pipelineId, name }: SecretPlace): [string, string, string] => [
  projectId,
  pipelineId ?? '',
  name,
]
