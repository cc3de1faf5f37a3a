import type { z } from 'zod'
import type { Caller, Explanation, QueuedRun, QueueView } from '../../host/app.ts'
import type { Change } from '../../model/change.ts'
import type { Concurrency, Work } from '../../model/definition.ts'
import type { Actor, Cause } from '../../model/event.ts'
import { type Failure, failureHint, failureSentence, failureStatus } from '../../model/failure.ts'
import { isEnded } from '../../model/status.ts'
import { type Instant, keepingTexts } from '../../model/time.ts'
import type {
  AttemptView,
  DecisionView,
  Attention,
  EdgeView,
  ProjectView,
  ReviewView,
  RunSummary,
  RunView,
  StageView,
  TaskView,
  TriggersView,
  UserRef,
} from '../../model/view.ts'
import type * as wire from './schema.ts'
import type { Json as AnyJson } from './schema/common.ts'

/** Views of the model as the native wire has them (schema.ts). Pure: the same view gives the same bytes. */

export type Wire<Schema extends z.ZodType> = z.infer<Schema>

export const time = keepingTexts((instant) => new Date(instant).toISOString())
export const timeOrNull = (instant: Instant | null): string | null => (instant === null ? null : time(instant))

export const presentUser = (user: UserRef): Wire<typeof wire.User> => ({ id: user.id, name: user.name })
export const presentActor = (actor: Actor): Wire<typeof wire.Actor> => ({ kind: actor.kind, name: actor.name })
export const presentCause = (cause: Cause): Wire<typeof wire.Cause> => {
  const { kind, by, due, origin, change, trigger, trusted } = cause
  return {
    kind,
    by,
    ...(due === undefined ? undefined : { due: time(due) }),
    ...(origin === undefined ? undefined : { origin: { as: origin.as, run: origin.runId, depth: origin.depth } }),
    ...(change === undefined ? undefined : { change: presentChange(change) }),
    ...(trigger === undefined ? undefined : { trigger }),
    ...(trusted === undefined ? undefined : { trusted }),
  }
}

function presentChange({ sourceBranch, ...change }: Change): Wire<typeof wire.Change> {
  return { ...change, source_branch: sourceBranch }
}

export const presentRef = (thing: {
  id: string
  serial: number
  name: string
}): { id: string; serial: number; name: string } => ({
  id: thing.id,
  serial: thing.serial,
  name: thing.name,
})

export const presentProject = (project: ProjectView): Wire<typeof wire.Project> => ({
  id: project.id,
  serial: project.serial,
  name: project.name,
  description: project.description,
  created_at: time(project.createdAt),
})

export const presentFailure = (failure: Failure): Wire<typeof wire.Failure> => ({
  kind: failure.kind,
  status: failureStatus[failure.kind],
  message: failureSentence(failure),
  hint: failureHint(failure),
  exit_code: failure.kind === 'exit-code' ? failure.code : null,
  details: failureDetails(failure),
})

function failureDetails({ kind: _kind, ...fields }: Failure): Wire<typeof wire.Failure>['details'] {
  const names: Readonly<Record<string, string>> = { afterMs: 'after_ms', limitBytes: 'limit_bytes' }
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]: [string, string | number | null | readonly string[]]) => [
      names[name] ?? name,
      typeof value === 'object' && value !== null ? [...value] : value,
    ]),
  )
}
const failureOrNull = (failure: Failure | null): Wire<typeof wire.Failure> | null =>
  failure === null ? null : presentFailure(failure)

export const presentSummary = (run: RunSummary): Wire<typeof wire.RunSummary> => ({
  id: run.id,
  number: run.number,
  serial: run.serial,
  seq: run.seq,
  version: run.version,
  status: run.status,
  ended: isEnded(run.status),
  needs_person: run.needsPerson,
  annotations: { ...run.annotations },
  cause: presentCause(run.cause),
  created_at: time(run.createdAt),
  started_at: timeOrNull(run.startedAt),
  ended_at: timeOrNull(run.endedAt),
  updated_at: time(run.updatedAt),
  project_id: run.projectId,
  pipeline_id: run.pipelineId,
  pipeline_name: run.pipelineName,
})

/** What the pipeline was called in the version that the run runs: like all of a run, it changes with `seq` only. */
const nameOf = (run: RunView): string => run.definition.name

/** The index row of a run whose tree is at hand. */
export const presentViewSummary = (run: RunView): Wire<typeof wire.RunSummary> => ({
  ...summaryFields(run),
  project_id: run.project.id,
  pipeline_id: run.pipeline.id,
  pipeline_name: nameOf(run),
})

const summaryFields = (run: RunView) => ({
  id: run.id,
  number: run.number,
  serial: run.serial,
  seq: run.seq,
  version: run.pipeline.version,
  status: run.status,
  ended: isEnded(run.status),
  needs_person: run.attention.some(({ kind }) => kind !== 'trigger' && kind !== 'callback'),
  annotations: { ...run.annotations },
  cause: presentCause(run.cause),
  created_at: time(run.createdAt),
  started_at: timeOrNull(run.startedAt),
  ended_at: timeOrNull(run.endedAt),
  updated_at: time(run.updatedAt),
})

export const presentHead = (run: RunView): Wire<typeof wire.RunHead> => ({
  ...summaryFields(run),
  project: presentRef(run.project),
  pipeline: { id: run.pipeline.id, serial: run.pipeline.serial, name: nameOf(run) },
  params: run.params.map(({ name, value, description, system }) => ({
    name,
    value: value as Wire<typeof wire.RunHead>['params'][number]['value'],
    description,
    system,
  })),
  variables: run.variables as Record<string, z.infer<typeof AnyJson>>,
  outputs: run.outputs as Record<string, z.infer<typeof AnyJson>>,
  priority: run.priority,
  parent: run.parent === null ? null : { run_id: run.parent.runId, node_id: run.parent.node },
  triggers: presentTriggers(run.triggers),
  paused_ms: run.pausedMs,
  paused_at: timeOrNull(run.pausedAt),
  cancelling:
    run.cancelling === null
      ? null
      : {
          at: time(run.cancelling.at),
          by: presentActor(run.cancelling.by),
          reason: run.cancelling.reason,
          deadline: timeOrNull(run.cancelling.deadline),
        },
  pass: run.pass,
  failure:
    run.failure === null
      ? null
      : { node: { id: run.failure.node, name: run.failure.nodeName }, failure: presentFailure(run.failure.failure) },
  attention: run.attention.map(presentAttention),
  allowed: [...run.allowed],
})

export const presentRun = (run: RunView): Wire<typeof wire.Run> => ({
  ...presentHead(run),
  stages: run.stages.map(presentStage),
})

const presentTriggers = (triggers: TriggersView | null): Wire<typeof wire.RunHead>['triggers'] =>
  triggers === null
    ? null
    : {
        operator: triggers.operator,
        list: triggers.list.map((trigger) => ({
          kind: trigger.kind,
          name: trigger.name,
          fired_at: timeOrNull(trigger.firedAt),
          params: { ...trigger.params },
        })),
      }

export function presentAttention(attention: Attention): Wire<typeof wire.Attention> {
  const { kind } = attention
  const node = 'node' in attention ? { id: attention.node, name: attention.nodeName } : null
  return {
    kind,
    node,
    since: time(attention.since),
    until: kind === 'held' ? timeOrNull(attention.until) : null,
    reviewers: kind === 'review' ? [...attention.reviewers] : [],
  }
}

const nodeFields = (node: StageView | TaskView) => ({
  id: node.id,
  index: node.index,
  key: node.key,
  name: node.name,
  description: node.description,
  status: node.status,
  started_at: timeOrNull(node.startedAt),
  ended_at: timeOrNull(node.endedAt),
  skipped: node.skipped === null ? null : { because: node.skipped.because, reason: node.skipped.reason },
  annotations: { ...node.annotations },
})

export const presentStage = (stage: StageView): Wire<typeof wire.Stage> => ({
  kind: 'stage',
  ...nodeFields(stage),
  always: stage.always,
  parallel: stage.parallel,
  triggers: presentTriggers(stage.triggers),
  tasks: stage.tasks.map(presentTask),
  edges: stage.flow === null ? null : stage.flow.edges.map(presentEdge),
  allowed: [...stage.allowed],
})

export function presentEdge(edge: EdgeView): NonNullable<Wire<typeof wire.Stage>['edges']>[number] {
  const { key, name, from, to, default: otherwise, taken } = edge
  return { key, name, from, to, default: otherwise, taken }
}

type AnyOutputs = Record<string, z.infer<typeof AnyJson>>

export const usesOf = (work: Work): string | null => (work.kind === 'runner' ? work.uses : null)

export const presentTask = (task: TaskView): Wire<typeof wire.Task> => ({
  kind: 'task',
  ...nodeFields(task),
  role: task.role,
  work: task.work.kind,
  uses: usesOf(task.work),
  gateway: task.work.kind === 'gateway' ? task.work.gateway : null,
  needs: [...task.needs],
  parent: task.parent,
  skippable: task.skippable,
  retryable: task.retryable,
  optional: task.optional,
  loop: task.loop,
  version: task.version,
  paused: task.paused,
  inputs: task.inputs as AnyOutputs | null,
  child_run: task.childRun,
  labels: [...task.labels],
  attempt: task.attempt,
  retry: task.retry,
  queued_at: timeOrNull(task.queuedAt),
  retry_at: timeOrNull(task.retryAt),
  deadline_at: timeOrNull(task.deadlineAt),
  runner: task.runner,
  failure: failureOrNull(task.failure),
  ignored: task.ignored,
  held: task.held,
  outputs: task.outputs as AnyOutputs,
  review: task.review === null ? null : presentReview(task.review),
  earlier: task.earlier.map(presentAttempt),
  allowed: [...task.allowed],
})

export const presentReview = (review: ReviewView): Wire<typeof wire.Review> => ({
  question: review.question,
  reviewers: [...review.reviewers],
  required: review.required,
  decisions: review.decisions.map(presentDecision),
})

const presentDecision = ({ by, decision, comment, at }: DecisionView) => ({ by, decision, comment, at: time(at) })

export const presentAttempt = (attempt: AttemptView): Wire<typeof wire.Attempt> => ({
  attempt: attempt.attempt,
  loop: attempt.loop,
  retry: attempt.retry,
  version: attempt.version,
  status: attempt.status,
  started_at: timeOrNull(attempt.startedAt),
  ended_at: timeOrNull(attempt.endedAt),
  runner: attempt.runner,
  failure: failureOrNull(attempt.failure),
  skipped: attempt.skipped,
  inputs: attempt.inputs as AnyOutputs | null,
  outputs: attempt.outputs as AnyOutputs,
  decisions: attempt.decisions.map(presentDecision),
})

export const presentConcurrency = (
  concurrency: Concurrency | null | undefined,
): Wire<typeof wire.Pipeline>['concurrency'] =>
  concurrency == null ? null : { limit: concurrency.limit, group: concurrency.group, when_full: concurrency.whenFull }

const presentQueued = (run: QueuedRun) => ({
  id: run.id,
  number: run.number,
  pipeline_id: run.pipelineId,
  pipeline_name: run.pipelineName,
  status: run.status,
  priority: run.priority,
})

export const presentQueue = (view: QueueView): Wire<typeof wire.Queue> => ({
  concurrency: presentConcurrency(view.concurrency),
  running: view.running.map(presentQueued),
  running_count: view.runningCount,
  queue: view.queue.map((run) => ({ ...presentQueued(run), position: run.position, since: time(run.since) })),
  queued_count: view.queuedCount,
})

export const presentExplanation = (explanation: Explanation): Wire<typeof wire.Explanation> => ({
  node:
    explanation.node === null
      ? null
      : { id: explanation.node.id, key: explanation.node.key, name: explanation.node.name },
  code: explanation.code,
  sentence: explanation.sentence,
  since: time(explanation.since),
  unblocks: [...explanation.unblocks],
  position: explanation.position,
  deadline: timeOrNull(explanation.deadline),
})

export const presentCaller = (caller: Caller): Wire<typeof wire.Me> => ({
  user: presentUser(caller.user),
  role: caller.role,
  project_ids: caller.projectIds === null ? null : [...caller.projectIds],
  expires_at: timeOrNull(caller.expiresAt),
})

type TokenView = { id: string; label: string; user: UserRef; createdAt: Instant; expiresAt: Instant | null }
export const presentToken = (token: TokenView): Wire<typeof wire.Token> => ({
  id: token.id,
  label: token.label,
  user: presentUser(token.user),
  created_at: time(token.createdAt),
  expires_at: timeOrNull(token.expiresAt),
})
