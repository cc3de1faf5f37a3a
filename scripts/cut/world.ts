import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startRunnerProcess, type RunnerProcess } from '../../test/support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../../test/support/server-process.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import type { Line } from './line.ts'

/** As the server has them; what a run of ours can have. */
interface Event {
  readonly type: string
  readonly at: string
  readonly data: { readonly attempt?: number; readonly failure?: { readonly kind: string } }
}
interface Run {
  readonly id: string
  readonly status: string
  readonly ended: boolean
}

export const TROUBLES = ['none', 'cut', 'reset', 'delay', 'runner', 'server'] as const
export type Trouble = (typeof TROUBLES)[number]

export interface RoundPlan {
  readonly trouble: Trouble
  /** After the tasks have begun. */
  readonly afterMs: number
  readonly lastsMs: number
  /** How long each task works. */
  readonly workMs: number
}

export interface RoundReport {
  readonly runs: number
  readonly lost: number
  readonly reruns: number
  /** From the beginning of a cut to the loss of what it held, the longest; 0: none was lost. */
  readonly lostAfterMs: number
  readonly wrong: readonly string[]
}

const OPTIONS = ['--labels', 'far', '--slots', '4'] as const

export interface WorldOptions {
  readonly leaseMs: number
  readonly line: (port: () => number) => Promise<Line>
}

/** A server, a runner, the line between them and a second runner; rounds are played one after the other. */
export class CutWorld {
  readonly #options: WorldOptions
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-cut-'))
  readonly #marks = join(this.#directory, 'marks')
  #server!: ServerProcess
  #runner!: RunnerProcess
  /** With no trouble of its own: what the other loses it does again, while that may be at it still. */
  #spare!: RunnerProcess
  #line!: Line
  #token = ''
  #runnerToken = ''
  /** The trouble of the round before: what it left behind may be what a round without one meets. */
  #before: Trouble = 'none'
  #pipelines: readonly { readonly id: string; readonly policy: string }[] = []

  private constructor(options: WorldOptions) {
    this.#options = options
  }

  static async open(options: WorldOptions): Promise<CutWorld> {
    const world = new CutWorld(options)
    await world.#open()
    return world
  }

  async #open(): Promise<void> {
    mkdirSync(this.#marks)
    this.#server = await this.#startServer()
    this.#token = this.#server.token ?? ''
    this.#line = await this.#options.line(() => Number(new URL(this.#server.url).port))
    await this.#ask('POST', '/projects', { name: 'cut' })
    this.#runnerToken = (await this.#ask<{ token: string }>('POST', '/runners', { name: 'far' })).token
    this.#pipelines = await Promise.all(
      ['rerun', 'error'].map(async (policy) => ({ policy, id: await this.#create(policy) })),
    )
    this.#runner = this.#startRunner()
    const { token } = await this.#ask<{ token: string }>('POST', '/runners', { name: 'spare' })
    this.#spare = startRunnerProcess(this.#server.url, token, join(this.#directory, 'spare'), OPTIONS)
    await Promise.all([this.#runner.ready, this.#spare.ready])
  }

  /** One trouble in the middle of two runs, one of which does again what was lost; then both must end, and be true. */
  async play(plan: RoundPlan): Promise<RoundReport> {
    await this.#ask('POST', '/runners/spare/pause')
    const params = { work: String(plan.workMs / 1_000) }
    const runs = await Promise.all(
      this.#pipelines.map(async ({ id, policy }) => ({
        policy,
        id: (await this.#ask<Run>('POST', `/pipelines/${id}/runs`, { params })).id,
      })),
    )
    await Promise.all(runs.map(({ id }) => this.#atWork(id)))
    await this.#ask('POST', '/runners/spare/resume')
    await delay(plan.afterMs)
    const began = Date.now()
    await this.#make(plan)
    const reports = await Promise.all(runs.map(({ id, policy }) => this.#check(id, policy, plan, began)))
    this.#before = plan.trouble
    return {
      runs: runs.length,
      lost: sum(reports.map(({ lost }) => lost)),
      reruns: sum(reports.map(({ reruns }) => reruns)),
      lostAfterMs: Math.max(0, ...reports.map(({ lostAfterMs }) => lostAfterMs)),
      wrong: reports.flatMap(({ wrong }) => wrong),
    }
  }

  async close(): Promise<void> {
    this.#line?.close()
    await this.#runner?.kill()
    await this.#spare?.kill()
    await this.#server?.kill()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #make({ trouble, lastsMs }: RoundPlan): Promise<void> {
    switch (trouble) {
      case 'none':
        return
      case 'reset':
        return this.#line.reset()
      case 'cut':
        this.#line.cut()
        await delay(lastsMs)
        return this.#line.heal()
      case 'delay':
        this.#line.delay(lastsMs / 10)
        await delay(lastsMs)
        return this.#line.heal()
      case 'runner':
        await this.#runner.kill()
        await delay(lastsMs / 2)
        this.#runner = this.#startRunner()
        return
      case 'server':
        await this.#server.kill()
        await delay(lastsMs / 4)
        this.#server = await this.#startServer(Number(new URL(this.#server.url).port))
    }
  }

  /** Waits for the end of a run, and looks whether what is told of it is what was done. */
  async #check(id: string, policy: string, { trouble, lastsMs }: RoundPlan, began: number) {
    const run = await this.#ended(id)
    const { items } = await this.#ask<{ items: readonly Event[] }>('GET', `/runs/${id}/events?limit=1000`)
    const marks = marksIn(join(this.#marks, id))
    const wrong: string[] = []
    const say = (what: string): void => {
      wrong.push(`run ${id} (${policy}, ${trouble} of ${lastsMs} ms): ${what}; ${JSON.stringify(marks)}`)
    }
    const ends = items.filter(({ type }) => /^attempt_(?:succeeded|failed|cancelled)$/.test(type))
    const begun = items.filter(({ type }) => type === 'attempt_started')
    if (begun.length === 0 && !ends.some(({ type }) => type === 'attempt_failed')) say('no attempt of it has begun')
    for (const { data } of begun) {
      const own = ends.filter((end) => end.data.attempt === data.attempt)
      if (own.length !== 1)
        say(`attempt ${data.attempt} has ended ${own.length} times: ${own.map(({ type }) => type).join()}`)
      for (const word of ['begin', 'end']) {
        const times = marks.filter((mark) => mark === `${word} ${data.attempt}`).length
        if (times > 1) say(`attempt ${data.attempt} was done ${times} times`)
      }
    }
    for (const end of ends) {
      const done = marks.includes(`end ${end.data.attempt}`)
      if (end.type === 'attempt_succeeded' && !done) say(`attempt ${end.data.attempt} succeeded, and was not done`)
      if (end.type === 'attempt_failed' && end.data.failure?.kind !== 'lost')
        say(`it failed: ${JSON.stringify(end.data.failure)}`)
    }
    if (marks.includes('together')) say('two attempts of one task ran at once')
    const starts = marks.filter((mark) => mark.startsWith('begin')).length
    if (policy === 'error' && starts > 1) say(`it was begun ${starts} times`)
    const lost = ends.filter(({ type }) => type === 'attempt_failed')
    const expected = lost.length === 0 || policy === 'rerun' ? 'succeeded' : 'errored'
    if (run.status !== expected) say(`it ended as ${run.status}, expected ${expected}`)
    const first = lost[0]
    if (trouble === 'none' && first !== undefined && policy === 'error')
      say(`it was lost without a trouble, after one of ${this.#before}: ${JSON.stringify(first)}`)
    const lostAfterMs = trouble === 'cut' && first !== undefined ? Date.parse(first.at) - began : 0
    // What is promised: whoever is not heard of is lost within its lease and 5 s.
    if (lostAfterMs > this.#options.leaseMs + 5_000) say(`it was lost ${lostAfterMs} ms after the cut`)
    return { lost: lost.length, reruns: Math.max(0, begun.length - 1), lostAfterMs, wrong }
  }

  /** Waits until its task is at work, or was: on a machine that is busy a task can be lost before it has begun. */
  async #atWork(id: string): Promise<void> {
    const began = (): boolean => marksIn(join(this.#marks, id)).length > 0
    const ended = async (): Promise<boolean> => (await this.#ask<Run>('GET', `/runs/${id}`)).ended
    await waitUntil(async () => began() || (await ended()), 120_000).catch(async () => {
      const run = await this.#ask<Run>('GET', `/runs/${id}`)
      throw new Error(`the task of run ${id} does not begin: ${run.status}; runner: ${this.#runner.said()}`)
    })
  }

  async #ended(id: string): Promise<Run> {
    const deadline = Date.now() + 180_000
    for (;;) {
      const run = await this.#ask<Run>('GET', `/runs/${id}`).catch(() => undefined)
      if (run?.ended === true) return run
      if (Date.now() > deadline)
        throw new Error(`run ${id} does not end: ${run?.status}; runner: ${this.#runner.said()}`)
      await delay(50)
    }
  }

  /** Marks its beginning and its end, and whether a process of an earlier attempt still lives. */
  async #create(policy: string): Promise<string> {
    const script = [
      `f="${this.#marks}/$MILLRACE_RUN_ID"`,
      'if [ -e "$f.pid" ] && kill -0 "$(cat "$f.pid")" 2>/dev/null; then echo together >> "$f"; fi',
      'echo $$ > "$f.pid"; echo "begin $MILLRACE_TRY" >> "$f"; echo begun',
      'sleep "$work"',
      'echo "end $MILLRACE_TRY" >> "$f"; echo ended',
    ].join('\n')
    const task = { name: 'a', script, runs_on: 'far', on_lost: policy, retry: { max: 0, delay: '100ms' } }
    const definition = JSON.stringify({ name: `cut-${policy}`, params: { work: { default: '1' } }, tasks: [task] })
    return (await this.#ask<{ id: string }>('POST', '/pipelines', { project: 'cut', definition })).id
  }

  #startServer(port = 0): Promise<ServerProcess> {
    return startServerProcess(join(this.#directory, 'server'), { runnerLeaseMs: this.#options.leaseMs, port, slots: 1 })
  }

  #startRunner(): RunnerProcess {
    const options = ['--labels', 'far', '--slots', '4']
    return startRunnerProcess(
      this.#line.url,
      this.#runnerToken,
      join(this.#directory, 'runner'),
      options,
      this.#line.wrap,
    )
  }

  #ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return api<Answer>(this.#server, this.#token, method, path, body)
  }
}

function marksIn(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
