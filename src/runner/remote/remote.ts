import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseRunId, type RunId } from '../../model/id.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { jobName } from '../../model/job.ts'
import {
  refText,
  RUNNER_HOLDS_MAX,
  RUNNER_NAME,
  RUNNER_PROTOCOL,
  RUNNER_WORKSPACES_MAX,
  type RunnerHello,
  type RunnerPoll,
  type RunnerRefusal,
  type RunnerWelcome,
} from '../../model/runner.ts'
import type { AttemptResult } from '../../model/command.ts'
import { LEASE_MS } from '../../model/limits.ts'
import type { DurationMs } from '../../model/time.ts'
import { Agent } from '../agent.ts'
import { outsideSteps } from '../../steps/outside.ts'
import type { Executors } from '../capabilities.ts'
import { LOG_MAX_BYTES } from '../config.ts'
import { isDiskFull } from '../disk-room.ts'
import { directLauncher } from '../direct.ts'
import { allowedEnvironment, engineEnvironment } from '../environment.ts'
import { helperLauncher } from '../helper.ts'
import { LeaseFile } from '../lease-file.ts'
import type { Launcher } from '../launch.ts'
import { killLeftovers } from '../leftovers.ts'
import { remotePaths, type RunnerPaths } from '../paths.ts'
import { parseRef, parseToRunner, type ToServer } from '../protocol.ts'
import { removeTree } from '../remove-tree.ts'
import { Begun } from './begun.ts'
import { Held } from './held.ts'
import { Sender } from './sender.ts'
import { Wire, type WireAnswer } from './wire.ts'

export interface RemoteRunnerOptions {
  /** Of servers of one store, the first to be asked first, without a slash at the end. */
  readonly urls: readonly string[]
  readonly token: string
  /** What the server must call it; null: whatever its token says. */
  readonly name: string | null
  readonly labels: readonly string[]
  readonly slots: number
  /** What was found to work here (capabilities.ts). */
  readonly executors: Executors
  /** Directories of step types of third parties. */
  readonly stepDirectories?: readonly string[]
  readonly containerPaths: readonly string[]
  readonly cacheMaxBytes: number
  /** Absolute, and locked: nobody else works there. */
  readonly dataDirectory: string
  /** Of Millrace. */
  readonly version: string
  /** 32 hex digits that no other start of a runner has. */
  readonly incarnation: string
  /** What attempts get to end by themselves once it drains. */
  readonly drainMs: DurationMs
  /** Milliseconds of the machine's own time, which nobody sets, and which goes on while it sleeps. */
  readonly uptime: () => DurationMs
  /** Told in one sentence what people should know. */
  readonly onNotice: (sentence: string) => void
  /** The server knows us, by this name. */
  readonly onReady: (name: string) => void
}

export interface RemoteRunner {
  /** Takes nothing more; ends when it has done what it has, or its time is over. */
  drain(): void
  /** Ends what it does, and itself, within seconds. */
  stop(): void
  /** Why it ended: it was asked to, or the server does not want it. */
  readonly ended: Promise<{ readonly kind: 'asked' } | { readonly kind: 'refused'; readonly refusal: RunnerRefusal }>
}

/** `isNew`: it says something that it did not before. */
type Heard = Exclude<WireAnswer, { kind: 'ok' }> | (Extract<WireAnswer, { kind: 'ok' }> & { readonly isNew: boolean })

type Terms = Pick<RunnerWelcome, 'leaseMs' | 'slackMs' | 'pollMs' | 'chunkBytes'>

/** These end the runner: asking again would not help. */
const FINAL: readonly RunnerRefusal['code'][] = [
  'unauthenticated',
  'protocol',
  'superseded',
  'invalid_request',
  'not_found',
]
/** What attempts get from TERM to KILL when the runner is told to end at once, or nobody wants them any more. */
const STOP_GRACE_MS: DurationMs = 2_000
/** What reports get to reach the server then. */
const LAST_WORDS_MS: DurationMs = 3_000
const WATCH_MS: DurationMs = 50
/** So often the file of the lease is written at most: helpers look about once a second. */
const LEASE_STEP_MS: DurationMs = 500
const HELLO_MS: DurationMs = 10_000
const RETRY_MS = [100, 200, 400, 800, 1_600] as const
/** A poll that brings nothing waits; one that ended sooner than this did not. */
const POLL_MIN_MS: DurationMs = 50
/** Servers number their orders one by one: what is further from the last one is no number of theirs. */
const ORDER_GAP_MAX = 1_000_000
/** Longest lease that a runner believes in: it would go on with what it has for as long. */
const LEASE_MAX_MS: DurationMs = 24 * 3_600_000
const CHUNK_MAX_BYTES = 64 * 1_024 ** 2
const SESSION_MAX = 200

/**
 * Kills what an earlier runner left behind, removes its files but the workspaces, then works for the server until it is
 * asked to end. Call it with the data directory locked.
 */
export async function startRemoteRunner(options: RemoteRunnerOptions): Promise<RemoteRunner> {
  const { dataDirectory } = options
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  const { survivors } = await killLeftovers(dataDirectory)
  if (survivors.length > 0) options.onNotice(`Processes that cannot be killed: ${survivors.join(', ')}.`)
  // All that was under way is lost: nobody asks for its logs any more.
  for (const name of ['logs', 'kept']) await removeTree(join(dataDirectory, name))
  const lease = new LeaseFile(join(dataDirectory, 'runner', 'lease'))
  lease.extend(LEASE_MS)
  return new Remote(options, (await helperLauncher('perl', lease.path)) ?? directLauncher(), lease)
}

class Remote implements RemoteRunner {
  readonly ended: RemoteRunner['ended']
  readonly #options: RemoteRunnerOptions
  readonly #paths: RunnerPaths
  readonly #wire: Wire
  readonly #agent: Agent
  readonly #sender: Sender
  readonly #held = new Map<string, Held>()
  readonly #begun: Begun
  readonly #lease: LeaseFile
  #session: string | undefined
  /** As the last welcome said. */
  #terms: Terms = { leaseMs: LEASE_MS, slackMs: 0, pollMs: HELLO_MS, chunkBytes: 65_536 }
  #wasReady = false
  /** Of the last order that was taken in this session. */
  #ack = 0
  #cleaned: { readonly runId: RunId; readonly problem: string | null }[] = []
  #draining = false
  #stopping = false
  /** Aborted when the poll that waits must be sent anew. */
  #poll = new AbortController()
  /** Aborted when nothing more is said to the server. */
  readonly #over = new AbortController()
  #isSilent = false
  /** Whether it was said in this session that its orders are not understood. */
  #toldOfOrders = false

  constructor(options: RemoteRunnerOptions, launcher: Launcher, lease: LeaseFile) {
    this.#options = options
    this.#lease = lease
    this.#paths = remotePaths(options.dataDirectory)
    this.#begun = new Begun(this.#paths)
    this.#wire = new Wire(options)
    this.#agent = new Agent({
      paths: this.#paths,
      launcher,
      env: allowedEnvironment(process.env),
      executors: {
        executors: options.executors,
        engineEnv: engineEnvironment(process.env),
        containerPaths: options.containerPaths,
        dataDirectory: options.dataDirectory,
      },
      steps: outsideSteps(options.stepDirectories ?? []),
      cacheMaxBytes: options.cacheMaxBytes,
      slots: options.slots,
      logMaxBytes: LOG_MAX_BYTES,
      // The server notes when it got them.
      timesLogs: false,
      send: (message) => this.#said(message),
    })
    this.#sender = new Sender({
      wire: this.#wire,
      paths: this.#paths,
      chunkBytes: () => this.#terms.chunkBytes,
      timeoutMs: () => this.#patienceMs(),
      stop: this.#over.signal,
      onNotice: options.onNotice,
    })
    const watch = setInterval(() => this.#watch(), WATCH_MS)
    this.ended = this.#live(watch)
  }

  drain(): void {
    if (this.#draining) return
    this.#draining = true
    this.#poll.abort()
    setTimeout(() => this.stop(), this.#options.drainMs).unref()
  }

  stop(): void {
    this.drain()
    if (this.#stopping) return
    this.#stopping = true
    for (const held of this.#held.values()) {
      if (held.ended === undefined) this.#lose(held, 'its runner was stopped')
    }
    setTimeout(() => this.#killLost(), STOP_GRACE_MS).unref()
    setTimeout(() => this.#over.abort(), STOP_GRACE_MS + LAST_WORDS_MS).unref()
    this.#poll.abort()
  }

  async #live(watch: NodeJS.Timeout): Promise<Awaited<RemoteRunner['ended']>> {
    try {
      return await this.#work()
    } finally {
      clearInterval(watch)
      this.#over.abort()
      await this.#agent.stop(STOP_GRACE_MS)
      this.#lease.close()
    }
  }

  async #work(): Promise<Awaited<RemoteRunner['ended']>> {
    for (let failures = 0; !this.#isDone();) {
      // Whoever slept has lost what it held, before anything else is said or done.
      this.#watch()
      const asked = this.#session
      const startedAt = performance.now()
      const answer = asked === undefined ? await this.#hello() : await this.#take(asked)
      if (answer.kind === 'ok') {
        this.#heard()
        const isIdle = asked !== undefined && !answer.isNew && performance.now() - startedAt < POLL_MIN_MS
        if (asked !== undefined && !isIdle) failures = 0
        if (!isIdle) continue
      } else if (answer.kind === 'refused') {
        if (FINAL.includes(answer.refusal.code)) return { kind: 'refused', refusal: answer.refusal }
        this.#session = undefined
        // It was started again, and is asked at once, the first time.
        if (answer.refusal.code === 'hello_again' && asked !== undefined && failures === 0) {
          failures = 1
          continue
        }
        this.#silent(answer.refusal.message)
      } else if (this.#poll.signal.aborted) {
        this.#poll = new AbortController()
        continue
      } else this.#silent(answer.reason)
      const pauseMs = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0
      failures += 1
      const signal = AbortSignal.any([this.#over.signal, this.#poll.signal])
      await delay(Math.min(pauseMs, this.#patienceMs()), undefined, { signal }).catch(() => undefined)
    }
    if (this.#session !== undefined) await this.#wire.send('POST', 'leave', { body: {}, timeoutMs: this.#patienceMs() })
    return { kind: 'asked' }
  }

  #isDone(): boolean {
    return this.#over.signal.aborted || (this.#draining && this.#held.size === 0)
  }

  async #hello(): Promise<Heard> {
    const { name, version, labels, slots, incarnation } = this.#options
    const holds = [...this.#held.values()].map(({ ref }) => ref)
    const workspaces = await this.#workspaces()
    const hello = { protocol: RUNNER_PROTOCOL, incarnation, name, version, labels, slots, holds, workspaces }
    const answer = await this.#wire.send('POST', 'hello', {
      body: hello satisfies RunnerHello,
      timeoutMs: this.#wasReady ? this.#patienceMs() : HELLO_MS,
      signal: this.#over.signal,
    })
    if (answer.kind !== 'ok') return answer
    const welcome = parseWelcome(answer.body)
    if (welcome === undefined) return { kind: 'silent', reason: 'an answer that is no welcome of this protocol' }
    this.#ack = 0
    this.#toldOfOrders = false
    this.#session = welcome.session
    this.#terms = welcome
    const stop = new Set(welcome.stop.map(refText))
    for (const held of this.#held.values()) if (stop.has(held.name)) this.#forget(held)
    if (!this.#wasReady) this.#options.onReady(welcome.name)
    this.#wasReady = true
    return { ...answer, isNew: true }
  }

  /** One poll: says what was done, waits for orders and does them. */
  async #take(session: string): Promise<Heard> {
    const cleaned = this.#cleaned
    const poll: RunnerPoll = { session, ack: this.#ack, draining: this.#draining, cleaned }
    const signal = AbortSignal.any([this.#over.signal, this.#poll.signal])
    const timeoutMs = this.#terms.pollMs + this.#patienceMs()
    const answer = await this.#wire.send('POST', 'poll', { body: poll, timeoutMs, signal })
    if (answer.kind !== 'ok') return answer
    // It was us who slept: what is ordered here may have been given up, and given to another, since.
    if (this.#wire.silentMs() >= this.#terms.leaseMs) {
      this.#session = undefined
      return { ...answer, isNew: true }
    }
    const { orders } = answer.body
    if (!Array.isArray(orders)) return { kind: 'silent', reason: 'an answer to a poll that is none of this protocol' }
    this.#cleaned = this.#cleaned.slice(cleaned.length)
    const before = this.#ack
    for (const order of orders as readonly Json[]) this.#obey(order)
    return { ...answer, isNew: this.#ack > before }
  }

  #obey(order: Json): void {
    if (!isJsonObject(order)) return this.#passOver()
    const { number } = order
    if (!Number.isSafeInteger(number) || typeof number !== 'number' || number > this.#ack + ORDER_GAP_MAX)
      return this.#passOver()
    if (number <= this.#ack) return
    this.#ack = number
    // The path of the log is ours to say.
    const message = parseToRunner({ ...order, logPath: '/' })
    if (message === undefined || message.type === 'drain' || message.type === 'executors') {
      this.#passOver()
      const ref =
        order['type'] === 'start' && isJsonObject(order['job'] ?? null) ? parseRef(order['job'] ?? null) : null
      // The server believes that it runs here.
      if (ref)
        this.#hold(new Held({ ...ref, uses: '', with: {}, env: {}, graceMs: 0 }), 'its job is none of this protocol')
      return
    }
    if (message.type === 'clean') this.#begun.forget(message.runId)
    if (message.type === 'start') this.#hold(new Held(message.job), null)
    else this.#agent.receive(message)
  }

  /** Said once in a session: it may come with every order. */
  #passOver(): void {
    if (this.#toldOfOrders) return
    this.#toldOfOrders = true
    this.#options.onNotice('The server gave an order that is none of this protocol; it was passed over.')
  }

  /** @param refusal why it is not begun; null: it is. */
  #hold(held: Held, refusal: string | null): void {
    if (this.#held.has(held.name)) return
    if (this.#held.size >= RUNNER_HOLDS_MAX) return this.#passOver()
    const isThere = [...this.#held.values()].some(({ job }) => jobName(job) === jobName(held.job))
    this.#held.set(held.name, held)
    if (refusal !== null) this.#endUnbegun(held, failedToStart(refusal))
    else if (isThere) {
      // Of two with one name neither its files nor its end would be told apart.
      held.lose('its runner has an earlier one of its name still')
      this.#endUnbegun(held, { kind: 'cancelled' })
    } else this.#begin(held)
    if (this.#stopping) this.#lose(held, 'its runner was stopped')
    void this.#sender.follow(held).then(() => {
      this.#held.delete(held.name)
      if (this.#draining) this.#poll.abort()
    })
  }

  /** Once, whatever servers believe: one that was begun before is given back as lost, as nobody here knows its end. */
  #begin(held: Held): void {
    const { job, ref } = held
    let result: AttemptResult = { kind: 'cancelled' }
    try {
      if (this.#begun.claim(ref)) return this.#agent.receive({ type: 'start', job, logPath: this.#paths.log(job) })
      held.lose('its runner has begun it before, and begins nothing twice')
    } catch (error) {
      const reason = `its beginning could not be written down: ${(error as Error).message}`
      const failure = isDiskFull(error)
        ? ({ kind: 'disk-full', what: reason } as const)
        : ({ kind: 'internal', reason } as const)
      result = { kind: 'failed', failure, outputs: null }
    }
    this.#endUnbegun(held, result)
  }

  #endUnbegun(held: Held, result: AttemptResult): void {
    held.end({ type: 'ended', ...held.ref, result, logBytes: 0 })
  }

  #said(message: ToServer): void {
    if (message.type === 'cleaned') {
      const { runId, problem } = message
      this.#cleaned = [...this.#cleaned, { runId, problem: problem?.slice(0, 1_000) ?? null }].slice(-1_000)
      void rm(this.#paths.logs(runId), { recursive: true, force: true })
    } else if (message.type === 'ended') {
      // Whoever slept learns first that it is lost, and not that it was killed meanwhile.
      this.#watch()
      this.#held.get(refText(message))?.end(message)
    }
  }

  /** Whoever is not heard of loses what it has: the server may give it to another, so nothing of it may go on here. */
  #watch(): void {
    const { leaseMs, slackMs } = this.#terms
    const silentMs = this.#wire.silentMs()
    const killAfterMs = leaseMs + slackMs / 3
    // A helper knows less than this process: of a word that was heard while this one stood still it was not told.
    const stoodStill = this.#lease.hasPassed()
    this.#lease.extend(killAfterMs - silentMs, Math.min(LEASE_STEP_MS, slackMs / 6))
    if (this.#held.size === 0) return
    if (silentMs < leaseMs && !stoodStill) return
    const seconds = leaseMs / 1_000
    const reason =
      silentMs < leaseMs
        ? `its runner stood still for more than ${seconds} s`
        : `its runner did not reach the server for ${seconds} s`
    for (const held of this.#held.values()) if (held.ended === undefined) this.#lose(held, reason)
    if (silentMs >= killAfterMs) this.#killLost()
  }

  #lose(held: Held, reason: string): void {
    if (held.lost !== null) return
    held.lose(reason)
    this.#agent.receive({ type: 'cancel', ...held.ref })
  }

  #killLost(): void {
    for (const { lost, ended, ref } of this.#held.values())
      if (lost !== null && ended === undefined) this.#agent.kill(ref)
  }

  #forget(held: Held): void {
    held.forget()
    this.#agent.receive({ type: 'cancel', ...held.ref })
    setTimeout(() => this.#agent.kill(held.ref), STOP_GRACE_MS).unref()
  }

  #heard(): void {
    if (this.#isSilent) this.#options.onNotice(`${this.#wire.url} answers again.`)
    this.#isSilent = false
  }

  #silent(reason: string): void {
    if (this.#over.signal.aborted) return
    if (!this.#isSilent)
      this.#options.onNotice(`No answer from ${this.#options.urls.join(', ')}: ${reason}. It is asked again and again.`)
    this.#isSilent = true
  }

  /** How long an answer may take that does not wait for anything. Short against the lease: there must be time to ask again. */
  #patienceMs(): DurationMs {
    return Math.round(Math.min(5_000, Math.max(200, this.#terms.leaseMs / 3)))
  }

  async #workspaces(): Promise<readonly RunId[]> {
    const names = await readdir(join(this.#options.dataDirectory, 'work')).catch(() => [])
    return names.flatMap((name) => parseRunId(name) ?? []).slice(0, RUNNER_WORKSPACES_MAX)
  }
}

/** undefined: that is none. */
function parseWelcome(body: JsonObject): RunnerWelcome | undefined {
  const { protocol, name, session, leaseMs, slackMs, pollMs, chunkBytes, stop } = body
  if (protocol !== RUNNER_PROTOCOL || typeof name !== 'string' || typeof session !== 'string') return undefined
  if (!RUNNER_NAME.test(name) || session.length > SESSION_MAX) return undefined
  if (!isUpTo(leaseMs, LEASE_MAX_MS) || !isUpTo(slackMs, leaseMs) || !isUpTo(pollMs, leaseMs)) return undefined
  if (!isUpTo(chunkBytes, CHUNK_MAX_BYTES) || !Number.isInteger(chunkBytes)) return undefined
  if (!Array.isArray(stop)) return undefined
  const refs = (stop as readonly Json[]).map((ref) => parseRef(ref))
  const known = refs.filter((ref) => ref !== undefined)
  return { protocol, name, session, leaseMs, slackMs, pollMs, chunkBytes, stop: known }
}

const isUpTo = (value: Json | undefined, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= max

const failedToStart = (reason: string): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'cannot-start', reason },
  outputs: null,
})
