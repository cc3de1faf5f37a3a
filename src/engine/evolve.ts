import type { Actor, LogEntry, RunEvent } from '../model/event.ts'
import { failureStatus } from '../model/failure.ts'
import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'
import type { AttemptView } from '../model/view.ts'
import {
  FRESH_STAGE,
  createdRun,
  countTasks,
  freshTask,
  openTasks,
  pendingCounts,
  slotOf,
  stageAt,
  stagePlan,
  taskAt,
  taskPlan,
  type Counts,
  type NodeState,
  type Run,
  type Slot,
  type TaskState,
} from './run.ts'
import { Table } from './table.ts'

/** A copy of a run of which nobody else knows yet: it is changed in place until {@link evolve} gives it away. */
type Draft = { -readonly [Key in keyof Run]: Run[Key] }

/** Folds one event into a run. It decides nothing: what an event means does not depend on today's rules. */
export function evolve(before: Run, event: RunEvent, at: Instant, actor: Actor): Run {
  const run: Draft = { ...before, seq: before.seq + 1, updatedAt: at }
  switch (event.type) {
    case 'RunCreated':
      throw new TypeError(`run ${run.id} is created twice`)
    case 'TriggerFired':
      run.triggers = run.triggers.with(event.trigger, { at, params: event.params })
      return run
    case 'ParamsChanged':
      run.params = event.params
      return run
    case 'RunQueued':
      run.queuedAt = at
      return run
    case 'RunStarted':
      run.phase = 'live'
      run.queuedAt = null
      run.startedAt = at
      run.deadlineAt = deadlineFrom(at, run.plan.definition.timeoutMs)
      return run
    case 'RunPaused':
      run.pausedAt = at
      return run
    case 'RunResumed':
      resume(run, at)
      return run
    case 'CancelRequested':
      run.cancelling = { as: event.as, at, by: actor, reason: event.reason, deadline: event.deadline }
      return run
    case 'RunRestarted':
      restart(run, event.pass)
      return run
    case 'RunReopened':
      run.phase = 'live'
      run.outcome = null
      run.endedAt = null
      run.cancelling = null
      run.deadlineAt = deadlineFrom(at, run.plan.definition.timeoutMs)
      return run
    case 'RunEnded':
      endPause(run, at)
      run.phase = 'ended'
      run.outcome = event.status
      run.queuedAt = null
      run.endedAt = at
      run.deadlineAt = null
      return run
    case 'StageStarted':
      startStage(run, event.node, at)
      return run
    case 'StageEnded': {
      const stage = stageAt(run, event.node)
      run.nodes = run.nodes.with(event.node, { ...stage, status: event.status, endedAt: at, deadlineAt: null })
      run.open = null
      return run
    }
    case 'StageTimedOut':
      run.nodes = run.nodes.with(event.node, { ...stageAt(run, event.node), timedOut: true, deadlineAt: null })
      return run
    case 'NodeSkipped':
      skip(run, event, at)
      return run
    case 'TaskQueued':
      place(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'queued',
        queuedAt: at,
        startedAt: null,
        deadlineAt: event.deadline,
      })
      return run
    case 'TaskWithdrawn': {
      const task = taskAt(run, event.node)
      const { takenUpAt } = task
      place(run, event.node, { ...task, status: 'pending', attempt: takenUpAt, queuedAt: null, deadlineAt: null })
      return run
    }
    case 'AttemptStarted':
      begin(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'running',
        startedAt: at,
        deadlineAt: event.deadline,
        runner: event.runner,
        fence: run.seq,
      })
      return run
    case 'StopRequested': {
      const task = taskAt(run, event.node)
      place(run, event.node, { ...task, stopping: event.failure, deadlineAt: event.deadline })
      return run
    }
    case 'AttemptSucceeded': {
      const task = taskAt(run, event.node)
      place(run, event.node, {
        ...task,
        status: 'succeeded',
        endedAt: at,
        deadlineAt: null,
        stopping: null,
        failure: null,
        policy: null,
        outputs: event.outputs ?? task.outputs,
      })
      release(run, event.node)
      return run
    }
    case 'AttemptFailed':
      fail(run, event, at)
      return run
    case 'AttemptCancelled':
      place(run, event.node, {
        ...taskAt(run, event.node),
        status: 'cancelled',
        endedAt: at,
        deadlineAt: null,
        retryAt: null,
        stopping: null,
      })
      return run
    case 'HoldExpired':
      place(run, event.node, { ...taskAt(run, event.node), status: 'timed_out', policy: 'stop', deadlineAt: null })
      return run
    case 'ReviewOpened':
      begin(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'reviewing',
        startedAt: at,
        deadlineAt: event.deadline,
        decisions: [],
        fence: run.seq,
      })
      return run
    case 'ReviewDecided': {
      const task = taskAt(run, event.node)
      const decision = { by: event.by, decision: event.decision, comment: event.comment, at }
      place(run, event.node, { ...task, decisions: [...task.decisions, decision] })
      return run
    }
    case 'NodeRetried':
      retry(run, event.node)
      return run
  }
}

/** The run that a log tells of. `upTo`: only events up to this seq (`as of`). */
export function fold(id: RunId, plan: Plan, entries: readonly LogEntry[], upTo = Number.POSITIVE_INFINITY): Run {
  const [first] = entries
  const created = first?.events[0]
  if (first === undefined || created?.type !== 'RunCreated') {
    throw new TypeError(`the log of run ${id} begins with ${created?.type ?? 'nothing'}, expected RunCreated`)
  }
  return foldOnto(createdRun(id, plan, created, first.at), entries, upTo)
}

/** Adds the events that a run does not have yet. */
export function foldOnto(from: Run, entries: readonly LogEntry[], upTo = Number.POSITIVE_INFINITY): Run {
  let run = from
  for (const entry of entries) {
    let seq = entry.seq - entry.events.length
    for (const event of entry.events) {
      seq += 1
      if (seq <= run.seq || seq > upTo) continue
      if (seq !== run.seq + 1) throw new TypeError(`the log of run ${run.id} has a gap: seq ${seq} after ${run.seq}`)
      run = evolve(run, event, entry.at, entry.actor)
    }
  }
  return run
}

const deadlineFrom = (at: Instant, durationMs: number | null): Instant | null =>
  durationMs === null ? null : at + durationMs

/** Back to the first node; what was tried before is remembered, and attempts go on counting (their logs are kept). */
function restart(run: Draft, pass: number): void {
  const nodes = run.plan.nodes.map((node) => {
    if (node.kind === 'stage') return FRESH_STAGE
    const state = taskAt(run, node.index)
    const { attempt } = state
    return { ...freshTask(node.needs.length), attempt, takenUpAt: attempt, earlier: attemptsOf(state) }
  })
  run.nodes = Table.from<NodeState>(nodes)
  run.pass = pass
  run.begun = false
  run.counts = pendingCounts(run.plan)
  run.open = null
}

/** The clocks of the run, its stages and what is queued stood still; attempts that ran went on. */
function resume(run: Draft, at: Instant): void {
  const pauseMs = run.pausedAt === null ? 0 : at - run.pausedAt
  const later = (deadlineAt: Instant | null): Instant | null => (deadlineAt === null ? null : deadlineAt + pauseMs)
  if (run.open !== null) {
    const stage = stageAt(run, run.open.index)
    run.nodes = run.nodes.with(run.open.index, { ...stage, deadlineAt: later(stage.deadlineAt) })
  }
  for (const index of openTasks(run)) {
    const task = taskAt(run, index)
    if (task.status !== 'queued' || task.deadlineAt === null || task.retryAt !== null) continue
    run.nodes = run.nodes.with(index, { ...task, deadlineAt: later(task.deadlineAt) })
  }
  run.deadlineAt = later(run.deadlineAt)
  endPause(run, at)
}

function endPause(run: Draft, at: Instant): void {
  if (run.pausedAt === null) return
  run.pausedMs += at - run.pausedAt
  run.pausedAt = null
}

/** Puts a task in its place and moves it in the counts of its stage and of the run. */
function place(run: Draft, index: number, after: TaskState): void {
  const [from, to] = [slotOf(taskAt(run, index)), slotOf(after)]
  run.nodes = run.nodes.with(index, after)
  if (from === to) return
  run.counts = moved(run.counts, from, to)
  const { open } = run
  if (open?.index === taskPlan(run.plan, index).stage) run.open = { ...open, counts: moved(open.counts, from, to) }
}

function moved(counts: Counts, from: Slot, to: Slot): Counts {
  const after: Record<Slot, number> = { ...counts }
  after[from] -= 1
  after[to] += 1
  return after
}

function begin(run: Draft, index: number, after: TaskState): void {
  place(run, index, after)
  const { stage } = taskPlan(run.plan, index)
  const stageState = stageAt(run, stage)
  if (!stageState.begun) run.nodes = run.nodes.with(stage, { ...stageState, begun: true })
  run.begun = true
}

/** A task is over in a way that lets the tasks behind it go on. */
function release(run: Draft, index: number): void {
  for (const dependent of taskPlan(run.plan, index).dependents) {
    const state = taskAt(run, dependent)
    run.nodes = run.nodes.with(dependent, { ...state, unmet: state.unmet - 1 })
  }
}

function skip(run: Draft, event: Extract<RunEvent, { type: 'NodeSkipped' }>, at: Instant): void {
  const why = { because: event.because, reason: event.reason }
  const over = { status: 'skipped', skipped: why, endedAt: at } as const
  const node = run.plan.nodes[event.node]
  if (node?.kind === 'task') {
    place(run, event.node, {
      ...taskAt(run, event.node),
      ...over,
      policy: null,
      deadlineAt: null,
      retryAt: null,
      asked: false,
    })
    release(run, event.node)
    takeUp(run, node.stage)
    return
  }
  for (const task of stagePlan(run.plan, event.node).tasks) {
    const state = taskAt(run, task)
    if (state.status === 'pending') place(run, task, { ...state, ...over })
  }
  run.nodes = run.nodes.with(event.node, { ...stageAt(run, event.node), ...over })
}

function fail(run: Draft, event: Extract<RunEvent, { type: 'AttemptFailed' }>, at: Instant): void {
  const task = taskAt(run, event.node)
  const { failure, next } = event
  const failed: TaskState = { ...task, endedAt: at, stopping: null, failure, outputs: event.outputs ?? task.outputs }
  if (next.do === 'retry') {
    const retries = task.retries + (next.counted ? 1 : 0)
    place(run, event.node, { ...failed, status: 'queued', retryAt: next.at, deadlineAt: next.at, retries })
    return
  }
  place(run, event.node, {
    ...failed,
    status: failureStatus[failure.kind],
    policy: next.do,
    retryAt: null,
    deadlineAt: next.do === 'hold' ? next.until : null,
  })
  if (next.do === 'continue') release(run, event.node)
}

/** What a new attempt begins with; the one before it goes to the earlier ones. */
function nextAttempt(state: TaskState, attempt: number): TaskState {
  return {
    ...state,
    attempt,
    retryAt: null,
    endedAt: null,
    stopping: null,
    failure: null,
    policy: null,
    runner: null,
    earlier: attempt === state.attempt ? state.earlier : attemptsOf(state),
  }
}

/** All attempts so far, the present one included. */
function attemptsOf(state: TaskState): readonly AttemptView[] {
  if (state.attempt === 0 || state.earlier.at(-1)?.attempt === state.attempt) return state.earlier
  const present: AttemptView = {
    attempt: state.attempt,
    // While it waits for the next attempt the task is queued; the attempt itself has failed.
    status: state.status === 'queued' && state.failure !== null ? failureStatus[state.failure.kind] : state.status,
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    runner: state.runner,
    failure: state.failure,
  }
  return [...state.earlier, present]
}

function startStage(run: Draft, index: number, at: Instant): void {
  const stage = stageAt(run, index)
  const { tasks, spec } = stagePlan(run.plan, index)
  run.nodes = run.nodes.with(index, {
    ...stage,
    status: 'running',
    startedAt: stage.startedAt ?? at,
    endedAt: null,
    deadlineAt: deadlineFrom(at, spec.timeoutMs),
    timedOut: false,
  })
  run.open = { index, counts: countTasks(tasks.map((task) => taskAt(run, task))) }
}

/** Back to pending, with its attempts remembered. */
function retry(run: Draft, index: number): void {
  const state = taskAt(run, index)
  const { attempt } = state
  const kept = { attempt, takenUpAt: attempt, earlier: attemptsOf(state), asked: true }
  place(run, index, { ...freshTask(state.unmet), ...kept })
  takeUp(run, taskPlan(run.plan, index).stage)
}

/** Something in a stage was retried or skipped: if it has ended, it waits for its turn again. */
function takeUp(run: Draft, index: number): void {
  const stage = stageAt(run, index)
  if (stage.status !== 'running') run.nodes = run.nodes.with(index, { ...stage, status: 'pending', endedAt: null })
}
