import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TABLES } from '../src/store/kit/tables.ts'
import { openPostgresStore } from '../src/store/postgres/index.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import { postgresServer } from '../src/testing/postgres-server.ts'
import { copyStore } from '../src/upkeep/copy.ts'
import { api, startServerProcess } from './support/server-process.ts'
import { addOddities, makeInstallation } from './support/whole-installation.ts'

/** A whole installation from one store to another, and back. */

let root: string
let url: string
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'millrace-copy-'))
  const server = await postgresServer()
  await sql(server.url, 'drop database if exists copied with (force)', 'create database copied')
  url = server.url.replace(/\/postgres$/, '/copied')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function sql(of: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: of })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement))
    return rows
  } finally {
    await client.end()
  }
}

const sqlite = (directory: string) => ({ kind: 'sqlite', directory }) as const
const postgres = () => ({ kind: 'postgres', url }) as const
const silent = (): void => {}

/** Every row of every table, as SQLite has it. */
function tablesOf(directory: string): Record<string, readonly unknown[]> {
  const database = new DatabaseSync(join(directory, 'millrace.db'), { readOnly: true })
  try {
    const names = database.prepare(`select name from sqlite_schema where type = 'table' order by name`).all()
    return Object.fromEntries(
      names
        .map(({ name }) => String(name))
        .filter((name) => name !== 'migrations' && !name.startsWith('sqlite_stat'))
        .map((name) => [
          name,
          database
            .prepare(`select * from ${name}`)
            .all()
            .map((row) => JSON.stringify(row))
            .toSorted(),
        ]),
    )
  } finally {
    database.close()
  }
}

/** What clients see of an installation. */
async function answersOf(directory: string, token: string, databaseUrl: string | null): Promise<unknown> {
  const server = await startServerProcess(directory, { databaseUrl })
  try {
    const get = (path: string): Promise<unknown> => api(server, token, 'GET', path)
    const runs = (await get('/runs?limit=100')) as { items: { id: string; pipeline: { id: string } }[] }
    const pipelines = (await get('/pipelines?limit=100')) as { items: { id: string }[] }
    return {
      runs,
      pipelines,
      each: await Promise.all(runs.items.slice(0, 20).map(({ id }) => get(`/runs/${id}`))),
      versions: await Promise.all(pipelines.items.map(({ id }) => get(`/pipelines/${id}/versions`))),
      projects: await get('/projects'),
      users: await get('/users'),
      secrets: await get('/projects/default/secrets'),
      audit: await get('/audit'),
      events: await get('/events?limit=500'),
    }
  } finally {
    await server.close()
  }
}

test(
  'an installation goes to PostgreSQL and back, equal table by table, and a server on each answers the same',
  { timeout: 120_000 },
  async () => {
    const [first, back, beside] = [join(root, 'first'), join(root, 'back'), join(root, 'beside')]
    const token = await makeInstallation(first)
    cpSync(first, beside, { recursive: true })
    const before = tablesOf(first)

    const there = await copyStore(sqlite(first), postgres(), silent)
    expect(there.examination.disorders).toEqual([])
    expect(there.examination.runs).toBe(5)
    expect(there.tables.map(({ name }) => name)).toEqual(TABLES.map(({ name }) => name))
    const again = await copyStore(postgres(), sqlite(back), silent)
    expect(again.tables).toEqual(there.tables)
    expect(tablesOf(back)).toEqual(before)
    expect(tablesOf(first)).toEqual(before)

    rmSync(join(beside, 'millrace.db'))
    cpSync(join(first, 'secret.key'), join(back, 'secret.key'))
    const expected = await answersOf(first, token, null)
    expect(await answersOf(beside, token, url)).toEqual(expected)
    expect(await answersOf(back, token, null)).toEqual(expected)
  },
)

test(
  'what is rare comes over, too: numbers that nobody has, deleted things, odd characters',
  { timeout: 60_000 },
  async () => {
    const [first, back] = [join(root, 'first'), join(root, 'back')]
    const store = await openSqliteStore({ directory: first })
    await addOddities(store)
    await store.close()
    const before = tablesOf(first)
    // Every table of ours has a row at least, so that none is equal by being empty.
    for (const { name } of TABLES.filter(({ name: each }) => each !== 'counters')) {
      expect([name, before[name]?.length]).not.toEqual([name, 0])
    }
    await copyStore(sqlite(first), postgres(), silent)
    await copyStore(postgres(), sqlite(back), silent)
    expect(tablesOf(back)).toEqual(before)

    // All go on counting where the first one would.
    const stores = await Promise.all([
      openSqliteStore({ directory: first }),
      openPostgresStore({ url }),
      openSqliteStore({ directory: back }),
    ])
    const counted = stores.map(async ({ runs, catalog, documents, outbox }) => {
      const [pipeline] = await catalog.pipelines({ name: 'b' }, null, 1)
      const { projectId, id } = pipeline ?? expect.unreachable()
      const createdAt = 1
      await outbox.putMessages([
        { id: 'm9', projectId, runId: null, kind: 'k', target: 't', lane: null, body: '', createdAt },
      ])
      return {
        run: await runs.reserve(id),
        event: await runs.lastNumber(),
        message: (await outbox.message('m9'))?.serial,
        document: await documents.putDocument({ projectId, kind: 'd/k', key: 'n' }, '1', 1, null),
        project: (
          await catalog.addProject({
            id: projectId.replaceAll('0', 'e') as typeof projectId,
            name: 'n',
            description: '',
            createdAt,
          })
        ).serial,
      }
    })
    const [one, two, three] = await Promise.all(counted)
    expect(two).toEqual(one)
    expect(three).toEqual(one)
    for (const each of stores) await each.close()
  },
)

test('a target that holds anything is refused, and nothing of it is changed', { timeout: 60_000 }, async () => {
  const [first, other] = [join(root, 'first'), join(root, 'other')]
  for (const directory of [first, other]) {
    const store = await openSqliteStore({ directory })
    await store.keys.putSetting('s', directory)
    await store.close()
  }
  await expect(copyStore(sqlite(first), sqlite(other), silent)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('it has settings'),
  })
  expect(tablesOf(other)['settings']).toEqual([JSON.stringify({ name: 's', value: other })])
  await copyStore(sqlite(first), postgres(), silent)
  await expect(copyStore(sqlite(other), postgres(), silent)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('it has settings'),
  })
  expect(await sql(url, 'select value from millrace.settings')).toEqual([{ value: first }])
})

test('a store that a server works on is refused, as source and as target', { timeout: 60_000 }, async () => {
  const [busy, other] = [join(root, 'busy'), join(root, 'other')]
  const store = await openSqliteStore({ directory: busy })
  await expect(copyStore(sqlite(busy), sqlite(other), silent)).rejects.toMatchObject({ code: 'conflict' })
  await expect(copyStore(sqlite(other), sqlite(busy), silent)).rejects.toMatchObject({ code: 'missing' })
  await store.close()
  const held = await openPostgresStore({ url })
  await expect(copyStore(sqlite(busy), postgres(), silent)).rejects.toMatchObject({ code: 'conflict' })
  await expect(copyStore(postgres(), sqlite(other), silent)).rejects.toMatchObject({ code: 'conflict' })
  await held.close()
})

test('a copy that is cut off leaves the target empty, and the next one takes it', { timeout: 60_000 }, async () => {
  const [first, back] = [join(root, 'first'), join(root, 'back')]
  const store = await openSqliteStore({ directory: first })
  await addOddities(store)
  await store.close()
  const cut = (table: string): void => {
    if (table === 'outbox') throw new Error('cut off')
  }
  await expect(copyStore(sqlite(first), postgres(), cut)).rejects.toThrow('cut off')
  expect(await sql(url, 'select count(*)::integer as runs from millrace.runs')).toEqual([{ runs: 0 }])
  await expect(copyStore(sqlite(first), sqlite(back), cut)).rejects.toThrow('cut off')
  await copyStore(sqlite(first), postgres(), silent)
  await copyStore(postgres(), sqlite(back), silent)
  expect(tablesOf(back)).toEqual(tablesOf(first))
})

test('every table of both stores is copied', { timeout: 60_000 }, async () => {
  const directory = join(root, 'first')
  await (await openSqliteStore({ directory })).close()
  await (await openPostgresStore({ url })).close()
  const copied = TABLES.map(({ name }) => name)
  // Counters of SQLite, and who is at work on a database just now; what is made of the runs that are copied.
  const own = ['migrations', 'last_serial', 'last_revision', 'sqlite_sequence', 'servers', 'attendance']
  const made = ['ended_counts', 'creation_spans']
  const known = [...copied, ...own, ...made]
  expect(Object.keys(tablesOf(directory)).filter((name) => !known.includes(name))).toEqual([])
  const there = await sql(url, `select tablename as name from pg_tables where schemaname = 'millrace'`)
  expect(there.map(({ name }) => String(name)).filter((name) => !known.includes(name))).toEqual([])
})
