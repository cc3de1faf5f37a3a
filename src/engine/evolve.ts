import type { Actor, LogEntry, RunEvent } from '../model/event.ts'
import { failureStatus } from '../model/failure.ts'
import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'
import type { AttemptView } from '../model/view.ts'
import {
  createdRun,
  freshStage,
  freshTask,
  pendingCounts,
  slotOf,
  stageAt,
  stagePlan,
  taskAt,
  taskPlan,
  type Counts,
  type Run,
  type Slot,
  type StageState,
  type TaskState,
} from './run.ts'

/** Folds one event into a run. It decides nothing: what an event means does not depend on today's rules. */
export function evolve(before: Run, event: RunEvent, at: Instant, actor: Actor): Run {
  const run: Run = { ...before, seq: before.seq + 1, updatedAt: at }
  switch (event.type) {
    case 'RunCreated':
      throw new TypeError(`run ${run.id} is created twice`)
    case 'TriggerFired':
      return {
        ...run,
        triggers: run.triggers.map((trigger, index) =>
          index === event.trigger ? { at, params: event.params } : trigger,
        ),
      }
    case 'ParamsChanged':
      return { ...run, params: event.params }
    case 'RunStarted':
      return { ...run, phase: 'live', startedAt: at, deadlineAt: deadlineFrom(at, run.plan.definition.timeoutMs) }
    case 'RunPaused':
      return { ...run, pausedAt: at }
    case 'RunResumed':
      return resumed(run, at)
    case 'CancelRequested':
      return {
        ...run,
        cancelling: { as: event.as, at, by: actor, reason: event.reason, deadline: event.deadline },
      }
    case 'RunRestarted':
      return restarted(run, event.pass)
    case 'RunReopened':
      return {
        ...run,
        phase: 'live',
        outcome: null,
        endedAt: null,
        cancelling: null,
        deadlineAt: deadlineFrom(at, run.plan.definition.timeoutMs),
      }
    case 'RunEnded':
      return { ...unpaused(run, at), phase: 'ended', outcome: event.status, endedAt: at, deadlineAt: null }
    case 'StageStarted':
      return opened(run, event.node, {
        startedAt: stageAt(run, event.node).startedAt ?? at,
        deadlineAt: deadlineFrom(at, stagePlan(run.plan, event.node).spec.timeoutMs),
      })
    case 'StageEnded':
      return {
        ...withStage(run, event.node, { status: event.status, endedAt: at, deadlineAt: null }),
        open: run.open.filter((stage) => stage !== event.node),
      }
    case 'StageTimedOut':
      return withStage(run, event.node, { timedOut: true, deadlineAt: null })
    case 'NodeSkipped':
      return skipped(run, event, at)
    case 'TaskQueued':
      return withTask(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'queued',
        queuedAt: at,
        startedAt: null,
        deadlineAt: event.deadline,
      })
    case 'TaskWithdrawn':
      return withTask(run, event.node, {
        status: 'pending',
        attempt: taskAt(run, event.node).takenUpAt,
        queuedAt: null,
        deadlineAt: null,
      })
    case 'AttemptStarted':
      return begun(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'running',
        startedAt: at,
        deadlineAt: event.deadline,
        runner: event.runner,
        fence: run.seq,
      })
    case 'StopRequested':
      return withTask(run, event.node, { stopping: event.failure, deadlineAt: event.deadline })
    case 'AttemptSucceeded':
      return released(
        withTask(run, event.node, {
          status: 'succeeded',
          endedAt: at,
          deadlineAt: null,
          stopping: null,
          failure: null,
          policy: null,
          ...(event.outputs === null ? undefined : { outputs: event.outputs }),
        }),
        event.node,
      )
    case 'AttemptFailed':
      return failed(run, event, at)
    case 'AttemptCancelled':
      return withTask(run, event.node, {
        status: 'cancelled',
        endedAt: at,
        deadlineAt: null,
        retryAt: null,
        stopping: null,
      })
    case 'HoldExpired':
      return withTask(run, event.node, {
        status: 'timed_out',
        policy: 'stop',
        deadlineAt: null,
      })
    case 'ReviewOpened':
      return begun(run, event.node, {
        ...nextAttempt(taskAt(run, event.node), event.attempt),
        status: 'reviewing',
        startedAt: at,
        deadlineAt: event.deadline,
        decisions: [],
        fence: run.seq,
      })
    case 'ReviewDecided':
      return withTask(run, event.node, {
        decisions: [
          ...taskAt(run, event.node).decisions,
          { by: event.by, decision: event.decision, comment: event.comment, at },
        ],
      })
    case 'NodeRetried':
      return retried(run, event.node)
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
function restarted(run: Run, pass: number): Run {
  let nodes = run.nodes
  for (const node of run.plan.nodes) {
    if (node.kind === 'stage') {
      nodes = nodes.with(node.index, freshStage(node))
      continue
    }
    const state = taskAt(run, node.index)
    nodes = nodes.with(node.index, {
      ...freshTask(node.needs.length),
      attempt: state.attempt,
      takenUpAt: state.attempt,
      earlier: attemptsOf(state),
    })
  }
  return { ...run, pass, begun: false, counts: pendingCounts(run.plan), open: [], nodes }
}

/** The clocks of the run, its stages and what is queued stood still; attempts that ran went on. */
function resumed(run: Run, at: Instant): Run {
  const pauseMs = run.pausedAt === null ? 0 : at - run.pausedAt
  let nodes = run.nodes
  for (const index of run.open) {
    const stage = stageAt(run, index)
    if (stage.deadlineAt !== null) nodes = nodes.with(index, { ...stage, deadlineAt: stage.deadlineAt + pauseMs })
    for (const task of stagePlan(run.plan, index).tasks) {
      const state = taskAt(run, task)
      if (state.status !== 'queued' || state.deadlineAt === null || state.retryAt !== null) continue
      nodes = nodes.with(task, { ...state, deadlineAt: state.deadlineAt + pauseMs })
    }
  }
  return { ...unpaused(run, at), nodes, deadlineAt: run.deadlineAt === null ? null : run.deadlineAt + pauseMs }
}

const unpaused = (run: Run, at: Instant): Run =>
  run.pausedAt === null ? run : { ...run, pausedAt: null, pausedMs: run.pausedMs + at - run.pausedAt }

function withStage(run: Run, index: number, change: Partial<StageState>): Run {
  return { ...run, nodes: run.nodes.with(index, { ...stageAt(run, index), ...change }) }
}

/** Changes a task and moves it in the counts of its stage and of the run. */
function withTask(run: Run, index: number, change: Partial<TaskState>): Run {
  const before = taskAt(run, index)
  const after: TaskState = { ...before, ...change }
  const [from, to] = [slotOf(before), slotOf(after)]
  const nodes = run.nodes.with(index, after)
  if (from === to) return { ...run, nodes }
  const stage = taskPlan(run.plan, index).stage
  const stageState = stageAt(run, stage)
  return {
    ...run,
    nodes: nodes.with(stage, { ...stageState, counts: moved(stageState.counts, from, to) }),
    counts: moved(run.counts, from, to),
  }
}

function moved(counts: Counts, from: Slot, to: Slot): Counts {
  const after: Record<Slot, number> = { ...counts }
  after[from] -= 1
  after[to] += 1
  return after
}

function begun(run: Run, index: number, change: Partial<TaskState>): Run {
  const stage = taskPlan(run.plan, index).stage
  const changed = withTask(run, index, change)
  const marked = stageAt(changed, stage).begun ? changed : withStage(changed, stage, { begun: true })
  return marked.begun ? marked : { ...marked, begun: true }
}

/** A task is over in a way that lets the tasks behind it go on. */
function released(run: Run, index: number): Run {
  let nodes = run.nodes
  for (const dependent of taskPlan(run.plan, index).dependents) {
    const state = nodes.at(dependent) as TaskState
    nodes = nodes.with(dependent, { ...state, unmet: state.unmet - 1 })
  }
  return nodes === run.nodes ? run : { ...run, nodes }
}

function skipped(run: Run, event: Extract<RunEvent, { type: 'NodeSkipped' }>, at: Instant): Run {
  const why = { because: event.because, reason: event.reason }
  const node = run.plan.nodes[event.node]
  if (node?.kind === 'task') {
    const change = {
      status: 'skipped',
      skipped: why,
      endedAt: at,
      deadlineAt: null,
      retryAt: null,
      asked: false,
    } as const
    const after = released(withTask(run, event.node, change), event.node)
    return event.because === 'operator' ? takenUp(after, node.stage) : after
  }
  let after = withStage(run, event.node, { status: 'skipped', skipped: why, endedAt: at })
  for (const task of stagePlan(run.plan, event.node).tasks) {
    if (taskAt(after, task).status === 'pending')
      after = withTask(after, task, { status: 'skipped', skipped: why, endedAt: at })
  }
  return after
}

function failed(run: Run, event: Extract<RunEvent, { type: 'AttemptFailed' }>, at: Instant): Run {
  const common = {
    endedAt: at,
    stopping: null,
    failure: event.failure,
    ...(event.outputs === null ? undefined : { outputs: event.outputs }),
  }
  const { next } = event
  if (next.do === 'retry') {
    return withTask(run, event.node, {
      ...common,
      status: 'queued',
      retryAt: next.at,
      deadlineAt: next.at,
      retries: taskAt(run, event.node).retries + (next.counted ? 1 : 0),
    })
  }
  const after = withTask(run, event.node, {
    ...common,
    status: failureStatus[event.failure.kind],
    policy: next.do,
    retryAt: null,
    deadlineAt: next.do === 'hold' ? next.until : null,
  })
  return next.do === 'continue' ? released(after, event.node) : after
}

/** What a new attempt begins with; the one before it goes to the earlier ones. */
function nextAttempt(state: TaskState, attempt: number): Partial<TaskState> {
  const fresh = {
    attempt,
    retryAt: null,
    endedAt: null,
    stopping: null,
    failure: null,
    policy: null,
    runner: null,
  }
  return attempt === state.attempt ? fresh : { ...fresh, earlier: attemptsOf(state) }
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

function opened(run: Run, index: number, change: Partial<StageState>): Run {
  const after = withStage(run, index, { status: 'running', endedAt: null, timedOut: false, asked: false, ...change })
  return { ...after, open: [...run.open, index] }
}

/** Back to pending, with its attempts remembered. */
function retried(run: Run, index: number): Run {
  const state = taskAt(run, index)
  const { attempt } = state
  const kept = { attempt, takenUpAt: attempt, earlier: attemptsOf(state), asked: true }
  return takenUp(withTask(run, index, { ...freshTask(state.unmet), ...kept }), taskPlan(run.plan, index).stage)
}

/** Something in a stage was retried or skipped by a person: if it has ended, it waits for its turn again. */
function takenUp(run: Run, index: number): Run {
  const { status } = stageAt(run, index)
  if (status === 'pending' || status === 'running') return run
  return withStage(run, index, { status: 'pending', endedAt: null, asked: true })
}
