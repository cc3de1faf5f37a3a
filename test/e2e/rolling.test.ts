import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { Client } from '../../scripts/chaos/client.ts'
import { dice } from '../../src/testing/dice.ts'
import { freePort } from '../../src/testing/free-port.ts'
import { postgresServer } from '../../src/testing/postgres-server.ts'
import { Balancer } from '../support/balancer.ts'
import { startRunnerProcess } from '../support/runner-process.ts'
import { nextRelease, serve, type ServedProcess } from '../support/served-process.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Servers behind a balancer are replaced one by one by those of the next release, while work goes on. */

/** ROLLING_SERVERS asks for another number: starting them is what takes the time. */
const SERVERS = Number(process.env['ROLLING_SERVERS'] ?? 3)
/** Clients that start a run, wait for its end, and start the next. */
const LANES = 3
const NEXT = `-- expands
alter table runs add column told_by_next text;
create table next_release (id text primary key);`

interface RunSeen {
  readonly id: string
  readonly status: string
}

const OVER = ['succeeded', 'failed', 'errored', 'timed_out', 'cancelled']

/** Each task says once that it was done; what a server took with it when it ended would be seen in its run's end. */
const definition = (marks: string): object => ({
  name: 'rolling',
  tasks: [
    { name: 'first', uses: 'noop' },
    { name: 'wait', needs: ['first'], sleep: '1s' },
    { name: 'work', needs: ['first'], runs_on: 'far', script: `sleep 0.3; echo "$MILLRACE_ATTEMPT" >> ${marks}` },
    { name: 'last', needs: ['wait', 'work'], runs_on: 'far', script: `echo "$MILLRACE_ATTEMPT" >> ${marks}` },
  ],
})

async function freshDatabase(): Promise<string> {
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('drop database if exists rolling with (force)')
  await client.query('create database rolling')
  await client.end()
  return url.replace(/\/postgres$/, '/rolling')
}

async function migrationsOf(databaseUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ name: string }>('select name from millrace.migrations order by version')
  await client.end()
  return rows.map(({ name }) => name)
}

test(
  'an upgrade one server after the other, under load, loses nothing, ends no run and breaks no stream',
  { timeout: 600_000 },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-rolling-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const databaseUrl = await freshDatabase()
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const ports: number[] = []
    while (ports.length < SERVERS) ports.push(await freePort())

    const servers: ServedProcess[] = []
    const start = async (place: number, root?: string): Promise<ServedProcess> => {
      const directories = ['--data-dir', join(directory, `${place}`), '--files-dir', join(directory, 'files')]
      const options = ['--port', String(ports[place]), '--slots', '1', '--containers', 'off', ...directories]
      const server = await serve(options, { MILLRACE_DATABASE_URL: databaseUrl }, root)
      onTestFinished(() => server.kill())
      return server
    }
    // The first one makes the administrator.
    servers.push(await start(0))
    servers.push(...(await Promise.all(ports.slice(1).map((_, index) => start(index + 1)))))
    const token = servers[0]?.token ?? ''
    const before = await migrationsOf(databaseUrl)

    const balancer = await Balancer.open(ports)
    onTestFinished(() => balancer.close())
    await waitUntil(() => balancer.ready.length === SERVERS, 60_000)
    const client = new Client([balancer.url], () => token, dice(1), stop.signal)
    const urls = ports.map((port) => `http://127.0.0.1:${port}`).join(',')
    for (const name of ['far-1', 'far-2']) {
      const { body } = await client.ask<{ token: string }>('POST', '/runners', { name })
      const runner = startRunnerProcess(urls, body.token, join(directory, name), ['--labels', 'far', '--slots', '4'])
      onTestFinished(async () => void (await runner.kill()))
      await runner.ready
    }
    mkdirSync(join(directory, 'marks'))
    const marks = join(directory, 'marks', 'done')
    const made = await client.ask<{ id: string }>('POST', '/pipelines', {
      project: 'default',
      definition: JSON.stringify(definition(marks)),
    })

    const streams = [1, 2].map(() => {
      const numbers: number[] = []
      void client.follow((number) => numbers.push(number)).catch(() => undefined)
      return numbers
    })
    const acked = new Map<string, RunSeen>()
    let isEnough = false
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let count = 0; !isEnough; count += 1) {
        const key = `rolling-${lane}-${count}`
        const started = await client.ask<RunSeen>('POST', `/pipelines/${made.body.id}/runs`, {}, key)
        expect(started.status, JSON.stringify(started.body)).toBeLessThan(300)
        let seen = started.body
        for (; !OVER.includes(seen.status); await delay(50)) {
          seen = (await client.ask<RunSeen>('GET', `/runs/${seen.id}`)).body
        }
        acked.set(key, seen)
      }
    })
    const load = Promise.all(lanes)
    load.catch(() => undefined)
    const goesOn = (): Promise<void> => {
      const wanted = acked.size + LANES
      return Promise.race([load.then(() => undefined), waitUntil(() => acked.size >= wanted, 120_000)])
    }

    await goesOn()
    const root = nextRelease(join(directory, 'next'), NEXT)
    for (const [place, port] of ports.entries()) {
      await servers[place]?.stop()
      await start(place, root)
      await waitUntil(() => balancer.ready.includes(port), 60_000)
      await goesOn()
    }
    isEnough = true
    await load

    expect(await migrationsOf(databaseUrl)).toEqual([...before, 'next'])
    expect([...acked.values()].filter(({ status }) => status !== 'succeeded')).toEqual([])
    // A start that was asked for again because its server went has made no second run.
    const { body: pipeline } = await client.ask<{ run_count: number }>('GET', `/pipelines/${made.body.id}`)
    expect(pipeline.run_count).toBe(acked.size)
    expect(new Set([...acked.values()].map(({ id }) => id)).size).toBe(acked.size)
    const done = readFileSync(marks, 'utf8').split('\n').slice(0, -1)
    expect(done).toHaveLength(acked.size * 2)
    expect(new Set(done).size).toBe(done.length)
    // Every event once and in order, across all servers that went.
    const last = Math.max(...streams.map((numbers) => numbers.at(-1) ?? 0))
    await waitUntil(() => streams.every((numbers) => (numbers.at(-1) ?? 0) >= last), 60_000)
    const all = Array.from({ length: last }, (_, index) => index + 1)
    for (const numbers of streams) expect(numbers.slice(0, last)).toEqual(all)
    expect(last).toBeGreaterThan(acked.size * 8)
  },
)
