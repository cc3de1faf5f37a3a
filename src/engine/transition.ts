import type { RunEffect } from '../model/effect.ts'
import type { Actor, AfterFailure, Outputs, RunEvent } from '../model/event.ts'
import { isRetryable, type Failure } from '../model/failure.ts'
import { ATTEMPTS_MAX, GRACE_MS, LEASE_MS } from '../model/limits.ts'
import type { EndStatus } from '../model/status.ts'
import type { Instant } from '../model/time.ts'
import { retryDelayMs, sleepMs } from './deadline.ts'
import { evolve } from './evolve.ts'
import { evaluate, isTrue } from './expression.ts'
import { openTasks, stageAt, stagePlan, taskAt, taskPlan, type Counts, type Run } from './run.ts'
import { scopeOf } from './scope.ts'
import { isActive, isFailing, outcomeOf } from './status.ts'

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
    this.#enterNextStage()
  }

  /** Looks at everything that may begin: after a person's command, not on the way of a step. */
  flow(): void {
    if (this.run.open !== null) this.#lookAt(this.run.open.index)
    this.#enterNextStage()
  }

  /** After an end that lets others go on. Costs what hangs on this task, not what the run holds. */
  released(index: number): void {
    for (const dependent of taskPlan(this.run.plan, index).dependents) this.#ready.push(dependent)
  }

  succeed(index: number, attempt: number, outputs: Outputs | null): void {
    this.emit({ type: 'AttemptSucceeded', node: index, attempt, outputs })
    this.released(index)
  }

  fail(index: number, failure: Failure, outputs: Outputs | null): void {
    const { attempt } = taskAt(this.run, index)
    const next = this.#afterFailure(index, failure)
    this.emit({ type: 'AttemptFailed', node: index, attempt, failure, outputs, next })
    switch (next.do) {
      case 'retry':
        this.armTimer(index, next.at)
        return
      case 'hold':
        this.armTimer(index, next.until)
        return
      case 'continue':
        this.released(index)
        return
      case 'stop':
      case 'restart':
        this.#withdrawQueued(taskPlan(this.run.plan, index).stage)
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
      if (!this.#closeStage() && !this.#closeRun()) return
    }
  }

  /** @returns true when it ended the stage under way, so that there may be more to begin. */
  #closeStage(): boolean {
    const { run } = this
    if (run.phase !== 'live' || run.cancelling !== null || this.#restarts()) return false
    if (run.open === null || !this.#isOver(run.open.counts)) return false
    const { index, counts } = run.open
    // A stage that could not go on because another one failed ends as the run will.
    const status = counts.pending > 0 && !isFailing(counts) ? outcomeOf(run.counts) : outcomeOf(counts)
    this.emit({ type: 'StageEnded', node: index, status })
    this.#enterNextStage()
    return true
  }

  /** Whether a stage with these tasks is over. */
  #isOver(counts: Counts): boolean {
    if (isActive(counts)) return false
    if (counts.pending === 0 && counts.held === 0 && !isFailing(counts)) return true
    // While the run is paused a person may still mend what failed.
    return isFailing(this.run.counts) && this.run.pausedAt === null
  }

  /** @returns true when there may be more to begin. */
  #closeRun(): boolean {
    const { run } = this
    if (run.phase !== 'live' || isActive(run.counts)) return false
    if (run.cancelling !== null) return this.#end(run.cancelling.as)
    if (this.#restarts()) {
      if (run.pausedAt !== null) return false
      this.emit({ type: 'RunRestarted', pass: run.pass + 1 })
      this.#enterNextStage()
      return true
    }
    if (run.open !== null || this.#nextStage() !== null) return false
    return this.#end(outcomeOf(run.counts))
  }

  #end(status: EndStatus): false {
    if (this.run.open !== null) this.emit({ type: 'StageEnded', node: this.run.open.index, status })
    this.emit({ type: 'RunEnded', status })
    return false
  }

  /** Whether the run, once nothing is at work any more, goes back to its first node. */
  #restarts(): boolean {
    const { counts } = this.run
    return counts.restarting > 0 && counts.failed + counts.errored + counts.timed_out + counts.cancelled === 0
  }

  /**
   * The stage to enter now, if one may be entered: the first one that has not succeeded, be it that it was never
   * reached or that its failures were mended. When the run is failing: the next `always` one, or what a person took up.
   */
  #nextStage(): number | null {
    const { plan, counts } = this.run
    const failing = isFailing(counts)
    for (const stage of plan.stages) {
      const { status, startedAt } = stageAt(this.run, stage)
      if (status === 'succeeded' || status === 'skipped') continue
      if (!failing) return stage
      if (status === 'pending' && (startedAt !== null || stagePlan(plan, stage).spec.always)) return stage
    }
    return null
  }

  #enterNextStage(): void {
    if (this.run.phase !== 'live' || this.run.pausedAt !== null || this.run.cancelling !== null) return
    for (;;) {
      if (this.run.open !== null || this.#restarts()) return
      const stage = this.#nextStage()
      if (stage === null) return
      const { when } = stagePlan(this.run.plan, stage).spec
      const { startedAt } = stageAt(this.run, stage)
      // A stage that was entered before has had its condition looked at.
      if (when !== null && startedAt === null && !isTrue(evaluate(when, scopeOf(this.run)))) {
        this.emit({ type: 'NodeSkipped', node: stage, because: 'condition', reason: 'its condition is false' })
        continue
      }
      this.emit({ type: 'StageStarted', node: stage })
      this.armTimer(stage, stageAt(this.run, stage).deadlineAt)
      if (startedAt !== null) this.#rearmHeld(stage)
      this.#lookAt(stage)
    }
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

  #mayBegin(index: number): boolean {
    const { run } = this
    if (run.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null) return false
    const state = taskAt(run, index)
    if (state.status !== 'pending' || state.unmet > 0) return false
    const { stage } = taskPlan(run.plan, index)
    if (stageAt(run, stage).status !== 'running') return false
    return state.asked || !isFailing(run.counts) || stagePlan(run.plan, stage).spec.always
  }

  #begin(index: number): void {
    if (!this.#mayBegin(index)) return
    const { spec, stage } = taskPlan(this.run.plan, index)
    if (spec.when !== null && !isTrue(evaluate(spec.when, scopeOf(this.run)))) {
      this.emit({ type: 'NodeSkipped', node: index, because: 'condition', reason: 'its condition is false' })
      this.released(index)
      return
    }
    // What it waited for had time to end after the stage's time was up; there is none left for this one.
    if (stageAt(this.run, stage).timedOut) this.fail(index, this.stageTimeout(stage), null)
    else this.attempt(index)
  }

  stageTimeout(stage: number): Failure {
    return { kind: 'timeout', afterMs: stagePlan(this.run.plan, stage).spec.timeoutMs ?? 0 }
  }

  /** The next attempt of a task, in the way its kind of work has. */
  attempt(index: number): void {
    const { spec } = taskPlan(this.run.plan, index)
    const attempt = taskAt(this.run, index).attempt + 1
    switch (spec.work.kind) {
      case 'runner': {
        const deadline = spec.notStartedMs === null ? null : this.at + spec.notStartedMs
        this.emit({ type: 'TaskQueued', node: index, attempt, deadline })
        this.effect({ type: 'offer-attempt', node: index, attempt })
        this.armTimer(index, deadline)
        return
      }
      case 'noop':
        this.emit({ type: 'AttemptStarted', node: index, attempt, runner: null, deadline: null })
        this.effect({ type: 'run-inline', node: index, fence: this.run.seq })
        return
      case 'sleep': {
        const duration = sleepMs(this.run, spec.work)
        const deadline = typeof duration === 'number' ? this.at + duration : null
        this.emit({ type: 'AttemptStarted', node: index, attempt, runner: null, deadline })
        if (typeof duration === 'number') this.armTimer(index, deadline)
        else this.fail(index, { kind: 'cannot-start', reason: duration.invalid }, null)
        return
      }
      case 'review': {
        const deadline = spec.work.expireMs === null ? null : this.at + spec.work.expireMs
        this.emit({ type: 'ReviewOpened', node: index, attempt, deadline })
        this.armTimer(index, deadline)
      }
    }
  }

  #afterFailure(index: number, failure: Failure): AfterFailure {
    const { spec, stage } = taskPlan(this.run.plan, index)
    const state = taskAt(this.run, index)
    if (this.run.cancelling !== null || stageAt(this.run, stage).timedOut) return { do: 'stop' }
    if (isRetryable[failure.kind] && state.attempt - state.takenUpAt < ATTEMPTS_MAX) {
      if (failure.kind === 'lost' && spec.onLost === 'rerun') return { do: 'retry', at: this.at, counted: false }
      if (state.retries < spec.retry.max) {
        return { do: 'retry', at: this.at + retryDelayMs(spec.retry, state.retries, this.#draw()), counted: true }
      }
    }
    const { policy, expireMs } = spec.onFailure
    switch (policy) {
      case 'hold':
        return { do: 'hold', until: expireMs === null ? null : this.at + expireMs }
      case 'restart':
        return { do: this.run.pass > this.run.plan.definition.restartsMax ? 'stop' : 'restart' }
      case 'stop':
      case 'continue':
        return { do: policy }
    }
  }

  /** What was queued for the first time and has not begun is not reached, unless a person asked for it. */
  #withdrawQueued(stage: number): void {
    const { spec, tasks } = stagePlan(this.run.plan, stage)
    if (spec.always || this.run.counts.queued === 0) return
    for (const index of tasks) {
      const { status, retryAt, asked, attempt, takenUpAt } = taskAt(this.run, index)
      if (status === 'queued' && retryAt === null && !asked && attempt === takenUpAt + 1) {
        this.emit({ type: 'TaskWithdrawn', node: index })
      }
    }
  }

  #cancelAttempt(index: number, reason: string, atOnce: boolean): void {
    const state = taskAt(this.run, index)
    if (state.status !== 'queued' && state.status !== 'reviewing' && state.status !== 'running') return
    const inRunner = state.status === 'running' && state.runner !== null
    if (inRunner) this.effect({ type: 'cancel-attempt', node: index, fence: state.fence })
    if (!inRunner || atOnce) this.emit({ type: 'AttemptCancelled', node: index, attempt: state.attempt, reason })
  }
}
