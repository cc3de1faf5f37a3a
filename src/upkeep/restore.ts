import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { copyTables } from '../store/kit/tables.ts'
import { lockDirectory } from '../store/sqlite/lock.ts'
import { bringUpToDate } from '../store/sqlite/tables.ts'
import { StoreError } from '../store/store.ts'
import { readArchive } from './archive.ts'
import { sha256Of, type Manifest } from './backup.ts'
import { openSource, openTarget } from './copy.ts'

export interface RestoreOptions {
  readonly file: string
  /** Empty, or not there. */
  readonly dataDirectory: string
  /** Where the store goes; null: in the data directory. */
  readonly databaseUrl: string | null
}

/** Of a restore that is under way or was cut off. */
const SCRATCH = 'restoring'
const LOCKS = ['lock.db', 'lock.db-journal', 'lock.pid']

/**
 * Makes a data directory of a backup. The store takes its place last, so that nothing can be served before all is there.
 * @throws StoreError `conflict` when there is anything in the directory or the database, `corrupt` when the file is not a
 * whole backup that this release can read, `missing` when there is no such file
 */
export async function restore(options: RestoreOptions, onProgress: (what: string) => void): Promise<Manifest> {
  const { databaseUrl } = options
  const directory = resolve(options.dataDirectory)
  const file = resolve(options.file)
  if (!existsSync(file)) throw new StoreError('missing', `there is no file ${file}`)
  const unlock = await lockDirectory(directory)
  const scratch = join(directory, SCRATCH)
  try {
    const there = (await readdir(directory)).filter((name) => !LOCKS.includes(name) && name !== SCRATCH)
    if (there.length > 0) {
      throw new StoreError('conflict', `${directory} is not empty: it has ${there.toSorted().join(', ').slice(0, 200)}`)
    }
    await rm(scratch, { recursive: true, force: true })
    await mkdir(scratch, { mode: 0o700 })
    await readArchive(file, scratch, onProgress)
    const manifest = await checkedManifest(scratch, file)
    if (databaseUrl !== null) {
      await load(scratch, databaseUrl, onProgress)
      await rm(join(scratch, 'millrace.db'))
    }
    const parts = (await readdir(scratch)).filter((name) => !LOCKS.includes(name) && name !== 'backup.json')
    for (const name of parts.toSorted((a, b) => Number(a === 'millrace.db') - Number(b === 'millrace.db'))) {
      await rename(join(scratch, name), join(directory, name))
    }
    return manifest
  } finally {
    await rm(scratch, { recursive: true, force: true })
    unlock()
  }
}

async function checkedManifest(scratch: string, file: string): Promise<Manifest> {
  const [path, text] = [
    join(scratch, 'millrace.db'),
    await readFile(join(scratch, 'backup.json'), 'utf8').catch(() => ''),
  ]
  const manifest = parseManifest(text)
  if (manifest === undefined || !existsSync(path)) throw new StoreError('corrupt', `${file} is no backup of Millrace`)
  if ((await sha256Of(path)) !== manifest.sha256) {
    throw new StoreError('corrupt', `the store in ${file} is not as it was written: its checksum is another`)
  }
  // One of an older release is brought up to date here, where nobody could start a server on it.
  bringUpToDate(path)
  return manifest
}

function parseManifest(text: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(text) as Partial<Manifest> | null
    return manifest?.v === 1 && typeof manifest.sha256 === 'string' ? (manifest as Manifest) : undefined
  } catch {
    return undefined
  }
}

async function load(scratch: string, url: string, onProgress: (what: string) => void): Promise<void> {
  const source = await openSource({ kind: 'sqlite', directory: scratch }, { locked: false })
  try {
    const target = await openTarget({ kind: 'postgres', url })
    try {
      await copyTables(source, target, (table, done, of) => onProgress(`${table}: ${done} of ${of}`))
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}
