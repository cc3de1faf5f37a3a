// The process that is killed: store and host with a runner of its own, without HTTP, so that a life takes little. It
// drives itself, and tells one line of JSON for everything that it was answered; a line that is lost with the process
// was not told. `{"kind":"up"}` comes first; with `finish` it brings every run to its end, closes and exits.
import { setImmediate as turn } from 'node:timers/promises'
import type { Caller } from '../../src/host/app.ts'
import { systemClock } from '../../src/host/clock.ts'
import { systemEntropy } from '../../src/host/entropy.ts'
import { createHost, type Host } from '../../src/host/host.ts'
import type { AttemptResult } from '../../src/model/command.ts'
import { asId, type UserId } from '../../src/model/id.ts'
import type { Result } from '../../src/model/problem.ts'
import type { RunView } from '../../src/model/view.ts'
import { openSqliteStore } from '../../src/store/sqlite/index.ts'
import { type Store, StoreError } from '../../src/store/store.ts'
import { below, dice } from '../../src/testing/dice.ts'
import { NO_FILES } from '../../src/testing/no-files.ts'
import { type Answered, drive, driven, finish, type Steered, type Told } from './driver.ts'

export interface Life {
  readonly directory: string
  /** Of the store; null: it is in the directory. */
  readonly databaseUrl: string | null
  readonly life: string
  readonly seed: number
  readonly again: readonly string[]
  /** true: bring all runs to their end; false: drive until killed. */
  readonly finish: boolean
  /** Planted, to prove that it is found: answers before what it answers is durable. */
  readonly hasty?: boolean
}

const ADMIN: Caller = {
  user: { id: asId<UserId>('a1'.repeat(16)), name: 'crash' },
  role: 'admin',
  domain: 'crash',
  projectIds: null,
  expiresAt: null,
}

const say = (line: Told | { readonly kind: 'up' }): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** Of this server among others on the same database, in all of its lives. */
const SERVER_ID = 'c4a54c4a'
const RUNNER = { name: 'inside', labels: [], slots: 100 } as const

async function open({ directory, databaseUrl }: Life): Promise<Store> {
  if (databaseUrl === null) return openSqliteStore({ directory, onFatal: fail })
  // Not loaded by those that do without.
  const { openPostgresStore } = await import('../../src/store/postgres/index.ts')
  return openPostgresStore({ url: databaseUrl, serverId: SERVER_ID, onFatal: fail })
}

async function live(whole: Life): Promise<void> {
  const { life, seed, again, finish: finishing, hasty = false } = whole
  const opened = await open(whole)
  const store = hasty ? await answeringEarly(opened) : opened
  const host = await createHost({
    store,
    clock: systemClock,
    entropy: systemEntropy,
    ...NO_FILES,
    embedded: RUNNER.name,
    onDefect: fail,
  })
  await host.recover()
  await host.announceRunner(RUNNER)
  addRunner(host, finishing ? () => SUCCESS : resultsOf(seed))
  const pipeline = await pipelineOf(store, host)
  const steered = steeredBy(host, pipeline)
  say({ kind: 'up' })
  if (finishing) {
    await finishAll(store, host, steered)
    host.close()
    await host.leave()
    await store.close()
    return
  }
  void follow(host)
  await drive(steered, { life, seed, again }, say)
}

/** A store that says of every commit at once that it is durable, and writes it a little later. */
async function answeringEarly(store: Store): Promise<Store> {
  let last = await store.runs.lastNumber()
  const commit: Store['runs']['commit'] = (asked) => {
    last += asked.entries.reduce((count, { events }) => count + events.length, 0)
    setTimeout(() => void store.runs.commit(asked).catch(fail), 20)
    return Promise.resolve({ lastNumber: last })
  }
  return { ...store, runs: { ...store.runs, commit } }
}

const SUCCESS: AttemptResult = { kind: 'succeeded', outputs: null }

/** Most succeed, some fail, some never end: those are lost with the process. */
function resultsOf(seed: number): () => AttemptResult | undefined {
  const draw = dice(seed + 1)
  return () => {
    const what = below(draw, 20)
    if (what === 0) return undefined
    if (what < 4) return { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null }
    return { kind: 'succeeded', outputs: { drawn: String(what) } }
  }
}

function addRunner(host: Host, result: () => AttemptResult | undefined): void {
  host.addRunner({
    ...RUNNER,
    start: (job) => {
      const end = result()
      if (end !== undefined) setImmediate(() => host.dispatcher.ended(RUNNER.name, job, end))
    },
    cancel: (attempt) => setImmediate(() => host.dispatcher.ended(RUNNER.name, attempt, { kind: 'cancelled' })),
    clean: () => undefined,
  })
}

async function pipelineOf(store: Store, host: Host): Promise<string> {
  const [known] = await store.catalog.pipelines({}, null, 1)
  if (known !== undefined) return known.id
  const [project] = await store.catalog.projects()
  const { id } = project ?? need(await host.app.projects.create(ADMIN, { name: 'crash', description: '' }))
  return need(await host.app.pipelines.create(ADMIN, { project: { id }, text: JSON.stringify(driven) })).id
}

function need<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.message}`)
  return result.value
}

function steeredBy({ app }: Host, pipeline: string): Steered {
  const answered = (result: Result<RunView>): Answered | undefined => (result.ok ? result.value : undefined)
  return {
    start: async (token) =>
      answered(await app.runs.start(ADMIN, { pipeline: { id: pipeline }, params: { token }, idempotencyKey: token })),
    act: async (id, action) => answered(await app.runs.act(ADMIN, { id }, { action })),
    actOnNode: async (id, key, action, comment) =>
      answered(await app.runs.actOnNode(ADMIN, { id }, { key }, { action, comment })),
  }
}

/** What a reader of the stream sees must be there after the kill as well. */
async function follow({ app }: Host): Promise<void> {
  const feed = need(await app.feed.follow(ADMIN, app.feed.last(), {}, new AbortController().signal))
  for await (const record of feed) {
    if (record === undefined) continue
    const { number, runId, seq, event } = record
    say({ kind: 'event', number, run: runId, seq, type: event.type })
  }
}

/** A machine under load takes its time: what has not ended then is told as stuck. */
const FINISHES_WITHIN_MS = 120_000

async function finishAll(store: Store, { app }: Host, steered: Steered): Promise<void> {
  const deadline = performance.now() + FINISHES_WITHIN_MS
  for (let open = await store.runs.live(); open.length > 0; open = await store.runs.live()) {
    if (performance.now() > deadline) return
    // At once, so that their commits share transactions.
    await Promise.all(
      open.map(async (id) => {
        const run = await app.runs.get(ADMIN, { id })
        if (run.ok) await finish(steered, run.value)
      }),
    )
    await turn()
  }
}

/** A defect ends the process with a code of its own; a store that was closed on the way is none. */
function fail(error: unknown): void {
  if (error instanceof StoreError && error.code === 'closed') return
  console.error(error)
  process.exit(70)
}

if (import.meta.main) await live(JSON.parse(process.argv[2] ?? '{}') as Life)
