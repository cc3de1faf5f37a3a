import { failureSentence } from '../../model/failure.ts'
import type { NodeStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import { eventId, executionVersion } from './ids.ts'
import { nodeState, reportedState, runState } from './status.ts'
import { CLASS_NAMES, type CreatedStatus, type State, type StatusTree } from './wire.ts'

const CREATED: CreatedStatus = {
  start_time: null,
  state: 'CREATED',
  retry: 0,
  skip: 0,
  finish_time: null,
  elapsed_time: 0,
  children: {},
}

/** Writes an instant as `YYYY-MM-DD HH:MM:SS +ZZZZ`, or an unset one as the empty string. */
type WriteTime = (at: Instant | null) => string

/** `data` of get_task_status. */
export function presentStatus(run: RunView, time: WriteTime): StatusTree | CreatedStatus {
  const own = runState[run.status]
  if (own === 'CREATED') return CREATED
  const children = presentRoot(run, time)
  return {
    retry: 0,
    name: CLASS_NAMES.pipeline,
    finish_time: time(run.endedAt),
    skip: false,
    start_time: time(run.startedAt),
    children,
    state: reportedState(own, statesOf(children)),
    version: '',
    id: run.id,
    loop: 1,
  }
}

/** The node with this id, with all below it; undefined: the run has none, or it has not been entered. */
export function presentNode(run: RunView, id: string, time: WriteTime): StatusTree | undefined {
  if (runState[run.status] === 'CREATED') return undefined
  return findNode(presentRoot(run, time), id)
}

/** What went wrong, by node id: the answer to `with_ex_data`. */
export function presentFailures(run: RunView): Readonly<Record<string, string>> {
  const failures: Record<string, string> = {}
  for (const { tasks } of run.stages) {
    for (const task of tasks) {
      if (task.failure !== null && taskState(task) === 'FAILED') failures[task.id] = failureSentence(task.failure)
    }
  }
  return failures
}

/** A flow of one stage has its tasks right below the root, as in the seed; each of several stages is a sub-process. */
function presentRoot(run: RunView, time: WriteTime): Record<string, StatusTree> {
  if (run.startedAt === null) return {}
  const [only, ...more] = run.stages
  if (only !== undefined && more.length === 0) {
    return bracket(run, -1, run, presentTasks(run, only.tasks, time), time)
  }
  const stages: Record<string, StatusTree> = {}
  for (const stage of run.stages) {
    const shown = presentStage(run, stage, time)
    if (shown !== undefined) stages[stage.id] = shown
  }
  return bracket(run, -1, run, stages, time)
}

function presentStage(run: RunView, stage: StageView, time: WriteTime): StatusTree | undefined {
  const own = nodeState[stage.status]
  if (own === null || (stage.startedAt === null && stage.skipped === null)) return undefined
  const children =
    stage.startedAt === null ? {} : bracket(run, stage.index, stage, presentTasks(run, stage.tasks, time), time)
  return {
    retry: 0,
    name: CLASS_NAMES.subProcess,
    finish_time: time(stage.endedAt),
    skip: stage.skipped !== null,
    start_time: time(stage.startedAt ?? stage.endedAt),
    children,
    state: reportedState(own, statesOf(children)),
    version: executionVersion(stage.id, run.pass, 1),
    id: stage.id,
    loop: run.pass,
  }
}

function presentTasks(run: RunView, tasks: readonly TaskView[], time: WriteTime): Record<string, StatusTree> {
  const shown: Record<string, StatusTree> = {}
  for (const task of tasks) {
    const state = taskState(task)
    if (state === null) continue
    shown[task.id] = {
      retry: Math.max(0, task.attempt - 1),
      name: CLASS_NAMES.activity,
      finish_time: time(task.endedAt),
      skip: task.skipped !== null,
      // What was skipped before it began starts and ends in that moment.
      start_time: time(task.startedAt ?? task.endedAt),
      children: {},
      state,
      version: executionVersion(task.id, run.pass, Math.max(1, task.attempt)),
      id: task.id,
      loop: run.pass,
    }
  }
  return shown
}

/** null: not entered. */
function taskState(task: TaskView): State | null {
  // The flow went on as if it had succeeded: BlueKing's error_ignorable.
  if (task.ignored) return 'FINISHED'
  const own = nodeState[task.status]
  const entered = task.startedAt !== null || task.earlier.length > 0 || task.skipped !== null
  return own === null || !entered ? null : reportedState(own, [])
}

/** Puts the start event before and, once all went well, the end event after what a container holds. */
function bracket(
  run: RunView,
  container: number,
  span: { readonly status: NodeStatus; readonly startedAt: Instant | null; readonly endedAt: Instant | null },
  inner: Record<string, StatusTree>,
  time: WriteTime,
): Record<string, StatusTree> {
  const start = presentEvent(run, container, 'start', span.startedAt, time)
  const children: Record<string, StatusTree> = { [start.id]: start, ...inner }
  if (nodeState[span.status] === 'FINISHED') {
    const end = presentEvent(run, container, 'end', span.endedAt, time)
    children[end.id] = end
  }
  return children
}

function presentEvent(
  run: RunView,
  container: number,
  event: 'start' | 'end',
  at: Instant | null,
  time: WriteTime,
): StatusTree {
  const id = eventId(run.id, container, event)
  return {
    retry: 0,
    name: event === 'start' ? CLASS_NAMES.startEvent : CLASS_NAMES.endEvent,
    finish_time: time(at),
    skip: false,
    start_time: time(at),
    children: {},
    state: 'FINISHED',
    version: executionVersion(id, run.pass, 1),
    id,
    loop: run.pass,
  }
}

const statesOf = (children: Readonly<Record<string, StatusTree>>): State[] =>
  Object.values(children).map(({ state }) => state)

function findNode(children: Readonly<Record<string, StatusTree>>, id: string): StatusTree | undefined {
  if (Object.hasOwn(children, id)) return children[id]
  for (const child of Object.values(children)) {
    const found = findNode(child.children, id)
    if (found !== undefined) return found
  }
  return undefined
}
