import type { RunEffect } from '../model/effect.ts'
import type { Actor, Outputs, RunEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import type { EndStatus } from '../model/status.ts'
import type { DurationMs, Instant } from '../model/time.ts'
import { afterFailure } from './after-failure.ts'
import { chooseEdges, holds } from './conditions.ts'
import { sleepEnd } from './deadline.ts'
import { evolve } from './evolve.ts'
import { isLeftAlone } from './left-alone.ts'
import { isToComeBack, nextBack } from './rollback.ts'
import { openTasks, stageAt, stagePlan, taskAt, taskPlan, workAt, type Run } from './run.ts'
import { endWithRun, hasFired, isStageOver, nextStages, outcomeOfStage } from './stage-order.ts'
import { isActive, isFailing, outcomeOf } from './status.ts'
import { mayBegin, nextOf, restarts } from './turn.ts'

/** Events of one transition after which nothing is entered again: a loop of nothing but gateways goes round in no time. */
const EVENTS_MAX = 25_000

/** Who does what leaves the run but not the server. */
export const SERVER = 'server'

/**
 * One transition under way: events are emitted and folded at once, so that each next decision sees them.
 * The methods are the rules of the flow: what begins, what follows an end, when a stage and the run are over.
 */
export class Transition {
  run: Run
  readonly events: RunEvent[] = []
  readonly effects: RunEffect[] = []
  readonly at: Instant
  readonly #actor: Actor
  readonly #draw: () => number
  /** Nodes to look at: a list instead of recursion, as 20,000 skipped tasks in a row must not fill the stack. */
  readonly #ready: number[] = []

  constructor(run: Run, at: Instant, actor: Actor, draw: () => number) {
    this.run = run
    this.at = at
    this.#actor = actor
    this.#draw = draw
  }

  emit(event: RunEvent): void {
    this.run = evolve(this.run, event, this.at, this.#actor)
    this.events.push(event)
  }

  effect(effect: RunEffect): void {
    this.effects.push(effect)
  }

  armTimer(node: number | null, at: Instant | null): void {
    if (at !== null) this.effect({ type: 'arm-timer', node, at })
  }

  /** A run among others waits for its turn: the host knows of them. */
  start(): void {
    // Definitions of before there was such a limit do not name it.
    if ((this.run.plan.definition.concurrency ?? null) === null) {
      this.admit()
      return
    }
    this.emit({ type: 'RunQueued' })
    this.effect({ type: 'take-turn' })
  }

  admit(): void {
    this.emit({ type: 'RunStarted' })
    this.armTimer(null, this.run.deadlineAt)
    this.#enterNextStages()
  }

  /** Looks at everything that may begin: after a person's command, not on the way of a step. */
  flow(): void {
    for (const { index } of this.run.open) {
      this.#withdrawLate(index)
      this.#lookAt(index)
    }
    this.#enterNextStages()
  }

  /** After an end that lets others go on. Costs what hangs on this task, not what the run holds. */
  released(index: number): void {
    const { rollingBack } = taskAt(this.run, index)
    const dependents = rollingBack ? nextBack(this.run, index) : nextOf(this.run, index)
    for (let place = dependents.length - 1; place >= 0; place -= 1) this.#ready.push(dependents[place] as number)
  }

  succeed(index: number, attempt: number, outputs: Outputs | null): void {
    this.emit({ type: 'AttemptSucceeded', node: index, attempt, outputs })
    this.released(index)
  }

  fail(index: number, failure: Failure, outputs: Outputs | null): void {
    const { attempt } = taskAt(this.run, index)
    const next = afterFailure(this.run, index, failure, this.at, this.#draw)
    this.emit({ type: 'AttemptFailed', node: index, attempt, failure, outputs, next })
    switch (next.do) {
      case 'retry':
        this.armTimer(index, next.at)
        return
      case 'hold':
        this.armTimer(index, next.until)
        return
      case 'continue':
      case 'skip':
        this.released(index)
        return
      case 'stop':
      case 'restart':
        if (taskAt(this.run, index).rollingBack) this.released(index)
        else this.#withdrawQueued(taskPlan(this.run.plan, index).stage)
    }
  }

  /** A held node is given up: it fails the run like any other. */
  giveUp(index: number): void {
    this.emit({ type: 'HoldExpired', node: index })
    this.#withdrawQueued(taskPlan(this.run.plan, index).stage)
  }

  /** Ends every attempt that is not in the hands of a runner; asks the runners for the rest. */
  cancelAttempts(reason: string, atOnce: boolean): void {
    for (const index of openTasks(this.run)) this.#cancelAttempt(index, reason, atOnce)
  }

  /** Ends what waits; what a runner is at goes on to its own end. */
  cancelWaiting(reason: string): void {
    for (const index of openTasks(this.run)) {
      const state = taskAt(this.run, index)
      const { status, attempt, runner } = state
      const waits = status === 'queued' || status === 'reviewing' || (status === 'running' && runner === null)
      if (waits || isToComeBack(state)) this.emit({ type: 'AttemptCancelled', node: index, attempt, reason })
    }
  }

  /** Asks the runner to end an attempt that has had its time; whatever it says then but success, this is why. */
  stop(index: number, failure: Failure): void {
    const deadline = this.at + GRACE_MS + LEASE_MS
    this.emit({ type: 'StopRequested', node: index, failure, deadline })
    this.effect({ type: 'cancel-attempt', node: index, fence: taskAt(this.run, index).fence })
    this.armTimer(index, deadline)
  }

  /** Begins what was found ready, ends what is over. Every command ends with it. */
  settle(): void {
    for (;;) {
      for (let index = this.#ready.pop(); index !== undefined; index = this.#ready.pop()) this.#begin(index)
      if (!this.#beginLate() && !this.#closeStage() && !this.#closeRun()) return
    }
  }

  /** What always runs begins before its stage would end. @returns true when it began something. */
  #beginLate(): boolean {
    const { run, events } = this
    if (run.phase !== 'live' || !isFailing(run.counts)) return false
    const before = events.length
    for (const { index } of run.open) for (const task of stagePlan(run.plan, index).always ?? []) this.#begin(task)
    return events.length > before
  }

  /** @returns true when it ended a stage under way, so that there may be more to begin. */
  #closeStage(): boolean {
    const { run } = this
    if (run.phase !== 'live' || run.cancelling !== null || restarts(this.run)) return false
    const over = run.open.find((open) => isStageOver(run, open))
    if (over === undefined) return false
    if (over.counts.paused > 0) this.#cancelPaused(over.index)
    this.emit({ type: 'StageEnded', node: over.index, status: outcomeOfStage(this.run, over) })
    this.#enterNextStages()
    return true
  }

  /** What was to be tried again and was paused is not waited for when its stage has failed. */
  #cancelPaused(stage: number): void {
    for (const index of stagePlan(this.run.plan, stage).tasks) {
      const { status, attempt } = taskAt(this.run, index)
      if (status === 'queued') this.emit({ type: 'AttemptCancelled', node: index, attempt, reason: 'its stage ended' })
    }
  }

  /** @returns true when there may be more to begin. */
  #closeRun(): boolean {
    const { run } = this
    if (run.phase !== 'live' || isActive(run.counts)) return false
    if (run.cancelling !== null) return this.#end(run.cancelling.as)
    if (run.rollback !== null) return run.open.length > 0 ? false : this.#endRollback(run.rollback)
    if (restarts(this.run)) {
      if (run.pausedAt !== null) return false
      this.emit({ type: 'RunRestarted', pass: run.pass + 1 })
      this.#enterNextStages()
      return true
    }
    if (run.open.length > 0 || nextStages(this.run).length > 0) return false
    return this.#end(outcomeOf(run.counts))
  }

  #endRollback(stage: number): false {
    const { status } = stageAt(this.run, stage)
    return this.#end(status === 'rollback_failed' || status === 'rollback_errored' ? status : 'rolled_back')
  }

  #end(status: EndStatus): false {
    const { open, waiting } = this.run
    for (const stage of open)
      this.emit({ type: 'StageEnded', node: stage.index, status: endWithRun(this.run, stage, status) })
    for (const index of waiting) this.emit({ type: 'StageEnded', node: index, status })
    this.emit({ type: 'RunEnded', status })
    return false
  }

  #enterNextStages(): void {
    if (this.run.phase !== 'live' || this.run.pausedAt !== null || this.run.cancelling !== null) return
    if (this.run.rollback !== null) return
    for (;;) {
      if (restarts(this.run)) return
      const stages = nextStages(this.run)
      const entered = stages.map((stage) => this.#enter(stage))
      // What was skipped leaves its place to the next row.
      if (!entered.includes('skipped') || entered.includes('entered') || entered.includes('waiting')) return
    }
  }

  #enter(stage: number): 'entered' | 'skipped' | 'waiting' {
    const { spec } = stagePlan(this.run.plan, stage)
    const { startedAt, excluded, status } = stageAt(this.run, stage)
    if (excluded) {
      this.emit({ type: 'NodeSkipped', node: stage, because: 'excluded', reason: 'it was left out of this run' })
      return 'skipped'
    }
    // A stage that was entered before has had its condition and its triggers looked at.
    if (startedAt === null && status !== 'waiting' && spec.when !== null && !holds(this.run, spec.when, null)) {
      this.emit({ type: 'NodeSkipped', node: stage, because: 'condition', reason: 'its condition is false' })
      return 'skipped'
    }
    if (startedAt === null && !hasFired(this.run, stage)) {
      if (status !== 'waiting') this.emit({ type: 'StageWaiting', node: stage })
      return 'waiting'
    }
    this.startStage(stage)
    return 'entered'
  }

  /** Also a waiting one, when a person will not wait for its triggers. */
  startStage(stage: number): void {
    const { startedAt } = stageAt(this.run, stage)
    this.emit({ type: 'StageStarted', node: stage })
    this.armTimer(stage, stageAt(this.run, stage).deadlineAt)
    if (startedAt !== null) this.#rearmHeld(stage)
    this.#lookAt(stage)
  }

  #lookAt(stage: number): void {
    const { tasks } = stagePlan(this.run.plan, stage)
    for (let place = tasks.length - 1; place >= 0; place -= 1) this.#ready.push(tasks[place] as number)
  }

  /** What was held when a stage ended is held again when a person takes the stage up; its time runs on. */
  #rearmHeld(stage: number): void {
    if (this.run.counts.held === 0) return
    for (const index of stagePlan(this.run.plan, stage).tasks) this.armTimer(index, taskAt(this.run, index).deadlineAt)
  }

  #begin(index: number): void {
    if (!mayBegin(this.run, index)) return
    const { spec, stage } = taskPlan(this.run.plan, index)
    const { excluded, rollingBack, loop } = taskAt(this.run, index)
    // A token that passed over a gateway would go all ways at once, and over an end, nowhere.
    const isWay = spec.work.kind === 'start' || spec.work.kind === 'end' || spec.work.kind === 'gateway'
    if (rollingBack) {
      this.attempt(index)
    } else if (excluded && !isWay) {
      this.#passOver(index, 'excluded', 'it was left out of this run')
    } else if (spec.when !== null && !isWay && !holds(this.run, spec.when, index)) {
      this.#passOver(index, 'condition', 'its condition is false')
    } else if (stageAt(this.run, stage).timedOut) {
      // What it waited for had time to end after the stage's time was up; there is none left for this one.
      this.#emitStart(index, null, null)
      this.fail(index, this.stageTimeout(stage), null)
    } else if (loop > this.#loopMax(stage) || (loop > 1 && this.events.length > EVENTS_MAX)) {
      this.#emitStart(index, null, null)
      this.fail(index, { kind: 'loop-limit', limit: loop - 1 }, null)
    } else this.attempt(index)
  }

  #passOver(index: number, because: 'excluded' | 'condition', reason: string): void {
    this.emit({ type: 'NodeSkipped', node: index, because, reason })
    this.released(index)
  }

  #loopMax(stage: number): number {
    return stagePlan(this.run.plan, stage).spec.flow?.loopMax ?? 1
  }

  #emitStart(index: number, runner: string | null, deadline: Instant | null): void {
    const attempt = taskAt(this.run, index).attempt + 1
    this.emit({ type: 'AttemptStarted', node: index, attempt, runner, deadline })
  }

  stageTimeout(stage: number): Failure {
    return { kind: 'timeout', afterMs: stagePlan(this.run.plan, stage).spec.timeoutMs ?? 0 }
  }

  /** The next attempt of a task, in the way its kind of work has. */
  attempt(index: number): void {
    const { spec, flow } = taskPlan(this.run.plan, index)
    const work = workAt(this.run, index)
    switch (work.kind) {
      case 'runner': {
        const attempt = taskAt(this.run, index).attempt + 1
        const deadline = this.#after(spec.notStartedMs)
        this.emit({ type: 'TaskQueued', node: index, attempt, deadline })
        this.effect({ type: 'offer-attempt', node: index, attempt })
        this.armTimer(index, deadline)
        return
      }
      case 'noop':
      case 'publish':
        this.#emitStart(index, null, null)
        this.effect({ type: 'run-inline', node: index, fence: this.run.seq })
        return
      case 'run': {
        const deadline = this.#timeoutOf(index)
        // The server holds it, as a runner would: it is asked to stop it, and says how it ended.
        this.#emitStart(index, SERVER, deadline)
        this.armTimer(index, deadline)
        this.effect({ type: 'run-inline', node: index, fence: this.run.seq })
        return
      }
      case 'sleep': {
        const until = sleepEnd(this.run, index, work, this.at)
        const deadline = typeof until === 'number' ? earliest(until, this.#timeoutOf(index)) : null
        this.#emitStart(index, null, deadline)
        if (typeof until === 'number') this.armTimer(index, deadline)
        else this.fail(index, { kind: 'cannot-start', reason: until.invalid }, null)
        return
      }
      case 'callback': {
        const deadline = earliest(this.#after(work.expireMs), this.#timeoutOf(index))
        this.#emitStart(index, null, deadline)
        this.armTimer(index, deadline)
        return
      }
      case 'review': {
        const attempt = taskAt(this.run, index).attempt + 1
        const deadline = earliest(this.#after(work.expireMs), this.#timeoutOf(index))
        this.emit({ type: 'ReviewOpened', node: index, attempt, deadline })
        this.armTimer(index, deadline)
        return
      }
      case 'subflow':
        this.#emitStart(index, null, null)
        if (flow !== null && flow.inner !== null) this.#ready.push(flow.inner)
        return
      case 'start':
        this.#pass(index, null)
        return
      case 'end':
        this.#pass(index, null)
        if (flow !== null && flow.parent !== null) {
          this.succeed(flow.parent, taskAt(this.run, flow.parent).attempt, null)
        }
        return
      case 'gateway': {
        const edges = chooseEdges(this.run, index, work.gateway)
        if (edges.ok) {
          this.#pass(index, edges.edges)
          return
        }
        this.#emitStart(index, null, null)
        this.fail(index, edges.failure, null)
      }
    }
  }

  #after(durationMs: DurationMs | null): Instant | null {
    return durationMs === null ? null : this.at + durationMs
  }

  #timeoutOf(index: number): Instant | null {
    return this.#after(taskPlan(this.run.plan, index).spec.timeoutMs)
  }

  #pass(index: number, edges: readonly number[] | null): void {
    this.emit({ type: 'NodePassed', node: index, edges })
    this.released(index)
  }

  /** What was queued for the first time and has not begun is not reached, unless a person asked for it. */
  #withdrawQueued(stage: number): void {
    const { spec, tasks } = stagePlan(this.run.plan, stage)
    if (spec.always || this.run.counts.queued === 0) return
    for (const index of tasks) {
      const { status, retryAt, asked, attempt, takenUpAt } = taskAt(this.run, index)
      if (taskPlan(this.run.plan, index).late === true) continue
      if (status === 'queued' && retryAt === null && !asked && attempt === takenUpAt + 1) {
        this.emit({ type: 'TaskWithdrawn', node: index })
      }
    }
  }

  /** What it needs is to be done again, or comes after all: what always runs and no runner has taken yet waits for that. */
  #withdrawLate(stage: number): void {
    for (const index of stagePlan(this.run.plan, stage).always ?? []) {
      const { status, retryAt, unmet, attempt, takenUpAt } = taskAt(this.run, index)
      const isFirst = status === 'queued' && retryAt === null && attempt === takenUpAt + 1
      if (isFirst && unmet > 0 && !isLeftAlone(this.run, index)) this.emit({ type: 'TaskWithdrawn', node: index })
    }
  }

  #cancelAttempt(index: number, reason: string, atOnce: boolean): void {
    const state = taskAt(this.run, index)
    const isUnderWay = state.status === 'queued' || state.status === 'reviewing' || state.status === 'running'
    if (!isUnderWay && !isToComeBack(state)) return
    const inRunner = state.status === 'running' && state.runner !== null
    if (inRunner) this.effect({ type: 'cancel-attempt', node: index, fence: state.fence })
    if (!inRunner || atOnce) this.emit({ type: 'AttemptCancelled', node: index, attempt: state.attempt, reason })
  }
}

const earliest = (one: Instant | null, other: Instant | null): Instant | null =>
  one === null ? other : other === null ? one : Math.min(one, other)
