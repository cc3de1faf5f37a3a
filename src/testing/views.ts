import type { PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import { asId, attemptVersion, nodeId, type PipelineId, type ProjectId, type RunId, type UserId } from '../model/id.ts'
import type { Instant } from '../model/time.ts'
import type {
  AttemptView,
  PipelineView,
  ProjectView,
  RunSummary,
  RunView,
  StageView,
  TaskView,
  UserRef,
} from '../model/view.ts'

/**
 * Views made by hand, for tests of presenters. Every builder gives something whole and true to itself; what a test
 * is about goes into `changes`. Ids and places of nodes are given by {@link runView} in plan order, and its
 * definition is made of its stages, so that a test states the tree only.
 */

const RUN_ID = asId<RunId>('3d'.repeat(16))

/** When everything here was made: 2026-01-02 03:04:05.006 UTC. */
export const AT: Instant = Date.UTC(2026, 0, 2, 3, 4, 5, 6)

export const userRef = (changes: Partial<UserRef> = {}): UserRef => ({
  id: asId<UserId>('0a'.repeat(16)),
  name: 'li',
  ...changes,
})

export const projectView = (changes: Partial<ProjectView> = {}): ProjectView => ({
  id: asId<ProjectId>('1b'.repeat(16)),
  serial: 2,
  name: 'shop',
  description: '',
  createdAt: AT,
  ...changes,
})

export const taskSpec = (changes: Partial<TaskSpec> = {}): TaskSpec => ({
  key: 'task',
  name: 'Task',
  description: '',
  role: 'other',
  needs: [],
  when: null,
  env: {},
  work: { kind: 'runner', uses: 'script', with: { run: 'true' } },
  parent: null,
  rollback: null,
  onTimeout: 'fail',
  skippable: true,
  retryable: true,
  optional: false,
  onFailure: { policy: 'stop', expireMs: null },
  onLost: 'error',
  retry: { max: 0, delayMs: 1_000, delayMaxMs: 60_000, jitter: 0 },
  timeoutMs: null,
  notStartedMs: null,
  labels: [],
  annotations: {},
  ...changes,
})

export const stageSpec = (changes: Partial<StageSpec> = {}): StageSpec => ({
  key: 'stage',
  name: 'Stage',
  description: '',
  when: null,
  always: false,
  parallel: false,
  triggers: null,
  timeoutMs: null,
  tasks: [taskSpec()],
  flow: null,
  annotations: {},
  ...changes,
})

export const definition = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition => ({
  name: 'build-and-ship',
  description: '',
  language: 'native',
  variables: [],
  outputs: [],
  params: [],
  env: {},
  triggers: null,
  concurrency: null,
  stages: [stageSpec()],
  timeoutMs: null,
  restartsMax: 0,
  annotations: {},
  ...changes,
})

/** A task that succeeded. */
export const taskView = (changes: Partial<TaskView> = {}): TaskView => ({
  kind: 'task',
  id: nodeId(RUN_ID, 1),
  index: 1,
  key: 'task',
  name: 'Task',
  description: '',
  status: 'succeeded',
  startedAt: AT,
  endedAt: AT + 5_000,
  skipped: null,
  excluded: false,
  annotations: {},
  role: 'other',
  work: { kind: 'runner', uses: 'script', with: { run: 'true' } },
  needs: [],
  parent: null,
  skippable: true,
  retryable: true,
  optional: false,
  loop: 1,
  innerLoop: 1,
  retries: 0,
  version: attemptVersion(RUN_ID, 1, 1),
  paused: false,
  inputs: null,
  given: null,
  childRun: null,
  labels: [],
  attempt: 1,
  retry: 0,
  queuedAt: AT,
  retryAt: null,
  deadlineAt: null,
  runner: 'runner-1',
  failure: null,
  ignored: false,
  held: false,
  outputs: {},
  made: {},
  review: null,
  earlier: [],
  allowed: [],
  ...changes,
})

/** A stage that succeeded, with one such task. */
export const stageView = ({ tasks = [taskView()], ...changes }: Partial<StageView> = {}): StageView => ({
  kind: 'stage',
  id: nodeId(RUN_ID, 0),
  index: 0,
  key: 'stage',
  name: 'Stage',
  description: '',
  status: 'succeeded',
  startedAt: AT,
  endedAt: AT + 5_000,
  skipped: null,
  excluded: false,
  annotations: {},
  always: false,
  parallel: false,
  triggers: null,
  tasks,
  parts: [tasks],
  flow: null,
  allowed: [],
  ...changes,
})

/** A run that succeeded: one stage, one task. */
export function runView(changes: Partial<RunView> = {}): RunView {
  const { id = RUN_ID, project = projectView(), pipeline = pipelineOf() } = changes
  const stages = placed(id, changes.stages ?? [stageView()])
  return {
    id,
    number: 1,
    serial: 7,
    seq: 10,
    project,
    pipeline,
    priority: 'normal',
    definition: definition({ name: pipeline.name, stages: stages.map(specOf) }),
    status: 'succeeded',
    cause: { kind: 'manual', by: 'li' },
    params: [],
    variables: {},
    outputs: {},
    annotations: {},
    parent: null,
    triggers: null,
    createdAt: AT,
    startedAt: AT,
    endedAt: AT + 5_000,
    updatedAt: AT + 5_000,
    pausedMs: 0,
    pausedAt: null,
    cancelling: null,
    cancelledBy: null,
    pass: 1,
    reopened: false,
    failure: null,
    attention: [],
    allowed: [],
    ...changes,
    stages,
  }
}

/** A pipeline that never ran. */
export const pipelineView = (changes: Partial<PipelineView> = {}): PipelineView => ({
  ...pipelineOf(),
  project: projectView(),
  definition: definition({ name: changes.name ?? pipelineOf().name }),
  latestRun: null,
  runCount: 0,
  lastStartedAt: null,
  ...changes,
})

/** The index row of a run. */
export const runSummary = (run: RunView = runView(), changes: Partial<RunSummary> = {}): RunSummary => ({
  id: run.id,
  number: run.number,
  serial: run.serial,
  projectId: run.project.id,
  pipelineId: run.pipeline.id,
  pipelineName: run.pipeline.name,
  version: run.pipeline.version,
  status: run.status,
  seq: run.seq,
  cause: run.cause,
  needsPerson: run.attention.length > 0,
  annotations: run.annotations,
  createdAt: run.createdAt,
  startedAt: run.startedAt,
  endedAt: run.endedAt,
  updatedAt: run.updatedAt,
  ...changes,
})

const pipelineOf = (): RunView['pipeline'] => ({
  id: asId<PipelineId>('2c'.repeat(16)),
  serial: 3,
  name: 'build-and-ship',
  version: 1,
  createdAt: AT,
  createdBy: userRef(),
  updatedAt: AT,
  webhooks: [],
})

/** Places counted as the plan counts them: each stage directly before its tasks. */
function placed(runId: RunId, stages: readonly StageView[]): StageView[] {
  let place = 0
  const next = (): { readonly id: StageView['id']; readonly index: number } => {
    const index = place
    place += 1
    return { id: nodeId(runId, index), index }
  }
  return stages.map((stage) => {
    const place = next()
    const tasks = stage.tasks.map((task) => ({ ...task, ...next() }))
    return { ...stage, ...place, tasks, parts: [tasks] }
  })
}

const specOf = (stage: StageView): StageSpec =>
  stageSpec({
    key: stage.key,
    name: stage.name,
    description: stage.description,
    always: stage.always,
    annotations: stage.annotations,
    tasks: stage.tasks.map(({ key, name, description, role, needs, work, labels, annotations }) =>
      taskSpec({ key, name, description, role, needs, work, labels, annotations }),
    ),
  })

/** An attempt that succeeded. */
export const attemptView = (changes: Partial<AttemptView> = {}): AttemptView => ({
  attempt: 1,
  loop: 1,
  innerLoop: 1,
  retry: 0,
  version: attemptVersion(RUN_ID, 1, changes.attempt ?? 1),
  status: 'succeeded',
  startedAt: AT,
  endedAt: AT + 5_000,
  runner: 'runner-1',
  failure: null,
  skipped: false,
  inputs: null,
  given: null,
  outputs: {},
  decisions: [],
  ...changes,
})
