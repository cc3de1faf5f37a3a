import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type FuzzSubject, fuzzCredentials, fuzzRequests, servedEndpoints } from '../../testing/dialect-fuzz.ts'
import { intrusions, openNeighbours } from '../../testing/dialect-isolation.ts'
import { need, openWorld } from '../../testing/world.ts'
import { codeartsPipeline } from './index.ts'

const shell = { task: 'official_shell_plugin', inputs: [{ key: 'OFFICIAL_SHELL_SCRIPT_INPUT', value: 'make' }] }
const review = { task: 'official_devcloud_checkpoint', inputs: [{ key: 'approvers', value: '' }] }
const DEFINITION = JSON.stringify({
  stages: [{ name: 'One', identifier: 's1', jobs: [{ name: 'a', identifier: 'JOB_a', steps: [shell, review] }] }],
})

async function openSubject(): Promise<FuzzSubject> {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const { app, admin, project } = world
  const text = 'name: web\nparams: {branch: main}\ntasks: [{name: compile, role: build, script: make}]\n'
  const pipeline = need(await app.pipelines.create(admin, { project: { id: project.id }, text }))
  const run = await world.start(pipeline)
  await world.settled()
  return {
    dialect: codeartsPipeline,
    world,
    known: [project.id, pipeline.id, run.id, run.stages[0]?.tasks[0]?.id ?? '', 'web', '1', DEFINITION],
    fields: (
      'name definition is_publish sources variables schedules triggers concurrency_control group_id choose_jobs ' +
      'choose_stages description status project_ids start_time end_time update_time offset limit sort sort_key sort_dir ' +
      'start_offset end_offset id parent_id pipelines build_params pipeline_name pipeline_ids build_id start_date ' +
      'end_date outcome pipeline_run_id step_run_ids flow states workflow template_type is_build_in pipeline_group_ids ' +
      'query flag mode pipelineId subject role_id user_id operation_query'
    ).split(' '),
    isOpen: ({ path }) => path.includes('/webhook/callback-run/'),
    notTheirError: ({ headers, text: answer }) => {
      const body = JSON.parse(answer) as Record<string, unknown>
      const keys = Object.keys(body).toSorted().join()
      if (!headers.has('x-request-id')) return 'has no request id'
      if (typeof body['error_code'] !== 'string' || typeof body['error_msg'] !== 'string')
        return 'not of the vendor’s form'
      return ['error_code,error_msg', 'error_code,error_msg,request_id'].includes(keys) ? undefined : `has ${keys}`
    },
  }
}

describe('whatever is sent gets an answer of the vendor’s, and never a fault of ours', async () => {
  const subject = await openSubject()
  const served = servedEndpoints(codeartsPipeline)

  test.each(served)('%s', (_, method, row) => fuzzRequests(subject, method, row))

  test.each(served)('%s, by nobody', (_, method, row) => fuzzCredentials(subject, method, row))

  test('every endpoint was asked', () => expect(served.length).toBeGreaterThan(35))
})

test('who belongs to one project learns nothing of another, and changes nothing there', async () => {
  const neighbours = await openNeighbours(await openWorld())
  const { project, pipeline, other } = neighbours
  const { leaks, seenByOwner } = await intrusions(codeartsPipeline, neighbours, ({ method, path }) => {
    if (method === 'GET') return [{}]
    if (path.endsWith('/status')) return [[pipeline.id]]
    if (path.endsWith('/move')) return [{ pipelines: [{ pipeline_id: pipeline.id, pipeline_name: 'x' }] }]
    if (/\/batch-(?:runs|delete)$/.test(path)) return [{ pipeline_ids: [pipeline.id] }]
    if (path.endsWith('/result')) return [{ query: [{ pipeline_id: pipeline.id, pipeline_run_id: '' }] }]
    if (path.endsWith('-version')) return [[{ pipeline_id: pipeline.id }]]
    if (path.endsWith('/relation')) return [{ pipeline_id: pipeline.id, pipeline_group_ids: [] }]
    if (path.endsWith('/logs')) return [{ limit: 10, sort: 'asc' }]
    if (path.endsWith('/list')) {
      const ids = path.startsWith('/v3') ? [project.id, other.id] : [[project.id], [other.id]]
      return ids.map((project_ids) => ({ project_ids }))
    }
    return [{ name: 'x', is_publish: false, definition: '{"stages":[]}' }]
  })
  expect(leaks).toEqual([])
  // The same requests tell A's own people something, so the check can see a leak.
  expect(seenByOwner).toBeGreaterThan(0)
})
