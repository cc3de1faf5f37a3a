import { failureSentence } from '../../model/failure.ts'
import { isEnded } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { factOf, nearTask, pipelineFacts, runFacts, type FactName, type FactSource } from './facts.ts'
import { bySlot, type Slot } from './slots.ts'
import { creatorOf, jobWord, joinedWord, nodeWord, runWord } from './status.ts'
import { bodyOf } from './pipeline-body.ts'
import type {
  BuildTask,
  DeployCsTask,
  DeployTask,
  DistributeTask,
  ListedTask,
  Pipeline,
  Status,
  Task,
  TestTask,
} from './wire.ts'

/** Writes an instant as RFC 3339 with milliseconds and the server's offset. */
type WriteTime = (at: Instant) => string

/** The seed's answer. */
export function presentTask(run: RunView, time: WriteTime): Task {
  const facts = runFacts(run)
  const placed = run.stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage })))
  const slots = bySlot(placed)
  const subTask = <Wire>(slot: Slot, present: (sub: SubTask) => Wire): Wire | undefined => {
    // What a start left out is no part of its task, be its turn still to come.
    const asked = slots[slot].filter(({ task }) => !task.excluded)
    const [first] = asked
    const tasks = asked.map(({ task }) => task)
    const status = joinedWord(
      tasks.map((task) => task.status),
      isEnded(run.status),
    )
    if (first === undefined || status === undefined) return undefined
    const near = nearTask(facts, first.task, first.stage)
    return present({ run, status, tasks, facts: near, imageTag: imageTag(run, near, time) })
  }
  const parts = {
    build_task: subTask('build', presentBuild),
    deploy_task: subTask('deploy', presentDeploy),
    deploy_cs_task: subTask('deploy_cs', presentDeployCs),
    test_task: subTask('test', presentTest),
    distribute_task: subTask('distribute', presentDistribute),
  }
  return {
    id: run.number,
    task_creator: creatorOf(run),
    pipeline_name: run.pipeline.name,
    status: runWord[run.status],
    created: time(run.createdAt),
    updated: time(run.updatedAt),
    ...(parts.build_task && { build_task: parts.build_task }),
    ...(parts.deploy_task && { deploy_task: parts.deploy_task }),
    ...(parts.deploy_cs_task && { deploy_cs_task: parts.deploy_cs_task }),
    ...(parts.test_task && { test_task: parts.test_task }),
    ...(parts.distribute_task && { distribute_task: parts.distribute_task }),
  }
}

/** One of the four, and all it is made of. */
interface SubTask {
  readonly run: RunView
  readonly status: Status
  readonly tasks: readonly TaskView[]
  readonly facts: FactSource
  readonly imageTag: string
}

const presentBuild = ({ run, status, tasks, facts, imageTag }: SubTask): BuildTask => ({
  repo_owner: text(facts, 'repo_owner'),
  repo_name: text(facts, 'repo_name'),
  branch: text(facts, 'branch'),
  commit_id: text(facts, 'commit_id'),
  image_tag: imageTag,
  status,
  project_id: run.pipeline.serial,
  build_nubmer: run.serial,
  jobs: tasks.map((task, place) => ({ number: place + 1, status: jobWord[task.status] })),
})

const presentDeploy = ({ run, status, tasks, facts, imageTag }: SubTask): DeployTask => ({
  stack_name: stackName(run, facts),
  service_name: serviceName(run.pipeline.name, facts),
  image_tag: imageTag,
  status,
  ...errorOf(tasks),
})

const presentDeployCs = ({ run, status, tasks, facts, imageTag }: SubTask): DeployCsTask => ({
  service_name: serviceName(run.pipeline.name, facts),
  package_file: packageFile(run, facts, imageTag),
  test_env: text(facts, 'deploy_env'),
  status,
  ...errorOf(tasks),
})

/** What is tested has a stack and a service of its own, when the pipeline says so. */
const presentTest = ({ run, status, tasks, facts }: SubTask): TestTask => ({
  stack_name: factOf(facts, 'test_stack') ?? stackName(run, facts),
  service_name: factOf(facts, 'test_service') ?? serviceName(run.pipeline.name, facts),
  status,
  ...errorOf(tasks),
})

function presentDistribute({ run, status, tasks, facts, imageTag }: SubTask): DistributeTask {
  return {
    package_file: packageFile(run, facts, imageTag),
    image_name: factOf(facts, 'image_name') ?? serviceName(run.pipeline.name, facts),
    image_tag: imageTag,
    status,
    ...errorOf(tasks),
  }
}

/** A pipeline can be switched off; nothing of it is started then. */
export const isEnabled = ({ definition }: Pick<PipelineView, 'definition'>): boolean =>
  definition.annotations['koderover/enabled'] !== 'false'

/** How the one who cancelled it is called; '' when nobody did. */
export const revokerOf = ({ cancelledBy }: RunView): string => (cancelledBy?.kind === 'user' ? cancelledBy.name : '')

export function presentListedTask(run: RunView, time: WriteTime): ListedTask {
  const task = presentTask(run, time)
  const facts = runFacts(run)
  return {
    ...task,
    task_revoker: revokerOf(run),
    current_status: task.status,
    final_status: task.status,
    deploy_env: text(facts, 'deploy_env'),
    stack_name: stackName(run, facts),
    service_name: serviceName(run.pipeline.name, facts),
  }
}

export function presentPipeline(pipeline: PipelineView): Pipeline {
  const body = bodyOf(pipeline)
  const { test_threshold = null, ...given } = body ?? {}
  const seen = seenPipeline(pipeline)
  return {
    ...seen,
    ...given,
    // Field by field in the order of the sample.
    ...(test_threshold === null ? {} : { test_threshold }),
    updated: seen.updated,
    enabled: seen.enabled,
  }
}

/** As far as their words reach for a pipeline that was made elsewhere. */
function seenPipeline(pipeline: PipelineView): Pipeline {
  const facts = pipelineFacts(pipeline)
  const stages = pipeline.definition.stages
  const slots = bySlot(stages.flatMap((stage) => stage.tasks.map((task) => ({ role: task.role, task, stage }))))
  const [test] = slots.test
  const testFacts = test === undefined ? facts : nearTask(facts, { annotations: test.task.annotations }, test.stage)
  return {
    pipeline_name: pipeline.name,
    creator: pipeline.createdBy.name,
    stack_name: stackName(pipeline, facts),
    service_name: serviceName(pipeline.name, facts),
    test_stack: test === undefined ? '' : (factOf(testFacts, 'test_stack') ?? stackName(pipeline, testFacts)),
    test_service:
      test === undefined ? '' : (factOf(testFacts, 'test_service') ?? serviceName(pipeline.name, testFacts)),
    deploy_env: text(facts, 'deploy_env'),
    repo_owner: text(facts, 'repo_owner'),
    repo_name: text(facts, 'repo_name'),
    run_build: slots.build.length > 0,
    run_deploy: slots.deploy.length > 0,
    run_deploy_cs: slots.deploy_cs.length > 0,
    run_test: slots.test.length > 0,
    run_distribute: slots.distribute.length > 0,
    updated: Math.floor(pipeline.updatedAt / 1_000),
    enabled: isEnabled(pipeline),
  }
}

const packageFile = (run: RunView, facts: FactSource, tag: string): string =>
  factOf(facts, 'package_file') ?? `${serviceName(run.pipeline.name, facts)}-${tag}.tar.gz`

const text = (facts: FactSource, name: FactName): string => factOf(facts, name) ?? ''

/** A stack groups services: the project does so here. */
const stackName = (owner: { readonly project: { readonly name: string } }, facts: FactSource): string =>
  factOf(facts, 'stack_name') ?? owner.project.name

const serviceName = (pipelineName: string, facts: FactSource): string => factOf(facts, 'service_name') ?? pipelineName

/** `20170221-22-develop`: day of making, number, branch; what a registry takes for no tag becomes a dash. */
function imageTag(run: RunView, facts: FactSource, time: WriteTime): string {
  const day = time(run.createdAt).slice(0, 10).replaceAll('-', '')
  const branch = text(facts, 'branch').replace(/[^A-Za-z0-9_.-]+/g, '-')
  return factOf(facts, 'image_tag') ?? [day, String(run.number), branch].filter((part) => part !== '').join('-')
}

/** The first failure that counts, as a sentence. */
function errorOf(tasks: readonly TaskView[]): { readonly error?: string } {
  const failed = tasks.find(({ failure, status }) => failure !== null && ENDED_BADLY.has(nodeWord[status]))
  return failed?.failure == null ? {} : { error: failureSentence(failed.failure) }
}
const ENDED_BADLY: ReadonlySet<Status | null> = new Set(['failed', 'timeout', 'cancelled'])
