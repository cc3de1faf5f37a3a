// The runners do nothing, keep nothing of what they have begun, wander between the servers, and forget all now and then.
// Exit code 1: something is wrong.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { dice } from '../src/testing/dice.ts'
import { postgresServer } from '../src/testing/postgres-server.ts'
import { startServerProcess, type ServerProcess } from '../test/support/server-process.ts'
import { Client } from './chaos/client.ts'
import { Claimer, Tally } from './claims/claimer.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

interface ClaimsReport {
  readonly claims: number
  /** Claims of an attempt that had been claimed before. */
  readonly doubled: number
  /** Attempts that the log says were given to a runner: those that were, and those whose order was lost on the way. */
  readonly leases: number
  readonly runs: number
  /** Runs that have not succeeded. */
  readonly lost: number
  readonly seconds: number
  readonly perSecond: number
}

const SERVERS = 3
const RUNNERS = 8
const SLOTS = 16
/** Of a run. */
const TASKS = 20
/** Attempts that wait or are at work, about. */
const AHEAD = 1_000
const QUIET_MS = 300_000

async function claims(options: { readonly count: number; readonly seconds: number; readonly seed: number }) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-claims-'))
  const { url } = await postgresServer()
  const databaseUrl = url.replace(/\/postgres$/, `/claims_${process.pid}`)
  await onDatabase(url, (sql) => sql.query(`create database claims_${process.pid}`))
  const servers: ServerProcess[] = []
  const stop = new AbortController()
  const working: Promise<void>[] = []
  try {
    for (let place = 0; place < SERVERS; place += 1) {
      const filesDirectory = join(directory, 'files')
      servers.push(
        await startServerProcess(join(directory, `server-${place}`), { databaseUrl, filesDirectory, slots: 1 }),
      )
    }
    const urls = servers.map((server) => server.url)
    const draw = dice(options.seed)
    const client = new Client(urls, () => servers[0]?.token ?? '', draw, stop.signal)
    await client.ask('POST', '/projects', { name: 'claims' })
    const tally = new Tally()
    for (let place = 0; place < RUNNERS; place += 1) {
      const { body } = await client.ask<{ readonly token: string }>('POST', '/runners', { name: `far-${place}` })
      const claimer = new Claimer(urls, place % SERVERS, body.token, SLOTS, tally, draw, stop.signal)
      working.push(claimer.work())
    }
    const tasks = Array.from({ length: TASKS }, (_, task) => ({
      name: `t${task}`,
      script: 'true',
      runs_on: 'far',
      on_lost: 'rerun',
    }))
    const definition = JSON.stringify({ name: 'claims', tasks })
    const { body: pipeline } = await client.ask<{ readonly id: string }>('POST', '/pipelines', {
      project: 'claims',
      definition,
    })
    const started = performance.now()
    const passed = (): number => (performance.now() - started) / 1_000
    let runs = 0
    for (let told = 0; runs * TASKS < options.count && passed() < options.seconds;) {
      if (runs * TASKS - tally.ended > AHEAD) {
        await delay(5)
        continue
      }
      const { status } = await client.ask('POST', `/pipelines/${pipeline.id}/runs`, {}, `claims-${runs}`)
      if (status >= 300) throw new Error(`a run was refused: ${status}`)
      runs += 1
      if (passed() - told < 10) continue
      told = passed()
      console.error(`${tally.claims} claims, ${tally.doubled.length} doubled, ${Math.round(told)} s`)
    }
    const left = () => counted(databaseUrl, `select count(*) as count from millrace.runs where live`)
    for (let [before, since] = [-1, Date.now()]; Date.now() < since + QUIET_MS; await delay(500)) {
      const now = await left()
      if (now === 0) break
      if (now !== before) [before, since] = [now, Date.now()]
    }
    const seconds = passed()
    for (const name of tally.doubled.slice(0, 20)) console.error(`attempt ${name} was given out twice`)
    return {
      claims: tally.claims,
      doubled: tally.doubled.length,
      leases: await counted(
        databaseUrl,
        `select sum((length(body) - length(replace(body, '"AttemptStarted"', ''))) / 16) as count from millrace.entries`,
      ),
      runs,
      lost: await counted(
        databaseUrl,
        `select count(*) as count from millrace.runs r join millrace.pipelines p on p.id = r.pipeline
         where p.name = 'claims' and r.status <> 'succeeded'`,
      ),
      seconds: Math.round(seconds),
      perSecond: Math.round(tally.claims / seconds),
    } satisfies ClaimsReport
  } finally {
    stop.abort()
    await Promise.all(working)
    await Promise.all(servers.map((server) => server.kill()))
    rmSync(directory, { recursive: true, force: true })
  }
}

const counted = (databaseUrl: string, query: string): Promise<number> =>
  onDatabase(databaseUrl, async (sql) => {
    const { rows } = await sql.query<{ readonly count: string | null }>(query)
    return Number(rows[0]?.count ?? 0)
  })

async function onDatabase<Answer>(url: string, work: (sql: pg.Client) => Promise<Answer>): Promise<Answer> {
  const sql = new pg.Client({ connectionString: url })
  await sql.connect()
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}

const { json, ...asked } = readOptions(
  'claims',
  'Three servers on one PostgreSQL, and eight runners that claim attempts from whichever they come to, as fast as they can: was any attempt given out twice?',
  {
    count: { kind: 'whole', about: 'attempts', least: 1, standard: 10_000 },
    seconds: { kind: 'whole', about: 'no run begins later than this', least: 1, standard: 86_400 },
    seed: seedOption,
    json: jsonOption,
  },
)
console.error(`seed ${asked.seed}`)
const report = await claims(asked)
console.log(json ? JSON.stringify(report) : report)
const isRight = report.doubled === 0 && report.lost === 0 && report.claims <= report.leases && report.claims > 0
process.exit(isRight ? 0 : 1)
