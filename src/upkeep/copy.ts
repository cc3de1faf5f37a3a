import { resolve } from 'node:path'
import type { StorePlace } from '../config/store-place.ts'
import { examine, type Examination } from '../host/doctor.ts'
import { type CopiedTable, copyTables, type TableSource, type TableTarget } from '../store/kit/tables.ts'
import { openSqliteStore } from '../store/sqlite/index.ts'
import { openSqliteSource, openSqliteTarget } from '../store/sqlite/tables.ts'
import type { Store } from '../store/store.ts'

export interface StoreCopy {
  readonly tables: readonly CopiedTable[]
  /** Of the target, from its log. */
  readonly examination: Examination
}

/** What is done now: a table that is copied, or `doctor` for the runs that are folded again. */
type OnProgress = (what: string, done: number, of: number | null) => void

/**
 * Everything of a store to an empty one, with all numbers as they are, read back and then proved by its log. The source is
 * only read. Cut off at any moment, the target is as it was.
 * @throws StoreError `conflict` when a server works on one of them or the target holds anything, `missing` when there is
 * no source, `corrupt` when its schema is another than this release's
 */
export async function copyStore(from: StorePlace, to: StorePlace, onProgress: OnProgress): Promise<StoreCopy> {
  const source = await openSource(from, { locked: true })
  try {
    const target = await openTarget(to)
    let tables: readonly CopiedTable[]
    try {
      tables = await copyTables(source, target, onProgress)
    } finally {
      await target.close()
    }
    const store = await open(to)
    try {
      return { tables, examination: await examine(store, (runs) => onProgress('doctor', runs, null)) }
    } finally {
      await store.close()
    }
  } finally {
    await source.close()
  }
}

/** PostgreSQL's driver is loaded by those only who have one. */
export async function openSource(place: StorePlace, how: { readonly locked: boolean }): Promise<TableSource> {
  if (place.kind === 'sqlite') return openSqliteSource(resolve(place.directory), how)
  const { openPostgresSource } = await import('../store/postgres/tables.ts')
  return openPostgresSource(place, how)
}

export async function openTarget(place: StorePlace): Promise<TableTarget> {
  if (place.kind === 'sqlite') return openSqliteTarget(resolve(place.directory))
  const { openPostgresTarget } = await import('../store/postgres/tables.ts')
  return openPostgresTarget(place)
}

async function open(place: StorePlace): Promise<Store> {
  if (place.kind === 'sqlite') return openSqliteStore({ directory: resolve(place.directory) })
  const { openPostgresStore } = await import('../store/postgres/index.ts')
  return openPostgresStore(place)
}
