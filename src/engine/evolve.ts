import type { Actor, LogEntry, RunEvent } from '../model/event.ts'
import { failureStatus } from '../model/failure.ts'
import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'
import { anew, arrive, attemptsOf, begin, nextAttempt, place, release, takeUp, type Draft } from './draft.ts'
import { isToTakeBack, releaseBack, waitInOrder } from './rollback.ts'
import {
  countTasks,
  createdRun,
  freshStage,
  freshTask,
  isAhead,
  keptRetries,
  openTasks,
  pendingCounts,
  stageAt,
  stagePlan,
  taskAt,
  taskPlan,
  workAt,
  type Fired,
  type NodeState,
  type Run,
  type TaskState,
} from './run.ts'
import { Table } from './table.ts'

/** Folds one event into a run. It decides nothing: what an event means does not depend on today's rules. */
export function evolve(before: Run, event: RunEvent, at: Instant, actor: Actor): Run {
  const run: Draft = { ...before, seq: before.seq + 1, updatedAt: at }
  switch (event.type) {
    case 'RunCreated':
      throw new TypeError(`run ${run.id} is created twice`)
    case 'TriggerFired':
      fire(run, event, at)
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
      reopen(run)
      // One that never began is where it was made: it begins when it is started, or its turn comes.
      if (run.startedAt === null) run.phase = 'waiting'
      else run.deadlineAt = deadlineFrom(at, run.plan.definition.timeoutMs)
      return run
    case 'RunEnded':
      endPause(run, at)
      run.phase = 'ended'
      run.outcome = event.status
      run.queuedAt = null
      run.endedAt = at
      run.deadlineAt = null
      run.rollback = null
      return run
    case 'StageWaiting':
      run.nodes = run.nodes.with(event.node, { ...stageAt(run, event.node), status: 'waiting' })
      run.waiting = [...run.waiting, event.node]
      return run
    case 'StageRetried':
      retryStage(run, event.node)
      return run
    case 'RollbackStarted':
      rollBack(run, event.node)
      return run
    case 'StageStarted':
      startStage(run, event.node, at)
      return run
    case 'StageEnded': {
      const stage = stageAt(run, event.node)
      run.nodes = run.nodes.with(event.node, { ...stage, status: event.status, endedAt: at, deadlineAt: null })
      run.open = run.open.filter(({ index }) => index !== event.node)
      run.waiting = run.waiting.filter((index) => index !== event.node)
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
        ...nextAttempt(run, event.node, event.attempt),
        status: 'queued',
        queuedAt: at,
        startedAt: null,
        deadlineAt: event.deadline,
      })
      return run
    case 'TaskWithdrawn': {
      const task = taskAt(run, event.node)
      place(run, event.node, {
        ...task,
        status: 'pending',
        attempt: task.attempt - 1,
        queuedAt: null,
        deadlineAt: null,
      })
      return run
    }
    case 'AttemptStarted':
      startAttempt(run, event, at)
      return run
    case 'NodePassed':
      pass(run, event, at)
      return run
    case 'NodePaused':
      place(run, event.node, { ...taskAt(run, event.node), pausedAt: at })
      return run
    case 'NodeResumed': {
      const task = taskAt(run, event.node)
      place(run, event.node, { ...task, pausedAt: null, withheld: false })
      if (task.withheld) release(run, event.node)
      return run
    }
    case 'DeadlineMoved':
      place(run, event.node, moveDeadline(taskAt(run, event.node), event.deadline))
      return run
    case 'ChildStarted':
      place(run, event.node, { ...taskAt(run, event.node), childRun: event.child })
      return run
    case 'StopRequested': {
      const task = taskAt(run, event.node)
      place(run, event.node, { ...task, stopping: event.failure, deadlineAt: event.deadline })
      return run
    }
    case 'AttemptSucceeded': {
      const task = taskAt(run, event.node)
      const withheld = task.pausedAt !== null
      place(run, event.node, {
        ...task,
        status: task.rollingBack ? 'rolled_back' : 'succeeded',
        withheld,
        endedAt: at,
        deadlineAt: null,
        stopping: null,
        failure: null,
        policy: null,
        ...madeIn(task, event.outputs),
      })
      if (task.rollingBack) releaseBack(run, event.node)
      else if (!withheld) release(run, event.node)
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
        ...nextAttempt(run, event.node, event.attempt),
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
      retry(run, event)
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

function fire(run: Draft, event: Extract<RunEvent, { type: 'TriggerFired' }>, at: Instant): void {
  const fired: Fired = { at, params: event.params }
  if (event.stage === undefined) {
    run.triggers = run.triggers.with(event.trigger, fired)
    return
  }
  const stage = stageAt(run, event.stage)
  run.nodes = run.nodes.with(event.stage, { ...stage, triggers: stage.triggers.with(event.trigger, fired) })
}

/** Back to the first node; what was tried before is remembered. */
function restart(run: Draft, pass: number): void {
  const nodes = run.plan.nodes.map((node): NodeState => {
    if (node.kind === 'task') return { ...anew(run, node.index), inputs: null, given: null, pausedAt: null }
    return { ...freshStage(node), excluded: stageAt(run, node.index).excluded }
  })
  run.nodes = Table.from(nodes)
  run.pass = pass
  run.begun = false
  run.counts = pendingCounts(run.plan)
  run.open = []
  run.waiting = []
}

/** This stage and the rows after it as they were before they began. A person asked for it, so it begins in a failing run, too. */
function retryStage(run: Draft, index: number): void {
  const { plan } = run
  const { row } = stagePlan(plan, index)
  const stages = [index, ...plan.stages.filter((stage) => stagePlan(plan, stage).row > row)]
  run.open = run.open.filter((open) => !stages.includes(open.index))
  run.waiting = run.waiting.filter((stage) => !stages.includes(stage))
  for (const stage of stages) {
    const state = stagePlan(plan, stage)
    for (const task of state.tasks) place(run, task, { ...anew(run, task), asked: stage === index })
    run.nodes = run.nodes.with(stage, { ...freshStage(state), excluded: stageAt(run, stage).excluded })
  }
}

/** What has a way back and had begun is taken back, the last first; the rest stays as it is. */
function rollBack(run: Draft, index: number): void {
  reopen(run)
  resume(run, run.updatedAt)
  run.waiting = []
  run.rollback = index
  const { tasks } = stagePlan(run.plan, index)
  for (const task of tasks) {
    if (!isToTakeBack(run, task)) continue
    const { outputs } = taskAt(run, task)
    // A node that was paused is not when it is taken back: nothing would be done, and the stage be called rolled back.
    const fresh = { ...anew(run, task), pausedAt: null, withheld: false }
    place(run, task, { ...fresh, outputs, rollingBack: true, asked: true })
  }
  waitInOrder(run, index)
  run.nodes = run.nodes.with(index, { ...stageAt(run, index), status: 'rolling_back', endedAt: null, timedOut: false })
  run.open = [{ index, counts: countTasks(tasks.map((task) => taskAt(run, task))) }]
}

function reopen(run: Draft): void {
  run.phase = 'live'
  run.reopened = true
  run.outcome = null
  run.endedAt = null
  run.cancelling = null
}

/** The clocks of the run, its stages and what is queued stood still; attempts that ran went on. */
function resume(run: Draft, at: Instant): void {
  if (run.pausedAt === null) return
  const pauseMs = at - run.pausedAt
  const later = (deadlineAt: Instant | null): Instant | null => (deadlineAt === null ? null : deadlineAt + pauseMs)
  for (const { index } of run.open) {
    const stage = stageAt(run, index)
    run.nodes = run.nodes.with(index, { ...stage, deadlineAt: later(stage.deadlineAt) })
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

function startAttempt(run: Draft, event: Extract<RunEvent, { type: 'AttemptStarted' }>, at: Instant): void {
  const { flow } = taskPlan(run.plan, event.node)
  const isSubflow = workAt(run, event.node).kind === 'subflow'
  // Changed in place: a second copy would cost what the rest of a step does.
  const next = nextAttempt(run, event.node, event.attempt)
  next.status = isSubflow ? 'open' : 'running'
  next.startedAt = at
  next.deadlineAt = event.deadline
  next.runner = event.runner
  next.fence = run.seq
  begin(run, event.node, next)
  if (isSubflow && flow !== null && flow.inner !== null) arrive(run, flow.inner)
}

/** A person's choice ends the attempt that had failed; otherwise passing is an attempt of its own. */
function pass(run: Draft, event: Extract<RunEvent, { type: 'NodePassed' }>, at: Instant): void {
  const task = taskAt(run, event.node)
  const over = { endedAt: at, deadlineAt: null, taken: event.edges, policy: null } as const
  if (event.by === undefined) {
    const next = nextAttempt(run, event.node, task.attempt + 1)
    begin(run, event.node, { ...next, ...over, status: 'succeeded', startedAt: at, fence: run.seq })
  } else {
    const skipped = { because: 'operator', reason: event.by.reason } as const
    place(run, event.node, { ...task, ...over, status: 'skipped', skipped, asked: false })
    takeUp(run, taskPlan(run.plan, event.node).stage)
  }
  release(run, event.node, event.edges)
}

const moveDeadline = (task: TaskState, deadline: Instant): TaskState => ({
  ...task,
  deadlineAt: deadline,
  retryAt: task.retryAt === null ? null : deadline,
})

function skip(run: Draft, event: Extract<RunEvent, { type: 'NodeSkipped' }>, at: Instant): void {
  const why = { because: event.because, reason: event.reason }
  const over = { status: 'skipped', skipped: why, endedAt: at } as const
  const node = run.plan.nodes[event.node]
  if (node?.kind === 'task') {
    const task = taskAt(run, event.node)
    const passed: TaskState = {
      ...task,
      ...over,
      policy: null,
      deadlineAt: null,
      retryAt: null,
      // The one that it waited for is not made.
      retries: Math.max(0, task.retries - Number(task.retryAt !== null)),
      pausedAt: null,
      withheld: false,
      asked: false,
    }
    place(run, event.node, passed)
    if (!isAhead(passed)) release(run, event.node)
    takeUp(run, node.stage)
    return
  }
  for (const task of stagePlan(run.plan, event.node).tasks) {
    const state = taskAt(run, task)
    if (state.status === 'pending') place(run, task, { ...state, ...over })
  }
  run.nodes = run.nodes.with(event.node, { ...stageAt(run, event.node), ...over })
  run.waiting = run.waiting.filter((index) => index !== event.node)
}

function fail(run: Draft, event: Extract<RunEvent, { type: 'AttemptFailed' }>, at: Instant): void {
  const task = taskAt(run, event.node)
  const { failure, next } = event
  const failed: TaskState = { ...task, endedAt: at, stopping: null, failure, ...madeIn(task, event.outputs) }
  // A person wants it to stand still: what comes after it waits for that person.
  const withheld = task.pausedAt !== null
  if (next.do === 'retry') {
    const retries = task.retries + (next.counted ? 1 : 0)
    place(run, event.node, { ...failed, status: 'queued', retryAt: next.at, deadlineAt: next.at, retries })
    return
  }
  if (next.do === 'skip') {
    const skipped = { because: 'timeout', reason: 'its time ran out' } as const
    place(run, event.node, { ...failed, status: 'skipped', skipped, withheld, retryAt: null, deadlineAt: null })
    if (!withheld) release(run, event.node)
    return
  }
  const status = failureStatus[failure.kind]
  const back = status === 'errored' ? 'rollback_errored' : 'rollback_failed'
  place(run, event.node, {
    ...failed,
    status: task.rollingBack ? back : status,
    policy: next.do,
    withheld: withheld && next.do === 'continue',
    pausedAt: next.do === 'continue' ? task.pausedAt : null,
    retryAt: null,
    deadlineAt: next.do === 'hold' ? next.until : null,
  })
  if (task.rollingBack) releaseBack(run, event.node)
  else if (next.do === 'continue' && !withheld) release(run, event.node)
}

function startStage(run: Draft, index: number, at: Instant): void {
  const stage = stageAt(run, index)
  const { tasks, spec, flow } = stagePlan(run.plan, index)
  run.waiting = run.waiting.filter((waiting) => waiting !== index)
  run.nodes = run.nodes.with(index, {
    ...stage,
    status: 'running',
    startedAt: stage.startedAt ?? at,
    endedAt: null,
    deadlineAt: deadlineFrom(at, spec.timeoutMs),
    timedOut: false,
  })
  run.open = [...run.open, { index, counts: countTasks(tasks.map((task) => taskAt(run, task))) }]
  if (flow !== null && taskAt(run, flow.start).loop === 0) arrive(run, flow.start)
}

/** Who ends without a word of outputs leaves what was made before. */
const madeIn = ({ attempt, outputs, madeBy }: TaskState, made: TaskState['outputs'] | null) =>
  made === null ? { outputs, madeBy } : { outputs: made, madeBy: attempt }

/** Back to pending, with its attempts remembered. */
function retry(run: Draft, event: Extract<RunEvent, { type: 'NodeRetried' }>): void {
  const index = event.node
  const state = taskAt(run, index)
  const { attempt, unmet, loop, innerLoop, outerAttempt, loopAt, excluded, pausedAt } = state
  const plan = taskPlan(run.plan, index)
  const { flow, stage } = plan
  place(run, index, {
    ...freshTask(plan),
    unmet,
    loop,
    innerLoop,
    outerAttempt,
    loopAt,
    excluded,
    pausedAt,
    attempt,
    takenUpAt: attempt,
    retries: keptRetries(run, state),
    earlier: attemptsOf(run, index, state),
    inputs: event.inputs ?? state.inputs,
    given: event.inputs === undefined ? state.given : (event.given ?? null),
    // In a flow it stays readable until the node has made something else, as when it is come back to.
    ...(flow === null ? {} : { outputs: state.outputs, madeBy: state.madeBy }),
    asked: true,
  })
  takeUp(run, stage)
}
