import {
  openTasks as openTasksOf,
  stagePlan,
  slotOf,
  stageAt,
  taskAt,
  taskPlan,
  workAt,
  type Run,
  type TaskState,
} from '../../engine/run.ts'
import { allowedOnNode } from '../../engine/admits.ts'
import { approvalsNeeded } from '../../engine/deadline.ts'
import { runStatus } from '../../engine/status.ts'
import { isAwaited } from '../../model/definition.ts'
import { failureSentence } from '../../model/failure.ts'
import { nodeId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import { formatDuration, type DurationMs } from '../../model/time.ts'
import type { Explanation } from '../app.ts'
import { roomOf, type Turn } from './concurrency.ts'
import type { Standing } from '../dispatch/dispatcher.ts'
import type { Silence } from '../dispatch/runner.ts'

/** What the runners have to do with it. */
interface Runners {
  readonly now: Instant
  /** Where a queued task stands. */
  readonly standing: (node: number) => Standing
  /** Of the runner with this name; null: it is well. */
  readonly silence: (name: string) => Silence | null
}

/**
 * Why the run and each of its open nodes is where it is, in one sentence each, and what would change that.
 * The first entry is the run's.
 */
export function explain(
  run: Run,
  webhooks: readonly { readonly id: string; readonly name: string }[],
  runners: Runners,
  turn?: Turn,
): readonly Explanation[] {
  const nodes =
    run.phase === 'live' ? openTasks(run).map((index) => explainTask(run, index, runners)) : failedTasks(run)
  return [explainRun(run, webhooks, nodes, turn), ...nodes, ...aheadWithoutRunner(run, nodes, runners)]
}

/** How many are told: the first says what is missing. */
const AHEAD_MAX = 20

/** Of what is still to come, what no runner that is there could do: told before the run has come so far. */
function aheadWithoutRunner(run: Run, told: readonly Explanation[], { standing }: Runners): readonly Explanation[] {
  if (run.phase === 'ended') return []
  const known = new Set(told.filter(({ code }) => code === 'no-runner-with-labels').map(({ node }) => node?.id))
  const lacking = new Map<string, boolean>()
  const ahead: Explanation[] = []
  for (const node of run.plan.nodes) {
    if (node.kind !== 'task' || node.spec.work.kind !== 'runner' || node.spec.labels.length === 0) continue
    if (taskAt(run, node.index).status !== 'pending') continue
    const labels = node.spec.labels.join(', ')
    const isLacking = lacking.get(labels) ?? !standing(node.index).capable
    lacking.set(labels, isLacking)
    const name = named(run, node.index)
    if (!isLacking || known.has(name?.id)) continue
    ahead.push({
      node: name,
      ...plain,
      code: 'no-runner-with-labels',
      sentence: `When it is its turn, no runner can do this: needs ${labels}`,
      since: run.updatedAt,
      unblocks: ['a runner with these labels'],
    })
    if (ahead.length === AHEAD_MAX) break
  }
  return ahead
}

type Reason = Omit<Explanation, 'node'>

const plain = { unblocks: [] as readonly string[], position: null, deadline: null }

function explainRun(
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
const urgencyOf = ({ priority }: Run): string => (priority === 'normal' ? '' : ` (${priority} priority)`)

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

function openTasks(run: Run): readonly number[] {
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

function failedTasks(run: Run): readonly Explanation[] {
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
const mending = (run: Run, index: number): readonly string[] =>
  allowedOnNode(run, index).filter((action) => action === 'retry' || action === 'skip' || action === 'choose')

function explainTask(run: Run, index: number, runners: Runners): Explanation {
  return { node: named(run, index), ...taskReason(run, index, runners) }
}

function taskReason(run: Run, index: number, runners: Runners): Reason {
  const state = taskAt(run, index)
  const work = workAt(run, index)
  const deadline = state.deadlineAt
  if (slotOf(state) === 'paused') {
    const since = state.pausedAt ?? run.updatedAt
    return { ...plain, code: 'paused', sentence: 'Paused by a person', since, unblocks: ['resume'] }
  }
  switch (state.status) {
    case 'queued':
      return queuedReason(run, index, state, runners)
    case 'running':
      if (work.kind === 'callback') {
        const since = state.startedAt ?? run.updatedAt
        const sentence = 'Waiting for a callback'
        return { ...plain, code: 'waiting-for-callback', sentence, since, unblocks: ['callback', 'fail'], deadline }
      }
      if (work.kind === 'run') {
        const child = state.childRun
        const sentence =
          child === null ? `Starting a run of ${work.pipeline}` : `Waiting for run ${child}, which it started`
        const since = state.startedAt ?? run.updatedAt
        return {
          ...plain,
          code: 'running',
          sentence,
          since,
          unblocks: child === null ? [] : [`the end of run ${child}`],
          deadline,
        }
      }
      if (work.kind === 'sleep')
        return { ...plain, code: 'sleeping', sentence: 'Sleeping', since: state.startedAt ?? run.updatedAt, deadline }
      return runningReason(run, state, runners)
    case 'reviewing':
      return reviewReason(run, index, state)
    case 'failed':
    case 'errored':
    case 'timed_out': {
      const why = state.failure === null ? 'failed' : failureSentence(state.failure)
      return {
        ...plain,
        code: 'held-after-failure',
        sentence: `Held after it failed: ${why}`,
        since: state.endedAt ?? run.updatedAt,
        unblocks: [...mending(run, index), 'cancel'],
        deadline,
      }
    }
    case 'pending':
    case 'open':
    case 'skipped':
    case 'succeeded':
    case 'cancelled':
    case 'rolled_back':
    case 'rollback_failed':
    case 'rollback_errored':
      return neededReason(run, index)
  }
}

function runningReason(run: Run, { runner, startedAt, deadlineAt }: TaskState, { silence, now }: Runners): Reason {
  const reason = { ...plain, code: 'running', since: startedAt ?? run.updatedAt, deadline: deadlineAt } as const
  if (runner === null) return { ...reason, sentence: 'Running' }
  const silent = silence(runner)
  if (silent === null) return { ...reason, sentence: `Running on ${runner}` }
  const [past, left] = [seconds(now - silent.since), seconds(silent.lostAt - now)]
  return {
    ...reason,
    sentence: `Running on ${runner}; its runner has been silent for ${past}, lost in ${left}`,
    unblocks: [`a word of runner ${runner}`],
  }
}

const seconds = (durationMs: DurationMs): string => formatDuration(Math.max(0, Math.round(durationMs / 1_000)) * 1_000)

function queuedReason(run: Run, index: number, state: TaskState, { standing, silence, now }: Runners): Reason {
  const { labels } = taskPlan(run.plan, index).spec
  const since = state.queuedAt ?? run.updatedAt
  if (state.retryAt !== null) {
    const why = state.failure === null ? '' : ` after: ${failureSentence(state.failure)}`
    return {
      ...plain,
      code: 'waiting-for-retry',
      sentence: `Waiting to be tried again${why}`,
      since,
      deadline: state.retryAt,
    }
  }
  const { position, capable, only, pinned, hindrance } = standing(index)
  if (!capable) {
    const wanted = labels.length === 0 ? 'no runner is connected' : `no runner can do this: needs ${labels.join(', ')}`
    return {
      ...plain,
      code: 'no-runner-with-labels',
      sentence: capital(wanted),
      since,
      unblocks: ['a runner with these labels', 'skip', 'cancel'],
      deadline: state.deadlineAt,
    }
  }
  const place = position === null ? '' : `, number ${position} in the queue${urgencyOf(run)}`
  const reason = { code: 'waiting-for-runner', since, position, deadline: state.deadlineAt } as const
  const silent = only === null ? null : silence(only)
  if (only !== null && hindrance === 'paused') {
    const sentence = `Waiting for runner ${only}, which is paused${place}`
    return { ...reason, sentence, unblocks: [`resuming runner ${only}`] }
  }
  if (only !== null && silent !== null) {
    const [past, left] = [seconds(now - silent.since), seconds(silent.lostAt - now)]
    const sentence = `Waiting for runner ${only}, which has been silent for ${past} and is lost in ${left}${place}`
    return { ...reason, sentence, unblocks: [`a word of runner ${only}`] }
  }
  if (hindrance !== null) {
    const what = hindrance === 'paused' ? 'those that could do it are paused' : 'nothing is heard of those that could'
    return { ...reason, sentence: `Waiting for a runner: ${what}${place}`, unblocks: ['a runner that is there'] }
  }
  const who = only !== null && pinned ? `runner ${only}, which has the workspace of this run` : 'a free runner'
  return { ...reason, sentence: `Waiting for ${who}${place}`, unblocks: ['a free runner'] }
}

function reviewReason(run: Run, index: number, state: TaskState): Reason {
  const { work } = taskPlan(run.plan, index).spec
  if (work.kind !== 'review') throw new TypeError(`node ${index} is reviewing, but its work is ${work.kind}`)
  const needed = approvalsNeeded(work)
  const decided = state.decisions.map(({ by }) => by)
  const left = work.reviewers.filter((reviewer) => !decided.includes(reviewer))
  const who =
    work.reviewers.length === 0
      ? 'anyone who may operate the project'
      : left.join(needed - decided.length === left.length ? ' and ' : ' or ')
  const sentence = `Waiting for review by ${who} (${decided.length} of ${needed} approval${needed === 1 ? '' : 's'})`
  return {
    ...plain,
    code: 'waiting-for-review',
    sentence,
    since: state.startedAt ?? run.updatedAt,
    unblocks: ['approve', 'reject'],
    deadline: state.deadlineAt,
  }
}

function neededReason(run: Run, index: number): Reason {
  const { needs } = taskPlan(run.plan, index)
  const waits = needs.filter((need) => {
    const state = taskAt(run, need)
    return slotOf(state) !== 'done'
  })
  const names = waits.map((need) => taskPlan(run.plan, need).spec.name)
  const sentence = names.length === 0 ? 'Waiting for the run to go on' : `Waiting for ${names.join(', ')}`
  return { ...plain, code: 'waiting-for-needs', sentence, since: run.updatedAt, unblocks: names }
}

function named(run: Run, index: number): NonNullable<Explanation['node']> {
  const { key, name } = taskPlan(run.plan, index).spec
  return { id: nodeId(run.id, index), key, name }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
