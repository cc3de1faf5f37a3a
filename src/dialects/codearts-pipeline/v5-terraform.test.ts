// What the Terraform provider (huaweicloud/terraform-provider-huaweicloud, services/codeartspipeline) sends for its
// resources and data sources, in its order: make, read, change, read, delete, and then nothing is there. Bodies are those
// of its acceptance tests. It takes 404, and some codes, for "is gone", and any other failure for an error.
import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { checkpoint, dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { ScriptedRunner } from '../../testing/scripted-runner.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { codeartsPipeline } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
type Body = ReturnType<typeof JSON.parse>

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({
    runner: new ScriptedRunner(10),
    check: (text, file) => parseDefinition(text, file, stepSpecs),
  })
  handle = codeartsPipeline.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
})

async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const init = body === undefined ? {} : { body: JSON.stringify(body) }
  const headers = { 'X-Auth-Token': world.credentials.token, Accept: 'application/json' }
  const response = await handle(new Request(`${BASE}/v5/${world.project.id}/api${path}`, { method, headers, ...init }))
  return { status: response.status, body: JSON.parse(await response.text()) }
}
const good = async (method: string, path: string, body?: unknown): Promise<Body> => {
  const answer = await call(method, path, body)
  expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
  expect(answer.body.error_code).toBeUndefined()
  return answer.body
}

const variable = { description: 'test', is_secret: false, name: 'test', sequence: 1, type: 'string', value: '1' }
const group = async (name: string, variables: readonly object[] = [variable]): Promise<string> =>
  (
    await good('POST', '/pipeline/variable/group/create', {
      project_id: world.project.id,
      name,
      description: 'test',
      variables,
    })
  ).pipeline_variable_group_id
const bound = async (id: string): Promise<readonly string[]> =>
  (await good('GET', `/pipeline/variable/group/pipeline?pipelineId=${id}`)).map((one: Body) => one.id)
const envOf = async (id: string): Promise<Body> => {
  await good('POST', `/pipelines/${id}/run`, { description: '' })
  await world.settled()
  return world.runner.jobs.at(-1)?.env
}
const one = (more: object = {}) => dto([stage('Stage_1', [job('JOB_EyJYf', [shell('make')])])], more)

test('huaweicloud_codearts_pipeline, as its acceptance test has it', async () => {
  const parameters = await group('params')
  await good('POST', '/pipeline-tag/create', { name: 'tag', color: '#0b81f6' })
  const [{ tag_id: tag }] = await good('GET', `/pipeline-tag/list?proj_id=${world.project.id}`)
  const { id: group_id } = await good('POST', '/pipeline-group/create', { name: 'g', project_id: world.project.id })
  const trigger = { git_url: 'https://example.com/a.git', git_type: 'codehub', is_auto_commit: false, repo_id: '7' }
  const body = {
    ...dto([stage('Stage_1', [job('JOB_EyJYf', [checkpoint(world.admin.user.id)])])]),
    name: 'tf-acc',
    group_id,
    sources: [
      { type: 'code', params: { codehub_id: '7', git_type: 'codehub', git_url: trigger.git_url, repo_name: 'a' } },
    ],
    variables: [
      {
        name: 'test_var',
        type: 'enum',
        value: 'test_value',
        description: 'test variable',
        is_runtime: true,
        limits: ['test', 'demo'],
      },
    ],
    triggers: [{ ...trigger, events: ['push', 'merge_request', 'tag_push'].map((type) => ({ type, enable: true })) }],
    schedules: [
      {
        type: 'periodic',
        name: 'test',
        enable: true,
        days_of_week: [2, 3],
        time_zone: 'China Standard Time',
        start_time: '18:51',
        end_time: '19:27',
        interval_time: '3600',
        interval_unit: 's',
      },
    ],
  }
  const { pipeline_id: id } = await good('POST', '/pipelines', body)
  await good('POST', '/pipeline/variable/group/relation', { pipeline_id: id, pipeline_group_ids: [parameters] })
  await good('POST', '/pipeline-tag/set-tags', { pipelineList: [id], tagList: [tag] })
  await good('PUT', `/pipelines/${id}/ban`)
  expect(await good('GET', `/pipelines/${id}`)).toMatchObject({
    name: 'tf-acc',
    banned: true,
    group_id,
    create_time: expect.any(Number),
    concurrency_control: { concurrency_number: expect.any(Number) },
    variables: [{ name: 'test_var', type: 'enum', value: 'test_value', limits: ['test', 'demo'] }],
  })
  expect(await bound(id)).toEqual([parameters])
  expect(await good('GET', `/pipeline-permissions/${id}/permission-switch`)).toMatchObject({ is_use_devuc: true })

  await good('PUT', `/pipelines/${id}/unban`)
  const variables = [{ name: 'test_var_update', type: 'string', value: 'test_value', is_runtime: true }]
  const control = { concurrency_number: 1, exceed_action: 'QUEUE', enable: true }
  const changed = {
    ...body,
    name: 'tf-acc-update',
    description: 'test-update',
    variables,
    concurrency_control: control,
  }
  expect(await good('PUT', `/pipelines/${id}`, changed)).toEqual({ pipeline_id: id })
  await good('POST', '/pipeline/variable/group/relation', { pipeline_id: id, pipeline_group_ids: [] })
  expect(await bound(id)).toEqual([])
  expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ ...changed, banned: false })

  await good('DELETE', `/pipelines/${id}`)
  const gone = { status: 404, body: { error_code: 'DEVPIPE.00011401' } }
  expect(await call('GET', `/pipelines/${id}`)).toMatchObject(gone)
  expect(await call('DELETE', `/pipelines/${id}`)).toMatchObject(gone)
})

describe('huaweicloud_codearts_pipeline_parameter_group', () => {
  test('is made, read, listed, changed and deleted', async () => {
    const id = await group('params')
    const { user } = world.admin
    expect(await good('GET', `/pipeline/variable/group/${id}`)).toEqual({
      id,
      project_id: world.project.id,
      domain_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'params',
      description: 'test',
      variables: [variable],
      related_pipelines: [],
      creator_id: user.id,
      updater_id: user.id,
      creator_name: user.name,
      updater_name: user.name,
      create_time: expect.any(Number),
      update_time: expect.any(Number),
    })
    const listed = await good('POST', '/pipeline/variable/group/list', { name: 'PAR', limit: 50, offset: 0 })
    expect(listed).toMatchObject({ offset: 0, limit: 50, total: 1, pipeline_variable_groups: [{ id }] })
    const next = await good('POST', '/pipeline/variable/group/list', { limit: 50, offset: 1 })
    expect(next.pipeline_variable_groups).toEqual([])
    const change = { project_id: world.project.id, name: 'params_update', description: '', id }
    expect(await good('PUT', '/pipeline/variable/group/update', change)).toEqual({ success: true })
    expect(await good('GET', `/pipeline/variable/group/${id}`)).toMatchObject({ name: 'params_update', variables: [] })
    expect(await good('DELETE', `/pipeline/variable/group/delete?id=${id}`, {})).toEqual({ success: true })
    const gone = { status: 404, body: { error_code: 'DEVPIPE.00014033' } }
    expect(await call('GET', `/pipeline/variable/group/${id}`)).toMatchObject(gone)
    expect(await call('DELETE', `/pipeline/variable/group/delete?id=${id}`, {})).toMatchObject(gone)
  })

  test('gives its variables to the runs of the pipelines that have it, the last bound before the first', async () => {
    const first = await group('first', [
      { name: 'A', value: 'a1' },
      { name: 'B', value: 'b1' },
      { name: 'OWN', value: 'no' },
    ])
    const second = await group('second', [{ name: 'B', value: 'b2' }])
    const { pipeline_id: id } = await good('POST', '/pipelines', one({ variables: [{ name: 'OWN', value: 'own' }] }))
    const binding = { pipeline_id: id, pipeline_group_ids: [first, second] }
    expect(await good('POST', '/pipeline/variable/group/relation', binding)).toEqual({ success: true })
    expect(await envOf(id)).toMatchObject({ A: 'a1', B: 'b2', OWN: 'own' })
    expect((await good('GET', `/pipeline/variable/group/${first}`)).related_pipelines).toEqual([{ id, name: 'web' }])
    const run = (await good('GET', `/pipelines/${id}/pipeline-runs/detail`)).id
    const variablesOf = (mode: number): Promise<Body> =>
      good('GET', `/pipelines/${id}/pipeline-runs/${run}/run-variables?mode=${mode}`)
    expect(await variablesOf(0)).toMatchObject([{ name: 'OWN', value: 'own', variableGroupName: null }])
    expect(await variablesOf(2)).toMatchObject([
      { name: 'A', value: 'a1', variableGroupName: 'first' },
      { name: 'B', value: 'b2', variableGroupName: 'second' },
    ])
    expect(await variablesOf(1)).toMatchObject([
      { name: 'PROJECT_ID', value: world.project.id },
      { name: 'PIPELINE_ID', value: id },
      { name: 'PIPELINE_NUMBER', value: '1' },
      { name: 'TIMESTAMP', value: expect.stringMatching(/^2026\d{10}$/) },
      { name: 'PIPELINE_TRIGGER_TYPE', value: 'Manual' },
      { name: 'PIPELINE_NAME', value: 'web' },
      { name: 'REPO_URL', value: '' },
      { name: 'EXECUTE_USER', value: 'ci' },
      { name: 'EXECUTE_USER_NAME', value: 'ci' },
      { name: 'PIPELINE_RUN_ID', value: run },
    ])

    const grown = { id: second, name: 'second', variables: [{ name: 'B', value: 'b3' }] }
    await good('PUT', '/pipeline/variable/group/update', grown)
    expect(await envOf(id)).toMatchObject({ A: 'a1', B: 'b3' })
    // An edit of the pipeline leaves it its groups, and its own form has none of their variables.
    const shown = await good('GET', `/pipelines/${id}`)
    expect(shown.variables.map(({ name }: Body) => name)).toEqual(['OWN'])
    await good('PUT', `/pipelines/${id}`, shown)
    expect(await envOf(id)).toMatchObject({ A: 'a1', B: 'b3' })
    await good('DELETE', `/pipeline/variable/group/delete?id=${second}`, {})
    expect(await envOf(id)).toMatchObject({ A: 'a1', B: 'b1', PIPELINE_ID: id, PIPELINE_NUMBER: '4' })
    expect(await bound(id)).toEqual([first])
  })

  test('shows stars for secrets, which stay what they were when they come back so', async () => {
    const secret = { name: 'KEY', value: 'tiger', is_secret: true }
    const id = await group('secrets', [secret])
    const shown = await good('GET', `/pipeline/variable/group/${id}`)
    expect(shown.variables).toMatchObject([{ name: 'KEY', value: '******', is_secret: true }])
    const { pipeline_id } = await good('POST', '/pipelines', one())
    await good('POST', '/pipeline/variable/group/relation', { pipeline_id, pipeline_group_ids: [id] })
    await good('PUT', '/pipeline/variable/group/update', shown)
    expect(await envOf(pipeline_id)).toMatchObject({ KEY: 'tiger' })
    const { id: run } = await good('GET', `/pipelines/${pipeline_id}/pipeline-runs/detail`)
    const variables = await good('GET', `/pipelines/${pipeline_id}/pipeline-runs/${run}/run-variables?mode=2`)
    expect(variables).toMatchObject([{ name: 'KEY', value: '******', is_secret: true }])
  })

  test('is not bound where it is not, nor to a pipeline that was made in another way', async () => {
    const id = await group('params')
    const { pipeline_id } = await good('POST', '/pipelines', one())
    const binding = { pipeline_id, pipeline_group_ids: ['f'.repeat(32)] }
    expect(await call('POST', '/pipeline/variable/group/relation', binding)).toMatchObject({ status: 404 })
    // What is not said takes nothing away.
    await good('POST', '/pipeline/variable/group/relation', { pipeline_id, pipeline_group_ids: [id] })
    expect(await call('POST', '/pipeline/variable/group/relation', { pipeline_id })).toMatchObject({ status: 400 })
    expect(await bound(pipeline_id)).toEqual([id])
    const text = 'name: native\ntasks: [{name: a, script: make}]\n'
    const native = await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text })
    if (!native.ok) throw new Error(native.problem.message)
    const other = { pipeline_id: native.value.id, pipeline_group_ids: [id] }
    expect(await call('POST', '/pipeline/variable/group/relation', other)).toMatchObject({ status: 400 })
  })
})

// A `sequence` that is not asked for, or another one than that which is asked for, is a difference that Terraform finds again
// after every apply: it is optional and not computed, and its variables are a set, sent in an order of their own.
test('variables have the numbers that they came with, and none where they came without', async () => {
  const bare = { name: 'test_var', type: 'string', value: 'test_value', is_runtime: true }
  const { pipeline_id: id } = await good('POST', '/pipelines', one({ variables: [bare] }))
  const sequencesOf = (variables: readonly Body[]) => variables.map(({ name, sequence }) => [name, sequence])
  const shown = await good('GET', `/pipelines/${id}`)
  expect(sequencesOf(shown.variables)).toEqual([['test_var', null]])
  expect((await good('GET', `/pipelines/${id}/list-runtime-vars`)).variables).toMatchObject([{ sequence: 1 }])
  const { templateId } = await good('POST', '/pipeline-templates', {
    ...one({ variables: [bare] }),
    language: 'none',
    is_show_source: true,
  })
  expect((await good('GET', `/pipeline-templates/${templateId}`)).variables[0].sequence ?? null).toBe(null)
  const numbered = [
    { name: 'second', value: 'b', sequence: 2 },
    { name: 'first', value: 'a', sequence: 1 },
    { name: 'bare', value: 'c' },
  ]
  const kept = [
    ['second', 2],
    ['first', 1],
    ['bare', null],
  ]
  const shared = await group('params', numbered)
  expect(sequencesOf((await good('GET', `/pipeline/variable/group/${shared}`)).variables)).toEqual(kept)
  await good('PUT', '/pipeline/variable/group/update', { id: shared, name: 'params', variables: numbered.toReversed() })
  expect(sequencesOf((await good('GET', `/pipeline/variable/group/${shared}`)).variables)).toEqual(kept.toReversed())
  await good('PUT', `/pipelines/${id}`, { ...shown, variables: numbered })
  expect(sequencesOf((await good('GET', `/pipelines/${id}`)).variables)).toEqual(kept)
})

test('huaweicloud_codearts_pipeline_template with is_favorite', async () => {
  const template = { ...one(), language: 'none', is_system: false, is_show_source: true, domain_id: 'd' }
  const { templateId: id } = await good('POST', '/pipeline-templates', template)
  const isCollected = async (): Promise<boolean> => {
    const { templates } = await good('POST', '/pipeline-templates/list', {
      limit: 100,
      offset: 0,
      sort_key: 'update_time',
    })
    return templates.find((listed: Body) => listed.id === id).is_collect
  }
  expect(await isCollected()).toBe(false)
  // As Python's SDK writes a flag of a query.
  expect(await good('POST', `/pipeline-templates/${id}/favorite?flag=True`)).toEqual({ templateId: id })
  expect(await isCollected()).toBe(true)
  expect(await good('POST', `/pipeline-templates/${id}/favorite?flag=false`)).toEqual({ templateId: id })
  expect(await isCollected()).toBe(false)
  await good('DELETE', `/pipeline-templates/${id}`)
  expect(await call('GET', `/pipeline-templates/${id}`)).toMatchObject({
    status: 404,
    body: { error_code: 'DEVPIPE.00011203' },
  })
})

test('huaweicloud_codearts_pipeline_by_template is made, completed from what was made, and read as it was sent', async () => {
  const definition = JSON.stringify({ stages: [stage('Stage_1', [job('JOB_EyJYf', [shell('make')])])] })
  const ofTemplate = { name: 'TAG', sequence: 1, type: 'string', value: 'v1', description: 'the tag', is_runtime: true }
  const template = { name: 'tpl', language: 'none', definition, is_system: false, is_show_source: true, domain_id: 'd' }
  const { templateId } = await good('POST', '/pipeline-templates', { ...template, variables: [ofTemplate] })
  const { id: group_id } = await good('POST', '/pipeline-group/create', { name: 'g', project_id: world.project.id })
  const params = {
    git_type: 'codehub',
    codehub_id: '7',
    git_url: 'https://example.com/a.git',
    default_branch: 'master',
  }
  const sent = { name: 'of-a-template', description: '', is_publish: false, sources: [{ type: 'code', params }] }
  const { pipeline_id: id } = await good('POST', `/pipeline-templates/${templateId}/create-pipeline`, sent)
  const made = await good('GET', `/pipelines/${id}`)
  expect(made).toMatchObject({ ...sent, definition, variables: [ofTemplate], group_id: null })

  // A timer and an event without `enable` are off.
  const schedules = [
    { type: 'fixed', name: 'night', days_of_week: [2], time_zone: 'China Standard Time', start_time: '01:00' },
  ]
  const triggers = [{ git_url: params.git_url, git_type: 'codehub', events: [{ type: 'push' }] }]
  const more = { group_id, schedules, triggers, concurrency_control: { concurrency_number: 2, exceed_action: 'QUEUE' } }
  const { manifest_version, variables } = made
  const whole = { ...sent, definition, manifest_version, variables, ...more }
  expect(await good('PUT', `/pipelines/${id}`, whole)).toEqual({ pipeline_id: id })
  expect(await good('GET', `/pipelines/${id}`)).toMatchObject(whole)
  const kept = await world.app.pipelines.get(world.admin, { id })
  expect(kept).toMatchObject({ ok: true, value: { definition: { triggers: null, concurrency: null } } })
})

test('huaweicloud_codearts_pipeline_action runs a job without steps', async () => {
  const body = dto([stage('stage_1', [job('JOB_ijsHS', [], { strategy: null, resource: null })])])
  const { pipeline_id: id } = await good('POST', '/pipelines', body)
  const identifier = '1749524616050e405ad46-29bf-4944-964b-stage_1'
  const build_params = { build_type: 'branch', event_type: 'Manual', target_branch: 'master' }
  const params = { codehub_id: '7', git_type: 'codehub', git_url: 'https://example.com/a.git', build_params }
  const run = await good('POST', `/pipelines/${id}/run`, {
    description: 'demo',
    sources: [{ type: 'code', params }],
    choose_jobs: ['JOB_ijsHS'],
    choose_stages: [identifier],
  })
  await world.settled()
  expect(await good('GET', `/pipelines/${id}/pipeline-runs/detail`)).toMatchObject({
    id: run.pipeline_run_id,
    status: 'COMPLETED',
    description: 'demo',
  })
})

test('the data sources of a pipeline page until they find nothing', async () => {
  const variables = [
    { name: 'ASKED', is_runtime: true },
    { name: 'KEPT', is_runtime: false },
  ]
  const { pipeline_id: id } = await good('POST', '/pipelines', one({ variables }))
  await good('PUT', `/pipelines/${id}`, one({ variables, description: 'again' }))
  const page = async (path: string, field: string): Promise<readonly Body[]> => {
    expect((await good('GET', `/pipelines/${id}/${path}?limit=10&offset=10`))[field]).toEqual([])
    return (await good('GET', `/pipelines/${id}/${path}?limit=10&offset=0`))[field]
  }
  expect(await page('list-runtime-vars', 'variables')).toMatchObject([{ name: 'ASKED', sequence: 1, limits: [] }])
  expect(await page('pipelines-modify-historys', 'data')).toMatchObject([
    { creator_name: 'ci', modify_type: 'edit', create_time: expect.any(Number) },
    { modify_type: 'create' },
  ])
  expect(await page('trigger-failed-record', 'triggerFailedRecordVOS')).toEqual([])
  expect(await good('GET', `/pipelines/${id}/list-system-vars`)).toMatchObject([
    { name: 'PROJECT_ID', value: null, type: 'string', isShow: true, ordinal: 0, isAlias: false },
    { name: 'PIPELINE_ID' },
    { name: 'PIPELINE_NUMBER' },
    { name: 'TIMESTAMP' },
    { name: 'PIPELINE_TRIGGER_TYPE' },
    { name: 'PIPELINE_NAME' },
    { name: 'REPO_URL' },
    { name: 'EXECUTE_USER' },
    { name: 'EXECUTE_USER_NAME' },
    { name: 'PIPELINE_RUN_ID' },
  ])
  const versions = await good('POST', '/pipelines/pipelines-version', [{ pipeline_id: id }])
  expect(versions).toEqual({ [id]: { pipelineId: id, manifestVersion: '3.0' } })
})

test('huaweicloud_codearts_pipeline_permission reads what roles give, and changes nothing', async () => {
  const { pipeline_id: id } = await good('POST', '/pipelines', one())
  const rights = `/pipeline-permissions/${id}`
  const may = (operation_update: boolean) => ({
    operation_query: true,
    operation_execute: true,
    operation_update,
    operation_delete: operation_update,
    operation_authorize: false,
  })
  const { roles } = await good('GET', `${rights}/role-permission`)
  expect(roles).toMatchObject([
    { role_id: 1, role_name: 'admin', ...may(true) },
    { role_id: 2, ...may(false) },
    { role_id: 3 },
  ])
  const { users } = await good('GET', `${rights}/user-permission?limit=10&subject=&offset=0`)
  expect(users).toMatchObject([{ user_id: world.admin.user.id, user_name: 'ci', role_id: 1, ...may(true) }])
  expect((await good('GET', `${rights}/user-permission?limit=10&subject=&offset=10`)).users).toEqual([])
  const done = { status: 'success' }
  const refused = { status: 403, body: { error_code: 'DEVPIPE.30011011' } }
  expect(await good('POST', `${rights}/update-role-permission`, { role_id: 2, ...may(false) })).toEqual(done)
  expect(await call('POST', `${rights}/update-role-permission`, { role_id: 2, ...may(true) })).toMatchObject(refused)
  const user_id = world.admin.user.id
  expect(await good('POST', `${rights}/update-user-permission`, { user_id, ...may(true) })).toEqual(done)
  expect(await call('POST', `${rights}/update-user-permission`, { user_id, ...may(false) })).toMatchObject(refused)
  const many = '/pipeline-permissions/pipeline/batch-role-permission'
  const both = { pipeline_ids: [id], is_project_switch: false, roles: [{ role_id: 1, ...may(true) }] }
  expect(await good('POST', many, both)).toEqual(done)
  const other = { ...both, roles: [...both.roles, { role_id: 3, ...may(true) }] }
  expect(await call('POST', many, other)).toMatchObject(refused)
  expect(await call('POST', many, { ...both, pipeline_ids: [id, 'ab'.repeat(16)] })).toMatchObject({ status: 404 })
  const own = await good('POST', '/pipelines/check-rights', { resource_ids: [id, 'none'], resource_type: 'pipeline' })
  const all = { query: true, update: true, execute: true, delete: true, banned: true, copy: true, tag: true }
  const nothing = Object.fromEntries(Object.keys(all).map((name) => [name, false]))
  expect(own).toEqual([{ [id]: { ...all, authorize: false } }, { none: { ...nothing, authorize: false } }])
  expect(await good('PUT', `${rights}/update-permission-switch?flag=false`)).toEqual(done)
  expect(await call('PUT', `${rights}/update-permission-switch?flag=true`)).toMatchObject(refused)
})

test('runs of several pipelines begin at once, and one that may not says why', async () => {
  const { pipeline_id: a } = await good('POST', '/pipelines', one())
  const { pipeline_id: b } = await good('POST', '/pipelines', one({ name: 'banned' }))
  await good('PUT', `/pipelines/${b}/ban`)
  const { result } = await good('POST', '/pipelines/batch-runs', { pipeline_ids: [a, b] })
  expect(result).toEqual([
    { pipeline_id: a, pipeline_run_id: expect.stringMatching(/^[0-9a-f]{32}$/) },
    { pipeline_id: b, pipeline_run_id: null },
  ])
  expect(await good('POST', '/pipelines/batch-runs/result', { query: result })).toEqual({
    result: [
      { ...result[0], pipeline_name: 'web', status: 'START_SUCCESS', reason: null },
      { ...result[1], pipeline_name: 'banned', status: 'START_FAILED', reason: 'Current pipeline is banned.' },
    ],
  })
})
