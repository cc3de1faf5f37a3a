import type { Rejection, SystemCommand } from '../model/command.ts'
import { failureSentence, type Failure } from '../model/failure.ts'
import { sleepEnd } from './deadline.ts'
import { cancel } from './on-run.ts'
import { refuse, stale, tooEarly } from './rejection.ts'
import { slotOf, stageAt, stagePlan, standsStill, taskAt, taskPlan, workAt } from './run.ts'
import type { Transition } from './transition.ts'

/** What the host reports: of runners, of what the server does itself, of time that has passed. */
export function decideAdmission(transition: Transition): Rejection | null {
  const { run } = transition
  if (run.phase !== 'waiting' || run.queuedAt === null) {
    return refuse('stale', `run ${run.name} #${run.number} does not wait for its turn: nothing was changed`, [])
  }
  transition.admit()
  return null
}

type Report = Exclude<SystemCommand, { type: 'admit' }>

export function decideReport(transition: Transition, command: Report): Rejection | null {
  if (command.type === 'check-deadline') return checkDeadline(transition, command.node)
  const { run } = transition
  if (run.plan.nodes[command.node]?.kind !== 'task' || run.phase !== 'live') return stale(run, command)
  const state = taskAt(run, command.node)
  if (command.type === 'lease-attempt') {
    if (state.status !== 'queued' || state.attempt !== command.attempt || state.retryAt !== null)
      return stale(run, command)
    if (run.pausedAt !== null || standsStill(run, command.node)) return stale(run, command)
    const { timeoutMs } = taskPlan(run.plan, command.node).spec
    const deadline = timeoutMs === null ? null : transition.at + timeoutMs
    transition.emit({
      type: 'AttemptStarted',
      node: command.node,
      attempt: command.attempt,
      runner: command.runner,
      deadline,
    })
    transition.armTimer(command.node, deadline)
    return null
  }
  if (state.status !== 'running' || state.fence !== command.fence) return stale(run, command)
  if (command.type === 'lose-attempt') {
    ended(transition, command.node, { kind: 'lost', reason: command.reason })
    return null
  }
  if (command.type === 'link-child') {
    transition.emit({ type: 'ChildStarted', node: command.node, child: command.child })
    return null
  }
  const { result } = command
  switch (result.kind) {
    case 'succeeded':
      transition.succeed(command.node, state.attempt, result.outputs)
      return null
    case 'failed':
      transition.fail(command.node, state.stopping ?? result.failure, result.outputs)
      return null
    case 'cancelled':
      ended(transition, command.node, { kind: 'lost', reason: 'the runner stopped it without being asked' })
      return null
  }
}

/** An attempt is over without a word of its own: because it was cancelled, had had its time, or else for this reason. */
function ended(transition: Transition, index: number, otherwise: Failure): void {
  const state = taskAt(transition.run, index)
  const { cancelling } = transition.run
  if (state.stopping !== null) transition.fail(index, state.stopping, null)
  else if (cancelling === null) transition.fail(index, otherwise, null)
  else {
    transition.emit({ type: 'AttemptCancelled', node: index, attempt: state.attempt, reason: cancelling.reason })
  }
}

function checkDeadline(transition: Transition, node: number | null): Rejection | null {
  const { run, at } = transition
  if (run.phase !== 'live') return tooEarly(run)
  if (node === null) return checkRunDeadline(transition)
  const plan = run.plan.nodes[node]
  if (plan === undefined) return tooEarly(run)
  if (plan.kind === 'stage') return checkStageDeadline(transition, node)
  const state = taskAt(run, node)
  if (state.deadlineAt === null || at < state.deadlineAt) return tooEarly(run)
  return passDeadline(transition, node)
}

/** What it means that the time of a task is over, be it that it has passed or that a person says so. */
export function passDeadline(transition: Transition, node: number): Rejection | null {
  const { run, at } = transition
  const { stage } = taskPlan(run.plan, node)
  const { kind } = workAt(run, node)
  const state = taskAt(run, node)
  switch (state.status) {
    case 'queued':
      if (run.pausedAt !== null || standsStill(run, node)) return tooEarly(run)
      if (state.retryAt !== null) transition.attempt(node)
      else transition.fail(node, { kind: 'not-started', afterMs: at - (state.queuedAt ?? at) }, null)
      return null
    case 'running':
      if (state.stopping !== null) transition.fail(node, state.stopping, null)
      else if (kind === 'sleep') endSleep(transition, node)
      else if (kind === 'callback') transition.fail(node, outOfTime(transition, node), null)
      else transition.stop(node, { kind: 'timeout', afterMs: at - (state.startedAt ?? at) })
      return null
    case 'reviewing':
      transition.fail(node, outOfTime(transition, node), null)
      return null
    case 'failed':
    case 'errored':
    case 'timed_out':
      // Held in a stage that has ended: its time is looked at again when a person takes the stage up.
      if (stageAt(run, stage).status !== 'running') return tooEarly(run)
      transition.giveUp(node)
      return null
    case 'pending':
    case 'open':
    case 'succeeded':
    case 'cancelled':
    case 'skipped':
    case 'rolled_back':
    case 'rollback_failed':
    case 'rollback_errored':
      return tooEarly(run)
  }
}

/** It has slept enough, unless its task had less time than that. */
function endSleep(transition: Transition, node: number): void {
  const { run, at } = transition
  const { work, timeoutMs } = taskPlan(run.plan, node).spec
  const { startedAt, deadlineAt, attempt } = taskAt(run, node)
  if (work.kind === 'sleep' && timeoutMs !== null && startedAt !== null && deadlineAt === startedAt + timeoutMs) {
    const until = sleepEnd(run, node, work, startedAt)
    if (typeof until === 'number' && until > deadlineAt) {
      transition.fail(node, { kind: 'timeout', afterMs: at - startedAt }, null)
      return
    }
  }
  transition.succeed(node, attempt, null)
}

/** Its task's timeout, or the time that was given for the callback or the review. */
function outOfTime({ run, at }: Transition, node: number): Failure {
  const { work, timeoutMs } = taskPlan(run.plan, node).spec
  const afterMs = at - (taskAt(run, node).startedAt ?? at)
  const expireMs = work.kind === 'callback' || work.kind === 'review' ? work.expireMs : null
  const timedOut = timeoutMs !== null && (expireMs === null || timeoutMs <= expireMs)
  return { kind: timedOut ? 'timeout' : 'expired', afterMs }
}

function checkRunDeadline(transition: Transition): Rejection | null {
  const { run, at } = transition
  if (run.cancelling !== null) {
    if (run.cancelling.deadline === null || at < run.cancelling.deadline) return tooEarly(run)
    transition.cancelAttempts('its runner did not answer in time', true)
    return null
  }
  if (run.deadlineAt === null || run.pausedAt !== null || at < run.deadlineAt) return tooEarly(run)
  const failure: Failure = { kind: 'timeout', afterMs: run.plan.definition.timeoutMs ?? 0 }
  cancel(transition, 'timed_out', `the run ${failureSentence(failure)}`, 'stop')
  return null
}

function checkStageDeadline(transition: Transition, stage: number): Rejection | null {
  const { run, at } = transition
  const state = stageAt(run, stage)
  if (state.status !== 'running' || state.deadlineAt === null || run.pausedAt !== null) return tooEarly(run)
  if (at < state.deadlineAt || run.cancelling !== null) return tooEarly(run)
  transition.emit({ type: 'StageTimedOut', node: stage })
  const failure = transition.stageTimeout(stage)
  for (const index of stagePlan(run.plan, stage).tasks) {
    const task = taskAt(transition.run, index)
    switch (slotOf(task)) {
      case 'running':
        if (task.runner === null) transition.fail(index, failure, null)
        else if (task.stopping === null) transition.stop(index, failure)
        break
      case 'queued':
      case 'reviewing':
        transition.fail(index, failure, null)
        break
      case 'held':
        transition.giveUp(index)
        break
      case 'pending':
      case 'paused':
        if (task.status === 'queued') transition.fail(index, failure, null)
        break
      case 'restarting':
      case 'open':
      case 'rolled_back':
      case 'rollback_failed':
      case 'rollback_errored':
      case 'failed':
      case 'errored':
      case 'timed_out':
      case 'cancelled':
      case 'done':
        break
    }
  }
  return null
}
