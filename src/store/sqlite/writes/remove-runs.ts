import type { RunId } from '../../../model/id.ts'
import type { Writer } from './writer.ts'

/** @returns those that were there and have gone. */
export function removeRuns(writer: Writer, ids: readonly RunId[]): RunId[] {
  const { connection, lastNumber } = writer
  return ids.filter((id) => {
    const run = connection.get<{ serial: number; live: number; newest: number }>(
      `select serial, live, (select max(number) from entries where run = serial) as newest from runs where id = ?`,
      id,
    )
    // The newest number must stay: the next one is counted from it.
    if (run === undefined || run.live === 1 || run.newest === lastNumber) return false
    connection.run('delete from idempotency where run = ?', run.serial)
    connection.run('delete from snapshots where run = ?', run.serial)
    connection.run('delete from entries where run = ?', run.serial)
    connection.run('delete from runs where serial = ?', run.serial)
    writer.drop(id)
    return true
  })
}
