import { isAwaited } from '../model/definition.ts'
import { nodeId } from '../model/id.ts'
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
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { approvalsNeeded } from './deadline.ts'
import { openTasks, slotOf, stageAt, stagePlan, taskAt, taskPlan, type Run } from './run.ts'
import { scopeOf } from './scope.ts'
import { runStatus, stageStatus } from './status.ts'
import { renderText } from './template.ts'

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
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    updatedAt: run.updatedAt,
  }
}

/** Whether a person must do something before it can go on. Kept cheap: it is asked after every transition. */
export function needsPerson(run: Run): boolean {
  if (run.phase === 'waiting') return run.queuedAt === null && !waitsForTriggers(run)
  return run.phase === 'live' && (run.counts.reviewing > 0 || run.counts.held > 0 || run.pausedAt !== null)
}

/** A run of a pipeline that only schedules and upstreams start waits for a person. */
const waitsForTriggers = ({ plan }: Run): boolean => plan.definition.triggers?.list.some(isAwaited) ?? false

/** What readers see of a run; built only when somebody reads. */
export function viewOf(run: Run, project: ProjectView, pipeline: RunView['pipeline']): RunView {
  const stages = run.plan.stages.map((stage) => stageView(run, stage))
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
    triggers: triggersView(run),
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    updatedAt: run.updatedAt,
    pausedMs: run.pausedMs,
    pausedAt: run.pausedAt,
    cancelling: run.phase === 'live' ? run.cancelling : null,
    pass: run.pass,
    stages,
    failure: firstFailure(run),
    attention: attention(run),
    allowed: allowedOnRun(run),
  }
}

function stageView(run: Run, index: number): StageView {
  const { spec, tasks } = stagePlan(run.plan, index)
  const state = stageAt(run, index)
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
    tasks: tasks.map((task) => taskView(run, task)),
  }
}

function taskView(run: Run, index: number): TaskView {
  const { spec } = taskPlan(run.plan, index)
  const state = taskAt(run, index)
  return {
    kind: 'task',
    id: nodeId(run.id, index),
    index,
    key: spec.key,
    name: spec.name,
    description: spec.description,
    status: state.status,
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    skipped: state.skipped,
    annotations: spec.annotations,
    role: spec.role,
    work: spec.work,
    needs: spec.needs,
    labels: spec.labels,
    attempt: state.attempt,
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
    question: renderText(work.question, scopeOf(run)),
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

function triggersView(run: Run): TriggersView | null {
  const { triggers } = run.plan.definition
  if (triggers === null) return null
  return {
    operator: triggers.operator,
    list: triggers.list.map((trigger, index) => ({
      kind: trigger.kind,
      name: trigger.name,
      firedAt: run.triggers[index]?.at ?? null,
      params: run.triggers[index]?.params ?? {},
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
  if (run.counts.reviewing + run.counts.held === 0) return found
  for (const index of openTasks(run)) {
    const state = taskAt(run, index)
    const { name, work } = taskPlan(run.plan, index).spec
    const node = { node: nodeId(run.id, index), nodeName: name }
    if (state.status === 'reviewing' && work.kind === 'review') {
      found.push({ kind: 'review', ...node, since: state.startedAt ?? run.createdAt, reviewers: work.reviewers })
    } else if (slotOf(state) === 'held') {
      found.push({ kind: 'held', ...node, since: state.endedAt ?? run.createdAt, until: state.deadlineAt })
    }
  }
  return found
}
