import type { Instant } from '../../../model/time.ts'
import type { MessageFilter, MessageRecord } from '../../store.ts'
import type { Connection } from '../connection.ts'
import { messageRecord, type MessageRow, SELECT_MESSAGE } from '../../kit/rows.ts'
import { bounded, conditions } from './conditions.ts'

export function dueMessages(
  connection: Connection,
  now: Instant,
  limit: number,
  without: readonly string[],
): MessageRecord[] {
  const sql = `${SELECT_MESSAGE} where state = 'waiting' and next_at <= ?
    and target not in (select value from json_each(?)) order by next_at, serial limit ?`
  return connection.all<MessageRow>(sql, now, JSON.stringify(without), bounded(limit)).map(messageRecord)
}

export function nextDue(connection: Connection, after: Instant): Instant | undefined {
  const sql = `select next_at as next from outbox where state = 'waiting' and next_at > ? order by next_at limit 1`
  return connection.get<{ next: number }>(sql, after)?.next
}

export function message(connection: Connection, id: string): MessageRecord | undefined {
  const row = connection.get<MessageRow>(`${SELECT_MESSAGE} where id = ?`, id)
  return row === undefined ? undefined : messageRecord(row)
}

export function newestOf(connection: Connection, lane: string): MessageRecord | undefined {
  const row = connection.get<MessageRow>(`${SELECT_MESSAGE} where lane = ? order by serial desc limit 1`, lane)
  return row === undefined ? undefined : messageRecord(row)
}

export function messages(
  connection: Connection,
  { projectIds, runId, kind, target, state }: MessageFilter,
  before: number | null,
  limit: number,
): MessageRecord[] {
  const isRare = state !== undefined && state !== 'delivered'
  const { where, values } = conditions([
    before !== null && ['serial < ?', before],
    projectIds !== undefined && ['project in (select value from json_each(?))', JSON.stringify(projectIds)],
    runId !== undefined && ['run = ?', runId],
    kind !== undefined && ['kind = ?', kind],
    target !== undefined && ['target = ?', target],
    state !== undefined && ['state = ?', state],
    // Said again, and with a literal, so that the small index of those is found.
    isRare && [`state <> 'delivered'`],
  ])
  const by = isRare && runId === undefined && target === undefined ? 'indexed by outbox_undelivered' : ''
  const sql = `${SELECT_MESSAGE} ${by} ${where} order by serial desc limit ?`
  return connection.all<MessageRow>(sql, ...values, bounded(limit)).map(messageRecord)
}
