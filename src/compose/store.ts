import { resolve } from 'node:path'
import { examine, type Examination } from '../host/doctor.ts'
import { systemEntropy } from '../host/entropy.ts'
import { rotateSealKey } from '../host/secrets/key-file.ts'
import { openSqliteStore } from '../store/sqlite/index.ts'
import { lockDirectory } from '../store/sqlite/lock.ts'
import { storeFileIn } from '../store/sqlite/store-file.ts'
import type { Store } from '../store/store.ts'
import type { WorksOptions } from './options.ts'

/**
 * Checks a store against its log; makes none where there is none.
 * @throws StoreError `conflict` when a server works on it, `missing` when there is none
 */
export async function examineStore(
  options: Pick<WorksOptions, 'dataDirectory' | 'databaseUrl'>,
  onProgress: (runs: number) => void,
): Promise<Examination> {
  const directory = resolve(options.dataDirectory)
  const databaseUrl = options.databaseUrl ?? null
  if (databaseUrl === null) storeFileIn(directory)
  const store = await openStore(directory, { databaseUrl }, () => {})
  try {
    return await examine(store, onProgress)
  } finally {
    await store.close()
  }
}

type Database = Pick<WorksOptions, 'databaseUrl' | 'databasePool' | 'databaseTimeoutMs'>

/**
 * Workspaces and keys are in the data directory whichever it is: one server holds it.
 * @param serverId of this server among others that may work on the database; left out: nobody else may
 */
export async function openStore(
  directory: string,
  { databaseUrl = null, databasePool, databaseTimeoutMs }: Database,
  onFatal: (error: Error) => void,
  serverId?: string,
): Promise<Store> {
  if (databaseUrl === null) return openSqliteStore({ directory, onFatal })
  const release = await lockDirectory(directory)
  try {
    const { openPostgresStore } = await import('../store/postgres/index.ts')
    const store = await openPostgresStore({
      url: databaseUrl,
      ...(databasePool === undefined ? undefined : { connections: databasePool }),
      ...(databaseTimeoutMs === undefined ? undefined : { statementTimeoutMs: databaseTimeoutMs }),
      onFatal,
      ...(serverId === undefined ? undefined : { serverId }),
    })
    return { ...store, close: () => store.close().then(release) }
  } catch (error) {
    release()
    throw error
  }
}

/** A new key for what is sealed in a data directory that no server holds. @throws StoreError `conflict` when one does. */
export async function rotateKey(dataDirectory: string): Promise<{ readonly before: string; readonly after: string }> {
  const directory = resolve(dataDirectory)
  const store = await openSqliteStore({
    directory,
    onFatal: (error) => {
      throw error
    },
  })
  try {
    return await rotateSealKey(store, systemEntropy, directory)
  } finally {
    await store.close()
  }
}

/** Of servers that start at once one does it, and the others find it done. */
export const alone = <Value>(store: Store, what: string, work: () => Promise<Value>): Promise<Value> =>
  store.shared === undefined ? work() : store.shared.exclusively(what, work)
