import { failureSentence } from '../../../model/failure.ts'
import type { JsonObject } from '../../../model/json.ts'
import { isEnded } from '../../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../../model/view.ts'
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { factOf, type FactSource, nearTask, runFacts } from '../facts.ts'
import { revokerOf } from '../present.ts'
import { FETCHES, MANUAL_CHECK } from './custom-jobs.ts'
import { saidSpec, wholeJobs } from './job-spec.ts'
import { BY_HAND, customBodyOf, GATE, secretsOf, stageKey, withValue } from './custom-workflow.ts'
import { shownValue } from './secrets.ts'
import { creatorOf } from '../status.ts'
import { nodeWord, taskWord, type ZadigStatus } from './status.ts'
import { REPOSITORY } from './struct-fields.ts'
import { JOB_TASK, jobSpec, STAGE_TASK, wholeApproval, wholeNativeApproval, wholeParam } from './struct-fields-v4.ts'
import { isRestarted, seconds } from './sub-tasks.ts'
import { askedStages } from './task-filters.ts'

/** Tasks of workflows from 1.13 on, as they are shown. */

/**
 * Words that came with 1.13 and later: of what a review has ended, of a stage's approval and of an approval job that
 * wait, of a failure that was passed over, and of one that waits for a person's word. Source: aslan's `config.Status`,
 * its stage.go and `runJob` of its jobcontroller.
 */
type CustomWord = ZadigStatus | 'reject' | 'wait_for_approval' | 'unstable' | 'wait_for_manual_error_handling' | 'pause'

const isRejected = ({ status, failure }: TaskView): boolean => status === 'failed' && failure?.kind === 'rejected'
const isManual = ({ annotations }: TaskView): boolean => annotations[MANUAL_CHECK] !== undefined
const waitsForWord = (task: TaskView): boolean => task.held && isManual(task)
/** Whoever does not ignore a failure lets its time be over: then it is what it was. */
const isGivenUp = (task: TaskView): boolean =>
  isManual(task) && task.status === 'timed_out' && task.failure?.kind !== 'timeout'
const isGate = ({ annotations }: TaskView): boolean => annotations[GATE] === 'true'
export const isByHand = ({ annotations }: TaskView): boolean => annotations[GATE] === BY_HAND

function jobWord(task: TaskView): CustomWord {
  if (isRejected(task)) return 'reject'
  if (task.status === 'reviewing') return 'wait_for_approval'
  if (waitsForWord(task)) return 'wait_for_manual_error_handling'
  if (isGivenUp(task)) return 'failed'
  const isIgnored = isManual(task) && task.skipped?.because === 'operator' && task.attempt > 0
  return task.ignored || isIgnored ? 'unstable' : nodeWord[task.status]
}

/** Of a stage, or of all of a task. */
function wordOver(word: ZadigStatus, status: RunView['status'] | StageView['status'], tasks: readonly TaskView[]) {
  if (word === 'failed' && tasks.some(isRejected)) return 'reject'
  if (status === 'reviewing' && tasks.some((task) => isGate(task) && task.status === 'reviewing'))
    return 'wait_for_approval'
  if (status === 'reviewing' && tasks.some((task) => isByHand(task) && task.status === 'reviewing')) return 'pause'
  // A failure that waits for a word is none yet.
  if (status === 'held' && tasks.every((task) => !task.held || isManual(task))) return 'running'
  return word === 'timeout' && tasks.some(isGivenUp) ? 'failed' : word
}

export function customWord(run: RunView): CustomWord {
  const word = taskWord(run)
  if (word === 'failed' && run.failure?.failure.kind === 'rejected') return 'reject'
  const tasks = run.stages.flatMap((stage) => stage.tasks.filter((task) => !isRejected(task)))
  return wordOver(word, run.status, tasks)
}

/** `WorkflowTaskPreview`; `workflow_key` is its later word for the name. */
export function presentPreview(run: RunView): JsonObject {
  const start = run.startedAt ?? run.createdAt
  const secrets = secretsOf(run.definition)
  const revoker = revokerOf(run)
  const body = customBodyOf(run.definition) ?? {}
  const whole = wholeJobs(body)
  const kept = new Map(objectsOf(body, 'params').map((param) => [textOf(param, 'name'), param]))
  return {
    task_id: run.number,
    workflow_key: run.pipeline.name,
    workflow_name: run.pipeline.name,
    workflow_display_name: textOf(body, 'display_name') || run.pipeline.name,
    params: run.params
      .filter(({ system }) => !system)
      .map(({ name, value, description }) => {
        const param = { name, description, ...kept.get(name), is_credential: secrets.has(name) }
        return wholeParam(withValue(param, shownValue(name, value, secrets)))
      }),
    status: customWord(run),
    reverted: false,
    remark: '',
    task_creator: creatorOf(run),
    ...(revoker === '' ? {} : { task_revoker: revoker }),
    create_time: seconds(run.createdAt),
    start_time: seconds(start),
    ...(run.endedAt === null ? {} : { end_time: seconds(run.endedAt) }),
    stages: askedStages(run).map((stage) => presentStage(stage, run, body, whole)),
    project_name: run.project.name,
    project_key: run.project.name,
    ...(run.failure === null ? {} : { error: failureSentence(run.failure.failure) }),
    is_restart: isRestarted(run),
    debug: false,
  }
}

/** @param body the workflow, where it was made here: what it says of its stages and jobs. */
function presentStage(
  stage: StageView,
  run: RunView,
  body: JsonObject,
  whole: ReadonlyMap<string, JsonObject>,
): JsonObject {
  const stages = objectsOf(body, 'stages')
  const said = stages.find((_, place) => stage.key === stageKey(place))
  const jobs = new Map(objectsOf(said ?? {}, 'jobs').map((job) => [textOf(job, 'name'), job]))
  // Of a workflow that was made here a job that is an approval is one for itself.
  const review = stage.tasks.find((task) => task.review !== null && (said === undefined || isGate(task)))
  return {
    ...STAGE_TASK,
    name: stage.name,
    status: wordOver(nodeWord[stage.status], stage.status, stage.tasks),
    ...timesOf(stage),
    parallel:
      said === undefined
        ? stage.tasks.length > 1 && stage.tasks.every(({ needs }) => needs.length === 0)
        : flagOf(said, 'parallel') === true,
    manual_exec: byHand(objectOf(said ?? {}, 'manual_exec'), stage.tasks.find(isByHand)),
    approval: review === undefined ? null : approvalOf(review),
    jobs: stage.tasks
      .filter(({ annotations }) => annotations[GATE] === undefined && annotations[FETCHES] === undefined)
      .map((task) => presentJob(task, stage, run, jobs.get(task.key) ?? {}, whole.get(task.key) ?? {})),
  }
}

/** `models.ManualExec` of a stage: who may begin it, and who has. */
function byHand(said: JsonObject, hand: TaskView | undefined): JsonObject | null {
  if (hand === undefined) return null
  const by = hand.review?.decisions.at(-1)?.by
  const begun = by === undefined ? {} : { excuted: true, manual_exector_id: by, manual_exector_name: by }
  return { enabled: true, modify_params: false, manual_exec_users: [], ...said, ...begun }
}

/** Times that are not yet there are left out, as Go leaves out its zeros. */
const timesOf = ({ startedAt, endedAt }: StageView | TaskView): JsonObject => ({
  ...(startedAt === null ? {} : { start_time: seconds(startedAt) }),
  ...(endedAt === null ? {} : { end_time: seconds(endedAt) }),
})

function approvalOf({ status, review, deadlineAt, startedAt }: TaskView): JsonObject {
  const word = isEnded(status) ? (status === 'succeeded' ? 'approve' : 'reject') : ''
  const timeout = deadlineAt === null || startedAt === null ? 0 : Math.ceil((deadlineAt - startedAt) / 60_000)
  const native = wholeNativeApproval({ ...deciders(review, timeout), reject_or_approve: word })
  // Who may decide, and what they have said: in a part of its own from 1.16 on, beside the rest before.
  const { approve_users = [], needed_approvers = 1 } = native
  return {
    ...wholeApproval({ enabled: true, status: word, description: review?.question ?? '', native_approval: native }),
    reject_or_approve: word,
    timeout,
    approve_users,
    needed_approvers,
  }
}

const deciders = (review: TaskView['review'], timeout: number): JsonObject => ({
  timeout,
  approve_users: [...new Set([...(review?.reviewers ?? []), ...(review?.decisions ?? []).map(({ by }) => by)])].map(
    (name) => {
      const said = review?.decisions.findLast(({ by }) => by === name)
      return {
        user_id: name,
        user_name: name,
        reject_or_approve: said?.decision ?? '',
        comment: said?.comment ?? '',
        operation_time: said === undefined ? 0 : seconds(said.at),
      }
    },
  ),
  needed_approvers: review?.required ?? 1,
})

export const JOB_TYPES = {
  build: 'zadig-build',
  deploy: 'zadig-deploy',
  test: 'zadig-test',
  distribute: 'zadig-distribute-image',
  check: 'zadig-scanning',
  review: 'approval',
  source: 'freestyle',
  image: 'zadig-build',
  other: 'freestyle',
} as const satisfies Record<TaskView['role'], string>

/** A job fetches its repositories itself there: until they are, it is where that is. */
function workOf(task: TaskView, fetches: readonly TaskView[]): TaskView {
  const begun = fetches.map(({ startedAt }) => startedAt).filter((at) => at !== null)
  const startedAt = begun.length === 0 ? task.startedAt : Math.min(...begun)
  const at = fetches.find(({ status }) => !['succeeded', 'skipped', 'pending'].includes(status))
  return at === undefined || !['pending', 'skipped'].includes(task.status)
    ? { ...task, startedAt }
    : { ...task, startedAt, status: at.status, failure: at.failure, ignored: at.ignored, endedAt: at.endedAt }
}

/** What is known of a job: of a workflow that was made here, its own repositories alone. */
function factsOf(task: TaskView, fetches: readonly TaskView[], stage: StageView, run: RunView): FactSource {
  if (customBodyOf(run.definition) === undefined) return nearTask(runFacts(run), task, stage)
  const keys = new Set(fetches.map(({ key }) => key))
  const stages = run.definition.stages.map((spec) => ({
    ...spec,
    tasks: spec.tasks.filter(({ key }) => keys.has(key)),
  }))
  const own = runFacts({ ...run, definition: { ...run.definition, stages }, stages: [{ ...stage, tasks: fetches }] })
  return nearTask(own, task, stage)
}

/** @param said the job as it stands in the workflow, @param whole and with what it names. */
function presentJob(own: TaskView, stage: StageView, run: RunView, said: JsonObject, whole: JsonObject): JsonObject {
  const fetches = stage.tasks.filter(({ annotations }) => annotations[FETCHES] === own.key)
  const task = workOf(own, fetches)
  const facts = factsOf(task, fetches, stage, run)
  const fact = (name: Parameters<typeof factOf>[1]): string => factOf(facts, name) ?? ''
  const service = fact('service_name') || run.pipeline.name
  const kind = textOf(said, 'type')
  const type = kind === '' ? JOB_TYPES[task.role] : kind
  const repo = {
    ...REPOSITORY,
    repo_owner: fact('repo_owner'),
    repo_namespace: fact('repo_owner'),
    repo_name: fact('repo_name'),
    branch: fact('branch'),
    commit_id: fact('commit_id'),
  }
  // A build hands on what it has made.
  const made = (name: string): string => (typeof task.outputs[name] === 'string' ? task.outputs[name] : '')
  const image = made('IMAGE') || (fact('image_name') === '' ? '' : `${fact('image_name')}:${fact('image_tag')}`)
  const isBuild = type === 'zadig-build'
  const secrets = secretsOf(run.definition)
  const params = new Map(run.params.map(({ name, value }) => [name, shownValue(name, value, secrets)] as const))
  return {
    ...JOB_TASK,
    name: task.key,
    key: task.key,
    display_name: task.name,
    origin_name: task.key,
    type,
    status: jobWord(task),
    error_policy: said['error_policy'] ?? null,
    error_handler_username: isManual(task) ? (task.skipped?.reason ?? '') : '',
    ...timesOf(task),
    cost_seconds: task.startedAt === null ? 0 : seconds((task.endedAt ?? run.updatedAt) - task.startedAt),
    error: task.failure === null ? '' : failureSentence(task.failure),
    spec:
      type === 'approval' && task.review !== null
        ? approvalOf(task)
        : jobSpec(type, objectOf(said, 'spec'), {
            repos: repo.repo_name === '' ? [] : [repo],
            image,
            package: made('PKG_FILE') || fact('package_file'),
            service_name: isBuild ? service : '',
            service_module: isBuild ? service : '',
            env: fact('deploy_env'),
            service_and_images: [{ service_name: service, service_module: service, image }],
            project_name: run.project.name,
            test_name: task.name,
            scanning_name: task.name,
            ...saidSpec(whole, { task, fetches, run, params }),
          }),
    retry_count: task.earlier.length,
  }
}
