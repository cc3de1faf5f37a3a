import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AttemptResult } from '../../src/model/command.ts'
import { asId, type RunId } from '../../src/model/id.ts'
import type { Job } from '../../src/model/job.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { Agent } from '../../src/runner/agent.ts'
import { LOG_MAX_BYTES } from '../../src/runner/config.ts'
import { allowedEnvironment } from '../../src/runner/environment.ts'
import type { PlaceSetting } from '../../src/runner/executors/index.ts'
import { helperLauncher } from '../../src/runner/helper.ts'
import type { Launcher } from '../../src/runner/launch.ts'
import { runnerPaths, type RunnerPaths } from '../../src/runner/paths.ts'
import type { EndedMessage, ToServer } from '../../src/runner/protocol.ts'
import { removeTree } from '../../src/runner/remove-tree.ts'
import type { OutsideStep } from '../../src/steps/outside.ts'
import { waitUntil } from './wait-until.ts'

/** A runner's agent in this process, with real processes and a directory of its own. */
export class TestRunner {
  readonly directory: string
  readonly paths: RunnerPaths
  readonly agent: Agent
  readonly #ended = new Map<number, (message: EndedMessage) => void>()
  readonly #cleaned = new Map<RunId, (problem: string | null) => void>()
  #nodes = 0
  /** Shared by the jobs that name no other. */
  readonly runId: RunId = asId('0193a1b2c3d4e5f60718293a4b5c6d7e')

  constructor(
    launcher: Launcher,
    limits: {
      readonly slots: number
      readonly logMaxBytes: number
      readonly executors?: Omit<PlaceSetting, 'dataDirectory'>
      readonly directory?: string
      readonly cacheMaxBytes?: number
      readonly steps?: readonly OutsideStep[]
    },
  ) {
    this.directory = limits.directory ?? mkdtempSync(join(tmpdir(), 'millrace-runner-'))
    this.paths = runnerPaths(this.directory)
    this.agent = new Agent({
      paths: this.paths,
      launcher,
      env: allowedEnvironment(process.env),
      ...(limits.executors === undefined
        ? undefined
        : { executors: { ...limits.executors, dataDirectory: this.directory } }),
      ...(limits.cacheMaxBytes === undefined ? undefined : { cacheMaxBytes: limits.cacheMaxBytes }),
      ...(limits.steps === undefined ? undefined : { steps: limits.steps }),
      slots: limits.slots,
      logMaxBytes: limits.logMaxBytes,
      send: (message) => this.#receive(message),
    })
  }

  /** @param more.directory where it works; made by the caller, removed with the runner. */
  static async open({
    slots = 4,
    logMaxBytes = LOG_MAX_BYTES,
    ...more
  }: {
    readonly slots?: number
    readonly logMaxBytes?: number
    readonly executors?: Omit<PlaceSetting, 'dataDirectory'>
    readonly directory?: string
    readonly cacheMaxBytes?: number
    readonly steps?: readonly OutsideStep[]
  } = {}): Promise<TestRunner> {
    const launcher = await helperLauncher()
    if (launcher === undefined) throw new Error('these tests need Perl, which every Debian has')
    return new TestRunner(launcher, { slots, logMaxBytes, ...more })
  }

  start(uses: string, input: JsonObject, more: Partial<Job> = {}): TestAttempt {
    this.#nodes += 1
    const job: Job = {
      runId: this.runId,
      node: this.#nodes,
      attempt: 1,
      fence: 7,
      uses,
      with: input,
      env: {},
      graceMs: 5_000,
      ...more,
    }
    const ended = new Promise<EndedMessage>((resolve) => this.#ended.set(job.node, resolve))
    const attempt = new TestAttempt(this, job, ended)
    this.agent.receive({ type: 'start', job, logPath: attempt.logPath })
    return attempt
  }

  async run(uses: string, input: JsonObject, more: Partial<Job> = {}): Promise<{ result: AttemptResult; log: string }> {
    const attempt = this.start(uses, input, more)
    const { result } = await attempt.ended
    return { result, log: attempt.log() }
  }

  clean(runId: RunId = this.runId): Promise<string | null> {
    const cleaned = new Promise<string | null>((resolve) => this.#cleaned.set(runId, resolve))
    this.agent.receive({ type: 'clean', runId })
    return cleaned
  }

  async close(): Promise<void> {
    await this.agent.stop(100)
    await removeTree(this.directory)
  }

  #receive(message: ToServer): void {
    if (message.type === 'ended') this.#ended.get(message.node)?.(message)
    if (message.type === 'cleaned') this.#cleaned.get(message.runId)?.(message.problem)
  }
}

export class TestAttempt {
  readonly #runner: TestRunner
  readonly job: Job
  readonly ended: Promise<EndedMessage>
  readonly logPath: string

  constructor(runner: TestRunner, job: Job, ended: Promise<EndedMessage>) {
    this.#runner = runner
    this.job = job
    this.ended = ended
    this.logPath = runner.paths.log(job)
  }

  log(): string {
    return statSync(this.logPath, { throwIfNoEntry: false }) === undefined ? '' : readFileSync(this.logPath, 'utf8')
  }

  /** Waits until the log holds it. */
  says(text: string): Promise<void> {
    return waitUntil(() => this.log().includes(text))
  }

  cancel(): void {
    const { runId, node, attempt, fence } = this.job
    this.#runner.agent.receive({ type: 'cancel', runId, node, attempt, fence })
  }
}
