import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient, ClientError, type Client } from '../../src/client/client.ts'
import type { Life } from './child.ts'
import { type Answered, drive, driven, finish, type Steered, type Told } from './driver.ts'
import type { Death } from './death.ts'
import type { Ledger } from './ledger.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const STARTS_WITHIN_MS = 60_000
/** From its start to its end by itself, after it has brought all runs to theirs. */
const ENDS_WITHIN_MS = 240_000
/** No task asks for one; to look for what runs them takes longer than many a life. */
const NO_CONTAINERS = ['--containers', 'off']

/** How a life ended. */
export interface Ending {
  /** It died by itself at the named point. */
  readonly atPoint: boolean
  /** It was up: the others died while they opened the directory. */
  readonly wasUp: boolean
}

/** One life of a server on a store, from its start to its death. */
export type Live = (life: Life, death: Death | null, ledger: Ledger) => Promise<Ending>

/** Stops the database of the store at once and starts it again. */
export type RestartDatabase = () => Promise<void>

/** How a process is brought to its end. */
class Executioner {
  readonly #child: ChildProcess
  readonly #restartDatabase: () => Promise<void>
  #restarted: Promise<void> | undefined
  /** By us, not by itself at its point. */
  hasStruck = false

  constructor(child: ChildProcess, restartDatabase: RestartDatabase) {
    this.#child = child
    this.#restartDatabase = restartDatabase
  }

  kill(): void {
    this.hasStruck = true
    this.#child.kill('SIGKILL')
  }

  /** As this death comes. The server of a database that dies may end by itself before it is killed. */
  strike(death: Death): void {
    if (death.kind !== 'database') return this.kill()
    this.hasStruck = true
    this.#restarted ??= this.#restartDatabase()
    void this.#restarted.then(() => this.kill())
  }

  /** The database is there again. */
  async over(): Promise<void> {
    await this.#restarted
  }
}

/** @param built where child and points are, by {@link buildChild} */
function start(
  built: string,
  args: readonly string[],
  death: Death | null,
  sources: string,
  { databaseUrl }: Life,
): ChildProcess {
  const point = death?.kind === 'point' ? `${death.point}:${death.count}` : ''
  const env: NodeJS.ProcessEnv = { ...process.env, CRASH_POINT: point }
  if (databaseUrl !== null) env['MILLRACE_DATABASE_URL'] = databaseUrl
  if (point !== '') env['NODE_OPTIONS'] = `--import ${join(built, 'points.js')}`
  return spawn(process.execPath, [join(sources, args[0] ?? ''), ...args.slice(1)], {
    // What it says of a database that is gone is no news.
    stdio: ['ignore', 'pipe', death?.kind === 'database' ? 'ignore' : 'inherit'],
    env,
  })
}

/** @throws Error when it ended otherwise than by SIGKILL, or did not end by itself when it should */
async function endOf(child: ChildProcess, death: Death | null): Promise<void> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  // Without its database it ends with a code of its own, or stays until it is killed.
  const isRight = death === null ? code === 0 : signal === 'SIGKILL' || (death.kind === 'database' && code !== 0)
  if (!isRight) throw new Error(`by ${JSON.stringify(death)} the server has ended with code ${code}, signal ${signal}`)
}

/** Store and host in a process that drives itself (child.ts). */
export const insideLife =
  (built: string, restartDatabase: RestartDatabase): Live =>
  async (life, death, ledger) => {
    const child = start(built, ['child.js', JSON.stringify(life)], death, built, life)
    const ended = endOf(child, death)
    const end = new Executioner(child, restartDatabase)
    const overdue = setTimeout(() => end.kill(), death === null ? ENDS_WITHIN_MS : STARTS_WITHIN_MS)
    const timer = death?.kind === 'after-ms' ? setTimeout(() => end.kill(), death.ms) : undefined
    let [lines, wasUp] = [0, false]
    for await (const line of createInterface({ input: child.stdout ?? raise() })) {
      const told = parse(line)
      if (told === undefined) continue
      lines += 1
      if (told.kind === 'up') wasUp = true
      else ledger.told(told)
      if (death !== null && lines === death.lines) end.strike(death)
    }
    clearTimeout(timer)
    clearTimeout(overdue)
    await ended
    await end.over()
    return { atPoint: death?.kind === 'point' && !end.hasStruck, wasUp }
  }

/** A line that the kill has cut was not told. */
function parse(line: string): Told | { readonly kind: 'up' } | undefined {
  try {
    return JSON.parse(line) as Told | { readonly kind: 'up' }
  } catch {
    return undefined
  }
}

interface Served {
  readonly url: string
  readonly token: string | null
}

/** A whole server, `millrace serve`, spoken to over HTTP by the native API's own client. */
export function servedLife(built: string, restartDatabase: RestartDatabase): Live {
  let token: string | undefined
  let pipeline: string | undefined
  return async (life, death, ledger) => {
    const args = [
      'serve',
      '--port',
      '0',
      '--json',
      '--samples',
      'false',
      '--slots',
      '4',
      ...NO_CONTAINERS,
      '--data-dir',
      life.directory,
    ]
    const child = start(built, ['bin/millrace.js', ...args], death, ROOT, life)
    const ended = endOf(child, death)
    const end = new Executioner(child, restartDatabase)
    const timer = death?.kind === 'after-ms' ? setTimeout(() => end.kill(), death.ms) : undefined
    const overdue = setTimeout(() => end.kill(), death === null ? ENDS_WITHIN_MS : STARTS_WITHIN_MS)
    const served = await Promise.race([whereIs(child), ended.then(() => undefined)])
    if (served !== undefined) {
      token = served.token ?? token
      const client = createClient({ baseUrl: served.url, token: token ?? raise(), wait: () => Promise.resolve() })
      try {
        pipeline ??= await pipelineOn(client)
        const steered = steeredBy(client, pipeline)
        if (death === null) await finishAll(client, steered)
        else await driveUntil(client, steered, life, death, ledger, end)
      } catch (error) {
        if (death === null || !isGone(error)) throw error
      }
      if (death === null) child.kill('SIGTERM')
    }
    clearTimeout(timer)
    await ended
    clearTimeout(overdue)
    await end.over()
    return { atPoint: death?.kind === 'point' && !end.hasStruck, wasUp: served !== undefined }
  }
}

async function whereIs(child: ChildProcess): Promise<Served | undefined> {
  for await (const line of createInterface({ input: child.stdout ?? raise() })) {
    const { url, first_start: first } = JSON.parse(line) as { url: string; first_start: { admin_token: string } | null }
    return { url, token: first?.admin_token ?? null }
  }
  return undefined
}

async function driveUntil(
  client: Client,
  steered: Steered,
  life: Life,
  death: Death,
  ledger: Ledger,
  end: Executioner,
): Promise<void> {
  let lines = 0
  const told = (what: Told): void => {
    ledger.told(what)
    lines += 1
    if (lines === death.lines) end.strike(death)
  }
  const stop = new AbortController()
  const following = follow(client, stop.signal, told).catch(() => undefined)
  try {
    await drive(steered, life, told)
  } finally {
    stop.abort()
    await following
  }
}

async function follow(client: Client, signal: AbortSignal, tell: (told: Told) => void): Promise<void> {
  for await (const { number, run_id: run, seq, type } of client.events.follow({ signal }))
    tell({ kind: 'event', number, run, seq, type })
}

async function pipelineOn(client: Client): Promise<string> {
  const { items } = await client.pipelines.list()
  const known = items.find(({ name }) => name === driven.name)
  return known?.id ?? (await client.pipelines.create({ project: 'default', definition: DRIVEN })).id
}

/** {@link driven} in the words of a person; what a runner does is done by a real one. */
const DRIVEN = `
name: ${driven.name}
params: {token: {type: string, required: true}}
stages:
  - key: one
    tasks:
      - {key: a, uses: noop}
      - {key: b, script: 'true', needs: [a], on_lost: rerun, on_failure: hold}
      - {key: c, approval: {}, needs: [b], on_failure: hold}
      - {key: d, script: 'exit 1', on_failure: continue}
  - key: two
    tasks:
      - {key: e, uses: noop}
      - {key: f, sleep: 1s}
      - {key: g, uses: noop, needs: [e, f]}
`

function steeredBy(client: Client, pipeline: string): Steered {
  const answered = async (call: Promise<Answered>): Promise<Answered | undefined> => {
    try {
      return await call
    } catch (error) {
      if (isGone(error)) throw error
      return undefined
    }
  }
  return {
    start: (token) => answered(client.runs.start(pipeline, { params: { token }, idempotencyKey: token })),
    act: (run, action) => answered(client.runs.act(run, action)),
    actOnNode: (run, node, action, comment) =>
      answered(client.nodes.act(run, node, action, action === 'retry' ? {} : { comment })),
  }
}

/** The server did not answer: it is dead, or about to be. A refusal is an answer. */
const isGone = (error: unknown): boolean => !(error instanceof ClientError) || error.status === null

async function finishAll(client: Client, steered: Steered): Promise<void> {
  const deadline = performance.now() + 60_000
  while (performance.now() < deadline) {
    const { items } = await client.runs.list({
      status: ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held'],
      limit: 100,
    })
    if (items.length === 0) return
    for (const run of items) await finish(steered, run)
    await delay(5)
  }
}

function raise(): never {
  throw new Error('the server said nothing of itself')
}
