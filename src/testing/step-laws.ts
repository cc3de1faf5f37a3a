import { evolve } from '../engine/evolve.ts'
import { isToComeBack } from '../engine/rollback.ts'
import {
  slotOf,
  stageAt,
  stagePlan,
  standsStill,
  taskAt,
  taskPlan,
  type Run,
  type Slot,
  type TaskState,
} from '../engine/run.ts'
import type { LogEntry, RunEvent } from '../model/event.ts'
import type { Plan } from '../model/plan.ts'

/**
 * What must hold of every single event of a step, in the run that it happens to: what begins has its turn, what ends had
 * begun, and nothing that was tried is forgotten. It folds the events a second time, so the search of all states, which
 * has none to spare, does without it.
 */
export function brokenByEvents(before: Run, entries: readonly LogEntry[]): readonly string[] {
  const broken: string[] = []
  let run = before
  for (const { events, at, actor } of entries) {
    for (const event of events) {
      broken.push(...eventLaws(run, event))
      const after = evolve(run, event, at, actor)
      broken.push(...memoryLaws(run, after, event))
      run = after
    }
  }
  return broken
}

function eventLaws(run: Run, event: RunEvent): readonly string[] {
  const broken: string[] = []
  const say = (what: string): void => void broken.push(`${event.type} at ${run.seq + 1}: ${what}`)
  if ('node' in event && run.plan.nodes[event.node]?.kind === 'task') taskEventLaws(run, event.node, event, say)
  if (event.type === 'StageStarted') stageStartLaws(run, event.node, say)
  return broken
}

type Say = (what: string) => void

function taskEventLaws(run: Run, index: number, event: RunEvent, say: Say): void {
  const state = taskAt(run, index)
  const { status, attempt } = state
  const { type } = event
  const isPassed = type === 'NodePassed'
  if (type === 'TaskQueued' || type === 'ReviewOpened' || type === 'AttemptStarted') {
    const isLeased = type === 'AttemptStarted' && status === 'queued' && state.retryAt === null
    if (event.attempt !== (isLeased ? attempt : attempt + 1)) say(`attempt ${event.attempt} begins after ${attempt}`)
    beginLaws(run, index, say)
  } else if (isPassed && event.by === undefined) beginLaws(run, index, say)
  else if (type === 'AttemptSucceeded' || type === 'AttemptFailed' || type === 'AttemptCancelled') {
    if (event.attempt !== attempt) say(`attempt ${event.attempt} ends, the present one is ${attempt}`)
    if (!UNDER_WAY.has(status) && !(type === 'AttemptCancelled' && isToComeBack(state))) say(`what ends is ${status}`)
  } else if (isPassed || type === 'NodeSkipped' || type === 'NodeRetried') {
    if (UNDER_WAY.has(status) && status !== 'queued') say(`it is ${status}`)
    if (slotOf(state) === 'done') say('it was over')
  }
}

const UNDER_WAY: ReadonlySet<TaskState['status']> = new Set(['queued', 'running', 'reviewing', 'open'])

/** Nothing begins while a person does not want it to, nor before all that it rests on is over. */
function beginLaws(run: Run, index: number, say: Say): void {
  const { status, rollingBack, attempt, takenUpAt } = taskAt(run, index)
  const { stage, needs, flow } = taskPlan(run.plan, index)
  if (status !== 'pending' && status !== 'queued') say(`it is ${status}`)
  if (run.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null) say('its run does not go on')
  if (standsStill(run, index)) say('it stands still')
  if (stageAt(run, stage).status !== (rollingBack ? 'rolling_back' : 'running')) say('its stage is not under way')
  if (rollingBack) return
  const isAlways = taskPlan(run.plan, index).spec.always === true
  // What it needs may be done again once it has begun.
  if (isAlways && attempt > takenUpAt + 1) return
  const over = isAlways ? LEFT_ALONE : DONE
  for (const rest of flow === null ? allNeeds(run.plan, needs) : waysTo(run.plan, index))
    if (!over.has(slotOf(taskAt(run, rest)))) say(`task ${rest} is not over, and there is no way around it`)
  for (let parent = flow?.parent ?? null; parent !== null; parent = taskPlan(run.plan, parent).flow?.parent ?? null)
    if (taskAt(run, parent).status !== 'open') say(`it is in sub-flow ${parent}, which is not open`)
  for (const branch of branchesInto(run.plan, index)) {
    const state = taskAt(run, branch)
    if (state.loop > 0 && slotOf(state) !== 'done') say(`branches meet while ${branch} of them is ${state.status}`)
  }
}

/** A stage that does not always run begins when those of all rows before it have succeeded or were left out. */
function stageStartLaws(run: Run, index: number, say: Say): void {
  const { row, spec } = stagePlan(run.plan, index)
  if (run.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null || run.rollback !== null)
    say('its run does not go on')
  if (spec.always || stageAt(run, index).startedAt !== null) return
  for (const before of run.plan.rows.slice(0, row).flat()) {
    const { status } = stageAt(run, before)
    if (status !== 'succeeded' && status !== 'skipped') say(`stage ${before} before it is ${status}`)
  }
}

/** What was kept of attempts stays as it is, and the one that was the present one is kept when there is another. */
function memoryLaws(run: Run, next: Run, event: RunEvent): readonly string[] {
  const broken: string[] = []
  for (const { kind, index } of run.plan.nodes) {
    if (kind !== 'task' || run.nodes.at(index) === next.nodes.at(index)) continue
    const [before, after] = [taskAt(run, index), taskAt(next, index)]
    const say = (what: string): void => void broken.push(`${event.type} at ${next.seq}: task ${index} ${what}`)
    if (before.earlier.some((one, place) => after.earlier[place] !== one)) say('forgets an attempt')
    const isWithdrawn = before.status === 'queued' && after.attempt === before.attempt - 1
    if ((after.attempt < before.attempt && !isWithdrawn) || after.attempt > before.attempt + 1)
      say(`goes from attempt ${before.attempt} to ${after.attempt}`)
    const kept = after.earlier.some(({ attempt }) => attempt === before.attempt)
    if (before.attempt > 0 && after.attempt > before.attempt && !kept) say(`forgets attempt ${before.attempt}`)
    if (after.loop > before.loop && UNDER_WAY.has(before.status)) say('is come back to while it is under way')
  }
  return broken
}

const DONE: ReadonlySet<Slot> = new Set(['done'])
/** What is neither at work nor waits for anybody. */
const LEFT_ALONE: ReadonlySet<Slot> = new Set(['done', 'pending', 'failed', 'errored', 'timed_out', 'cancelled'])

/** What a task needs, and what that needs, up to what always runs: that has gone on whatever was before it. */
function allNeeds(plan: Plan, needs: readonly number[]): ReadonlySet<number> {
  const found = new Set(needs)
  for (const need of found) {
    const { spec, needs: others } = taskPlan(plan, need)
    if (spec.always !== true) for (const other of others) found.add(other)
  }
  return found
}

const ways = new WeakMap<Plan, Map<number, readonly number[]>>()

/** Nodes of a flow over which every token has come that comes to this one. */
function waysTo(plan: Plan, index: number): readonly number[] {
  const known = ways.get(plan) ?? new Map<number, readonly number[]>()
  ways.set(plan, known)
  let found = known.get(index)
  if (found === undefined) known.set(index, (found = findWaysTo(plan, index)))
  return found
}

function findWaysTo(plan: Plan, index: number): readonly number[] {
  const { stage, flow } = taskPlan(plan, index)
  const parent = flow?.parent ?? null
  const beside = stagePlan(plan, stage).tasks.filter((task) => (taskPlan(plan, task).flow?.parent ?? null) === parent)
  const start = beside.find((task) => taskPlan(plan, task).spec.work.kind === 'start')
  if (start === undefined) throw new TypeError(`no start beside node ${index}`)
  const here = beside.filter((task) => task !== index && !reachable(plan, [start], task).has(index))
  return parent === null ? here : [...here, ...waysTo(plan, parent)]
}

/** What a token comes to from here, without going over this node. */
function reachable(plan: Plan, from: readonly number[], without: number): ReadonlySet<number> {
  const found = new Set(from.filter((task) => task !== without))
  for (const task of found) for (const { to } of taskPlan(plan, task).flow?.out ?? []) if (to !== without) found.add(to)
  return found
}

/** Where branches meet: all that is in them. */
function branchesInto(plan: Plan, index: number): Iterable<number> {
  const { stage, spec } = taskPlan(plan, index)
  if (spec.work.kind !== 'gateway' || spec.work.gateway !== 'converge') return []
  const fork = stagePlan(plan, stage).tasks.find((task) => {
    const { spec: other, flow } = taskPlan(plan, task)
    return other.work.kind === 'gateway' && flow?.inner === index
  })
  if (fork === undefined) throw new TypeError(`no gateway of which branches meet in ${index}`)
  const out = taskPlan(plan, fork).flow?.out.map(({ to }) => to) ?? []
  return reachable(plan, out, index)
}
