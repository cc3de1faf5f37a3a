import { isAwaited, type FlowSpec, type Triggers } from '../model/definition.ts'
import type { Failure } from '../model/failure.ts'
import { nodeId } from '../model/id.ts'
import type { Instant } from '../model/time.ts'
import type {
  Attention,
  ParamView,
  ProjectView,
  RunSummary,
  RunView,
  StageView,
  TaskView,
  TriggersView,
} from '../model/view.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { flowView } from './edge-views.ts'
import { variableOf } from './render.ts'
import { slotOf, stageAt, stagePlan, taskAt, taskPlan, workAt, type Fired, type Run } from './run.ts'
import { pausedNow, runStatus, stageStatus } from './status.ts'
import { taskParts, type Part } from './task-views.ts'

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

/** A smaller run is as quickly shown anew, and what is kept costs the collector of garbage more than that. */
const KEEP_FROM_NODES = 200

/**
 * What readers see of a run. Of a run of {@link keepFrom} nodes or more, parts in which nothing has changed are kept from
 * one view to the next.
 */
export function viewOf(
  run: Run,
  project: ProjectView,
  pipeline: RunView['pipeline'],
  keepFrom = KEEP_FROM_NODES,
): RunView {
  return withTree(run, keepFrom, {
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
    reopened: run.reopened,
    allowed: allowedOnRun(run),
  })
}

/** What of a view takes a look at every node. */
type Tree = Pick<RunView, 'stages' | 'failure' | 'attention'>

function treeOf(run: Run, keepFrom: number): Tree {
  const parts = taskParts(run, keepFrom)
  return {
    stages: run.plan.stages.map((stage) => stageView(run, stage, parts.get(stage) ?? [])),
    failure: firstFailure(run, parts.values()),
    attention: attention(run, parts),
  }
}

/** A tree that is made when somebody reads it. A run is never changed in place, so it is the same whenever that is. */
class LateTree {
  readonly #run: Run
  readonly #keepFrom: number
  #tree: Tree | undefined

  constructor(run: Run, keepFrom: number) {
    this.#run = run
    this.#keepFrom = keepFrom
  }

  static of(view: LateTree): Tree {
    return (view.#tree ??= treeOf(view.#run, view.#keepFrom))
  }
}

/** The same for all views, so that V8 takes them as alike. */
const LATE: PropertyDescriptorMap & ThisType<LateTree> = {
  stages: {
    enumerable: true,
    get() {
      return LateTree.of(this).stages
    },
  },
  failure: {
    enumerable: true,
    get() {
      return LateTree.of(this).failure
    },
  },
  attention: {
    enumerable: true,
    get() {
      return LateTree.of(this).attention
    },
  },
}

/** Who starts, pauses or cancels a run seldom looks at its tree. It is the view's own all the same, and goes with a copy. */
const withTree = (run: Run, keepFrom: number, rest: Omit<RunView, keyof Tree>): RunView =>
  Object.defineProperties(Object.assign(new LateTree(run, keepFrom), rest), LATE) as LateTree & RunView

/** What others are put behind: of 10,000, `flat` takes some ms. */
const NO_TASKS: readonly TaskView[] = []

function stageView(run: Run, index: number, parts: readonly Part[]): StageView {
  const { spec } = stagePlan(run.plan, index)
  const state = stageAt(run, index)
  const views = parts.map((part) => part.views)
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
    excluded: state.excluded,
    annotations: spec.annotations,
    always: spec.always,
    parallel: spec.parallel,
    triggers: triggersView(spec.triggers, state.triggers),
    tasks: NO_TASKS.concat(...views),
    parts: views,
    flow: spec.flow === null ? null : flowView(spec.flow, takenEdges(spec.flow, parts)),
    allowed: allowedOnNode(run, index),
  }
}

/** An edge was taken when its gateway chose it last, or when what it comes out of is over. */
function takenEdges({ edges }: FlowSpec, parts: readonly Part[]): Uint8Array {
  const taken = new Uint8Array(edges.length)
  for (const part of parts) for (const edge of part.taken) taken[edge] = 1
  return taken
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

function firstFailure(run: Run, parts: Iterable<readonly Part[]>): RunView['failure'] {
  let first: { readonly index: number; readonly at: Instant; readonly failure: Failure } | null = null
  for (const stage of parts) {
    for (const { failed } of stage) {
      for (const index of failed) {
        const { failure, endedAt: at } = taskAt(run, index)
        if (failure === null || at === null) continue
        if (first === null || at < first.at) first = { index, at, failure }
      }
    }
  }
  if (first === null) return null
  const { index, failure } = first
  return { node: nodeId(run.id, index), nodeName: taskPlan(run.plan, index).spec.name, failure }
}

function attention(run: Run, parts: ReadonlyMap<number, readonly Part[]>): readonly Attention[] {
  if (run.phase === 'waiting') return needsPerson(run) ? [{ kind: 'start', since: run.createdAt }] : []
  if (run.phase === 'ended' || run.cancelling !== null) return []
  const found: Attention[] = run.pausedAt === null ? [] : [{ kind: 'paused', since: run.pausedAt }]
  for (const stage of run.waiting) {
    const { name } = stagePlan(run.plan, stage).spec
    found.push({ kind: 'trigger', node: nodeId(run.id, stage), nodeName: name, since: run.updatedAt })
  }
  // No task of another stage is at work or waits for somebody.
  for (const { index: stage } of run.open) {
    for (const { waits } of parts.get(stage) ?? []) {
      for (const index of waits) {
        const one = attentionOf(run, index)
        if (one !== null) found.push(one)
      }
    }
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
