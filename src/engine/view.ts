import { type EdgeSpec, isAwaited, type Triggers } from '../model/definition.ts'
import { attemptVersion, nodeId } from '../model/id.ts'
import type { Instant } from '../model/time.ts'
import type {
  Attention,
  ParamView,
  ProjectView,
  ReviewView,
  RunSummary,
  RunView,
  StageView,
  TaskView,
  TriggersView,
} from '../model/view.ts'
import { allowedOnNode, allowedOnRun, takenBack } from './admits.ts'
import { approvalsNeeded } from './deadline.ts'
import { textOf, variableOf } from './render.ts'
import {
  countTasks,
  openTasks,
  slotOf,
  stageAt,
  stagePlan,
  standsStill,
  taskAt,
  taskPlan,
  workAt,
  type Counts,
  type Fired,
  type NodeState,
  type Run,
  type TaskState,
} from './run.ts'
import { pausedNow, runStatus, stageStatus, taskStatus } from './status.ts'

const SYSTEM_PARAMS: Readonly<Record<string, string>> = {
  SYS_TIMESTAMP: 'When the run was made, to a tenth of a millisecond, in UTC+8',
  SYS_INCREMENT: 'Number of the run',
}

/** The index row of a run. */
export function summaryOf(run: Run): RunSummary {
  return {
    id: run.id,
    number: run.number,
    serial: run.serial,
    projectId: run.projectId,
    pipelineId: run.pipelineId,
    pipelineName: run.name,
    version: run.version,
    status: runStatus(run),
    seq: run.seq,
    cause: { kind: run.cause.kind, by: run.cause.by },
    needsPerson: needsPerson(run),
    annotations: run.annotations,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    updatedAt: run.updatedAt,
  }
}

/** Whether a person must do something before it can go on. Kept cheap: it is asked after every transition. */
export function needsPerson(run: Run): boolean {
  if (run.phase === 'waiting') return run.queuedAt === null && (run.cause.trusted === false || !waitsForTriggers(run))
  return run.phase === 'live' && (run.counts.reviewing + run.counts.held + pausedNow(run) > 0 || run.pausedAt !== null)
}

/** A run of a pipeline that only schedules and upstreams start waits for a person. */
const waitsForTriggers = ({ plan }: Run): boolean => plan.definition.triggers?.list.some(isAwaited) ?? false

/** What readers see of a run; built only when somebody reads. */
export function viewOf(run: Run, project: ProjectView, pipeline: RunView['pipeline']): RunView {
  const inner = countsInside(run)
  const stages = run.plan.stages.map((stage) => stageView(run, stage, inner))
  return {
    id: run.id,
    number: run.number,
    serial: run.serial,
    seq: run.seq,
    project,
    pipeline,
    definition: run.plan.definition,
    status: runStatus(run),
    cause: run.cause,
    params: paramViews(run),
    variables: variablesView(run),
    outputs: runOutputs(run),
    annotations: run.annotations,
    priority: run.priority,
    parent: run.parent === null ? null : { runId: run.parent.runId, node: nodeId(run.parent.runId, run.parent.node) },
    triggers: triggersView(run.plan.definition.triggers, run.triggers),
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    updatedAt: run.updatedAt,
    pausedMs: run.pausedMs,
    pausedAt: run.pausedAt,
    cancelling: run.phase === 'live' ? run.cancelling : null,
    cancelledBy: run.cancelling?.by ?? null,
    pass: run.pass,
    stages,
    failure: firstFailure(run),
    attention: attention(run),
    allowed: allowedOnRun(run),
  }
}

/** What is in each sub-flow that has begun, those inside of it too. */
function countsInside(run: Run): ReadonlyMap<number, Counts> {
  const inside = new Map<number, TaskState[]>()
  for (const { index, kind } of run.plan.nodes) {
    if (kind !== 'task') continue
    let around = taskPlan(run.plan, index).flow?.parent ?? null
    for (; around !== null; around = taskPlan(run.plan, around).flow?.parent ?? null) {
      const tasks = inside.get(around)
      if (tasks === undefined) inside.set(around, [taskAt(run, index)])
      else tasks.push(taskAt(run, index))
    }
  }
  return new Map([...inside].map(([index, tasks]) => [index, countTasks(tasks)]))
}

function stageView(run: Run, index: number, inner: ReadonlyMap<number, Counts>): StageView {
  const { spec, tasks } = stagePlan(run.plan, index)
  const state = stageAt(run, index)
  const setting = settingOf(run, index)
  return {
    kind: 'stage',
    id: nodeId(run.id, index),
    index,
    key: spec.key,
    name: spec.name,
    description: spec.description,
    status: stageStatus(run, index),
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    skipped: state.skipped,
    annotations: spec.annotations,
    always: spec.always,
    parallel: spec.parallel,
    triggers: triggersView(spec.triggers, state.triggers),
    tasks: tasks.map((task) => taskView(run, task, inner.get(task), setting)),
    flow: flowView(run, index),
    allowed: allowedOnNode(run, index),
  }
}

/** Each edge as a view has it, taken or not: made once for all views. */
const edgeViews = new WeakMap<EdgeSpec, readonly [EdgeView, EdgeView]>()
type EdgeView = NonNullable<StageView['flow']>['edges'][number]

function edgeView(edge: EdgeSpec, taken: boolean): EdgeView {
  let views = edgeViews.get(edge)
  if (views === undefined) {
    views = [
      { ...edge, taken: false },
      { ...edge, taken: true },
    ]
    edgeViews.set(edge, views)
  }
  return views[taken ? 1 : 0]
}

/** An edge was taken when its gateway chose it last, or when what it comes out of is over. */
function flowView(run: Run, index: number): StageView['flow'] {
  const { spec, tasks } = stagePlan(run.plan, index)
  if (spec.flow === null) return null
  const taken = new Uint8Array(spec.flow.edges.length)
  for (const task of tasks) {
    const state = taskAt(run, task)
    if (slotOf(state) !== 'done') continue
    if (state.taken !== null) for (const edge of state.taken) taken[edge] = 1
    else for (const { edge } of taskPlan(run.plan, task).flow?.out ?? []) taken[edge] = 1
  }
  return { edges: spec.flow.edges.map((edge, place) => edgeView(edge, taken[place] === 1)) }
}

/** What views of tasks say besides the tasks' own states: while nothing of this changes, neither do they. */
interface Setting {
  readonly id: Run['id']
  readonly phase: Run['phase']
  readonly outcome: Run['outcome']
  readonly cancelling: boolean
  readonly paused: boolean
  readonly rollback: number | null
  /** The first stage of which something was taken back. */
  readonly takenBack: number | undefined
}
const isSame = (one: Setting, other: Setting): boolean =>
  one.id === other.id &&
  one.phase === other.phase &&
  one.outcome === other.outcome &&
  one.cancelling === other.cancelling &&
  one.paused === other.paused &&
  one.rollback === other.rollback &&
  one.takenBack === other.takenBack

/** By the state of the stage that the tasks are in, so that what is the same is one object. */
const settings = new WeakMap<NodeState, Setting>()

function settingOf(run: Run, stage: number): Setting {
  const state = stageAt(run, stage)
  const setting: Setting = {
    id: run.id,
    phase: run.phase,
    outcome: run.outcome,
    cancelling: run.cancelling !== null,
    paused: run.pausedAt !== null,
    rollback: run.rollback,
    takenBack: run.phase === 'ended' ? takenBack(run) : undefined,
  }
  const kept = settings.get(state)
  if (kept !== undefined && isSame(kept, setting)) return kept
  settings.set(state, setting)
  return setting
}

interface KeptView {
  readonly index: number
  readonly setting: Setting
  readonly still: boolean
  readonly view: TaskView
}
/** A smaller run is as quickly shown anew, and what is kept costs the collector of garbage more than that. */
const KEEP_FROM_NODES = 200

/** Views of tasks, by what they are of: of a run of 10,000 nodes only those that changed are made anew. */
const taskViews = new WeakMap<TaskState, KeptView>()

function taskView(run: Run, index: number, inner: Counts | undefined, setting: Setting): TaskView {
  if (run.plan.nodes.length < KEEP_FROM_NODES) return makeTaskView(run, index, inner)
  const state = taskAt(run, index)
  // A sub-flow shows what is in it, a review asks a text with values of the run.
  if (state.status === 'open' || taskPlan(run.plan, index).spec.work.kind === 'review')
    return makeTaskView(run, index, inner)
  const still = standsStill(run, index)
  const kept = taskViews.get(state)
  if (kept !== undefined && kept.setting === setting && kept.still === still && kept.index === index) return kept.view
  const view = makeTaskView(run, index, inner)
  taskViews.set(state, { index, setting, still, view })
  return view
}

function makeTaskView(run: Run, index: number, inner: Counts | undefined): TaskView {
  const { spec, flow } = taskPlan(run.plan, index)
  const state = taskAt(run, index)
  return {
    kind: 'task',
    id: nodeId(run.id, index),
    index,
    key: spec.key,
    name: spec.name,
    description: spec.description,
    status: taskStatus(run, index, inner),
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    skipped: state.skipped,
    annotations: spec.annotations,
    role: spec.role,
    work: spec.work,
    needs: spec.needs,
    parent: spec.parent,
    skippable: spec.skippable,
    retryable: spec.retryable,
    optional: spec.optional,
    loop: flow === null ? Number(state.attempt > 0 || state.status === 'skipped') : state.loop,
    version: attemptVersion(run.id, index, state.attempt),
    paused: state.pausedAt !== null,
    inputs: state.inputs,
    childRun: state.childRun,
    labels: spec.labels,
    attempt: state.attempt,
    retry: Math.max(0, state.attempt - state.loopAt - 1),
    queuedAt: state.queuedAt,
    retryAt: state.retryAt,
    deadlineAt: state.deadlineAt,
    runner: state.runner,
    failure: state.failure,
    ignored: state.policy === 'continue',
    held: slotOf(state) === 'held' && run.phase === 'live',
    outputs: state.outputs,
    review: reviewView(run, index),
    earlier: state.earlier,
    allowed: allowedOnNode(run, index),
  }
}

function reviewView(run: Run, index: number): ReviewView | null {
  const { work } = taskPlan(run.plan, index).spec
  if (work.kind !== 'review') return null
  return {
    question: textOf(run, index, work.question),
    reviewers: work.reviewers,
    required: approvalsNeeded(work),
    decisions: taskAt(run, index).decisions,
  }
}

function paramViews(run: Run): readonly ParamView[] {
  const specs = new Map(run.plan.definition.params.map((param) => [param.name, param.description]))
  return Object.entries(run.params).map(([name, value]) => ({
    name,
    value,
    description: specs.get(name) ?? SYSTEM_PARAMS[name] ?? '',
    system: !specs.has(name),
  }))
}

function variablesView(run: Run): RunView['variables'] {
  const { variables } = run.plan.definition
  return Object.fromEntries(
    variables.flatMap(({ name, scope }) => (scope === null ? [[name, variableOf(run, name, null) ?? null]] : [])),
  )
}

/** What a run has made so far. */
export function runOutputs(run: Run): RunView['outputs'] {
  return Object.fromEntries(
    run.plan.definition.outputs.map((name) => [name, variableOf(run, name, null) ?? run.params[name] ?? null]),
  )
}

function triggersView(triggers: Triggers | null, fired: readonly Fired[]): TriggersView | null {
  if (triggers === null) return null
  return {
    operator: triggers.operator,
    list: triggers.list.map((trigger, index) => ({
      kind: trigger.kind,
      name: trigger.name,
      firedAt: fired[index]?.at ?? null,
      params: fired[index]?.params ?? {},
    })),
  }
}

function firstFailure(run: Run): RunView['failure'] {
  let first: { readonly index: number; readonly at: Instant } | null = null
  for (const node of run.plan.nodes) {
    if (node.kind !== 'task') continue
    const { failure, policy, endedAt } = taskAt(run, node.index)
    if (failure === null || policy === null || policy === 'continue' || endedAt === null) continue
    if (first === null || endedAt < first.at) first = { index: node.index, at: endedAt }
  }
  if (first === null) return null
  const { failure } = taskAt(run, first.index)
  return failure === null
    ? null
    : { node: nodeId(run.id, first.index), nodeName: taskPlan(run.plan, first.index).spec.name, failure }
}

function attention(run: Run): readonly Attention[] {
  if (run.phase === 'waiting') return needsPerson(run) ? [{ kind: 'start', since: run.createdAt }] : []
  if (run.phase === 'ended' || run.cancelling !== null) return []
  const found: Attention[] = run.pausedAt === null ? [] : [{ kind: 'paused', since: run.pausedAt }]
  for (const stage of run.waiting) {
    const { name } = stagePlan(run.plan, stage).spec
    found.push({ kind: 'trigger', node: nodeId(run.id, stage), nodeName: name, since: run.updatedAt })
  }
  const { reviewing, held, paused, running } = run.counts
  if (reviewing + held + paused + running === 0) return found
  for (const index of openTasks(run)) {
    const one = attentionOf(run, index)
    if (one !== null) found.push(one)
  }
  return found
}

function attentionOf(run: Run, index: number): Attention | null {
  const state = taskAt(run, index)
  const { name } = taskPlan(run.plan, index).spec
  const work = workAt(run, index)
  const node = { node: nodeId(run.id, index), nodeName: name }
  const slot = slotOf(state)
  if (slot === 'paused') return { kind: 'paused-node', ...node, since: state.pausedAt ?? run.createdAt }
  if (slot === 'held') return { kind: 'held', ...node, since: state.endedAt ?? run.createdAt, until: state.deadlineAt }
  const since = state.startedAt ?? run.createdAt
  if (state.status === 'reviewing' && work.kind === 'review') {
    return { kind: 'review', ...node, since, reviewers: work.reviewers }
  }
  return state.status === 'running' && work.kind === 'callback' ? { kind: 'callback', ...node, since } : null
}
