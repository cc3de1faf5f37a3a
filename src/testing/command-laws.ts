import { isDeepStrictEqual } from 'node:util'
import { allowedOnNode, allowedOnRun, isChoice } from '../engine/admits.ts'
import { advance, type Outcome } from '../engine/advance.ts'
import { dueEffects } from '../engine/effects.ts'
import { stageAt, stagePlan, standsStill, taskAt, taskPlan, type Run } from '../engine/run.ts'
import type { CancelMode, Rejection, RunCommand } from '../model/command.ts'
import { attemptVersion } from '../model/id.ts'
import type { Instant } from '../model/time.ts'
import { onNode, onRun } from './engine-laws.ts'

/**
 * What a command says besides its name decides, too, whether it is taken: of whom, for which attempt, along which edge,
 * at what time. And what is given twice happens once.
 */
export function brokenCommands(run: Run): readonly string[] {
  const before = picture(run)
  const asked = new Asked(run)
  askPeople(asked)
  askSystem(asked)
  askTime(asked)
  if (!isDeepStrictEqual(picture(run), before)) asked.broken.push('a command has changed the run that it was given')
  return asked.broken
}

const picture = ({ nodes, ...rest }: Run): unknown => structuredClone({ ...rest, plan: null, nodes: nodes.toArray() })

type Taken = true | Rejection['code']

class Asked {
  readonly broken: string[] = []
  readonly run: Run

  constructor(run: Run) {
    this.run = run
  }

  /** @param expected that it is taken, or how it is refused. */
  ask(command: RunCommand, expected: Taken, at: Instant = this.run.updatedAt): Outcome {
    const outcome = give(this.run, command, at)
    const found = outcome.ok ? true : outcome.rejection.code
    if (found !== expected) this.broken.push(`${JSON.stringify(command)} is ${found}, should be ${expected}`)
    return outcome
  }

  /** What is taken is not taken again. */
  askTwice(command: RunCommand, expected: Taken, at: Instant = this.run.updatedAt): void {
    const outcome = this.ask(command, expected, at)
    if (!outcome.ok) return
    const again = give(outcome.run, command, outcome.run.updatedAt)
    // In a run that has gone back to its first node, it means something else.
    const isAnew = outcome.events.some(({ type }) => type === 'RunRestarted')
    if (again.ok && again.events.length > 0 && !isAnew) this.broken.push(`${JSON.stringify(command)} is taken twice`)
  }
}

const give = (run: Run, command: RunCommand, at: Instant): Outcome =>
  advance(run, { command, actor: { kind: 'user', name: 'li' }, at, entropy: () => 0 })

const MODES = ['stop', 'force', 'after-current'] as const satisfies readonly CancelMode[]

function askPeople(asked: Asked): void {
  const { run } = asked
  const onRunNow = allowedOnRun(run)
  const cancels: Taken = onRunNow.includes('cancel') ? true : 'not-allowed'
  for (const mode of MODES) asked.askTwice({ type: 'cancel', reason: '', mode }, cancels)
  for (const action of ['pause', 'resume'] as const)
    asked.askTwice(onRun(action), onRunNow.includes(action) ? true : 'not-allowed')
  const modified = onRunNow.includes('modify') ? 'invalid-params' : 'not-allowed'
  asked.ask({ type: 'modify', params: { no_such_param: 1 } }, modified)
  asked.ask(onNode(run, run.plan.nodes.length, 'skip'), 'no-such-node')
  for (const { index, kind } of run.plan.nodes) {
    const allowed = allowedOnNode(run, index)
    for (const action of ['pause', 'resume'] as const)
      if (allowed.includes(action)) asked.askTwice(onNode(run, index, action), true)
    if (allowed.includes('retry')) askToRetry(asked, index)
    if (kind === 'task') askOfTask(asked, index)
    else askOfStage(asked, index)
  }
}

/** What a person takes up is tried: no pause of what was before holds it, and no run goes on only to end without it. */
function askToRetry(asked: Asked, node: number): void {
  const outcome = asked.ask({ type: 'retry-node', node, inputs: { n: 1 } }, true)
  if (!outcome.ok) return
  const state = outcome.run.nodes.at(node)
  if (state.status === 'pending' && outcome.run.phase === 'ended')
    asked.broken.push(`a retry of node ${node} ends the run before it begins`)
  if (state.kind === 'task' && state.pausedAt !== null) asked.broken.push(`node ${node} is retried, and stays paused`)
  const stands = state.kind === 'task' && standsStill(outcome.run, node)
  if (stands && asked.run.phase === 'ended') asked.broken.push(`node ${node} is taken up in a sub-flow that is paused`)
}

function askOfTask(asked: Asked, node: number): void {
  const { run } = asked
  const { spec, flow, stage } = taskPlan(run.plan, node)
  const { attempt, decisions } = taskAt(run, node)
  const allowed = allowedOnNode(run, node)
  const { work } = spec
  if (work.kind === 'review' && allowed.includes('approve')) {
    if (work.reviewers.length > 0) asked.ask({ type: 'approve', node, by: 'nobody', comment: '' }, 'not-a-reviewer')
    for (const { by } of decisions) asked.ask({ type: 'reject', node, by, comment: '' }, 'already-decided')
  }
  if (allowed.includes('callback')) {
    const call = { type: 'callback', node, succeeded: true, outputs: {}, reason: '' } as const
    asked.askTwice({ ...call, version: attemptVersion(run.id, node, attempt) }, true)
    asked.ask({ ...call, version: attemptVersion(run.id, node, attempt - 1) }, 'stale')
  }
  if (!isChoice(work) || !allowed.includes('choose')) return
  const edges = stagePlan(run.plan, stage).spec.flow?.edges ?? []
  const keys = (flow?.out ?? []).map(({ edge }) => edges[edge]?.key ?? '')
  const choose = (...chosen: readonly string[]): RunCommand => ({ type: 'choose', node, edges: chosen, reason: '' })
  for (const key of keys) asked.ask(choose(key), true)
  asked.ask(choose(), 'no-such-edge')
  asked.ask(choose('no_such_edge'), 'no-such-edge')
  const isExclusive = work.kind === 'gateway' && work.gateway === 'exclusive'
  if (keys.length > 1) asked.ask(choose(...keys), isExclusive ? 'no-such-edge' : true)
}

/** Before its turn or while it waits. */
function askOfStage(asked: Asked, stage: number): void {
  const { run } = asked
  const { status } = stageAt(run, stage)
  const { triggers } = stagePlan(run.plan, stage).spec
  const goes = run.phase !== 'ended' && run.cancelling === null && (status === 'pending' || status === 'waiting')
  const expected: Taken = !goes ? 'not-allowed' : triggers === null ? 'no-such-trigger' : true
  asked.ask({ type: 'fire-trigger', stage, trigger: 0, params: {} }, expected)
}

/** Runners and the server: only of the attempt that is theirs, and once. */
function askSystem(asked: Asked): void {
  const { run } = asked
  asked.askTwice({ type: 'admit' }, run.phase === 'waiting' && run.queuedAt !== null ? true : 'stale')
  const due = dueEffects(run)
  for (const { index: node, kind } of run.plan.nodes) {
    if (kind !== 'task') continue
    const { status, fence, attempt } = taskAt(run, node)
    const isOffered = due.some((effect) => effect.type === 'offer-attempt' && effect.node === node)
    const leased: Taken = isOffered && run.pausedAt === null ? true : 'stale'
    asked.askTwice({ type: 'lease-attempt', node, attempt, runner: 'r1' }, leased)
    asked.ask({ type: 'lease-attempt', node, attempt: attempt - 1, runner: 'r1' }, 'stale')
    const reported: Taken = run.phase === 'live' && status === 'running' ? true : 'stale'
    const lose = { type: 'lose-attempt', node, fence, reason: '' } as const
    const report = { type: 'report-attempt', node, fence, result: { kind: 'succeeded', outputs: null } } as const
    for (const command of [lose, report]) {
      asked.askTwice(command, reported)
      asked.ask({ ...command, fence: fence - 1 }, 'stale')
      asked.ask({ ...command, fence: fence + 1 }, 'stale')
    }
  }
}

/** Every armed timer is looked at when it is due and not before; whose time stands still, is not. */
function askTime(asked: Asked): void {
  const { run } = asked
  for (const effect of dueEffects(run)) {
    if (effect.type !== 'arm-timer') continue
    const { node, at } = effect
    const look = { type: 'check-deadline', node } as const
    if (at - 1 >= run.updatedAt) asked.ask(look, 'stale', at - 1)
    asked.ask(look, goesOn(run, node) ? true : 'stale', Math.max(at, run.updatedAt))
  }
  for (const node of [null, ...run.plan.nodes.keys()])
    if (deadlineOf(run, node) === null) asked.ask({ type: 'check-deadline', node }, 'stale')
}

/** While a run is paused, or a node, what is at work goes on, and its time; the time of all else does not. */
function goesOn(run: Run, node: number | null): boolean {
  if (run.cancelling !== null && node === null) return true
  if (node === null || run.plan.nodes[node]?.kind === 'stage') return run.pausedAt === null && run.cancelling === null
  return taskAt(run, node).status !== 'queued' || (run.pausedAt === null && !standsStill(run, node))
}

function deadlineOf(run: Run, node: number | null): Instant | null {
  if (node === null) return run.cancelling === null ? run.deadlineAt : run.cancelling.deadline
  return run.plan.nodes[node]?.kind === 'stage' ? stageAt(run, node).deadlineAt : taskAt(run, node).deadlineAt
}
