import type { RunListFilter } from '../../../host/app.ts'
import type { Json, JsonObject } from '../../../model/json.ts'
import type { PipelineView, RunView } from '../../../model/view.ts'
import { withDepends } from '../../kit/cache.ts'
import { type SealParam, sealParams } from '../../kit/credentials.ts'
import { json, success } from '../errors.ts'
import { integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { isEnabled } from '../present.ts'
import { pack } from '../packed.ts'
import { type Call, pipelineRef } from '../route.ts'
import { oldestRuns } from '../run-rows.ts'
import { givenFields, paramsOf } from '../start.ts'
import { NAME_FRESH_MS } from '../v1-tasks.ts'
import type { Face } from './face.ts'
import { secretsOf } from './custom-workflow.ts'
import { isKeptSecret, sealedValue } from './secrets.ts'
import { MAX_MAX, objectBody, pipelineOf, runOf } from './request.ts'
import { TASK_ARGS, typeFault } from './shapes.ts'
import { polled } from './sse.ts'
import { runWord } from './status.ts'
import { presentPreview } from './task.ts'
import { ONLY, pageOf } from './task-filters.ts'

/** Tasks, as V2 and as Zadig show and steer them. */
export function taskHandlers(face: Face, present: (run: RunView) => JsonObject) {
  async function get(call: Call): Promise<Response> {
    const run = await runOf(call, face, 'getTask', call.param('id'), call.param('name'))
    if (run instanceof Response) return run
    const answer = json(200, present(run), { ETag: `"${run.id}.${run.seq}"` })
    return withDepends(answer, [`run:${run.id}`, `pipeline:${run.pipeline.id}`], NAME_FRESH_MS)
  }

  /** @param more what the stream of such a task has beside what GET answers. */
  const follow =
    (more: JsonObject = {}) =>
    async (call: Call): Promise<Response> => {
      const run = await runOf(call, face, 'getTask', call.param('id'), call.param('name'))
      if (run instanceof Response) return run
      return polled(call, face, 'getTask', { ...present(run), ...more }, async () => {
        const now = await call.app.runs.get(call.caller, { id: run.id })
        return now.ok ? { ...present(now.value), ...more } : undefined
      })
    }

  async function cancel(call: Call): Promise<Response> {
    const run = await runOf(call, face, 'cancelTask', call.param('id'), call.param('name'))
    if (run instanceof Response) return run
    return await cancelRun(call, face, run)
  }

  async function restart(call: Call): Promise<Response> {
    const run = await runOf(call, face, 'restartTask', call.param('id'), call.param('name'))
    return run instanceof Response ? run : await restartRun(call, face, run)
  }

  const some =
    (filter: RunListFilter) =>
    async (call: Call): Promise<Response> => {
      const runs = await oldestRuns(call, filter, MAX_MAX)
      return runs.ok ? json(200, runs.value.map(present)) : face.problem('listTasks', runs.problem)
    }

  const followSome =
    (filter: RunListFilter) =>
    async (call: Call): Promise<Response> => {
      const runs = await oldestRuns(call, filter, MAX_MAX)
      if (!runs.ok) return face.problem('listTasks', runs.problem)
      return polled(call, face, 'listTasks', runs.value.map(present), async () => {
        const now = await oldestRuns(call, filter, MAX_MAX)
        return now.ok ? now.value.map(present) : undefined
      })
    }

  /** `{data, start_at, max_result, total}` */
  async function page(call: Call): Promise<Response> {
    const [max, start] = [call.param('max'), call.param('start')]
    if (!/^\d{1,9}$/.test(max)) return face.badRequest('invalid max result number')
    if (!/^\d{1,9}$/.test(start)) return face.badRequest('invalid start at number')
    const pipeline = await call.app.pipelines.get(call.caller, pipelineRef(call))
    const empty = { data: [], start_at: Number(start), max_result: Number(max), total: 0 }
    // A pipeline that is not there has no tasks: their list asks for nothing but the name.
    if (!pipeline.ok)
      return pipeline.problem.code === 'not_found' ? json(200, empty) : face.problem('listTasks', pipeline.problem)
    const rows = Number(max) === 0 ? MAX_MAX : Math.min(Number(max), MAX_MAX)
    const found = await pageOf(call, { id: pipeline.value.id }, Number(start), rows)
    if (!found.ok) return face.problem('listTasks', found.problem)
    // Who goes on by what it got at most must be told when that is less than it asked for.
    const isCut = Number(max) > MAX_MAX || (Number(max) === 0 && found.value.total > MAX_MAX)
    const { runs, total } = found.value
    return json(200, { ...empty, ...(isCut ? { max_result: MAX_MAX } : {}), data: runs.map(presentPreview), total })
  }

  /** Body TaskArgs. */
  async function create(call: Call): Promise<Response> {
    const args = await objectBody(call, face)
    if (args instanceof Response) return args
    const wrong = typeFault(args, TASK_ARGS)
    if (wrong !== undefined) return face.badRequest(`invalid PipelineTaskArgs: ${wrong}`)
    const pipeline = await pipelineOf(call, face, 'createTask', textOf(args, 'pipeline_name'))
    if (pipeline instanceof Response) return pipeline
    const [repository = {}] = objectsOf(args, 'builds')
    return await startRun(call, face, pipeline, {
      repository,
      variables: objectsOf(args, 'build_args'),
      namespace: textOf(objectOf(args, 'deploy'), 'namespace'),
    })
  }

  return { get, follow, cancel, restart, some, followSome, page, create }
}

export async function cancelRun(call: Call, face: Face, run: RunView): Promise<Response> {
  if (run.status === 'succeeded') {
    return face.operation('cancelTask', `task: ${run.pipeline.name}:${run.number} is passed, cannot cancel`)
  }
  // As often as somebody asks for it.
  if (run.status === 'cancelled') return success()
  const done = await call.app.runs.act(call.caller, { id: run.id }, { action: 'cancel' })
  return done.ok ? success() : face.problem('cancelTask', done.problem)
}

export async function restartRun(call: Call, face: Face, run: RunView): Promise<Response> {
  const word = runWord[run.status]
  if (word === 'running' || word === 'passed') return face.operation('restartTask', '不能重试已经通过任务')
  const done = await call.app.runs.act(call.caller, { id: run.id }, { action: 'retry' })
  return done.ok ? success() : face.problem('restartTask', done.problem)
}

export interface Start {
  /** The first repository: branch, pull request, commit. */
  readonly repository: JsonObject
  /** Pairs of `key` and `value`. */
  readonly variables: readonly JsonObject[]
  readonly namespace: string
  /** Keys of what is run; undefined: all of it. */
  readonly only?: readonly string[]
  /** What is run in place of what the pipeline says, as a start asks for it. */
  readonly definition?: string
}

export async function startRun(call: Call, face: Face, pipeline: PipelineView, asked: Start): Promise<Response> {
  const number = await beginRun(call, face, pipeline, asked)
  if (number instanceof Response) return number
  // `project_name` is of 1.8; who does not know it reads over it.
  return json(200, { project_name: pipeline.project.name, pipeline_name: pipeline.name, task_id: number })
}

/**
 * Starts a run of the pipeline with what was asked for, or says which of it the pipeline has no param for.
 * @returns its number.
 */
export async function beginRun(
  call: Call,
  face: Face,
  pipeline: PipelineView,
  asked: Start,
): Promise<number | Response> {
  if (!isEnabled(pipeline)) return face.operation('createTask', '工作流未开启')
  const params = runParams(pipeline, asked, sealParams(call.app, pipeline.project.id, pipeline.id))
  if (typeof params === 'string') return face.operation('createTask', params)
  // What of it is run is not told by nodes that nothing has come to yet.
  const only = asked.only === undefined ? {} : { only: asked.only, annotations: pack(ONLY, [...asked.only]) }
  const own = asked.definition === undefined ? {} : { definition: asked.definition }
  const started = await call.app.runs.start(call.caller, { pipeline: { id: pipeline.id }, params, ...only, ...own })
  return started.ok ? started.value.number : face.problem('createTask', started.problem)
}

export function runParams(
  pipeline: PipelineView,
  { repository, variables, namespace }: Start,
  seal: SealParam,
): Record<string, Json> | string {
  const given = givenFields({
    repo_owner: textOf(repository, 'repo_owner'),
    repo_name: textOf(repository, 'repo_name'),
    branch: textOf(repository, 'branch'),
    commit_id: textOf(repository, 'commit_id'),
    pull_request_number: integerOf(repository, 'pr'),
  })
  if (typeof given === 'string') return given
  const params = paramsOf(pipeline, given, seal)
  if (typeof params === 'string') return params
  const known = new Set(pipeline.definition.params.map(({ name }) => name))
  const secrets = secretsOf(pipeline.definition)
  for (const variable of variables) {
    const name = textOf(variable, 'key')
    if (!known.has(name))
      return `params: pipeline ${JSON.stringify(pipeline.name)} has no param ${JSON.stringify(name.slice(0, 64))}`
    if (isKeptSecret(name, variable['value'], secrets)) continue
    params[name] = sealedValue(variable, secrets.has(name), seal(name))
  }
  // Where to deploy to: pipelines that do not ask go where they always do.
  if (namespace !== '' && known.has('deploy_env')) params['deploy_env'] = namespace
  return params
}
