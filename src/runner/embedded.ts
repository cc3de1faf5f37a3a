import { fork, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunId } from '../model/id.ts'
import { jobName, type Job } from '../model/job.ts'
import type { Json } from '../model/json.ts'
import { refOf, type AttemptRef } from '../model/runner.ts'
import type { DurationMs } from '../model/time.ts'
import { capabilityLabels, NO_EXECUTORS, type Executors } from './capabilities.ts'
import { CACHE_MAX_BYTES, LOG_MAX_BYTES, type RunnerConfig } from './config.ts'
import { allowedEnvironment, engineEnvironment } from './environment.ts'
import { removeContainers } from './executors/container.ts'
import { killLeftovers, type Leftovers } from './leftovers.ts'
import { runnerPaths, type AttemptName } from './paths.ts'
import { parseToServer, PROTOCOL, type EndedMessage, type ToRunner } from './protocol.ts'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))

export interface EmbeddedRunnerOptions {
  readonly dataDirectory: string
  /** Where logs and artifacts are; without: in the data directory. */
  readonly filesDirectory?: string
  /** Attempts at once; without: as many as the machine has cores. */
  readonly slots?: number
  readonly name?: string
  readonly labels?: readonly string[]
  /** What attempts get from TERM to KILL when the server closes or dies. Without: 5 s. */
  readonly graceMs?: DurationMs
  /** Without: 1 GiB. */
  readonly logMaxBytes?: number
  /** Directories of the machine that volumes of containers may name, with all in them. Without: none. */
  readonly containerPaths?: readonly string[]
  /** Directories of step types of third parties; the labels for them are the caller's to give. */
  readonly stepDirectories?: readonly string[]
  /** Most bytes of all caches of tasks. Without: 10 GiB. */
  readonly cacheMaxBytes?: number
  /** For the runner's own process, on top of PATH, LANG, LC_ALL and TZ; e.g. MILLRACE_HTTP_ALLOW. Tasks do not see it. */
  readonly env?: Readonly<Record<string, string>>
  /** No process of the attempt lives any more and its log is whole. Called once for each `start` unless it is lost. */
  readonly onEnded: (message: EndedMessage) => void
  /** The runner died while it held the attempt; its processes are gone. */
  readonly onLost: (attempt: AttemptRef, reason: string) => void
  /** Told in one sentence what people should know: restarts, processes that would not die. */
  readonly onNotice?: (sentence: string) => void
}

export interface EmbeddedRunner {
  readonly name: string
  /** More of them after {@link found}. */
  readonly labels: readonly string[]
  readonly slots: number
  /** What an earlier server left running, killed before this one began. */
  readonly leftovers: Leftovers
  /** Pid of the runner's process now; undefined while there is none. */
  pid(): number | undefined
  start(job: Job): void
  /**
   * What was found to work here (capabilities.ts); before that, neither containers nor sandboxes do. Resolves when the
   * containers of an earlier server are gone and the runner has the labels of what was found.
   */
  found(executors: Executors): Promise<void>
  /** The attempt's `onEnded` follows, within the job's grace and the time that the kernel takes. Unknown ones are ignored. */
  cancel(attempt: AttemptRef): void
  /** Removes the run's workspace and HOME, after its attempts are over. Resolves to what went wrong, or null. */
  clean(runId: RunId): Promise<string | null>
  /** Where the log of an attempt is, also before it exists and after the runner is closed. */
  logPath(attempt: AttemptName): string
  /** Ends every attempt (TERM, grace, KILL) and the process; no callback comes afterwards. */
  close(): Promise<void>
}

/** Pauses before the runner's process is started again, as long as it dies without having said hello. */
const RESTART_MS = [0, 100, 500, 2_000, 10_000] as const

/** What the runner's process gets beyond the grace of its attempts before it is killed itself. */
const OVERDUE_MS = 5_000

/**
 * Kills what an earlier runner on this data directory left behind, then forks the runner's process. Call it with the
 * data directory locked. Jobs given while the process is being restarted wait for it.
 */
export async function startEmbeddedRunner(options: EmbeddedRunnerOptions): Promise<EmbeddedRunner> {
  const dataDirectory = resolve(options.dataDirectory)
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const leftovers = await killLeftovers(dataDirectory)
  const config: RunnerConfig = {
    dataDirectory,
    filesDirectory: resolve(options.filesDirectory ?? dataDirectory),
    name: options.name ?? 'embedded',
    labels: labelsWith(options.labels ?? [], NO_EXECUTORS),
    slots: Math.max(1, options.slots ?? availableParallelism()),
    graceMs: options.graceMs ?? 5_000,
    logMaxBytes: options.logMaxBytes ?? LOG_MAX_BYTES,
    executors: NO_EXECUTORS,
    containerPaths: options.containerPaths ?? [],
    stepDirectories: options.stepDirectories ?? [],
    cacheMaxBytes: options.cacheMaxBytes ?? CACHE_MAX_BYTES,
  }
  const runner = new Runner(config, options, leftovers)
  runner.run()
  return runner
}

const labelsWith = (labels: readonly string[], executors: Executors): readonly string[] => [
  ...new Set([...labels, ...capabilityLabels(allowedEnvironment(process.env).PATH, executors)]),
]

/** Those of Docker are no processes of ours, so nothing else finds them. */
async function removeLeftContainers({ executors, dataDirectory }: RunnerConfig): Promise<void> {
  const engine = executors.containers
  if (engine === null) return
  await removeContainers({ engine, engineEnv: engineEnvironment(process.env), dataDirectory })
}

class Runner implements EmbeddedRunner {
  readonly name: string
  readonly slots: number
  readonly leftovers: Leftovers
  #config: RunnerConfig
  readonly #options: EmbeddedRunnerOptions
  /** Attempts that were given to the runner, or wait for it, and have not ended. */
  readonly #held = new Map<string, AttemptRef>()
  /** What was said while nobody listened. */
  #unsent: ToRunner[] = []
  readonly #cleaning = new Map<RunId, ((problem: string | null) => void)[]>()
  #process: ChildProcess | undefined
  #listening = false
  readonly #closing = new AbortController()
  #over: Promise<void> = Promise.resolve()

  constructor(config: RunnerConfig, options: EmbeddedRunnerOptions, leftovers: Leftovers) {
    this.name = config.name
    this.slots = config.slots
    this.leftovers = leftovers
    this.#config = config
    this.#options = options
  }

  get labels(): readonly string[] {
    return this.#config.labels
  }

  async found(executors: Executors): Promise<void> {
    const config = { ...this.#config, executors, labels: labelsWith(this.#config.labels, executors) }
    await removeLeftContainers(config)
    this.#config = config
    // One that is started from now on has it in its config.
    if (this.#process !== undefined) this.#send({ type: 'executors', executors })
  }

  pid(): number | undefined {
    return this.#process?.pid
  }

  start(job: Job): void {
    this.#held.set(jobName(job), refOf(job))
    this.#send({ type: 'start', job, logPath: this.logPath(job) })
  }

  cancel(attempt: AttemptRef): void {
    if (this.#held.has(jobName(attempt))) this.#send({ type: 'cancel', ...refOf(attempt) })
  }

  clean(runId: RunId): Promise<string | null> {
    return new Promise((resolve) => {
      const waiting = this.#cleaning.get(runId)
      if (waiting === undefined) this.#cleaning.set(runId, [resolve])
      else waiting.push(resolve)
      this.#send({ type: 'clean', runId })
    })
  }

  logPath(attempt: AttemptName): string {
    const { dataDirectory, filesDirectory } = this.#config
    return runnerPaths(dataDirectory, filesDirectory).log(attempt)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const child = this.#process
    if (child?.connected === true) child.disconnect()
    const overdue = setTimeout(() => child?.kill('SIGKILL'), this.#config.graceMs + OVERDUE_MS)
    await this.#over
    clearTimeout(overdue)
    await killLeftovers(this.#config.dataDirectory)
    for (const waiting of this.#cleaning.values()) for (const resolve of waiting) resolve('the runner was closed')
    this.#cleaning.clear()
  }

  run(): void {
    this.#over = this.#keepRunning()
  }

  async #keepRunning(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted;) {
      const { greeted, how } = await this.#runProcess()
      if (this.#closing.signal.aborted) return
      failures = greeted ? 0 : failures + 1
      await this.#afterDeath(how)
      const pauseMs = RESTART_MS[Math.min(failures, RESTART_MS.length - 1)]
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {})
    }
  }

  /** One life of the runner's process. */
  #runProcess(): Promise<{ readonly greeted: boolean; readonly how: string }> {
    return new Promise((resolve) => {
      let greeted = false
      const child = fork(MAIN, [JSON.stringify(this.#config)], {
        execArgv: [],
        env: { ...engineEnvironment(process.env), ...allowedEnvironment(process.env), ...this.#options.env },
        // Out of the terminal's group: on Ctrl-C the server says when it ends.
        detached: true,
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      })
      this.#process = child
      const ended = (how: string): void => {
        if (this.#process !== child) return
        this.#process = undefined
        this.#listening = false
        resolve({ greeted, how })
      }
      child.on('message', (value) => {
        const message = parseToServer(value as Json)
        if (message?.type === 'hello') {
          greeted = message.protocol === PROTOCOL
          if (greeted) this.#listen()
          else child.kill('SIGKILL')
        } else if (message?.type === 'ended') {
          this.#ended(message)
        } else if (message?.type === 'cleaned') {
          this.#cleaned(message.runId, message.problem)
        }
      })
      child.once('error', (error) => ended(error.message))
      // Both: the exit may be seen before the last reports are read.
      let how: string | undefined
      const over = (): void => {
        if (how !== undefined && !child.connected) ended(how)
      }
      child.once('disconnect', over)
      child.once('exit', (code, signal) => {
        how = signal === null ? `exit code ${code}` : `signal ${signal}`
        over()
      })
    })
  }

  #listen(): void {
    this.#listening = true
    const unsent = this.#unsent
    this.#unsent = []
    for (const message of unsent) this.#send(message)
  }

  #send(message: ToRunner): void {
    if (this.#closing.signal.aborted) return
    if (this.#listening) this.#process?.send(message, () => {})
    else this.#unsent.push(message)
  }

  #ended(message: EndedMessage): void {
    if (this.#closing.signal.aborted || !this.#held.delete(jobName(message))) return
    this.#options.onEnded(message)
  }

  #cleaned(runId: RunId, problem: string | null): void {
    const waiting = this.#cleaning.get(runId) ?? []
    this.#cleaning.delete(runId)
    for (const resolve of waiting) resolve(problem)
  }

  /** Nothing is lost before its processes are gone, so that whoever hears of it may begin again. */
  async #afterDeath(how: string): Promise<void> {
    this.#notice(`The runner ${this.name} ended by ${how} and is started again.`)
    const { survivors } = await killLeftovers(this.#config.dataDirectory)
    await removeLeftContainers(this.#config)
    if (survivors.length > 0) this.#notice(`Processes that cannot be killed: ${survivors.join(', ')}.`)
    const waiting = new Set(this.#unsent.flatMap((message) => (message.type === 'start' ? [jobName(message.job)] : [])))
    for (const [name, attempt] of this.#held) {
      if (waiting.has(name)) continue
      this.#held.delete(name)
      if (!this.#closing.signal.aborted) this.#options.onLost(attempt, `the runner ${this.name} ended by ${how}`)
    }
    // What it was told to remove is still there.
    const asked = new Set(this.#unsent.flatMap((message) => (message.type === 'clean' ? [message.runId] : [])))
    for (const runId of this.#cleaning.keys()) if (!asked.has(runId)) this.#send({ type: 'clean', runId })
  }

  #notice(sentence: string): void {
    this.#options.onNotice?.(sentence)
  }
}
