import { isAwaited } from '../model/definition.ts'
import type { OperatorCommand, Rejection, RunCommand, SystemCommand } from '../model/command.ts'
import type { RunEffect } from '../model/effect.ts'
import type { Actor, RunEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import { failureSentence } from '../model/failure.ts'
import type { Json } from '../model/json.ts'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import type { Instant } from '../model/time.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { approvalsNeeded } from './deadline.ts'
import { checkParamValue } from './params.ts'
import { openTasks, slotOf, stageAt, stagePlan, taskAt, taskPlan, type Run } from './run.ts'
import { runStatus, stageStatus } from './status.ts'
import { Transition } from './transition.ts'

export interface Input {
  readonly command: RunCommand
  readonly actor: Actor
  /** The host's clock; never before the run's last event. */
  readonly at: Instant
  /** Numbers in [0, 1), drawn by the host. */
  readonly entropy: () => number
}
export type Outcome =
  | {
      readonly ok: true
      readonly run: Run
      readonly events: readonly RunEvent[]
      readonly effects: readonly RunEffect[]
    }
  | { readonly ok: false; readonly rejection: Rejection }

/**
 * The engine: a run, a command and an instant give what happened, the run after it, and what the host must do now;
 * or a rejection that names what would be allowed. Pure; cost does not grow with the run but for commands of people.
 */
export function advance(run: Run, { command, actor, at, entropy }: Input): Outcome {
  const transition = new Transition(run, Math.max(at, run.updatedAt), actor, entropy)
  const rejection = decide(transition, command)
  if (rejection !== null) return { ok: false, rejection }
  transition.settle()
  return { ok: true, run: transition.run, events: transition.events, effects: transition.effects }
}

function decide(transition: Transition, command: RunCommand): Rejection | null {
  switch (command.type) {
    case 'lease-attempt':
    case 'report-attempt':
    case 'lose-attempt':
    case 'check-deadline':
      return decideReport(transition, command)
    case 'admit':
      return admit(transition)
    case 'start':
    case 'fire-trigger':
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'retry':
      return decideOnRun(transition, command)
    case 'retry-node':
    case 'skip-node':
    case 'approve':
    case 'reject':
      return decideOnNode(transition, command)
  }
}

type Report = Exclude<SystemCommand, { type: 'admit' }>

function admit(transition: Transition): Rejection | null {
  const { run } = transition
  if (run.phase !== 'waiting' || run.queuedAt === null) {
    return refuse('stale', `run ${run.name} #${run.number} does not wait for its turn: nothing was changed`, [])
  }
  transition.admit()
  return null
}

type OnRun = Extract<OperatorCommand, { type: 'start' | 'fire-trigger' | 'pause' | 'resume' | 'cancel' | 'retry' }>
type OnNode = Exclude<OperatorCommand, OnRun>

function decideOnRun(transition: Transition, command: OnRun): Rejection | null {
  const { run } = transition
  const action = command.type === 'fire-trigger' ? 'start' : command.type
  const allowed = allowedOnRun(run)
  if (!allowed.includes(action)) {
    const ending = run.cancelling !== null && run.phase === 'live' ? ' and being cancelled' : ''
    return refuse(
      'not-allowed',
      `cannot ${action} run ${run.name} #${run.number}: it is ${runStatus(run)}${ending}`,
      allowed,
    )
  }
  switch (command.type) {
    case 'start':
      transition.start()
      return null
    case 'fire-trigger':
      return fireTrigger(transition, command)
    case 'pause':
      transition.emit({ type: 'RunPaused' })
      return null
    case 'resume':
      transition.emit({ type: 'RunResumed' })
      rearm(transition)
      transition.flow()
      return null
    case 'cancel':
      cancel(transition, 'cancelled', command.reason, command.force)
      return null
    case 'retry':
      retryAll(transition)
      return null
  }
}

function fireTrigger(transition: Transition, command: Extract<OnRun, { type: 'fire-trigger' }>): Rejection | null {
  const { run } = transition
  const { triggers } = run.plan.definition
  const spec = triggers?.list[command.trigger]
  const name = `run ${run.name} #${run.number}`
  if (triggers === null || spec === undefined || !isAwaited(spec)) {
    return refuse('no-such-trigger', `${name} has no trigger ${command.trigger}`, allowedOnRun(run))
  }
  const given: Record<string, Json> = {}
  for (const [from, to] of Object.entries(spec.params)) {
    const value = Object.hasOwn(command.params, from) ? command.params[from] : undefined
    const param = run.plan.definition.params.find((candidate) => candidate.name === to)
    if (value === undefined || param === undefined) continue
    const checked = checkParamValue(param, value)
    if (!checked.ok) {
      return refuse('invalid-params', `trigger ${spec.name} of ${name}, ${from}: ${checked.message}`, allowedOnRun(run))
    }
    given[to] = checked.value
  }
  transition.emit({ type: 'TriggerFired', trigger: command.trigger, params: command.params })
  if (Object.keys(given).length > 0) transition.emit({ type: 'ParamsChanged', params: { ...run.params, ...given } })
  const fired = transition.run.triggers
  const isOpen = triggers.list.some((one, index) => isAwaited(one) && fired[index] === null)
  if (triggers.operator === 'or' || !isOpen) transition.start()
  return null
}

/** Deadlines have moved by the pause: the host's timers follow. */
function rearm(transition: Transition): void {
  const { run } = transition
  transition.armTimer(null, run.deadlineAt)
  if (run.open !== null) transition.armTimer(run.open.index, stageAt(run, run.open.index).deadlineAt)
  for (const node of openTasks(run)) {
    const { status, retryAt, deadlineAt, attempt } = taskAt(run, node)
    if (status !== 'queued') continue
    if (retryAt === null) transition.effect({ type: 'offer-attempt', node, attempt })
    transition.armTimer(node, deadlineAt)
  }
}

function cancel(transition: Transition, as: 'cancelled' | 'timed_out', reason: string, force: boolean): void {
  if (transition.run.cancelling === null) {
    const deadline = transition.at + GRACE_MS + LEASE_MS
    transition.emit({ type: 'CancelRequested', as, reason, deadline })
    transition.armTimer(null, deadline)
  }
  transition.cancelAttempts(reason, force)
  if (transition.run.phase === 'waiting') transition.emit({ type: 'RunEnded', status: as })
}

function retryAll(transition: Transition): void {
  if (transition.run.phase === 'ended') reopen(transition)
  for (const { index, kind } of transition.run.plan.nodes) {
    if (kind === 'task' && isMendable(transition.run, index)) transition.emit({ type: 'NodeRetried', node: index })
  }
  transition.flow()
}

function isMendable(run: Run, index: number): boolean {
  const { status, policy } = taskAt(run, index)
  return (
    policy !== 'continue' &&
    (status === 'failed' || status === 'errored' || status === 'timed_out' || status === 'cancelled')
  )
}

function reopen(transition: Transition): void {
  transition.emit({ type: 'RunReopened' })
  transition.armTimer(null, transition.run.deadlineAt)
}

function decideOnNode(transition: Transition, command: OnNode): Rejection | null {
  const { run } = transition
  const node = run.plan.nodes[command.node]
  if (node === undefined)
    return refuse('no-such-node', `run ${run.name} #${run.number} has no node ${command.node}`, [])
  const action = command.type === 'retry-node' ? 'retry' : command.type === 'skip-node' ? 'skip' : command.type
  const allowed = allowedOnNode(run, command.node)
  if (!allowed.includes(action)) {
    const status = node.kind === 'stage' ? stageStatus(run, node.index) : taskAt(run, node.index).status
    const where = run.phase === 'live' ? '' : ` in a run that is ${runStatus(run)}`
    return refuse('not-allowed', `cannot ${action} ${node.kind} ${node.spec.key}: it is ${status}${where}`, allowed)
  }
  switch (command.type) {
    case 'retry-node':
      if (run.phase === 'ended') reopen(transition)
      transition.emit({ type: 'NodeRetried', node: command.node })
      transition.flow()
      return null
    case 'skip-node':
      skip(transition, command.node, command.reason)
      return null
    case 'approve':
    case 'reject':
      return review(transition, command)
  }
}

function skip(transition: Transition, node: number, reason: string): void {
  if (transition.run.phase === 'ended') reopen(transition)
  transition.emit({ type: 'NodeSkipped', node, because: 'operator', reason })
  transition.flow()
}

function review(transition: Transition, command: Extract<OnNode, { type: 'approve' | 'reject' }>): Rejection | null {
  const { node, by, comment } = command
  const { work, key } = taskPlan(transition.run.plan, node).spec
  if (work.kind !== 'review') throw new TypeError(`task ${key} is reviewing, but its work is ${work.kind}`)
  const allowed = allowedOnNode(transition.run, node)
  if (work.reviewers.length > 0 && !work.reviewers.includes(by)) {
    return refuse(
      'not-a-reviewer',
      `${by} may not decide review ${key}: its reviewers are ${work.reviewers.join(', ')}`,
      allowed,
    )
  }
  if (taskAt(transition.run, node).decisions.some((decision) => decision.by === by)) {
    return refuse('already-decided', `${by} has already decided review ${key}`, allowed)
  }
  transition.emit({ type: 'ReviewDecided', node, decision: command.type, by, comment })
  const state = taskAt(transition.run, node)
  if (command.type === 'reject') transition.fail(node, { kind: 'rejected', by, comment }, null)
  else if (state.decisions.length >= approvalsNeeded(work)) transition.succeed(node, state.attempt, null)
  return null
}

function decideReport(transition: Transition, command: Report): Rejection | null {
  if (command.type === 'check-deadline') return checkDeadline(transition, command.node)
  const { run } = transition
  if (run.plan.nodes[command.node]?.kind !== 'task' || run.phase !== 'live') return stale(run, command)
  const state = taskAt(run, command.node)
  if (command.type === 'lease-attempt') {
    if (state.status !== 'queued' || state.attempt !== command.attempt || state.retryAt !== null)
      return stale(run, command)
    if (run.pausedAt !== null) return stale(run, command)
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
  switch (state.status) {
    case 'queued':
      if (run.pausedAt !== null) return tooEarly(run)
      if (state.retryAt !== null) transition.attempt(node)
      else transition.fail(node, { kind: 'not-started', afterMs: at - (state.queuedAt ?? at) }, null)
      return null
    case 'running':
      if (state.stopping !== null) transition.fail(node, state.stopping, null)
      else if (plan.spec.work.kind === 'sleep') transition.succeed(node, state.attempt, null)
      else transition.stop(node, { kind: 'timeout', afterMs: at - (state.startedAt ?? at) })
      return null
    case 'reviewing':
      transition.fail(node, { kind: 'expired', afterMs: at - (state.startedAt ?? at) }, null)
      return null
    case 'failed':
    case 'errored':
    case 'timed_out':
      // Held in a stage that has ended: its time is looked at again when a person takes the stage up.
      if (stageAt(run, plan.stage).status !== 'running') return tooEarly(run)
      transition.giveUp(node)
      return null
    case 'pending':
    case 'succeeded':
    case 'cancelled':
    case 'skipped':
      return tooEarly(run)
  }
}

function checkRunDeadline(transition: Transition): Rejection | null {
  const { run, at } = transition
  if (run.cancelling !== null) {
    if (at < run.cancelling.deadline) return tooEarly(run)
    transition.cancelAttempts('its runner did not answer in time', true)
    return null
  }
  if (run.deadlineAt === null || run.pausedAt !== null || at < run.deadlineAt) return tooEarly(run)
  const failure: Failure = { kind: 'timeout', afterMs: run.plan.definition.timeoutMs ?? 0 }
  cancel(transition, 'timed_out', `the run ${failureSentence(failure)}`, false)
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
      case 'restarting':
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

const refuse = (code: Rejection['code'], message: string, allowed: readonly string[]): Rejection => ({
  code,
  message,
  allowed,
})

const stale = (run: Run, command: Report): Rejection =>
  refuse('stale', `${command.type} for node ${command.node} of run ${run.id} comes late: nothing was changed`, [])

const tooEarly = (run: Run): Rejection => refuse('stale', `no deadline of run ${run.id} has passed`, [])
