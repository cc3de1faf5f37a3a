import { z } from 'zod'
import type { App, Caller } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView, RunSummary } from '../../model/view.ts'
import { presentPipeline, presentPipelineSummary } from './present-pipeline.ts'
import { presentSummary, time } from './present.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef } from './refs.ts'
import { type Reply, route } from './route.ts'
import { NewPipeline, NewVersion, Pipeline, PipelineList, Validation, Version, VersionList } from './schema.ts'
import { withNext } from './paging.ts'

const tag = 'pipelines'
/** Enough to see a trend. */
const RUNS_MAX = 30
const inProject = { project: query.name.describe('Id or name; needed when two projects have a pipeline of this name') }

/** The version comes first, so that it can be given back as If-Match; the rest follows the newest run. */
const etagOf = ({ version, runCount, latestRun }: PipelineView): string =>
  `${version}-${runCount}-${latestRun?.id.slice(-8) ?? 'none'}-${latestRun?.seq ?? 0}`

const replyWith = (pipeline: PipelineView): Reply<z.output<typeof Pipeline>> => ({
  body: presentPipeline(pipeline),
  etag: etagOf(pipeline),
  depends: [`pipeline:${pipeline.id}`],
})

export const listPipelines = route({
  method: 'GET',
  path: '/api/v1/pipelines',
  id: 'listPipelines',
  tag,
  summary: 'Pipelines in the order they were made',
  query: z.object({
    project: query.name.describe('Id or name'),
    text: query.name.describe('Part of the name'),
    runs: query.integer(0, RUNS_MAX).default(0).describe(`How many of its last runs come with each, 0 to ${RUNS_MAX}`),
    limit: query.limit(50, 100),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: PipelineList },
  problems: ['not_found'],
  handle: async ({ app, caller, query: { project, text, runs, limit, cursor }, url }) => {
    const filter = {
      ...(project === undefined ? {} : { project: projectRef(project) }),
      ...(text === undefined ? {} : { text }),
    }
    const page = await app.pipelines.list(caller, filter, { after: cursor ?? null, limit })
    if (!page.ok) return page
    const next = page.value.next === null ? null : String(page.value.next)
    const items: z.output<typeof PipelineList>['items'] = []
    for (const pipeline of page.value.items) {
      const recent = await recentRuns(app, caller, pipeline, runs)
      if (!recent.ok) return recent
      items.push({ ...presentPipelineSummary(pipeline), recent_runs: recent.value.map(presentSummary) })
    }
    return accept({ body: { items, next }, headers: withNext(url, next) })
  },
})

async function recentRuns(
  app: App,
  caller: Caller,
  { id, latestRun }: PipelineView,
  limit: number,
): Promise<Result<readonly RunSummary[]>> {
  if (limit === 0 || latestRun === null) return accept([])
  if (limit === 1) return accept([latestRun])
  const page = await app.runs.list(caller, { pipeline: { id } }, { before: null, limit })
  return page.ok ? accept(page.value.items) : page
}

export const createPipeline = route({
  method: 'POST',
  path: '/api/v1/pipelines',
  id: 'createPipeline',
  tag,
  summary: 'Make a pipeline of a definition',
  description: 'JSON, or the definition itself as text/yaml with `?project=` (and `?file=` for error messages).',
  query: z.object({ project: query.name.describe('With a text body'), file: query.name.describe('With a text body') }),
  body: NewPipeline,
  textBody: (definition, url) => ({ ...fromQuery(url, ['project', 'file']), definition }),
  status: 201,
  answer: { json: Pipeline },
  problems: ['invalid_definition', 'conflict', 'not_found'],
  handle: async ({ app, caller, body }) => {
    const made = await app.pipelines.create(caller, {
      project: projectRef(body.project),
      text: body.definition,
      ...(body.file === undefined ? {} : { file: body.file }),
    })
    if (!made.ok) return made
    return accept({ ...replyWith(made.value), headers: { location: `/api/v1/pipelines/${made.value.id}` } })
  },
})

export const getPipeline = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}',
  id: 'getPipeline',
  tag,
  summary: 'One pipeline, by id or name',
  query: z.object(inProject),
  status: 200,
  answer: { json: Pipeline },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const found = await app.pipelines.get(caller, pipelineRef(param('pipeline'), project))
    return found.ok ? accept(replyWith(found.value)) : found
  },
})

export const updatePipeline = route({
  method: 'PUT',
  path: '/api/v1/pipelines/{pipeline}',
  id: 'updatePipeline',
  tag,
  summary: 'Store a new version',
  description: 'JSON, or the definition itself as text/yaml. With If-Match it is stored only on top of that version.',
  query: z.object({ ...inProject, file: query.name.describe('With a text body') }),
  body: NewVersion,
  textBody: (definition, url) => ({ ...fromQuery(url, ['file']), definition }),
  headers: { 'If-Match': 'ETag of the pipeline, or its version in quotes' },
  status: 200,
  answer: { json: Pipeline },
  problems: ['invalid_definition', 'stale_version', 'conflict', 'not_found'],
  handle: async ({ app, caller, param, query: { project }, body, header }) => {
    const expectedVersion = versionOf(header('if-match'))
    if (!expectedVersion.ok) return expectedVersion
    const stored = await app.pipelines.update(caller, pipelineRef(param('pipeline'), project), {
      text: body.definition,
      ...(body.file === undefined ? {} : { file: body.file }),
      expectedVersion: expectedVersion.value,
    })
    return stored.ok ? accept(replyWith(stored.value)) : stored
  },
})

function versionOf(ifMatch: string | undefined): Result<number | null> {
  if (ifMatch === undefined || ifMatch.trim() === '*') return accept(null)
  const version = /^\s*(?:W\/)?"(\d{1,9})(?:-[^"]*)?"\s*$/.exec(ifMatch)?.[1]
  if (version !== undefined) return accept(Number(version))
  const message = `If-Match must be the ETag of a pipeline, like "3" or "3-17-0a1b2c3d-9", found ${JSON.stringify(ifMatch.slice(0, 100))}`
  return { ok: false, problem: { code: 'invalid_request', message } }
}

function fromQuery(url: URL, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) =>
      url.searchParams
        .getAll(name)
        .slice(0, 1)
        .map((value) => [name, value]),
    ),
  )
}

export const deletePipeline = route({
  method: 'DELETE',
  path: '/api/v1/pipelines/{pipeline}',
  id: 'deletePipeline',
  tag,
  summary: 'Hide a pipeline; its runs stay readable',
  query: z.object(inProject),
  status: 204,
  answer: 'nothing',
  problems: ['not_found', 'conflict', 'not_allowed'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const removed = await app.pipelines.remove(caller, pipelineRef(param('pipeline'), project))
    return removed.ok ? accept({ body: null }) : removed
  },
})

export const listVersions = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/versions',
  id: 'listVersions',
  tag,
  summary: 'All versions, newest first, without their texts',
  query: z.object(inProject),
  status: 200,
  answer: { json: VersionList },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const versions = await app.pipelines.versions(caller, pipelineRef(param('pipeline'), project))
    return versions.ok ? accept({ body: { items: versions.value.map(presentVersion) } }) : versions
  },
})

type VersionView = { version: number; createdAt: number; createdBy: { id: string; name: string } }
const presentVersion = ({ version, createdAt, createdBy }: VersionView) => ({
  version,
  created_at: time(createdAt),
  created_by: { id: createdBy.id, name: createdBy.name },
})

export const getVersion = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/versions/{version}',
  id: 'getVersion',
  tag,
  summary: 'One version with its text as it was given',
  query: z.object(inProject),
  status: 200,
  answer: { json: Version },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const ref = pipelineRef(param('pipeline'), project)
    const versions = await app.pipelines.versions(caller, ref)
    if (!versions.ok) return versions
    const version = versions.value.find((one) => String(one.version) === param('version'))
    if (version === undefined) {
      const newest = versions.value[0]?.version ?? 0
      const message = `This pipeline has versions 1 to ${newest}, found ${JSON.stringify(param('version').slice(0, 40))}`
      return { ok: false, problem: { code: 'not_found', message } }
    }
    const text = await app.pipelines.text(caller, ref, version.version)
    if (!text.ok) return text
    // A version never changes.
    return accept({ body: { ...presentVersion(version), definition: text.value }, etag: String(version.version) })
  },
})

export const validate = route({
  method: 'POST',
  path: '/api/v1/validate',
  id: 'validate',
  tag,
  summary: 'Check a definition without storing it',
  description: 'JSON, or the definition itself as text/yaml. Always 200: the answer says whether it is valid.',
  query: z.object({ file: query.name.describe('With a text body') }),
  body: NewVersion,
  textBody: (definition, url) => ({ ...fromQuery(url, ['file']), definition }),
  status: 200,
  answer: { json: Validation },
  problems: [],
  handle: async ({ app, body }) => {
    const errors = await app.pipelines.validate(body.definition, body.file ?? 'pipeline.yaml')
    return accept({ body: { valid: errors.length === 0, errors: errors.map((error) => ({ ...error })) } })
  },
})
