import type { Instant } from '../../../model/time.ts'
import type { MessageMark, MessageRecord, NewMessage } from '../../store.ts'
import { messageRecord, type MessageRow, SELECT_MESSAGE } from '../../kit/rows.ts'
import { refuse, type Writer } from './writer.ts'

export function putMessages({ connection }: Writer, messages: readonly NewMessage[]): void {
  const projects = new Set(messages.map(({ projectId }) => projectId))
  for (const id of projects) {
    if (connection.get('select 1 from projects where id = ?', id) === undefined) {
      refuse('missing', `there is no project ${id}`)
    }
  }
  for (const message of messages) {
    const { id, projectId, runId, kind, target, lane, body, createdAt } = message
    if (connection.get('select 1 from outbox where id = ?', id) !== undefined) continue
    if (lane !== null) {
      connection.run(
        `update outbox set state = 'superseded', next_at = null, updated_at = ? where lane = ? and state = 'waiting'`,
        createdAt,
        lane,
      )
    }
    connection.run(
      `insert into outbox (id, project, run, kind, target, lane, body, created_at, state, tries, next_at, updated_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?)`,
      id,
      projectId,
      runId,
      kind,
      target,
      lane,
      body,
      createdAt,
      createdAt,
      createdAt,
    )
  }
}

export function markMessage(writer: Writer, id: string, mark: MessageMark): boolean {
  const { state } = found(writer, id)
  if (state !== 'waiting') return false
  writer.connection.run(
    'update outbox set state = ?, tries = ?, next_at = ?, error = ?, updated_at = ? where id = ?',
    mark.state,
    mark.tries,
    mark.nextAt,
    mark.error,
    mark.at,
    id,
  )
  return true
}

export function replayMessage(writer: Writer, id: string, at: Instant): MessageRecord {
  const { connection } = writer
  const message = found(writer, id)
  const newer =
    message.lane !== null &&
    connection.get('select 1 from outbox where lane = ? and serial > ?', message.lane, message.serial) !== undefined
  if (message.state === 'superseded' || newer) refuse('conflict', `message ${id} has been followed by a newer one`)
  connection.run(
    `update outbox set state = 'waiting', tries = 0, next_at = ?, error = null, updated_at = ? where id = ?`,
    at,
    at,
    id,
  )
  return { ...message, state: 'waiting', tries: 0, nextAt: at, error: null, updatedAt: at }
}

export function pruneMessages({ connection }: Writer, before: Instant): number {
  return connection.run(`delete from outbox where state <> 'waiting' and updated_at < ?`, before)
}

function found({ connection }: Writer, id: string): MessageRecord {
  const row = connection.get<MessageRow>(`${SELECT_MESSAGE} where id = ?`, id)
  return row === undefined ? refuse('missing', `there is no message ${id}`) : messageRecord(row)
}
