import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { freePort } from '../../src/testing/free-port.ts'
import { postgresServer, type PostgresServer } from '../../src/testing/postgres-server.ts'
import { Client, type RunSeen } from './client.ts'
import { loopback, namespacePlace, type Place } from './network.ts'
import { program, Supervised } from './process.ts'

export const TROUBLES = [
  'kill server',
  'stop server',
  'restart server',
  'kill runner',
  'stop runner',
  'drop connections',
  'restart database fast',
  'restart database immediate',
  'cut server from database',
  'cut server from all others',
] as const
export type Trouble = (typeof TROUBLES)[number]

export interface WorldOptions {
  readonly servers: number
  readonly runners: number
  /** Servers are in network namespaces of their own, whose cables can be pulled. */
  readonly netns: boolean
  /** Whether some troubles last longer than a lease. Left out: they do. */
  readonly long?: boolean
  readonly draw: () => number
}

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const ENDS = ['succeeded', 'failed', 'errored', 'timed_out', 'cancelled']
/** Runs that no server has acknowledged yet: with more of them, trouble waits until servers can be heard through it. */
const UNANSWERED_MAX = 8
/** Before each trouble, at most. */
const PAUSE_MS = 300
/** What everything gets to come to an end after the last trouble; or nothing more ends for so long. */
const QUIET_MS = 300_000
const UP_MS = 120_000

/** A database, servers, runners and clients, all of them real. */
export class ChaosWorld {
  readonly #options: WorldOptions
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  readonly #postgres: PostgresServer
  readonly #databaseUrl: string
  readonly #stop = new AbortController()
  readonly #servers: Supervised[] = []
  readonly #runners: Supervised[] = []
  readonly #client: Client
  /** Of the runs that were acknowledged, by key. */
  readonly #made = new Map<string, string>()
  readonly #starting: Promise<void>[] = []
  readonly #streams: { readonly numbers: number[]; readonly over: Promise<void> }[] = []
  /** Servers and runners that are not themselves now; nothing else happens to them. */
  readonly #ill = new Map<Supervised, Promise<void>>()
  readonly #places: Place[] = []
  #unanswered = 0
  #token = ''
  #pipeline = ''
  #keys = 0

  static async open(options: WorldOptions): Promise<ChaosWorld> {
    const postgres = await postgresServer()
    const database = `chaos_${process.pid}`
    const client = new pg.Client({ connectionString: postgres.url })
    await client.connect()
    await client.query(`drop database if exists ${database} with (force)`)
    await client.query(`create database ${database}`)
    await client.end()
    const databaseUrl = postgres.url.replace(/\/postgres$/, `/${database}`)
    const places: Place[] = []
    for (let place = 0; place < options.servers; place += 1) {
      const number = (process.pid % 1_000) * 16 + place * 2
      places.push(options.netns ? await namespacePlace(databaseUrl, number) : loopback(databaseUrl))
    }
    const ports = await Promise.all(places.map(freePort))
    const urls = places.map(({ host }, place) => `http://${host}:${ports[place]}`)
    const world = new ChaosWorld(options, postgres, databaseUrl, places, urls)
    try {
      await world.#begin(ports, urls)
    } catch (error) {
      await world.close(true)
      throw error
    }
    return world
  }

  private constructor(
    options: WorldOptions,
    postgres: PostgresServer,
    databaseUrl: string,
    places: readonly Place[],
    urls: readonly string[],
  ) {
    this.#options = options
    this.#postgres = postgres
    this.#databaseUrl = databaseUrl
    this.#places.push(...places)
    this.#client = new Client(urls, () => this.#token, options.draw, this.#stop.signal)
  }

  get acked(): number {
    return this.#made.size
  }

  /** How often a server or a runner has ended. */
  get ends(): number {
    return [...this.#servers, ...this.#runners].reduce((sum, { ends }) => sum + ends, 0)
  }

  /** A run, begun at any server, and trouble in the middle of what runs; it may last longer than this takes. */
  async round(trouble: Trouble): Promise<void> {
    const deadline = Date.now() + QUIET_MS
    while (this.#unanswered > UNANSWERED_MAX) {
      if (Date.now() > deadline) throw new Error(`${this.#unanswered} runs were not acknowledged in ${QUIET_MS} ms`)
      await delay(20)
    }
    this.#starting.push(this.#make())
    await delay(this.#options.draw() * PAUSE_MS)
    await this.#trouble(trouble)
  }

  /** Waits for the end of everything, and looks. */
  async verdict() {
    await within(QUIET_MS, Promise.all(this.#ill.values()))
    await within(QUIET_MS, Promise.all(this.#starting))
    const wrong: string[] = []
    let [lost, stuck, doubled] = [0, 0, 0]
    let deadline = Date.now() + QUIET_MS
    for (const [key, id] of this.#made) {
      let seen = await this.#client.ask<RunSeen>('GET', `/runs/${id}`)
      while (seen.status === 200 && !ENDS.includes(seen.body.status) && Date.now() < deadline) {
        await delay(100)
        seen = await this.#client.ask<RunSeen>('GET', `/runs/${id}`)
      }
      if (seen.status === 200 && ENDS.includes(seen.body.status)) deadline = Math.max(deadline, Date.now() + QUIET_MS)
      if (seen.status !== 200) {
        lost += 1
        wrong.push(`run ${id} of ${key} was acknowledged and is not there: ${seen.status}`)
      } else if (!ENDS.includes(seen.body.status)) {
        stuck += 1
        const { body: why } = await this.#client.ask<unknown>('GET', `/runs/${id}/explain`)
        wrong.push(`run ${id} is ${seen.body.status}: ${JSON.stringify(why)}`)
      } else if (seen.body.status !== 'succeeded') {
        lost += 1
        wrong.push(`run ${id} has ended as ${seen.body.status}: ${JSON.stringify(seen.body).slice(0, 2_000)}`)
      }
    }
    const sql = new pg.Client({ connectionString: this.#databaseUrl })
    await sql.connect()
    const { rows } = await sql.query<{ readonly number: string; readonly id: string; readonly count: number }>(
      `select r.id, (select max(number) from millrace.entries) as number, r.seq::int as count from millrace.runs r
       where r.pipeline = $1`,
      [this.#pipeline],
    )
    const last = Number(rows[0]?.number ?? 0)
    const { rows: gapRows } = await sql.query<{ readonly sum: string }>(
      'select sum(event_count) as sum from millrace.entries',
    )
    await sql.end()
    if (Number(gapRows[0]?.sum) !== last) wrong.push(`the log has ${gapRows[0]?.sum} events, numbered to ${last}`)
    const known = new Set(this.#made.values())
    for (const { id } of rows) {
      if (known.has(id)) continue
      doubled += 1
      wrong.push(`run ${id} was made, and no key of ours leads to it`)
    }
    const done = this.#done()
    doubled += doneTwice(done, wrong)
    const reruns = done.filter((attempt) => !attempt.endsWith('/1')).length
    const gaps = await this.#gaps(last, wrong)
    return { acked: this.#made.size, lost, doubled, stuck, gaps, reruns, wrong: wrong.slice(0, 50) }
  }

  async close(keep: boolean): Promise<void> {
    this.#stop.abort()
    await Promise.all([...this.#runners, ...this.#servers].map((each) => each.end()))
    await Promise.all(this.#streams.map(({ over }) => over))
    for (const place of this.#places) place.close()
    if (keep) console.error(`kept in ${this.#directory}`)
    else rmSync(this.#directory, { recursive: true, force: true })
  }

  async #begin(ports: readonly number[], urls: readonly string[]): Promise<void> {
    const { runners } = this.#options
    const log = join(this.#directory, 'log')
    for (const [place, port] of ports.entries()) {
      const { host, databaseUrl, wrap } = this.#places[place] as Place
      const address = ['--host', host, '--port', String(port)]
      const args = ['serve', '--json', ...address, '--slots', '2', '--labels', 'near', '--containers', 'off']
      const directories = [
        '--data-dir',
        join(this.#directory, `server-${place}`),
        '--files-dir',
        join(this.#directory, 'files'),
      ]
      const env = { MILLRACE_DATABASE_URL: databaseUrl }
      const start = () => program([MAIN, ...args, ...directories], env, wrap)
      this.#servers.push(new Supervised(`server ${place}`, start, log))
      // The first one makes the administrator.
      if (place === 0) await this.#found(join(this.#directory, 'server-0'))
    }
    await this.#client.ask('POST', '/projects', { name: 'chaos' })
    for (let place = 0; place < runners; place += 1) {
      const { body } = await this.#client.ask<{ token: string }>('POST', '/runners', { name: `far-${place}` })
      const turned = urls.map((_, index) => urls[(index + place) % urls.length])
      const args = [
        'runner',
        '--json',
        '--url',
        turned.join(','),
        '--labels',
        'far',
        '--slots',
        '2',
        '--containers',
        'off',
      ]
      const start = () =>
        program([MAIN, ...args, '--data-dir', join(this.#directory, `far-${place}`)], {
          MILLRACE_RUNNER_TOKEN: body.token,
        })
      this.#runners.push(new Supervised(`runner ${place}`, start, log))
    }
    mkdirSync(join(this.#directory, 'ledger'))
    const done = `echo "$MILLRACE_ATTEMPT" >> ${join(this.#directory, 'ledger', 'done')}`
    const definition = {
      name: 'chaos',
      tasks: [
        { name: 'a', uses: 'noop' },
        { name: 'b', needs: ['a'], script: `${done}; sleep 0.2`, runs_on: 'far', on_lost: 'rerun' },
        { name: 'c', needs: ['a'], sleep: '1s' },
        { name: 'd', needs: ['b', 'c'], script: done, runs_on: 'far', on_lost: 'rerun' },
        { name: 'e', needs: ['a'], script: done, runs_on: 'near', on_lost: 'rerun' },
        { name: 'f', needs: ['d', 'e'], uses: 'noop' },
      ],
    }
    await within(UP_MS, Promise.all([...this.#servers, ...this.#runners].map((each) => each.up())))
    const made = await this.#client.ask<{ id: string }>('POST', '/pipelines', {
      project: 'chaos',
      definition: JSON.stringify(definition),
    })
    this.#pipeline = made.body.id
    for (let count = 0; count < ports.length; count += 1) {
      const numbers: number[] = []
      this.#streams.push({ numbers, over: this.#client.follow((number) => numbers.push(number)) })
    }
  }

  async #found(directory: string): Promise<void> {
    const path = join(directory, 'quickstart.json')
    const deadline = Date.now() + UP_MS
    for (;;) {
      const token = existsSync(path) ? tokenIn(path) : undefined
      if (token !== undefined) {
        this.#token = token
        return
      }
      if (Date.now() > deadline) throw new Error('the first server does not come up')
      await delay(50)
    }
  }

  async #make(): Promise<void> {
    this.#keys += 1
    const key = `chaos-${this.#keys}`
    this.#unanswered += 1
    const { status, body } = await this.#client.ask<RunSeen>('POST', `/pipelines/${this.#pipeline}/runs`, {}, key)
    this.#unanswered -= 1
    if (status >= 300) throw new Error(`a run was refused: ${status} ${JSON.stringify(body)}`)
    this.#made.set(key, body.id)
  }

  /** Mostly short; one in 32 is longer than a lease, and than others wait for a server that says nothing. */
  #lastingMs(): number {
    const { draw, long = true } = this.#options
    return long && draw() < 1 / 32 ? 20_000 + draw() * 10_000 : 50 + draw() * 1_500
  }

  async #trouble(trouble: Trouble): Promise<void> {
    const { draw } = this.#options
    switch (trouble) {
      case 'kill server':
        return this.#harm(this.#servers, (one) => one.restart('SIGKILL'))
      case 'kill runner':
        return this.#harm(this.#runners, (one) => one.restart('SIGKILL'))
      case 'restart server':
        return this.#harm(this.#servers, (one) => one.restart('SIGTERM'))
      case 'stop server':
        return this.#harm(this.#servers, (one) => stopped(one, this.#lastingMs()))
      case 'stop runner':
        return this.#harm(this.#runners, (one) => stopped(one, this.#lastingMs()))
      case 'drop connections':
        return this.#drop(draw())
      case 'restart database fast':
        return this.#postgres.restart('fast')
      case 'restart database immediate':
        return this.#postgres.restart('immediate')
      case 'cut server from database':
        return this.#harm(this.#servers, (one) => this.#pulled(one, 'database', this.#lastingMs()))
      case 'cut server from all others':
        return this.#harm(this.#servers, (one) => this.#pulled(one, 'front', this.#lastingMs()))
    }
  }

  /** One that is well gets it, and nothing else until it is well again. One of them is always left. */
  async #harm(among: readonly Supervised[], how: (one: Supervised) => Promise<void>): Promise<void> {
    const well = () => among.filter((each) => !this.#ill.has(each))
    while (well().length < 2) await Promise.race(among.flatMap((each) => this.#ill.get(each) ?? []))
    const victims = well()
    const one = victims[Math.floor(this.#options.draw() * victims.length)] as Supervised
    const over = how(one)
      .then(() => one.up())
      .finally(() => this.#ill.delete(one))
    this.#ill.set(one, over)
  }

  async #pulled(server: Supervised, which: 'database' | 'front', ms: number): Promise<void> {
    const cable = this.#places[this.#servers.indexOf(server)]?.cables?.[which]
    if (cable === undefined) throw new Error('servers that share a network have no cables')
    cable.cut()
    await delay(ms)
    cable.heal()
  }

  /** The database's end of a part of all connections goes. */
  async #drop(part: number): Promise<void> {
    const sql = new pg.Client({ connectionString: this.#databaseUrl })
    try {
      await sql.connect()
      await sql.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and random() < $1`,
        [part / 2],
      )
    } catch {
      // The database is being restarted.
    } finally {
      await sql.end().catch(() => undefined)
    }
  }

  /** Attempts that were done, each by the name that its task has seen. */
  #done(): readonly string[] {
    const path = join(this.#directory, 'ledger', 'done')
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  }

  async #gaps(last: number, wrong: string[]): Promise<number> {
    let gaps = 0
    for (const [place, { numbers }] of this.#streams.entries()) {
      for (let waited = 0; (numbers.at(-1) ?? 0) < last && waited < 30_000; waited += 100) await delay(100)
      let expected = 1
      for (const number of numbers.slice(0, last)) {
        if (number !== expected) {
          gaps += 1
          wrong.push(`stream ${place}: ${number} came where ${expected} was expected`)
        }
        expected = number + 1
      }
      if ((numbers.at(-1) ?? 0) < last) {
        gaps += 1
        wrong.push(`stream ${place} ends at ${numbers.at(-1)}, the log at ${last}`)
      }
    }
    return gaps
  }
}

function doneTwice(done: readonly string[], wrong: string[]): number {
  const seen = new Set<string>()
  let twice = 0
  for (const attempt of done) {
    if (seen.has(attempt)) {
      twice += 1
      wrong.push(`attempt ${attempt} was done twice`)
    }
    seen.add(attempt)
  }
  return twice
}

async function stopped(one: Supervised, ms: number): Promise<void> {
  one.signal('SIGSTOP')
  await delay(ms)
  one.signal('SIGCONT')
}

function tokenIn(path: string): string | undefined {
  return /mr_[0-9a-z]+_[0-9a-z]+/.exec(readFileSync(path, 'utf8'))?.[0]
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([
    work,
    delay(ms).then(() => {
      throw new Error(`not done after ${ms} ms`)
    }),
  ])
}
