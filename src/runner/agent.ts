import { mkdirSync } from 'node:fs'
import type { Failure } from '../model/failure.ts'
import type { RunId } from '../model/id.ts'
import { jobName, type Job } from '../model/job.ts'
import { refOf, type AttemptRef } from '../model/runner.ts'
import type { DurationMs } from '../model/time.ts'
import { AttemptLog } from './attempt-log.ts'
import { runAttempt, type AttemptSetting, type StopReason } from './attempt.ts'
import { isDiskFull } from './disk-room.ts'
import type { ToRunner, ToServer } from './protocol.ts'
import { removeTree } from './remove-tree.ts'
import { Slot } from './slot.ts'

export interface AgentSetting extends AttemptSetting {
  /** Attempts at once; more are kept in order of arrival. */
  readonly slots: number
  readonly logMaxBytes: number
  /** false: nobody reads here when a log was written. Left out: true. */
  readonly timesLogs?: boolean
  readonly send: (message: ToServer) => void
}

interface Attempt {
  readonly job: Job
  readonly logPath: string
  readonly stop: AbortController
  readonly kill: AbortController
  log: AttemptLog | undefined
  readonly over: Promise<void>
  readonly finish: () => void
}

/**
 * How often the logs of running attempts are measured: they are written by the tasks themselves. So exactly is it known
 * when a line was written.
 */
const LOG_CHECK_MS = 250

/** What a runner does with the messages of its server. */
export class Agent {
  readonly #setting: AgentSetting
  readonly #attempts = new Map<string, Attempt>()
  readonly #queue: Attempt[] = []
  readonly #slots: Slot[]
  #running = 0
  #draining: (() => void) | undefined
  readonly #measure: NodeJS.Timeout

  constructor(setting: AgentSetting) {
    this.#setting = setting
    mkdirSync(setting.paths.attempts, { recursive: true, mode: 0o700 })
    this.#slots = Array.from({ length: setting.slots }, (_, number) => new Slot(setting.paths, number))
    this.#measure = setInterval(() => this.#checkLogs(), LOG_CHECK_MS).unref()
  }

  receive(message: Extract<ToRunner, { readonly type: 'start' | 'cancel' | 'clean' }>): void {
    switch (message.type) {
      case 'start':
        return this.#start(message.job, message.logPath)
      case 'cancel':
        return this.#cancel(message)
      case 'clean':
        return void this.#clean(message.runId)
    }
  }

  /** Ends an attempt at once, without a grace. Its `ended` follows. */
  kill(ref: AttemptRef): void {
    const attempt = this.#attempts.get(jobName(ref))
    if (attempt?.job.fence !== ref.fence) return
    attempt.kill.abort()
    this.#abort(attempt)
  }

  /** Resolves when the attempts it has are over. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining = resolve
      this.#drained()
    })
  }

  /** Stops every attempt; those that do not end within the grace are killed. Resolves when all are gone. */
  async stop(graceMs: DurationMs): Promise<void> {
    for (const attempt of this.#attempts.values()) this.#abort(attempt)
    const kill = setTimeout(() => void this.#setting.launcher.close(), graceMs)
    await this.drain()
    clearTimeout(kill)
    clearInterval(this.#measure)
    await this.#setting.launcher.close()
    for (const slot of this.#slots) slot.close()
  }

  #start(job: Job, logPath: string): void {
    const { promise, resolve } = Promise.withResolvers<void>()
    const attempt: Attempt = {
      job,
      logPath,
      stop: new AbortController(),
      kill: new AbortController(),
      log: undefined,
      over: promise,
      finish: resolve,
    }
    const name = jobName(job)
    // The same attempt twice is a server that repeats itself; its first report serves for both.
    if (this.#attempts.has(name)) return
    this.#attempts.set(name, attempt)
    this.#queue.push(attempt)
    this.#next()
  }

  #cancel(ref: AttemptRef): void {
    const attempt = this.#attempts.get(jobName(ref))
    if (attempt?.job.fence === ref.fence) this.#abort(attempt)
  }

  #abort(attempt: Attempt): void {
    attempt.stop.abort('cancelled' satisfies StopReason)
    // One that has not begun needs no place to end.
    const waiting = this.#queue.indexOf(attempt)
    if (waiting < 0) return
    this.#queue.splice(waiting, 1)
    this.#running += 1
    void this.#run(attempt)
  }

  async #clean(runId: RunId): Promise<void> {
    const ofRun = [...this.#attempts.values()].filter(({ job }) => job.runId === runId)
    await Promise.all(ofRun.map(({ over }) => over))
    let problem: string | null = null
    try {
      await removeTree(this.#setting.paths.run(runId))
    } catch (error) {
      problem = (error as Error).message
    }
    this.#setting.send({ type: 'cleaned', runId, problem })
  }

  #next(): void {
    while (this.#running < this.#setting.slots) {
      const attempt = this.#queue.shift()
      if (attempt === undefined) return
      this.#running += 1
      void this.#run(attempt)
    }
  }

  async #run(attempt: Attempt): Promise<void> {
    const { job } = attempt
    const report = await this.#attempt(attempt)
    this.#attempts.delete(jobName(job))
    this.#running -= 1
    attempt.finish()
    this.#setting.send({ type: 'ended', ...refOf(job), ...report })
    this.#next()
    this.#drained()
  }

  async #attempt(attempt: Attempt): ReturnType<typeof runAttempt> {
    const { job, logPath, stop, kill } = attempt
    if (stop.signal.aborted) return { result: { kind: 'cancelled' }, logBytes: 0 }
    try {
      attempt.log = new AttemptLog(logPath, this.#setting.timesLogs)
    } catch (error) {
      const reason = `the log could not be opened: ${(error as Error).message}`
      const failure: Failure = isDiskFull(error) ? { kind: 'disk-full', what: reason } : { kind: 'internal', reason }
      return { result: { kind: 'failed', failure, outputs: null }, logBytes: 0 }
    }
    const slot = this.#slots.pop()
    if (slot === undefined) throw new Error(`more attempts run than there are slots: ${this.#running}`)
    try {
      return await runAttempt(job, attempt.log, this.#setting, slot, stop.signal, kill.signal)
    } finally {
      this.#slots.push(slot)
      attempt.log = undefined
    }
  }

  #checkLogs(): void {
    const { logMaxBytes } = this.#setting
    for (const { log, stop } of this.#attempts.values()) {
      if (log !== undefined && log.look() > logMaxBytes) stop.abort({ logMaxBytes } satisfies StopReason)
    }
  }

  #drained(): void {
    if (this.#attempts.size === 0) this.#draining?.()
  }
}
