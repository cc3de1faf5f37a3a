import type { AttemptResult } from '../model/command.ts'
import { TOOLS } from '../model/executor.ts'
import type { RunId } from '../model/id.ts'
import type { Job } from '../model/job.ts'
import type { Runner } from '../host/dispatch/runner.ts'

type Attempt = { readonly runId: RunId; readonly node: number; readonly attempt: number; readonly fence: number }

/** A runner that does nothing by itself: a test says how each job ends. */
export class ScriptedRunner implements Runner {
  readonly name = 'scripted'
  readonly labels: readonly string[]
  readonly slots: number
  /** Jobs under way, in the order they came. */
  readonly jobs: Job[] = []
  readonly cancelled: Attempt[] = []
  readonly cleaned: RunId[] = []
  /** Ends jobs as they come, when it gives a result. */
  script: (job: Job) => AttemptResult | undefined = () => undefined
  /** Where reports go; the world sets it. */
  report: (job: Job, result: AttemptResult) => void = () => undefined

  /** @param labels by default a machine that has every tool. */
  constructor(slots = 100, labels: readonly string[] = ['linux', ...TOOLS.map((tool) => `tool:${tool}`)]) {
    this.slots = slots
    this.labels = labels
  }

  start(job: Job): void {
    this.jobs.push(job)
    const result = this.script(job)
    if (result !== undefined) this.end(job, result)
  }

  cancel(attempt: Attempt): void {
    this.cancelled.push(attempt)
  }

  clean(runId: RunId): void {
    this.cleaned.push(runId)
  }

  end(job: Job, result: AttemptResult): void {
    this.jobs.splice(this.jobs.indexOf(job), 1)
    this.report(job, result)
  }

  /** Ends the oldest job under way of the task with this key. @throws Error when there is none. */
  endTask(key: string, result: AttemptResult): void {
    const job = this.jobs.find(({ env }) => env['MILLRACE_TASK'] === key)
    if (job === undefined)
      throw new Error(
        `no job of task ${key} is under way, there are ${this.jobs.map(({ env }) => env['MILLRACE_TASK']).join(', ')}`,
      )
    this.end(job, result)
  }
}

export const succeeded = (outputs: Readonly<Record<string, string>> | null = null): AttemptResult => ({
  kind: 'succeeded',
  outputs,
})
export const exited = (code: number): AttemptResult => ({
  kind: 'failed',
  failure: { kind: 'exit-code', code },
  outputs: null,
})
