import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { postgresServer } from '../../testing/postgres-server.ts'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit } from '../conformance/samples.ts'
import type { Store } from '../store.ts'
import { openPostgresStore, type PostgresOptions } from './index.ts'

/** What befalls a store in a database that others share, stop and restart. */

let schemas = 0

async function openHere(options: Partial<PostgresOptions> = {}): Promise<{ store: Store; schema: string }> {
  const { url } = await postgresServer()
  const schema = options.schema ?? `outage_${(schemas += 1)}`
  const store = await openPostgresStore({ url, schema, ...options })
  onTestFinished(() => store.close())
  return { store, schema }
}

async function sql(text: string): Promise<void> {
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(text)
  await client.end()
}

test('a second server is refused while the first one works, and takes over when it has gone', async () => {
  const { store, schema } = await openHere()
  await addPipeline(store)
  await expectRefusal('conflict', openHere({ schema }))
  await store.close()
  const next = await openHere({ schema })
  expect(await next.store.catalog.pipelines({}, null, 10)).toHaveLength(1)
})

test('two installations live in schemas of their own', async () => {
  const [one, other] = [await openHere(), await openHere()]
  await addPipeline(one.store)
  expect(await other.store.catalog.countPipelines({})).toBe(0)
})

test('a database that was written by a newer release is left alone', async () => {
  const { store, schema } = await openHere()
  await store.close()
  await sql(`insert into ${schema}.migrations (version, name, checksum) values (999, 'to-come', '')`)
  await expect(openHere({ schema })).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('newer'),
  })
})

test('a schema that another program made is left alone, and it is said', async () => {
  const { schema } = await openHere()
  await sql(`create schema ${schema}_theirs`)
  await sql(`create table ${schema}_theirs.runs (id integer)`)
  await expect(openHere({ schema: `${schema}_theirs` })).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringContaining('not of Millrace'),
  })
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query(`select tablename from pg_tables where schemaname = '${schema}_theirs'`)
  await client.end()
  expect(rows).toEqual([{ tablename: 'runs' }])
})

test('a statement that takes longer than it may is refused, and the store goes on', async () => {
  const { store, schema } = await openHere({ statementTimeoutMs: 1_000, connections: 2 })
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(`lock table ${schema}.settings in access exclusive mode`)
  await expectRefusal('full', store.keys.putSetting('s', 'v'))
  await client.query('rollback')
  await client.end()
  await store.keys.putSetting('s', 'w')
  expect(await store.keys.setting('s')).toBe('w')
})

test('a migration that was changed after its release is found out', async () => {
  const { store, schema } = await openHere()
  await store.close()
  await sql(`update ${schema}.migrations set checksum = 'another' where version = 1`)
  await expectRefusal('corrupt', openHere({ schema }))
})

test('a name that is none of a schema reaches no SQL', async () => {
  await expectRefusal('corrupt', openHere({ schema: 'a; drop schema public' }))
})

test('a server that is not there is said so', async () => {
  await expectRefusal('full', openHere({ url: 'postgres://127.0.0.1:1/postgres' }))
})

test(
  'when the database is restarted, the one that held the lock ends, and what was acknowledged is there',
  { timeout: 120_000 },
  async () => {
    const server = await postgresServer()
    for (const mode of ['fast', 'immediate'] as const) {
      const fatal = Promise.withResolvers<Error>()
      const { store, schema } = await openHere({ onFatal: fatal.resolve })
      const run = await addRun(store, await addPipeline(store))
      let acknowledged = 1
      const committing = (async () => {
        for (;;) {
          await store.runs.commit(nextCommit(run.id, acknowledged))
          acknowledged += 1
        }
      })()
      const ended = expect(committing).rejects.toMatchObject({ name: 'StoreError' })
      await expect.poll(() => acknowledged, { timeout: 60_000 }).toBeGreaterThan(20)
      await server.restart(mode)
      await ended
      expect((await fatal.promise).message).toMatch(/the lock|while it committed/)
      const next = await openHere({ schema })
      const seq = (await next.store.runs.summary({ by: 'id', id: run.id }))?.seq ?? 0
      // The answer to the last commit may have been lost on its way.
      expect([acknowledged, acknowledged + 1]).toContain(seq)
      const numbers = (await next.store.runs.feed(0, {}, 100_000)).map(({ number }) => number)
      expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    }
  },
)

test(
  'a connection that breaks in a commit ends the store: nobody knows whether it was done',
  { timeout: 90_000 },
  async () => {
    const fatal = Promise.withResolvers<Error>()
    const { store, schema } = await openHere({ onFatal: fatal.resolve })
    const run = await addRun(store, await addPipeline(store))
    // The door is held from outside, so that the commit waits inside of the database.
    const { url } = await postgresServer()
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query(`begin; select value from ${schema}.counters where name = 'event' for update`)
    const refused = expectRefusal('full', store.runs.commit(nextCommit(run.id, 1)))
    const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock' and query like '%commit_runs%'`
    await expect.poll(async () => (await holder.query(waiting)).rows.length, { timeout: 60_000 }).toBe(1)
    await holder.query(`select pg_terminate_backend(pid) from (${waiting}) w`)
    await refused
    expect((await fatal.promise).message).toContain('while it committed')
    await holder.end()
    await expectRefusal('closed', store.runs.lastNumber())
  },
)
