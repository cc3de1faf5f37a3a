import pg from 'pg'
import { StoreError } from '../store.ts'
import { NOTICES_SILENCE } from './database.ts'
import { failureOf } from './failure.ts'

/** Beside the lock of migrations; with the schema's name it makes the lock of one installation. */
export const OWNER = 0x4d69_6c6d

/**
 * Works on a schema alone, where servers work together otherwise: it holds a lock of the database on a connection of its own, which the database
 * gives back when the server or its machine dies.
 * @param onLost the connection broke: another server may take over, this one must end
 * @returns gives the lock back
 * @throws StoreError `conflict` when another server has it
 */
export async function ownSchema(
  url: string,
  schema: string,
  onLost: (error: Error) => void,
): Promise<() => Promise<void>> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'millrace owner',
    ...NOTICES_SILENCE,
    connectionTimeoutMillis: 10_000,
  })
  let released = false
  client.on('error', (error) => {
    if (!released) onLost(error)
  })
  const end = async (): Promise<void> => {
    released = true
    await client.end()
  }
  try {
    await client.connect()
    const { rows } = await client.query<{ readonly mine: boolean }>(
      'select pg_try_advisory_lock($1, hashtext($2)) as mine',
      [OWNER, schema],
    )
    if (rows[0]?.mine !== true) {
      throw new StoreError('conflict', `another server works on the schema ${schema} of this database`)
    }
    return end
  } catch (error) {
    await end().catch(() => {})
    throw failureOf(error)
  }
}
