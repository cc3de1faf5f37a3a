import type { App, Caller } from '../../host/app.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import { parseJson, readBody } from '../kit/body.ts'
import { bodyRefused, errorAnswer, json, type OperationName, problemAnswer, success } from './errors.ts'
import { integerOf, textOf } from './fields.ts'
import { type Call, pipelineRef, type Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { dropTimer, setTimer } from './timer-trigger.ts'
import { objectId } from './v1-queue.ts'
import type { CronJob } from './wire.ts'

const KIND = 'koderover/cron-job'
const JOBS_MAX = 1_000

const route = familyOf(V1)

/** What their pages call a body that is none. */
const INVALID = 'Invalid PipelineJob Args'

/**
 * Timers. A job is a document of the project, for what its vendor says of it, and while it is enabled a trigger of the
 * pipeline's definition, which does the work.
 */
export const cronRoutes: readonly Route[] = [
  route('POST', '/api/cron/jobs', 'create: `@every 15s`, or cron of six fields; errors 400, 694', create),
  route('GET', '/api/cron/jobs', 'all; error 697', (call) => list(call, 'listCronJobs', () => true)),
  route('POST', '/api/cron/jobs/:id', 'update; errors 400, 695', update),
  route('DELETE', '/api/cron/jobs/:id', 'delete; error 698', remove),
  route('GET', '/api/cron/jobs/pipeline/:name', 'those of a pipeline; error 696', (call) =>
    list(call, 'listPipelineCronJobs', ({ pipeline_name }) => pipeline_name === call.param('name')),
  ),
  route('GET', '/api/cron/scheduled', 'those that are enabled; error 699', (call) =>
    list(call, 'listScheduled', ({ enabled }) => enabled),
  ),
]

type Given = Omit<CronJob, 'id' | 'updated' | 'creator'>
/** A job, and where it is. */
interface Kept {
  readonly project: ProjectView
  readonly job: CronJob
}

async function create(call: Call): Promise<Response> {
  const given = await readJob(call)
  if (given instanceof Response) return given
  const { app, caller } = call
  const pipeline = await app.pipelines.get(caller, pipelineRef(call, given.pipeline_name))
  if (!pipeline.ok) return problemAnswer('createCronJob', pipeline.problem)
  const job = jobOf(call, objectId(app.freshId()), given)
  const kept = await keep(call, pipeline.value, job)
  return kept.ok ? json(200, job) : problemAnswer('createCronJob', kept.problem)
}

async function update(call: Call): Promise<Response> {
  const given = await readJob(call)
  if (given instanceof Response) return given
  const { app, caller } = call
  const found = await findJob(call)
  if (!found.ok) return problemAnswer('updateCronJob', found.problem)
  const { project, job: before } = found.value
  const pipeline = await app.pipelines.get(caller, { name: given.pipeline_name, project: { id: project.id } })
  if (!pipeline.ok) return problemAnswer('updateCronJob', pipeline.problem)
  // Looked for first, and left last: a change that is refused leaves the timer as it was.
  const last = await triggered(app, caller, project, before)
  if (!last.ok) return problemAnswer('updateCronJob', last.problem)
  const kept = await keep(call, pipeline.value, jobOf(call, before.id, given))
  if (!kept.ok) return problemAnswer('updateCronJob', kept.problem)
  const old = last.value
  const isSame = old === undefined || old.id === pipeline.value.id
  const left = isSame ? accept(null) : await dropTimer(call, old, triggerName(before))
  return left.ok ? success() : problemAnswer('updateCronJob', left.problem)
}

async function remove(call: Call): Promise<Response> {
  const { app, caller } = call
  const found = await findJob(call)
  if (!found.ok) return problemAnswer('deleteCronJob', found.problem)
  const { project, job } = found.value
  const left = await dropTrigger(call, project, job)
  if (!left.ok) return problemAnswer('deleteCronJob', left.problem)
  const removed = await app.documents.remove(caller, { project: { id: project.id }, kind: KIND, key: job.id })
  return removed.ok ? success() : problemAnswer('deleteCronJob', removed.problem)
}

/** With a pipeline its timers go: a job that nothing can fire would be listed as if it were scheduled. */
export async function forgetJobs(call: Call, pipeline: PipelineView): Promise<Result<unknown>> {
  const kept = await allJobs(call)
  if (!kept.ok) return kept
  const { id } = pipeline.project
  for (const { project, job } of kept.value) {
    if (project.id !== id || job.pipeline_name !== pipeline.name) continue
    const removed = await call.app.documents.remove(call.caller, { project: { id }, kind: KIND, key: job.id })
    if (!removed.ok) return removed
  }
  return accept(null)
}

async function list(call: Call, operation: OperationName, isMeant: (job: CronJob) => boolean): Promise<Response> {
  const kept = await allJobs(call)
  if (!kept.ok) return problemAnswer(operation, kept.problem)
  return json(200, kept.value.map(({ job }) => job).filter(isMeant))
}

/** The trigger first: a document without its trigger would be a timer that never comes, and nobody is told. */
async function keep(call: Call, pipeline: PipelineView, job: CronJob): Promise<Result<unknown>> {
  const { schedule, enabled } = job
  const timed = await setTimer(call, pipeline, {
    name: triggerName(job),
    schedule,
    params: paramsOf(job, pipeline),
    enabled,
  })
  if (!timed.ok) return timed
  const project = { id: pipeline.project.id }
  return await call.app.documents.put(call.caller, { project, kind: KIND, key: job.id, value: { ...job } })
}

async function dropTrigger(call: Call, project: ProjectView, job: CronJob): Promise<Result<unknown>> {
  const pipeline = await triggered(call.app, call.caller, project, job)
  if (!pipeline.ok) return pipeline
  // A pipeline that is gone has taken its triggers along.
  return pipeline.value === undefined ? accept(null) : await dropTimer(call, pipeline.value, triggerName(job))
}

/** The pipeline that has the job's trigger, whatever it is called by now. */
async function triggered(
  app: App,
  caller: Caller,
  project: ProjectView,
  job: CronJob,
): Promise<Result<PipelineView | undefined>> {
  let after: number | null = null
  do {
    const page = await app.pipelines.list(caller, { project: { id: project.id } }, { after, limit: 100 })
    if (!page.ok) return page
    const found = page.value.items.find(({ definition }) =>
      (definition.triggers?.list ?? []).some(({ name }) => name === triggerName(job)),
    )
    if (found !== undefined) return accept(found)
    after = page.value.next
  } while (after !== null)
  return accept(undefined)
}

const triggerName = ({ id }: CronJob): string => `koderover-cron-${id}`

function paramsOf(job: CronJob, { definition }: PipelineView): JsonObject {
  const known = new Set(definition.params.map(({ name }) => name))
  const values = { repo_owner: job.repo_owner, repo_name: job.repo_name, branch: job.branch, ref: job.branch }
  const own = definition.annotations['koderover/generation'] !== undefined
  const params = Object.entries(values).filter(
    ([name, value]) => value !== '' && known.has(name) && (name !== 'ref' || own),
  )
  return Object.fromEntries(params)
}

const jobOf = ({ app, caller }: Call, id: string, given: Given): CronJob => ({
  id,
  ...given,
  updated: Math.floor(app.now() / 1_000),
  creator: caller.user.name,
})

async function findJob(call: Call): Promise<Result<Kept>> {
  const id = call.param('id')
  const kept = await allJobs(call)
  if (!kept.ok) return kept
  const found = kept.value.find(({ job }) => job.id === id)
  return found === undefined ? refuse('not_found', `there is no job ${JSON.stringify(id.slice(0, 64))}`) : accept(found)
}

async function allJobs({ app, caller }: Call): Promise<Result<readonly Kept[]>> {
  const kept: Kept[] = []
  for (const project of await app.projects.list(caller)) {
    const page = await app.documents.list(caller, { project: { id: project.id }, kind: KIND, limit: JOBS_MAX })
    if (!page.ok) return page
    for (const { key, value } of page.value.items) {
      const given = jobFrom(value)
      if (typeof given === 'string' || !isJsonObject(value)) continue
      kept.push({
        project,
        job: { id: key, ...given, updated: integerOf(value, 'updated'), creator: textOf(value, 'creator') },
      })
    }
  }
  return accept(kept)
}

async function readJob({ request, options }: Call): Promise<Given | Response> {
  const bytes = await readBody(request, options.bodyMaxBytes)
  const parsed = bytes.ok ? parseJson(bytes.value) : bytes
  if (!parsed.ok) return bodyRefused(parsed, INVALID)
  const given = jobFrom(parsed.value)
  return typeof given === 'string' ? errorAnswer(400, INVALID, given) : given
}

function jobFrom(value: Json | undefined): Given | string {
  if (!isJsonObject(value)) return 'expected a JSON object'
  const texts = ['pipeline_name', 'repo_owner', 'repo_name', 'branch', 'schedule'] as const
  for (const name of texts) {
    const found = Object.hasOwn(value, name) ? value[name] : ''
    if (typeof found !== 'string' || found.length > 1_000)
      return `${name}: expected a string of at most 1000 characters`
  }
  const { enabled } = value
  if (enabled !== undefined && typeof enabled !== 'boolean') return 'enabled: expected true or false'
  const text = (name: (typeof texts)[number]): string => textOf(value, name)
  if (text('pipeline_name') === '') return 'pipeline_name: expected a name'
  if (text('schedule').trim() === '') return 'schedule: expected @every and a duration, or cron of six fields'
  return {
    pipeline_name: text('pipeline_name'),
    repo_owner: text('repo_owner'),
    repo_name: text('repo_name'),
    branch: text('branch'),
    schedule: text('schedule').trim(),
    enabled: enabled === true,
  }
}
