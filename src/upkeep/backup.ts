import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { StorePlace } from '../config/store-place.ts'
import { examine, type Disorder } from '../host/doctor.ts'
import { sealedWith } from '../host/secrets/seal-key.ts'
import { copyTables } from '../store/kit/tables.ts'
import { openSqliteStore } from '../store/sqlite/index.ts'
import { copyDatabase } from '../store/sqlite/tables.ts'
import { StoreError } from '../store/store.ts'
import { FOLDERS, writeArchive } from './archive.ts'
import { openSource, openTarget } from './copy.ts'

export interface BackupOptions {
  /** Of Millrace. */
  readonly version: string
  readonly dataDirectory: string
  readonly databaseUrl: string | null
  /** What is made; `.tar.gz` is compressed. */
  readonly file: string
  /** Whether `secret.key` goes in: with it the file is every secret. */
  readonly withKey: boolean
  /** Whether logs and artifacts go in. */
  readonly withFiles: boolean
  /** Whether every run of the copy is folded from its log. */
  readonly check: boolean
  readonly now: Date
}

/** What a backup says of itself, as its first part. */
export interface Manifest {
  readonly v: 1
  readonly version: string
  readonly created_at: string
  readonly runs: number
  /** Number of the newest event. */
  readonly last_event: number
  /** Id of the key that secrets are sealed with; null: nothing is sealed. */
  readonly seal_key: string | null
  /** Of `millrace.db`. */
  readonly sha256: string
}

export interface Backup {
  readonly manifest: Manifest
  /** null: it was not checked. */
  readonly disorders: readonly Disorder[] | null
}

/**
 * One moment of an installation in one file, while its server works or not. The store first, then the files: so every
 * event has its log, and a log may have more than the events say.
 * @throws StoreError `conflict` when there is such a file, `missing` when there is no store
 */
export async function backUp(options: BackupOptions, onProgress: (what: string) => void): Promise<Backup> {
  const file = resolve(options.file)
  const directory = resolve(options.dataDirectory)
  for (const path of [file, `${file}.part`]) {
    if (existsSync(path))
      throw new StoreError('conflict', `there is a file ${path}: a backup takes the place of nothing`)
  }
  const scratch = await mkdtemp(join(dirname(file), '.millrace-backup-'))
  try {
    await copyOf(directory, options.databaseUrl, scratch, onProgress)
    const { manifest, disorders } = await manifestOf(scratch, options, onProgress)
    await writeArchive(file, async (writer) => {
      await writer.text('backup.json', `${JSON.stringify(manifest, null, 2)}\n`)
      onProgress('millrace.db')
      await writer.file('millrace.db', join(scratch, 'millrace.db'))
      if (options.withKey) await writer.file('secret.key', join(directory, 'secret.key'))
      for (const folder of options.withFiles ? FOLDERS : []) {
        onProgress(folder)
        await writer.folder(folder, join(directory, folder))
      }
    })
    return { manifest, disorders }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function copyOf(
  directory: string,
  databaseUrl: string | null,
  scratch: string,
  onProgress: (what: string) => void,
): Promise<void> {
  if (databaseUrl === null) {
    onProgress('the store')
    return copyDatabase(directory, join(scratch, 'millrace.db'))
  }
  const from: StorePlace = { kind: 'postgres', url: databaseUrl }
  const source = await openSource(from, { locked: false })
  try {
    const target = await openTarget({ kind: 'sqlite', directory: scratch })
    try {
      await copyTables(source, target, (table, done, of) => onProgress(`${table}: ${done} of ${of}`))
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

async function manifestOf(
  scratch: string,
  { version, now, check }: BackupOptions,
  onProgress: (what: string) => void,
): Promise<Backup> {
  const store = await openSqliteStore({ directory: scratch })
  let told: Omit<Manifest, 'sha256'>
  let disorders: readonly Disorder[] | null = null
  try {
    told = {
      v: 1,
      version,
      created_at: now.toISOString(),
      runs: await store.runs.count({}),
      last_event: await store.runs.lastNumber(),
      seal_key: (await sealedWith(store)) ?? null,
    }
    if (check) ({ disorders } = await examine(store, (runs) => onProgress(`doctor: ${runs} runs`)))
  } finally {
    await store.close()
  }
  return { manifest: { ...told, sha256: await sha256Of(join(scratch, 'millrace.db')) }, disorders }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
