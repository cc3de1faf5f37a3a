import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPostgresStore } from '../src/store/postgres/index.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import type { Store } from '../src/store/store.ts'
import { postgresServer } from '../src/testing/postgres-server.ts'

/** An empty store in a temporary directory, every commit fsynced as in production. */
export interface BenchStore {
  readonly store: Store
  readonly close: () => Promise<void>
}

/** The embedded store, or with `--store postgres` one in a PostgreSQL server that is started for it. */
export async function openBenchStore(): Promise<BenchStore> {
  return process.argv.join(' ').includes('--store postgres') ? openPostgres() : openSqlite()
}

async function openSqlite(): Promise<BenchStore> {
  const directory = mkdtempSync(join(process.env['MILLRACE_BENCH_DIR'] ?? tmpdir(), 'millrace-bench-'))
  const store = await openSqliteStore({ directory })
  return {
    store,
    close: async () => {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

let schemas = 0

async function openPostgres(): Promise<BenchStore> {
  const { url } = await postgresServer('on')
  const store = await openPostgresStore({ url, schema: `bench_${(schemas += 1)}` })
  return { store, close: () => store.close() }
}
