import type { AuditEntry } from '../store.ts'
import type { Session, Statements } from './database.ts'

export async function writeAudit(session: Pick<Session, 'rows'>, entry: AuditEntry): Promise<void> {
  const { at, actor, action, target, detail } = entry
  await session.rows(
    `insert into audit (number, at, actor_kind, actor_name, action, target, detail)
     values (next_of('audit'), $1, $2, $3, $4, $5, $6)`,
    [at, actor.kind, actor.name, action, target, detail],
  )
}

/** For one change: whatever it writes is in one transaction with this entry. */
export function auditing(database: Statements, entry: AuditEntry): Statements {
  const transaction: Statements['transaction'] = (work) =>
    database.transaction(async (session) => {
      const result = await work(session)
      await writeAudit(session, entry)
      return result
    })
  const rows: Statements['rows'] = (sql, values) => transaction((session) => session.rows(sql, values))
  return { rows, planned: rows, transaction }
}
