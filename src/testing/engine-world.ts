import { advance, type Outcome } from '../engine/advance.ts'
import { compile } from '../engine/compile.ts'
import { createRun } from '../engine/create.ts'
import { taskAt, type Run, type TaskState } from '../engine/run.ts'
import { runStatus, stageStatus } from '../engine/status.ts'
import type { AttemptResult, Rejection, RunCommand } from '../model/command.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import type { RunEffect } from '../model/effect.ts'
import type { Actor, Cause, LogEntry, Outputs, RunEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { asId, type RunId } from '../model/id.ts'
import type { JsonObject } from '../model/json.ts'
import type { Instant } from '../model/time.ts'
import type { TaskView } from '../model/view.ts'
import { viewOf } from '../engine/view.ts'
import { brokenLaws } from './engine-laws.ts'
import { runCreated } from './run-created.ts'
import { AT, projectView } from './views.ts'

export interface WorldOptions {
  readonly params?: JsonObject
  /** false: the run stays `waiting`. */
  readonly start?: boolean
  /** Keys of stages and tasks that are left out. */
  readonly excluded?: readonly string[]
  readonly cause?: Cause
  /** What the dice show, each time. 0 when not given. */
  readonly draw?: () => number
}

const PERSON: Actor = { kind: 'user', name: 'li' }

/**
 * One run of the real engine and a host that is nothing but a clock, a log and a list of timers. Noop tasks are done
 * when {@link settle} is called, which every step does; runner work waits until the test takes and reports it. Nodes
 * are named by key.
 */
export class EngineWorld {
  run: Run
  now: Instant = AT
  readonly log: LogEntry[] = []
  /** All effects, in their order. */
  readonly effects: RunEffect[] = []
  /** By node, or null for the run: when it is to be looked at. */
  readonly timers = new Map<number | null, Instant>()
  /** Runner work that was offered, in its order; {@link lease} does not look here. */
  readonly offers: { readonly node: number; readonly attempt: number }[] = []
  readonly #inline: { readonly node: number; readonly fence: number }[] = []
  readonly #draw: () => number

  constructor(definition: PipelineDefinition, options: WorldOptions = {}) {
    this.#draw = options.draw ?? ((): number => 0)
    const plan = compile(definition)
    const excluded = options.excluded?.map((key) => plan.index[key] ?? -1)
    const { run, events, effects } = createRun({
      id: asId<RunId>('019ab000000070008000000000000001'),
      plan,
      created: runCreated(definition.name, {
        number: 7,
        serial: 70,
        params: options.params ?? {},
        ...(excluded === undefined ? {} : { excluded }),
        ...(options.cause === undefined ? {} : { cause: options.cause }),
      }),
      actor: PERSON,
      at: this.now,
      start: options.start ?? true,
      entropy: this.#draw,
    })
    this.run = run
    this.#keep(PERSON, events, effects)
    this.settle()
  }

  /** Gives a command to the engine and does what the engine orders. The outcome is that of the command itself. */
  try(command: RunCommand, actor: Actor = PERSON): Outcome {
    const outcome = this.raw(command, actor)
    this.settle()
    return outcome
  }

  /** Like {@link try}, but leaves noop tasks running. */
  raw(command: RunCommand, actor: Actor = PERSON): Outcome {
    const outcome = advance(this.run, { command, actor, at: this.now, entropy: this.#draw })
    if (!outcome.ok) return outcome
    this.run = outcome.run
    this.#keep(actor, outcome.events, outcome.effects)
    return outcome
  }

  /** @throws Error when the engine refuses it. @returns what happened. */
  do(command: RunCommand, actor: Actor = PERSON): readonly RunEvent[] {
    const outcome = this.try(command, actor)
    if (!outcome.ok) throw new Error(`${command.type}: ${outcome.rejection.message}`)
    return outcome.events
  }

  /** @throws Error when the engine accepts it. */
  refused(command: RunCommand): Rejection {
    const outcome = this.try(command)
    if (outcome.ok) throw new Error(`${command.type} was accepted: ${outcome.events.map(({ type }) => type).join()}`)
    return outcome.rejection
  }

  /** Does the noop tasks that wait for it. */
  settle(): void {
    for (let work = this.#inline.shift(); work !== undefined; work = this.#inline.shift()) {
      const result = { kind: 'succeeded', outputs: null } as const
      this.raw({ type: 'report-attempt', ...work, result }, { kind: 'server', name: 'server' })
    }
  }

  pause = (): readonly RunEvent[] => this.do({ type: 'pause' })
  resume = (): readonly RunEvent[] => this.do({ type: 'resume' })
  cancel = (force = false): readonly RunEvent[] =>
    this.do({ type: 'cancel', reason: 'no longer wanted', mode: force ? 'force' : 'stop' })
  retryRun = (): readonly RunEvent[] => this.do({ type: 'retry' })
  retry = (key: string): readonly RunEvent[] => this.do({ type: 'retry-node', node: this.index(key), inputs: null })
  skip = (key: string): readonly RunEvent[] =>
    this.do({ type: 'skip-node', node: this.index(key), reason: 'not needed' })
  approve = (key: string, by = 'li'): readonly RunEvent[] =>
    this.do({ type: 'approve', node: this.index(key), by, comment: '' })
  reject = (key: string, by = 'li'): readonly RunEvent[] =>
    this.do({ type: 'reject', node: this.index(key), by, comment: 'not like this' })

  pauseNode = (key: string): readonly RunEvent[] => this.do({ type: 'pause-node', node: this.index(key) })
  resumeNode = (key: string): readonly RunEvent[] => this.do({ type: 'resume-node', node: this.index(key) })
  forceFail = (key: string): readonly RunEvent[] =>
    this.do({ type: 'fail-node', node: this.index(key), by: 'li', reason: 'enough' })
  choose = (key: string, ...edges: readonly string[]): readonly RunEvent[] =>
    this.do({ type: 'choose', node: this.index(key), edges, reason: 'this way' })
  /** The word that a task of kind `callback` waits for. */
  answer = (key: string, outputs: Outputs = {}, succeeded = true): readonly RunEvent[] =>
    this.do({ type: 'callback', node: this.index(key), version: null, succeeded, outputs, reason: 'it said no' })

  /** A runner takes the tasks that are queued. @returns the fence of the last one. */
  lease(...keys: readonly string[]): number {
    for (const key of keys) {
      const { attempt } = this.task(key)
      this.do({ type: 'lease-attempt', node: this.index(key), attempt, runner: 'r1' })
    }
    return this.task(keys.at(-1) ?? '').fence
  }

  report(key: string, result: AttemptResult, fence = this.task(key).fence): readonly RunEvent[] {
    return this.do({ type: 'report-attempt', node: this.index(key), fence, result })
  }

  /** Takes the tasks if they are still queued, and reports their success. */
  succeed(...keys: readonly string[]): void {
    for (const key of keys) this.end(key, { kind: 'succeeded', outputs: null })
  }

  /** Takes the tasks if they are still queued, and reports exit code 1. */
  fail(...keys: readonly string[]): void {
    for (const key of keys) this.failWith(key, { kind: 'exit-code', code: 1 })
  }

  failWith(key: string, failure: Failure, outputs: Outputs | null = null): void {
    this.end(key, { kind: 'failed', failure, outputs })
  }

  end(key: string, result: AttemptResult): void {
    if (this.task(key).status === 'queued') this.lease(key)
    this.report(key, result)
  }

  lose(key: string): readonly RunEvent[] {
    const { fence } = this.task(key)
    return this.do({ type: 'lose-attempt', node: this.index(key), fence, reason: 'no sign of life' })
  }

  /** Lets time pass; what is due on the way is looked at in its order. */
  wait(durationMs: number): void {
    const until = this.now + durationMs
    for (let due = this.#due(until); due !== undefined; due = this.#due(until)) {
      const [node, at] = due
      this.timers.delete(node)
      this.now = Math.max(this.now, at)
      this.try({ type: 'check-deadline', node }, { kind: 'timer', name: 'timer' })
    }
    this.now = until
  }

  index(key: string): number {
    const index = this.run.plan.index[key]
    if (index === undefined) throw new TypeError(`no node ${key}`)
    return index
  }

  task(key: string): TaskState {
    return taskAt(this.run, this.index(key))
  }

  /** Status of the run, or of a node. */
  status(key?: string): string {
    if (key === undefined) return runStatus(this.run)
    const index = this.index(key)
    const state = this.run.nodes.at(index)
    return state.kind === 'stage' ? stageStatus(this.run, index) : state.status
  }

  /** What readers see of a task. @throws TypeError when there is none, or when the run breaks a law. */
  viewed(key: string): TaskView {
    const [broken] = brokenLaws(this.run)
    if (broken !== undefined) throw new TypeError(broken)
    // What is kept of views, too, must be what would be made anew.
    const { stages } = viewOf(this.run, projectView(), {} as never, 0)
    const found = stages.flatMap(({ tasks }) => tasks).find((task) => task.key === key)
    if (found === undefined) throw new TypeError(`no task ${key}`)
    return found
  }

  /** What readers see of some tasks' statuses: `a:succeeded b:paused`. */
  statuses(keys: string): string {
    return keys
      .split(' ')
      .map((key) => `${key}:${this.viewed(key).status}`)
      .join(' ')
  }

  /** The run's and every node's status: `running | build:running a:succeeded b:queued`. */
  picture(): string {
    return `${this.status()} | ${this.run.plan.nodes.map(({ spec }) => `${spec.key}:${this.status(spec.key)}`).join(' ')}`
  }

  /** Names of the events so far, with the key of their node: `TaskQueued a`. */
  story(from = 0): readonly string[] {
    return this.log
      .flatMap(({ events }) => events)
      .slice(from)
      .map((event) => ('node' in event ? `${event.type} ${this.run.plan.nodes[event.node]?.spec.key}` : event.type))
  }

  /** Does what the engine orders, or what is due after a restart. */
  take(effects: readonly RunEffect[]): void {
    for (const effect of effects) {
      this.effects.push(effect)
      switch (effect.type) {
        case 'offer-attempt':
          this.offers.push({ node: effect.node, attempt: effect.attempt })
          break
        case 'run-inline':
          this.#inline.push({ node: effect.node, fence: effect.fence })
          break
        case 'arm-timer':
          this.timers.set(effect.node, effect.at)
          break
        case 'cancel-attempt':
        // Whose turn it is, a test says itself.
        case 'take-turn':
          break
      }
    }
  }

  #due(until: Instant): [number | null, Instant] | undefined {
    let first: [number | null, Instant] | undefined
    for (const timer of this.timers)
      if (timer[1] <= until && (first === undefined || timer[1] < first[1])) first = timer
    return first
  }

  #keep(actor: Actor, events: readonly RunEvent[], effects: readonly RunEffect[]): void {
    if (events.length > 0) this.log.push({ v: 1, seq: this.run.seq, at: this.run.updatedAt, actor, events })
    this.take(effects)
  }
}
