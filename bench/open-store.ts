import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { copyRunsInPostgres, copyRunsInSqlite } from './copied-runs.ts'
import { openPostgresStore } from '../src/store/postgres/index.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import type { Store } from '../src/store/store.ts'
import { postgresServer } from '../src/testing/postgres-server.ts'
import { options } from './options.ts'

/** An empty store in a temporary directory, every commit fsynced as in production. */
export interface BenchStore {
  readonly store: Store
  readonly close: () => Promise<void>
}

/** Where a store is, to be opened, closed and opened again. */
export interface BenchPlace {
  readonly open: () => Promise<Store>
  /** Copies its newest run so often; the store must be closed. */
  readonly copyRuns: (count: number) => Promise<void>
  /** Takes it away; the store must be closed. */
  readonly remove: () => Promise<void>
}

export async function openBenchStore(): Promise<BenchStore> {
  const place = await benchPlace()
  const store = await place.open()
  return {
    store,
    close: async () => {
      await store.close()
      await place.remove()
    },
  }
}

/** The embedded store, or with `--store postgres` one in a PostgreSQL server that is started for it. */
export const benchPlace = (): Promise<BenchPlace> => (options.store === 'postgres' ? inPostgres() : inDirectory())

async function inDirectory(): Promise<BenchPlace> {
  const directory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
  return {
    open: () => openSqliteStore({ directory }),
    copyRuns: async (count) => copyRunsInSqlite(join(directory, 'millrace.db'), count),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
}

let schemas = 0

async function inPostgres(): Promise<BenchPlace> {
  const { url } = await postgresServer('on')
  const schema = `bench_${(schemas += 1)}`
  return {
    open: () => openPostgresStore({ url, schema, statementTimeoutMs: 300_000 }),
    copyRuns: (count) => copyRunsInPostgres(url, schema, count),
    remove: async () => {},
  }
}
