import { z } from 'zod'
import type { RunActionInput as ActionInput, RunListFilter } from '../../host/app.ts'
import { RUN_ACTIONS } from '../../model/command.ts'
import { CAUSE_KINDS } from '../../model/event.ts'
import { accept, type Result } from '../../model/problem.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { RunView } from '../../model/view.ts'
import { idempotencyKeyOf, KEY_HEADER } from './idempotency-key.ts'
import { withNext } from './paging.ts'
import { presentExplanation, presentHead, presentQueue, presentSummary } from './present.ts'
import { runText } from './run-text.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef, runRef } from './refs.ts'
import { type Reply, route } from './route.ts'
import { ExplanationList, NewRun, Queue, Rerun, Run, RunActionInput, RunBatch, RunList, RunRefs } from './schema.ts'

const tag = 'runs'

/** `seq` is all that can change in a run; the letter goes up when its wire does. */
const replyWith = (run: RunView): Reply<z.output<typeof Run>> => ({ json: runText(run), etag: `b${run.seq}` })

export const startRun = route({
  method: 'POST',
  path: '/api/v1/pipelines/{pipeline}/runs',
  id: 'startRun',
  tag,
  summary: 'Start a run of the newest version',
  description: 'Answers as soon as the run is stored: it survives a crash from then on.',
  query: z.object({
    project: query.name.describe('Id or name; needed when two projects have a pipeline of this name'),
  }),
  body: NewRun,
  headers: KEY_HEADER,
  status: 201,
  answer: { json: Run },
  problems: ['not_found', 'conflict', 'idempotency_reused'],
  handle: async ({ app, caller, param, query: { project }, body, header }) => {
    const key = idempotencyKeyOf(header)
    if (!key.ok) return key
    const started = await app.runs.start(caller, {
      pipeline: pipelineRef(param('pipeline'), project),
      params: body.params,
      wait: body.wait,
      ...given(body),
      ...key.value,
    })
    if (!started.ok) return started
    return accept({ ...replyWith(started.value), headers: { location: `/api/v1/runs/${started.value.id}` } })
  },
})

export const getQueue = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/queue',
  id: 'getQueue',
  tag,
  summary: 'Which runs are under way in its concurrency group, and which wait for their turn',
  query: z.object({
    project: query.name.describe('Id or name; needed when two projects have a pipeline of this name'),
  }),
  status: 200,
  answer: { json: Queue },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const found = await app.runs.queue(caller, pipelineRef(param('pipeline'), project))
    return found.ok ? accept({ body: presentQueue(found.value) }) : found
  },
})

export const rerun = route({
  method: 'POST',
  path: '/api/v1/runs/{run}/rerun',
  id: 'rerun',
  tag,
  summary: 'Run again what a run did',
  description:
    'A new run of the same version with the same params and annotations, some of them replaced by those that are given. Triggers are not waited for, and what the run left out is left out again.',
  body: Rerun,
  headers: KEY_HEADER,
  status: 201,
  answer: { json: Run },
  problems: ['not_found', 'conflict', 'idempotency_reused'],
  handle: async ({ app, caller, param, body, header }) => {
    const key = idempotencyKeyOf(header)
    if (!key.ok) return key
    const input = { params: body.params, ...given(body), ...key.value }
    const made = await app.runs.rerun(caller, runRef(param('run')), input)
    if (!made.ok) return made
    return accept({ ...replyWith(made.value), headers: { location: `/api/v1/runs/${made.value.id}` } })
  },
})

/** Of a new run, what was said. */
function given({ annotations, only, exclude, priority }: Omit<z.output<typeof Rerun>, 'params'>) {
  return {
    ...(annotations === undefined ? {} : { annotations }),
    ...(only === undefined ? {} : { only }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(priority === undefined ? {} : { priority }),
  }
}

const filterFields = {
  status: query.list(RUN_STATUSES).describe('One of these; several with commas'),
  project: query.name.describe('Id or name'),
  pipeline: query.name.describe('Id, or name with `project`'),
  needs_person: query.flag.describe('Only those that wait for someone, or only those that do not'),
  text: query.name.describe("Part of the pipeline's name"),
  by: query.name.describe('Who or what made it: `cause.by`'),
  cause: query.list(CAUSE_KINDS).describe('What kind of cause it has: one of these; several with commas'),
  created_from: query.instant.describe('At or after'),
  created_to: query.instant.describe('Before'),
}
type Filter = z.output<z.ZodObject<typeof filterFields>>

function filterOf(given: Filter): RunListFilter {
  return {
    ...(given.status === undefined ? {} : { statuses: given.status }),
    ...(given.project === undefined ? {} : { project: projectRef(given.project) }),
    ...(given.pipeline === undefined ? {} : { pipeline: pipelineRef(given.pipeline, given.project) }),
    ...(given.needs_person === undefined ? {} : { needsPerson: given.needs_person === 'true' }),
    ...(given.text === undefined ? {} : { text: given.text }),
    ...(given.by === undefined ? {} : { causeBy: [given.by] }),
    ...(given.cause === undefined ? {} : { causeKinds: given.cause }),
    ...(given.created_from === undefined ? {} : { createdFrom: Date.parse(given.created_from) }),
    ...(given.created_to === undefined ? {} : { createdTo: Date.parse(given.created_to) }),
  }
}

export const listRuns = route({
  method: 'GET',
  path: '/api/v1/runs',
  id: 'listRuns',
  tag,
  summary: 'Runs, newest first',
  query: z.object({ ...filterFields, limit: query.limit(50, 100), cursor: query.cursor }),
  status: 200,
  answer: { json: RunList },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, query: { limit, cursor, ...filter }, url }) => {
    const page = await app.runs.list(caller, filterOf(filter), { before: cursor ?? null, limit })
    if (!page.ok) return page
    const next = page.value.next === null ? null : String(page.value.next)
    return accept({ body: { items: page.value.items.map(presentSummary), next }, headers: withNext(url, next) })
  },
})

export const batchRuns = route({
  method: 'POST',
  path: '/api/v1/runs/batch',
  id: 'batchRuns',
  tag,
  summary: 'Where up to 100 runs are, in one call',
  description: 'In the order asked; a POST because 100 ids are too long for a URL. Nothing is changed.',
  body: RunRefs,
  status: 200,
  answer: { json: RunBatch },
  problems: [],
  handle: async ({ app, caller, body }) => {
    const found = await app.runs.batch(caller, body.ids.map(runRef))
    if (!found.ok) return found
    const names = new Set(found.value.flatMap(({ id, serial }) => [id as string, String(serial)]))
    return accept({
      body: { items: found.value.map(presentHead), missing: body.ids.filter((id) => !names.has(id)) },
    })
  },
})

export const getRun = route({
  method: 'GET',
  path: '/api/v1/runs/{run}',
  id: 'getRun',
  tag,
  summary: 'One run as a tree, by id or serial',
  query: z.object({
    as_of: z
      .union([query.integer(1, 2 ** 31), z.iso.datetime({ offset: true })])
      .optional()
      .describe('As it was when its `seq` was this, or at this time'),
  }),
  status: 200,
  answer: { json: Run },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: { as_of } }) => {
    const ref = runRef(param('run'))
    if (as_of !== undefined) {
      const moment = typeof as_of === 'number' ? as_of : { at: Date.parse(as_of) }
      const then = await app.runs.asOf(caller, ref, moment)
      if (!then.ok) return then
      // More may happen until a time that has not come.
      if (typeof moment !== 'number' && moment.at >= app.now()) return accept(replyWith(then.value))
      // What has been stays as it was.
      return accept({ ...replyWith(then.value), headers: { 'cache-control': 'private, max-age=86400, immutable' } })
    }
    const run = await app.runs.get(caller, ref)
    return run.ok ? accept({ ...replyWith(run.value), depends: [`run:${run.value.id}`] }) : run
  },
})

export const actOnRun = route({
  method: 'POST',
  path: '/api/v1/runs/{run}/actions/{action}',
  id: 'actOnRun',
  tag,
  summary: `Steer a run: ${RUN_ACTIONS.join(', ')}`,
  body: RunActionInput,
  status: 200,
  answer: { json: Run },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param, body }) => {
    const action = actionOf(param('action'), body)
    if (!action.ok) return action
    const run = await app.runs.act(caller, runRef(param('run')), action.value)
    return run.ok ? accept(replyWith(run.value)) : run
  },
})

function actionOf(name: string, body: z.output<typeof RunActionInput>): Result<ActionInput> {
  const action = RUN_ACTIONS.find((one) => one === name)
  if (action === undefined) {
    const message = `A run knows ${RUN_ACTIONS.join(', ')}, found ${JSON.stringify(name.slice(0, 40))}`
    return { ok: false, problem: { code: 'not_found', message } }
  }
  if (action === 'cancel') {
    return accept({
      action,
      ...(body.reason === undefined ? {} : { reason: body.reason }),
      ...(body.force === undefined ? {} : { force: body.force }),
      ...(body.mode === undefined ? {} : { mode: body.mode }),
    })
  }
  const stray = (['reason', 'force', 'mode'] as const).find((field) => body[field] !== undefined)
  if (action === 'modify') {
    if (stray === undefined && body.params !== undefined) return accept({ action, params: body.params })
    const wrong = stray === undefined ? 'modify takes params, found none' : `${stray} belongs to cancel, not to modify`
    return { ok: false, problem: { code: 'invalid_request', message: wrong } }
  }
  if (stray === undefined && body.params === undefined) return accept({ action })
  const message = `${stray ?? 'params'} belongs to ${stray === undefined ? 'modify' : 'cancel'}, not to ${action}`
  return { ok: false, problem: { code: 'invalid_request', message } }
}

export const explainRun = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/explain',
  id: 'explainRun',
  tag,
  summary: 'Why a run is where it is, and what would change that',
  status: 200,
  answer: { json: ExplanationList },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const explained = await app.runs.explain(caller, runRef(param('run')))
    return explained.ok ? accept({ body: { items: explained.value.map(presentExplanation) } }) : explained
  },
})
