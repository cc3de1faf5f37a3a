import { allowedOnNode } from '../../engine/admits.ts'
import {
  openTasks as openTasksOf,
  type Run,
  slotOf,
  stageAt,
  stagePlan,
  taskAt,
  taskPlan,
  type TaskState,
} from '../../engine/run.ts'
import { runStatus } from '../../engine/status.ts'
import { isAwaited } from '../../model/definition.ts'
import { failureSentence } from '../../model/failure.ts'
import type { Instant } from '../../model/time.ts'
import type { Explanation } from '../app.ts'
import { roomOf, type Turn } from './concurrency.ts'
import { capital, named, plain, type Reason } from './reason.ts'

export function explainRun(
  run: Run,
  webhooks: readonly { readonly id: string; readonly name: string }[],
  nodes: readonly Explanation[],
  turn: Turn | undefined,
): Explanation {
  // The reason may be a node's; the entry stays the run's.
  return { ...runReason(run, webhooks, nodes, turn), node: null }
}

function runReason(
  run: Run,
  webhooks: readonly { readonly id: string; readonly name: string }[],
  nodes: readonly Explanation[],
  turn: Turn | undefined,
): Reason {
  if (run.queuedAt !== null) return turnReason(run, run.queuedAt, turn)
  if (run.phase === 'waiting') return waitingReason(run, webhooks)
  if (run.phase === 'ended') return endedReason(run, nodes)
  if (run.cancelling !== null) {
    const { at, by, reason, deadline } = run.cancelling
    // Without a deadline it is the gentle one.
    const rest = deadline === null ? 'what runs ends by itself' : 'what still runs is being stopped'
    const sentence = `Being cancelled by ${by.name} (${reason}); ${rest}`
    const firmer = deadline === null ? 'cancel stops it, with force at once' : 'cancel with force ends it now'
    return { ...plain, code: 'cancelling', sentence, since: at, unblocks: [firmer], deadline }
  }
  if (run.pausedAt !== null) {
    return {
      ...plain,
      code: 'paused',
      sentence: 'Paused: what runs ends, nothing new begins',
      since: run.pausedAt,
      unblocks: ['resume'],
    }
  }
  const [stage] = run.waiting
  if (stage !== undefined && nodes.length === 0) return stageReason(run, stage)
  const [first] = nodes.toSorted((left, right) => URGENCY.indexOf(left.code) - URGENCY.indexOf(right.code))
  if (first === undefined) return { ...plain, code: 'running', sentence: 'Running', since: run.updatedAt }
  // What only waits for others has not begun.
  const others = nodes.filter((node) => node !== first && node.code !== 'waiting-for-needs').length
  const more = others === 0 ? '' : `, and ${others} more under way`
  return { ...first, sentence: `${first.node?.name ?? ''}: ${first.sentence}${more}` }
}

/** What a person must know first comes first. */
const URGENCY: readonly Explanation['code'][] = [
  'held-after-failure',
  'waiting-for-review',
  'waiting-for-callback',
  'paused',
  'no-runner-with-labels',
  'running',
  'sleeping',
  'waiting-for-runner',
  'waiting-for-retry',
  'waiting-for-needs',
]

function turnReason(run: Run, since: Instant, turn: Turn | undefined): Reason {
  const reason = { ...plain, code: 'waiting-for-turn', since } as const
  if (turn === undefined) return { ...reason, sentence: 'About to begin' }
  const { position, concurrency, running } = turn
  return {
    ...reason,
    sentence: `Waiting for its turn, number ${position} in the queue${urgencyOf(run)}: there is room for ${roomOf(concurrency)}, and ${running} under way`,
    unblocks: ['the end of a run that is under way', 'cancel'],
    position,
  }
}

/** Said where it makes a difference to others. */
export const urgencyOf = ({ priority }: Run): string => (priority === 'normal' ? '' : ` (${priority} priority)`)

/** Its next stage waits: nothing else is left to do until its triggers have fired, or a person starts it. */
function stageReason(run: Run, stage: number): Reason {
  const { name, triggers } = stagePlan(run.plan, stage).spec
  const state = stageAt(run, stage)
  const open = (triggers?.list ?? []).filter((one, index) => isAwaited(one) && state.triggers[index] === null)
  const names = open.map((trigger) => trigger.name).join(triggers?.operator === 'and' ? ' and ' : ' or ')
  return {
    ...plain,
    code: 'waiting-for-trigger',
    sentence: `Stage ${name} is waiting for trigger ${names}`,
    since: run.updatedAt,
    unblocks: [...open.map((trigger) => `${trigger.kind} ${trigger.name}`), 'start'],
  }
}

function waitingReason(run: Run, webhooks: readonly { readonly id: string; readonly name: string }[]): Reason {
  const { triggers } = run.plan.definition
  if (run.cause.trusted === false) {
    return {
      ...plain,
      code: 'waiting-for-start',
      sentence: `Waiting for a person to look at the change and start it: ${run.cause.by} sent it from a fork`,
      since: run.createdAt,
      unblocks: ['start', 'cancel'],
    }
  }
  const open = (triggers?.list ?? []).filter((one, index) => isAwaited(one) && run.triggers[index] === null)
  if (triggers === null || open.length === 0) {
    return {
      ...plain,
      code: 'waiting-for-start',
      sentence: 'Waiting for a person to start it',
      since: run.createdAt,
      unblocks: ['start'],
    }
  }
  const names = open.map(({ name }) => name).join(triggers.operator === 'and' ? ' and ' : ' or ')
  return {
    ...plain,
    code: 'waiting-for-trigger',
    sentence: `Waiting for trigger ${names}`,
    since: run.createdAt,
    unblocks: [
      // One of an older version may have no address any more.
      ...open
        .filter(({ kind, name }) => kind !== 'webhook' || webhooks.some((webhook) => webhook.name === name))
        .map(({ kind, name }) => `${kind} ${name}`),
      'start',
    ],
  }
}

function endedReason(run: Run, nodes: readonly Explanation[]): Reason {
  const since = run.endedAt ?? run.updatedAt
  const status = runStatus(run)
  const [first] = nodes
  if (status === 'succeeded') return { ...plain, code: 'ended', sentence: 'Succeeded', since }
  if (status === 'cancelled' || first === undefined) {
    return {
      ...plain,
      code: 'ended',
      sentence: run.cancelling === null ? `Ended as ${status}` : `Ended as ${status}: ${run.cancelling.reason}`,
      since,
      unblocks: ['retry'],
    }
  }
  return {
    ...plain,
    code: 'failed',
    sentence: `${first.node?.name ?? ''}: ${first.sentence}`,
    since,
    unblocks: first.unblocks,
  }
}

export function openTasks(run: Run): readonly number[] {
  return openTasksOf(run).filter((index) => {
    const state = taskAt(run, index)
    const slot = slotOf(state)
    if (slot === 'held' || slot === 'paused') return true
    return (
      state.status === 'queued' ||
      state.status === 'running' ||
      state.status === 'reviewing' ||
      isBlocked(run, index, state)
    )
  })
}

/** Pending tasks of an open stage wait for others, or for the run to go on. */
const isBlocked = (run: Run, index: number, state: TaskState): boolean =>
  state.status === 'pending' &&
  // In a flow nobody knows yet whether a token will come.
  taskPlan(run.plan, index).flow === null &&
  stageAt(run, taskPlan(run.plan, index).stage).status === 'running'

export function failedTasks(run: Run): readonly Explanation[] {
  return run.plan.nodes.flatMap((node) => {
    if (node.kind !== 'task') return []
    const { failure, policy, endedAt } = taskAt(run, node.index)
    if (failure === null || policy === null || policy === 'continue') return []
    const sentence = capital(failureSentence(failure))
    return [
      {
        node: named(run, node.index),
        ...plain,
        code: 'failed',
        sentence,
        since: endedAt ?? run.updatedAt,
        unblocks: mending(run, node.index),
      },
    ]
  })
}

/** What a person may do about a failure: a gateway is shown its way, and a definition may rule out the one or the other. */
export const mending = (run: Run, index: number): readonly string[] =>
  allowedOnNode(run, index).filter((action) => action === 'retry' || action === 'skip' || action === 'choose')
