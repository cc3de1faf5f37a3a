import type { NodeAction, OperatorCommand, Rejection } from '../model/command.ts'
import { attemptVersion } from '../model/id.ts'
import { allowedOnNode, isChoice, nodeAdmits } from './admits.ts'
import { approvalsNeeded } from './deadline.ts'
import { reopen, retryFrom, retryTask, type OnRun, type RetryInputs } from './on-run.ts'
import { refuse } from './rejection.ts'
import { passDeadline } from './report.ts'
import { stagePlan, standsStill, taskAt, taskPlan, type Run } from './run.ts'
import { isFailing, outcomeOf, runStatus, stageStatus, taskStatus } from './status.ts'
import type { Transition } from './transition.ts'

/** What people and their tools ask of one node. */
type OnNode = Exclude<OperatorCommand, OnRun>

const ACTION = {
  'retry-node': 'retry',
  'skip-node': 'skip',
  approve: 'approve',
  reject: 'reject',
  'pause-node': 'pause',
  'resume-node': 'resume',
  'fail-node': 'fail',
  callback: 'callback',
  choose: 'choose',
  rollback: 'rollback',
  'delay-node': 'delay',
  'expire-node': 'expire',
} as const satisfies Record<OnNode['type'], NodeAction>

export function decideOnNode(transition: Transition, command: OnNode): Rejection | null {
  const { run } = transition
  if (run.plan.nodes[command.node] === undefined) {
    return refuse('no-such-node', `run ${run.name} #${run.number} has no node ${command.node}`, [])
  }
  const action = ACTION[command.type]
  const allowed = allowedOnNode(run, command.node)
  if (!allowed.includes(action)) return notAllowed(run, command.node, action, allowed)
  switch (command.type) {
    case 'retry-node':
      retry(transition, command.node, command)
      return null
    case 'skip-node':
      skip(transition, command.node, command.reason)
      return null
    case 'approve':
    case 'reject':
      return review(transition, command)
    case 'pause-node':
      pause(transition, command.node)
      return null
    case 'resume-node':
      resume(transition, command.node)
      return null
    case 'fail-node':
      fail(transition, command)
      return null
    case 'callback':
      return callback(transition, command)
    case 'choose':
      return choose(transition, command)
    case 'rollback':
      rollBack(transition, command.node)
      return null
    case 'delay-node':
      delay(transition, command.node, command.byMs)
      return null
    case 'expire-node':
      passDeadline(transition, command.node)
      return null
  }
}

function notAllowed(run: Run, index: number, action: NodeAction, allowed: readonly string[]): Rejection {
  const node = run.plan.nodes[index]!
  const status = node.kind === 'stage' ? stageStatus(run, index) : taskStatus(run, index, undefined)
  const thing = `${node.kind} ${node.spec.key}`
  const admitted = (nodeAdmits[action] as readonly string[]).includes(status)
  if (node.kind === 'task' && admitted && action === 'skip' && !node.spec.skippable) {
    return refuse('not-skippable', `cannot skip ${thing}: its definition says that it is not to be skipped`, allowed)
  }
  if (node.kind === 'task' && admitted && action === 'retry' && !node.spec.retryable) {
    return refuse('not-retryable', `cannot retry ${thing}: its definition says that it is not to be retried`, allowed)
  }
  const where = run.phase === 'live' ? '' : ` in a run that is ${runStatus(run)}`
  return refuse('not-allowed', `cannot ${action} ${thing}: it is ${status}${where}`, allowed)
}

function retry(transition: Transition, node: number, asked: RetryInputs): void {
  const { run } = transition
  const isStage = run.plan.nodes[node]?.kind === 'stage'
  const isReopened = run.phase === 'ended'
  if (isReopened) reopen(transition)
  if (isStage) retryFrom(transition, node)
  else retryTask(transition, node, isReopened, asked)
  transition.flow()
}

function skip(transition: Transition, node: number, reason: string): void {
  if (transition.run.phase === 'ended') reopen(transition)
  transition.emit({ type: 'NodeSkipped', node, because: 'operator', reason })
  transition.flow()
}

/** Nothing else goes on meanwhile: stages that had begun, or waited for their triggers, end as they are. */
function rollBack(transition: Transition, stage: number): void {
  // What was to be tried again and is paused: nothing else waits, as nothing is at work.
  transition.cancelWaiting('a stage is taken back')
  const { open, waiting } = transition.run
  for (const { index, counts } of open)
    if (index !== stage)
      transition.emit({
        type: 'StageEnded',
        node: index,
        status: isFailing(counts) || counts.held > 0 ? outcomeOf(counts) : 'cancelled',
      })
  for (const index of waiting)
    if (index !== stage) transition.emit({ type: 'StageEnded', node: index, status: 'cancelled' })
  transition.emit({ type: 'RollbackStarted', node: stage })
  // Of a run that was paused it has moved, and may have passed unseen.
  transition.armTimer(null, transition.run.deadlineAt)
  transition.flow()
}

/** What is queued goes back to where it waited, so that no runner takes it; a retry that waits for its time stays. */
function pause(transition: Transition, node: number): void {
  for (const index of within(transition.run, node)) {
    const { status, retryAt } = taskAt(transition.run, index)
    if (status === 'queued' && retryAt === null) transition.emit({ type: 'TaskWithdrawn', node: index })
  }
  transition.emit({ type: 'NodePaused', node })
}

function resume(transition: Transition, node: number): void {
  transition.emit({ type: 'NodeResumed', node })
  const { run } = transition
  for (const index of within(run, node)) {
    const { status, retryAt } = taskAt(run, index)
    if (status === 'queued' && retryAt !== null && !standsStill(run, index)) transition.armTimer(index, retryAt)
  }
  transition.flow()
}

/** The node and, if it is a sub-flow, all that is in it. */
function within(run: Run, node: number): readonly number[] {
  const { spec, stage } = taskPlan(run.plan, node)
  if (spec.work.kind !== 'subflow') return [node]
  const isInside = (index: number): boolean => {
    for (let at: number | null = index; at !== null; at = taskPlan(run.plan, at).flow?.parent ?? null) {
      if (at === node) return true
    }
    return false
  }
  return stagePlan(run.plan, stage).tasks.filter(isInside)
}

function fail(transition: Transition, { node, by, reason }: Extract<OnNode, { type: 'fail-node' }>): void {
  const state = taskAt(transition.run, node)
  const failure = { kind: 'forced', by, reason } as const
  if (state.status === 'running' && state.runner !== null) transition.stop(node, failure)
  else transition.fail(node, failure, null)
}

function callback(transition: Transition, command: Extract<OnNode, { type: 'callback' }>): Rejection | null {
  const { node, version, outputs, succeeded, reason } = command
  const { run } = transition
  const { attempt } = taskAt(run, node)
  const present = attemptVersion(run.id, node, attempt)
  if (version !== null && version !== present) {
    const { key } = taskPlan(run.plan, node).spec
    return refuse(
      'stale',
      `task ${key} waits for a callback of version ${present}, found ${version.slice(0, 64)}`,
      allowedOnNode(run, node),
    )
  }
  if (succeeded) transition.succeed(node, attempt, outputs)
  else transition.fail(node, { kind: 'said-no', reason }, outputs)
  return null
}

function choose(transition: Transition, command: Extract<OnNode, { type: 'choose' }>): Rejection | null {
  const { run } = transition
  const { spec, flow, stage } = taskPlan(run.plan, command.node)
  const edges = stagePlan(run.plan, stage).spec.flow?.edges ?? []
  const out = flow?.out ?? []
  const allowed = allowedOnNode(run, command.node)
  const wanted = [...new Set(command.edges)]
  const places = wanted.map((key) => out.find(({ edge }) => edges[edge]?.key === key)?.edge)
  const unknown = wanted.find((_, at) => places[at] === undefined)
  if (unknown !== undefined) {
    const known = out.map(({ edge }) => edges[edge]?.key ?? '').join(', ')
    return refuse('no-such-edge', `gateway ${spec.key} has the edges ${known}, found ${unknown.slice(0, 80)}`, allowed)
  }
  const single = spec.work.kind === 'gateway' && spec.work.gateway === 'exclusive'
  if (!isChoice(spec.work) || places.length === 0 || (single && places.length > 1)) {
    return refuse(
      'no-such-edge',
      `gateway ${spec.key} goes on by ${single ? 'one edge' : 'one or more edges'}, found ${places.length}`,
      allowed,
    )
  }
  if (run.phase === 'ended') reopen(transition)
  const chosen = places.filter((place) => place !== undefined)
  transition.emit({ type: 'NodePassed', node: command.node, edges: chosen, by: { reason: command.reason } })
  transition.flow()
  return null
}

function delay(transition: Transition, node: number, byMs: number): void {
  const { deadlineAt } = taskAt(transition.run, node)
  const deadline = Math.max(deadlineAt ?? transition.at, transition.at) + byMs
  transition.emit({ type: 'DeadlineMoved', node, deadline })
  transition.armTimer(node, deadline)
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
  const { approved = null, rejected = null } = work.outputs ?? {}
  if (command.type === 'approve') {
    if (state.decisions.length >= approvalsNeeded(work)) transition.succeed(node, state.attempt, approved)
  } else if (work.onReject === 'pass') transition.succeed(node, state.attempt, rejected)
  else transition.fail(node, { kind: 'rejected', by, comment }, rejected)
  return null
}
