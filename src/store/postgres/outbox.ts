import type { MessageRecord, NewMessage, Outbox } from '../store.ts'
import { StoreError } from '../store.ts'
import { bounded, conditions } from './conditions.ts'
import type { Database, Session } from './database.ts'
import { messageRecord, type MessageRow, SELECT_MESSAGE } from '../kit/rows.ts'

export function postgresOutbox(database: Database): Outbox {
  return {
    putMessages: (messages) =>
      database.transaction(async (session) => {
        for (const message of messages) await put(session, message)
      }),
    dueMessages: async (now, limit, without = []) => {
      const sql = `${SELECT_MESSAGE} where state = 'waiting' and next_at <= $1 and target <> all($3)
        order by next_at, serial limit $2`
      return (await database.rows<MessageRow>(sql, [now, bounded(limit), without])).map(messageRecord)
    },
    nextDue: async (after = 0) => {
      const sql = `select next_at as next from outbox where state = 'waiting' and next_at > $1 order by next_at limit 1`
      return (await database.rows<{ readonly next: number }>(sql, [after]))[0]?.next
    },
    message: async (id) => {
      const [row] = await database.rows<MessageRow>(`${SELECT_MESSAGE} where id = $1`, [id])
      return row === undefined ? undefined : messageRecord(row)
    },
    newestOf: async (lane) => {
      const sql = `${SELECT_MESSAGE} where lane = $1 order by serial desc limit 1`
      const [row] = await database.rows<MessageRow>(sql, [lane])
      return row === undefined ? undefined : messageRecord(row)
    },
    messages: async ({ projectIds, runId, kind, target, state }, before, limit) => {
      const { where, values } = conditions([
        before !== null && ['serial < ?', before],
        projectIds !== undefined && ['project = any(?)', projectIds],
        runId !== undefined && ['run = ?', runId],
        kind !== undefined && ['kind = ?', kind],
        target !== undefined && ['target = ?', target],
        state !== undefined && ['state = ?', state],
        // Said again, and without a value, so that the small index of those is found.
        state !== undefined && state !== 'delivered' && [`state <> 'delivered'`],
      ])
      const sql = `${SELECT_MESSAGE} ${where} order by serial desc limit $${values.length + 1}`
      return (await database.planned<MessageRow>(sql, [...values, bounded(limit)])).map(messageRecord)
    },
    markMessage: (id, mark) =>
      database.transaction(async (session) => {
        if ((await found(session, id)).state !== 'waiting') return false
        await session.rows(
          'update outbox set state = $2, tries = $3, next_at = $4, error = $5, updated_at = $6 where id = $1',
          [id, mark.state, mark.tries, mark.nextAt, mark.error, mark.at],
        )
        return true
      }),
    replayMessage: (id, at) =>
      database.transaction(async (session) => {
        const message = await found(session, id)
        const { lane, serial, state } = message
        const newer = lane !== null && (await isFollowed(session, lane, serial))
        if (state === 'superseded' || newer) {
          throw new StoreError('conflict', `message ${id} has been followed by a newer one`)
        }
        await session.rows(
          `update outbox set state = 'waiting', tries = 0, next_at = $2, error = null, updated_at = $2 where id = $1`,
          [id, at],
        )
        return { ...message, state: 'waiting', tries: 0, nextAt: at, error: null, updatedAt: at }
      }),
    pruneMessages: async (before) => {
      const sql = `with gone as (delete from outbox where state <> 'waiting' and updated_at < $1 returning 1)
        select count(*) as count from gone`
      return (await database.rows<{ readonly count: number }>(sql, [before]))[0]?.count ?? 0
    },
  }
}

async function put(session: Session, message: NewMessage): Promise<void> {
  const { id, projectId, runId, kind, target, lane, body, createdAt } = message
  // The counter's row is held until the transaction ends: messages of one lane come one after the other.
  const [row] = await session.rows<{ readonly serial: number }>(
    `insert into outbox (serial, id, project, run, kind, target, lane, body, created_at, state, tries, next_at, updated_at)
     values (next_of('message'), $1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $8, $8)
     on conflict (id) do nothing returning serial`,
    [id, projectId, runId, kind, target, lane, body, createdAt],
  )
  if (row === undefined || lane === null) return
  await session.rows(
    `update outbox set state = 'superseded', next_at = null, updated_at = $3
     where lane = $1 and state = 'waiting' and serial < $2`,
    [lane, row.serial, createdAt],
  )
}

/** Locks it until the end of the transaction. */
async function found(session: Session, id: string): Promise<MessageRecord> {
  const [row] = await session.rows<MessageRow>(`${SELECT_MESSAGE} where id = $1 for update`, [id])
  if (row === undefined) throw new StoreError('missing', `there is no message ${id}`)
  return messageRecord(row)
}

const isFollowed = async (session: Session, lane: string, serial: number): Promise<boolean> =>
  (await session.rows('select 1 from outbox where lane = $1 and serial > $2 limit 1', [lane, serial])).length > 0
