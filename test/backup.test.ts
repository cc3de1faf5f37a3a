import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examineStore } from '../src/compose/store.ts'
import { readMigrations } from '../src/store/kit/migrations.ts'
import { Connection } from '../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import { migrate } from '../src/store/sqlite/migrate.ts'
import { postgresServer } from '../src/testing/postgres-server.ts'
import { isSafeName } from '../src/upkeep/archive.ts'
import { backUp, type BackupOptions } from '../src/upkeep/backup.ts'
import { restore } from '../src/upkeep/restore.ts'
import { api, startServerProcess, type ServerProcess } from './support/server-process.ts'

/** A backup beside a server at work, and what is made of it again. */

let root: string
let servers: ServerProcess[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-backup-'))
  servers = []
})
afterEach(async () => {
  for (const server of servers) await server.kill()
  rmSync(root, { recursive: true, force: true })
})

const at = (name: string): string => join(root, name)
const silent = (): void => {}
const start = async (directory: string, databaseUrl: string | null = null): Promise<ServerProcess> => {
  const server = await startServerProcess(directory, { databaseUrl })
  servers.push(server)
  return server
}
const back = (file: string, more: Partial<BackupOptions> = {}) =>
  backUp(
    {
      version: 'test',
      dataDirectory: at('data'),
      databaseUrl: null,
      file: at(file),
      withKey: false,
      withFiles: true,
      check: false,
      now: new Date('2026-11-22T08:00:00Z'),
      ...more,
    },
    silent,
  )
const restored = (file: string, directory: string, databaseUrl: string | null = null) =>
  restore({ file: at(file), dataDirectory: at(directory), databaseUrl }, silent)
const examined = (directory: string, databaseUrl: string | null = null) =>
  examineStore({ dataDirectory: at(directory), databaseUrl }, silent)

const DEFINITION = `
name: steps
tasks:
  - {key: say, script: echo said}
  - {key: a, uses: noop, needs: [say]}
  - {key: b, uses: noop, needs: [a]}
  - {key: ask, needs: [b], approval: May it?}
`

/** Starts runs, several at a time, until it is told to stop. */
function load(server: ServerProcess, pipeline: string): { readonly started: () => number; stop(): Promise<void> } {
  let [going, started] = [true, 0]
  const one = async (): Promise<void> => {
    while (going) {
      await api(server, server.token ?? '', 'POST', `/pipelines/${pipeline}/runs`, {})
      started += 1
    }
  }
  const all = Promise.all([one(), one(), one()])
  return {
    started: () => started,
    stop: async () => {
      going = false
      await all
    },
  }
}

const create = async (server: ServerProcess): Promise<string> =>
  (
    await api<{ id: string }>(server, server.token ?? '', 'POST', '/pipelines', {
      project: 'default',
      definition: DEFINITION,
    })
  ).id

test(
  'what was written while the server was at work is in order when it is restored',
  { timeout: 120_000 },
  async () => {
    const server = await start(at('data'))
    const token = server.token ?? ''
    const pipeline = await create(server)
    await api(server, token, 'PUT', '/projects/default/secrets/TOKEN', { value: 'a long secret' })
    // Of those that are started from then on, some are with a runner when they are written: they are lost.
    const { id: first } = await api<{ id: string }>(server, token, 'POST', `/pipelines/${pipeline}/runs`, {})
    const asks = async (of: ServerProcess): Promise<void> => {
      const status = async (): Promise<string> =>
        (await api<{ status: string }>(of, token, 'GET', `/runs/${first}`)).status
      await expect.poll(status, { timeout: 60_000 }).toBe('reviewing')
    }
    await asks(server)
    const working = load(server, pipeline)
    for (const file of ['one.tar', 'two.tar.gz', 'three.tar']) {
      const had = working.started()
      await expect.poll(() => working.started(), { timeout: 30_000 }).toBeGreaterThan(had + 5)
      const { manifest, disorders } = await back(file, { check: true, withKey: file === 'two.tar.gz' })
      expect(disorders).toEqual([])
      expect(manifest.runs).toBeGreaterThan(had)
      expect(statSync(at(file)).mode & 0o777).toBe(0o600)
    }
    await working.stop()
    await server.kill()

    const told = await restored('two.tar.gz', 'again')
    const examination = await examined('again')
    expect(examination).toMatchObject({ runs: told.runs, disorders: [] })
    expect(readFileSync(at('again/secret.key'))).toEqual(readFileSync(at('data/secret.key')))
    expect(existsSync(at('again/restoring'))).toBe(false)
    const next = await start(at('again'))
    await asks(next)
    const log = await fetch(`${next.url}/api/v1/runs/${first}/nodes/say/log`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await log.text()).toContain('said')

    await restored('three.tar', 'third')
    expect(existsSync(at('third/secret.key'))).toBe(false)
    expect((await examined('third')).disorders).toEqual([])
    // Without the key nobody takes a new one for the old one.
    await expect(start(at('third'))).rejects.toThrow('restore it from a backup')
  },
)

describe('PostgreSQL', () => {
  let url: string
  let other: string
  beforeEach(async () => {
    const server = await postgresServer()
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    for (const name of ['backed', 'restored']) {
      await client.query(`drop database if exists ${name} with (force)`)
      await client.query(`create database ${name}`)
    }
    await client.end()
    ;[url, other] = [server.url.replace(/\/postgres$/, '/backed'), server.url.replace(/\/postgres$/, '/restored')]
  })

  test('is backed up by the command and by pg_dump while a server works on it', { timeout: 120_000 }, async () => {
    const server = await start(at('data'), url)
    const working = load(server, await create(server))
    await expect.poll(() => working.started(), { timeout: 30_000 }).toBeGreaterThan(5)
    const { manifest, disorders } = await back('one.tar', { databaseUrl: url, check: true })
    expect(disorders).toEqual([])
    const run = promisify(execFile)
    await run('pg_dump', ['--format=custom', `--file=${at('dump')}`, url])
    await working.stop()
    await server.kill()

    await run('pg_restore', ['--no-owner', '--exit-on-error', `--dbname=${other}`, at('dump')])
    const dumped = await examined('by-dump', other)
    expect(dumped.disorders).toEqual([])
    expect(dumped.runs).toBeGreaterThanOrEqual(manifest.runs)

    await expect(restored('one.tar', 'again', other)).rejects.toMatchObject({ code: 'conflict' })
    const client = new pg.Client({ connectionString: other })
    await client.connect()
    await client.query('drop schema millrace cascade')
    await client.end()
    await restored('one.tar', 'again', other)
    expect(existsSync(at('again/millrace.db'))).toBe(false)
    expect(existsSync(at('again/logs'))).toBe(true)
    expect(await examined('again', other)).toMatchObject({ runs: manifest.runs, disorders: [] })
    // And a store of the other kind.
    await restored('one.tar', 'embedded')
    expect(await examined('embedded')).toMatchObject({ runs: manifest.runs, disorders: [] })
  })
})

describe('is refused', () => {
  beforeEach(async () => {
    const store = await openSqliteStore({ directory: at('data') })
    await store.keys.putSetting('s', 'v')
    await store.close()
  })

  test('a backup in the place of a file, or of nothing', async () => {
    await back('one.tar')
    await expect(back('one.tar')).rejects.toMatchObject({ code: 'conflict' })
    await expect(back('two.tar', { dataDirectory: at('nowhere') })).rejects.toMatchObject({ code: 'missing' })
    expect(existsSync(at('two.tar'))).toBe(false)
  })

  test('a restore over anything', async () => {
    await back('one.tar')
    await expect(restored('one.tar', 'data')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('it has millrace.db'),
    })
    await mkdir(at('some'))
    writeFileSync(at('some/thing'), '')
    await expect(restored('one.tar', 'some')).rejects.toMatchObject({ code: 'conflict' })
    await expect(restored('none.tar', 'empty')).rejects.toMatchObject({ code: 'missing' })
    const held = await openSqliteStore({ directory: at('held') })
    await expect(restored('one.tar', 'held')).rejects.toMatchObject({ code: 'conflict' })
    await held.close()
  })

  test('a file that is cut off, changed, or no backup, and the directory stays empty', async () => {
    await back('one.tar')
    truncateSync(at('one.tar'), statSync(at('one.tar')).size - 4_096)
    await back('two.tar')
    const bytes = readFileSync(at('two.tar'))
    bytes[bytes.indexOf('SQLite format 3') + 5_000]! ^= 1
    writeFileSync(at('two.tar'), bytes)
    writeFileSync(at('three.tar'), 'text')
    for (const file of ['one.tar', 'two.tar', 'three.tar']) {
      await expect(restored(file, 'empty')).rejects.toMatchObject({ code: 'corrupt' })
      expect(existsSync(at('empty/millrace.db'))).toBe(false)
    }
    await back('four.tar')
    await restored('four.tar', 'empty')
  })

  test.each(['../evil', '/etc/evil', 'logs/../../evil', 'unknown', 'logs/a/./b', 'logs//b', 'logs/a\nb'])(
    'a part called %s',
    async (name) => {
      expect(isSafeName(name)).toBe(false)
      const tar = pack()
      tar.entry({ name }, 'evil')
      tar.finalize()
      await pipeline(tar, createWriteStream(at('evil.tar')))
      await expect(restored('evil.tar', 'empty')).rejects.toMatchObject({ code: 'corrupt' })
      expect(existsSync(at('evil'))).toBe(false)
    },
  )

  test('a link in a backup', async () => {
    const tar = pack()
    tar.entry({ name: 'logs/link', type: 'symlink', linkname: '/etc/passwd' })
    tar.finalize()
    await pipeline(tar, createWriteStream(at('evil.tar')))
    await expect(restored('evil.tar', 'empty')).rejects.toMatchObject({ code: 'corrupt' })
  })
})

test('a backup of an older release is brought up to date as it is restored', async () => {
  const migrations = readMigrations(join(import.meta.dirname, '../src/store/sqlite/migrations'))
  const connection = new Connection(at('old.db'), 'read-write')
  migrate(connection, migrations.slice(0, -1), 'old.db')
  connection.close()
  const store = readFileSync(at('old.db'))
  const tar = pack()
  const manifest = { v: 1, sha256: createHash('sha256').update(store).digest('hex'), runs: 0, last_event: 0 }
  tar.entry({ name: 'backup.json' }, JSON.stringify(manifest))
  tar.entry({ name: 'millrace.db' }, store)
  tar.finalize()
  await pipeline(tar, createWriteStream(at('old.tar')))
  await restored('old.tar', 'new')
  expect(await examined('new')).toMatchObject({ runs: 0, disorders: [] })
})
