import type { NodeStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import { attemptVersion } from '../../model/id.ts'
import type { AttemptView, RunView, StageView, TaskView } from '../../model/view.ts'
import { eventId, executionVersion, versionAfter } from './ids.ts'
import { goneKeys } from './task-tree.ts'
import { nodeState, runState, type OwnState } from './status.ts'
import { TYPE_ANNOTATION, UNSEEN } from './tree/to-definition.ts'
import { GATEWAY_TYPES, type GatewayType } from './tree/web-tree.ts'
import type { ClassKey } from './wire.ts'

/** A task or one of its nodes as both engines see it; present.ts writes it as either. Only what was entered is here. */
export interface Shown {
  readonly id: string
  readonly kind: ClassKey
  /** What people called it; empty for events and gateways. */
  readonly title: string
  readonly own: OwnState
  readonly retry: number
  readonly skip: boolean
  /** Passed over after its failure. */
  readonly ignored: boolean
  readonly loop: number
  /** 32 hex. */
  readonly version: string
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly children: readonly Shown[]
  /** null: an event that is made up, or the task itself. */
  readonly task: TaskView | null
}

/** undefined: nobody has started it. */
export function shownRun(run: RunView, title: string): Shown | undefined {
  const head = shownHead(run, title)
  return head === undefined || run.startedAt === null ? head : { ...head, children: shownRoot(run) }
}

/** As {@link shownRun}, without what is in it. */
export function shownHead(run: RunView, title: string): Shown | undefined {
  const own = ownState(run)
  if (run.startedAt === null && own === 'CREATED') return undefined
  return {
    id: run.id,
    kind: 'pipeline',
    title,
    own,
    retry: 0,
    skip: false,
    ignored: false,
    loop: 1,
    version: executionVersion(run.id, 1, 1),
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    children: [],
    task: null,
  }
}

/** A cancel that is under way is one: what stops meanwhile is still RUNNING. */
function ownState(run: RunView): OwnState {
  if (run.endedAt === null && run.cancelling !== null) return 'REVOKED'
  if (run.endedAt === null && run.pausedAt !== null) return 'SUSPENDED'
  // A stage waits for its triggers, or a node that somebody paused is all that is left.
  const waits = run.status === 'waiting' && run.startedAt !== null
  return waits || run.status === 'paused' ? 'RUNNING' : runState[run.status]
}

/**
 * A flow has its own nodes; the tasks of a single stage stand right below the root, as in the seed; each of several
 * stages is a sub-process.
 */
function shownRoot(run: RunView): readonly Shown[] {
  const [only, ...more] = run.stages
  if (only !== undefined && more.length === 0) return stageNodes(run, only, -1)
  return bracket(
    run,
    -1,
    run,
    run.stages.flatMap((stage) => shownStage(run, stage) ?? []),
  )
}

function stageNodes(run: RunView, stage: StageView, container: number): readonly Shown[] {
  if (stage.flow !== null) return flowNodes(run, stage, null, goneKeys(run))
  const span = container === -1 ? run : stage
  return bracket(
    run,
    container,
    span,
    stage.tasks.flatMap((task) => shownTask(run, task) ?? []),
  )
}

function shownStage(run: RunView, stage: StageView): Shown | undefined {
  const own = nodeState[stage.status]
  if (own === null || isExcluded(stage) || (stage.startedAt === null && stage.skipped === null)) return undefined
  return {
    id: stage.id,
    kind: 'subProcess',
    title: stage.name,
    own: own === 'SUSPENDED' ? 'RUNNING' : own,
    retry: 0,
    skip: stage.skipped !== null,
    ignored: false,
    loop: run.pass,
    version: executionVersion(stage.id, run.pass, 1),
    startedAt: stage.startedAt ?? stage.endedAt,
    endedAt: stage.endedAt,
    children: stage.startedAt === null ? [] : stageNodes(run, stage, stage.index),
    task: null,
  }
}

const isExcluded = ({ skipped }: Pick<TaskView, 'skipped'>): boolean => skipped?.because === 'excluded'

function flowNodes(run: RunView, stage: StageView, parent: string | null, gone: ReadonlySet<string>): readonly Shown[] {
  return stage.tasks.flatMap((task) => {
    if (task.parent !== parent || gone.has(task.key)) return []
    const shown = shownTask(run, task)
    if (shown === undefined) return []
    return [task.work.kind === 'subflow' ? { ...shown, children: flowNodes(run, stage, task.key, gone) } : shown]
  })
}

export function shownTask(run: RunView, task: TaskView): Shown | undefined {
  const own = taskState(task)
  if (own === null) return undefined
  const { skipped } = task
  // Before it is begun again by a loop it is what the one before was.
  const last = task.status === 'pending' ? task.earlier.at(-1) : undefined
  const span = last ?? task
  if (own === 'READY') return { ...readyTask(run, task), title: isTitled(task) ? task.name : '' }
  return {
    id: task.id,
    kind: kindOf(task),
    title: isTitled(task) ? task.name : '',
    own,
    retry: Math.max(0, last === undefined ? task.retry : last.retry),
    skip: last === undefined ? skipped !== null : last.skipped,
    ignored: task.ignored || (last !== undefined && wasPassedOver(task, last)),
    // A pass that was refused is none.
    loop: Math.max(1, (last?.loop ?? task.loop) - Number(task.failure?.kind === 'loop-limit')),
    version: versionOf(run, task, last, own),
    // What was skipped before it began starts and ends in that moment.
    startedAt:
      own === 'SUSPENDED' && task.work.kind !== 'subflow' && task.startedAt === null
        ? null
        : (span.startedAt ?? task.queuedAt ?? task.endedAt),
    endedAt: span.endedAt,
    children: [],
    task,
  }
}

/** What was paused ahead of time has the version already that it begins with. */
function versionOf(run: RunView, task: TaskView, last: AttemptView | undefined, own: OwnState): string {
  const begun = task.attempt > 0 && task.earlier.at(-1)?.attempt !== task.attempt
  if (own === 'SUSPENDED' && !begun && task.work.kind !== 'subflow')
    return attemptVersion(run.id, task.index, task.attempt + 1)
  return versionAfter(last?.version ?? task.version, (last ?? task).failure)
}

/** Taken up again and not begun yet: the times of what it was are gone, its count and version are the next one's. */
function readyTask(run: RunView, task: TaskView): Shown {
  return {
    id: task.id,
    kind: kindOf(task),
    title: '',
    own: 'READY',
    retry: (task.earlier.at(-1)?.retry ?? 0) + 1,
    skip: false,
    ignored: false,
    loop: Math.max(1, task.loop),
    version: attemptVersion(run.id, task.index, task.attempt + 1),
    startedAt: null,
    endedAt: null,
    children: [],
    task,
  }
}

/** A person has retried it in something that stands still. */
function isReady({ status, earlier, loop }: TaskView): boolean {
  const last = earlier.at(-1)
  return (
    status === 'pending' &&
    last !== undefined &&
    last.failure !== null &&
    !last.skipped &&
    last.loop === Math.max(1, loop)
  )
}

/** It failed in a pass before the present one, and that went on: it was ignored. */
const wasPassedOver = ({ loop }: TaskView, last: AttemptView): boolean =>
  last.loop < loop && last.failure !== null && !last.skipped

/** null: not entered. */
function taskState(task: TaskView): OwnState | null {
  if (isExcluded(task) || task.annotations[TYPE_ANNOTATION] === UNSEEN) return null
  // The flow went on as if it had succeeded: BlueKing's error_ignorable.
  if (task.ignored) return 'FINISHED'
  if (task.retryAt !== null) return 'FAILED'
  // Who paused a task of a stage ahead of time keeps it from its first pass.
  const isWithheld = task.status === 'paused' && task.work.kind !== 'subflow'
  const entered =
    task.loop > 0 || isWithheld || task.startedAt !== null || task.earlier.length > 0 || task.skipped !== null
  if (!entered) return null
  if (isReady(task)) return 'READY'
  if (task.status === 'pending') {
    const last = task.earlier.at(-1)
    if (last !== undefined && wasPassedOver(task, last)) return 'FINISHED'
    return nodeState[last?.status ?? 'pending']
  }
  // Inside of a sub-process that stands still something else has its say.
  if (task.work.kind === 'subflow' && !task.paused && (task.status === 'paused' || task.status === 'held'))
    return 'RUNNING'
  return nodeState[task.status]
}

/** Of a plugin, as against events, gateways and sub-processes. */
export const isActivity = ({ work }: TaskView): boolean => !['start', 'end', 'gateway', 'subflow'].includes(work.kind)

export function kindOf(task: TaskView): ClassKey {
  const { work } = task
  switch (work.kind) {
    case 'start':
      return 'startEvent'
    case 'end':
      return 'endEvent'
    case 'subflow':
      return 'subProcess'
    case 'gateway': {
      const type = task.annotations[TYPE_ANNOTATION]
      if (type !== undefined && Object.hasOwn(GATEWAY_TYPES, type)) return GATEWAY_TYPES[type as GatewayType]
      return work.gateway
    }
    case 'runner':
    case 'noop':
    case 'sleep':
    case 'review':
    case 'callback':
    case 'publish':
    case 'run':
      return 'activity'
  }
}

const isTitled = (task: TaskView): boolean => ['activity', 'subProcess'].includes(kindOf(task))

/** Puts the start event before and, once all went well, the end event after what a container without events holds. */
function bracket(
  run: RunView,
  container: number,
  span: { readonly status: NodeStatus; readonly startedAt: Instant | null; readonly endedAt: Instant | null },
  inner: readonly Shown[],
): readonly Shown[] {
  const start = shownEvent(run, container, 'start', span.startedAt)
  const done = nodeState[span.status] === 'FINISHED'
  return done ? [start, ...inner, shownEvent(run, container, 'end', span.endedAt)] : [start, ...inner]
}

function shownEvent(run: RunView, container: number, event: 'start' | 'end', at: Instant | null): Shown {
  const id = eventId(run.id, container, event)
  return {
    id,
    kind: event === 'start' ? 'startEvent' : 'endEvent',
    title: '',
    own: 'FINISHED',
    retry: 0,
    skip: false,
    ignored: false,
    loop: run.pass,
    version: executionVersion(id, run.pass, 1),
    startedAt: at,
    endedAt: at,
    children: [],
    task: null,
  }
}
