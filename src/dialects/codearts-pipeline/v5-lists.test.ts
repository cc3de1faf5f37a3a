import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { checkpoint, dto, job, shell, stage } from '../../testing/codearts-documents.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { codeartsPipeline } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
/** Anything of JSON, for tests to take apart. */
type Body = ReturnType<typeof JSON.parse>

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  handle = codeartsPipeline.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
})
async function call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const headers = { 'X-Auth-Token': world.credentials.token }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...init }))
  return { status: response.status, body: JSON.parse(await response.text()) }
}
const api = (): string => `/v5/${world.project.id}/api`
const good = async (method: string, path: string, body?: unknown): Promise<Body> => {
  const answer = await call(method, path.startsWith('/v3') ? path : `${api()}${path}`, body)
  expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
  return answer.body
}
const simple = [stage('One', [job('JOB_A', [shell('true')])])]
const create = async (name: string, more: object = {}): Promise<string> =>
  (await good('POST', '/pipelines', dto(simple, { name, ...more }))).pipeline_id
const start = async (id: string, body: object = {}): Promise<Body> => {
  const answer = await good('POST', `/pipelines/${id}/run`, body)
  await world.settled()
  return answer
}
const finish = async (): Promise<void> => {
  for (const running of world.runner.jobs.slice()) world.runner.end(running, succeeded())
  await world.settled()
}

describe('the list of pipelines', () => {
  const names = async (body: object): Promise<readonly string[]> =>
    (await good('POST', '/pipelines/list', body)).pipelines.map(({ name }: Body) => name)

  test('is searched, sorted and cut', async () => {
    const web = await create('web', { is_publish: true })
    world.clock.advance(1_000)
    await create('web-docs')
    world.clock.advance(1_000)
    await create('api')
    await start(web)
    expect(await names({})).toEqual(['api', 'web-docs', 'web'])
    expect(await names({ sort_key: 'name', sort_dir: 'asc' })).toEqual(['api', 'web', 'web-docs'])
    expect(await names({ name: 'web', sort_key: 'create_time', sort_dir: 'asc' })).toEqual(['web', 'web-docs'])
    expect(await names({ status: ['RUNNING', 'FAILED'] })).toEqual(['web'])
    expect(await names({ status: ['COMPLETED'] })).toEqual([])
    expect(await names({ is_publish: true })).toEqual(['web'])
    expect(await names({ executor_ids: [world.admin.user.id] })).toEqual(['web'])
    expect(await names({ creator_ids: ['f'.repeat(32)] })).toEqual([])
    expect(await names({ start_time: String(world.clock.now() + 1) })).toEqual([])
    expect(await names({ project_ids: [world.project.id], start_time: '2020-01-01 00:00:00' })).toEqual(['web'])
    expect(await good('POST', '/pipelines/list', { offset: 1, limit: 1 })).toMatchObject({
      offset: 1,
      limit: 1,
      total: 3,
      pipelines: [{ name: 'web-docs', latest_run: null, convert_sign: 0, manifest_version: '3.0' }],
    })
    const [, , first] = (await good('POST', '/pipelines/list', {})).pipelines
    expect(first).toMatchObject({
      pipeline_id: web,
      is_publish: true,
      latest_run: {
        status: 'RUNNING',
        run_number: 1,
        executor_name: 'ci',
        start_time: expect.any(Number),
        stage_status_list: [
          { name: 'One', sequence: 0, status: 'RUNNING', start_time: expect.stringMatching(/^2026-/) },
        ],
      },
    })
  })

  test.each(['', 'null', '[]', '{"limit":', '{"status":"RUNNING"}', '{"limit":1.5}', '{"sort_key":"x"}', '{"name":1}'])(
    'refuses %j',
    async (body) => {
      const answer = await call('POST', `${api()}/pipelines/list`, body)
      expect(answer).toMatchObject({ status: 400, body: { error_code: expect.any(String) } })
    },
  )

  test('is not there for a project that is not there', async () => {
    expect(await call('POST', `/v5/${'f'.repeat(32)}/api/pipelines/list`, {})).toMatchObject({
      status: 404,
      body: { error_code: 'DEVPIPE.00011412' },
    })
  })

  test('a POST that takes a body is refused without one, as the vendor does it', async () => {
    const id = await create('web')
    for (const path of ['/pipelines', '/pipelines/list', '/pipelines/status', `/pipelines/${id}/run`]) {
      expect(await call('POST', `${api()}${path}`)).toMatchObject({
        status: 400,
        body: { error_code: 'PARSE_REQUEST_DATA_EXCEPTION' },
      })
    }
  })

  test('states of several are asked for by ids; those that never ran are left out', async () => {
    const [one, two] = [await create('one'), await create('two')]
    await start(two)
    expect(await good('POST', '/pipelines/status', [two, one, 'nonsense'])).toMatchObject([
      { pipeline_id: two, status: 'RUNNING' },
    ])
  })
})

describe('runs', () => {
  test('are listed newest first, filtered and sorted', async () => {
    const id = await create('web')
    await start(id)
    await finish()
    world.clock.advance(60_000)
    await start(id)
    const list = (body: object) => good('POST', `/pipelines/${id}/pipeline-runs/list`, body)
    expect(await list({})).toMatchObject({
      offset: 0,
      limit: 10,
      total: 2,
      pipeline_runs: [
        { run_number: 2, status: 'RUNNING' },
        { run_number: 1, status: 'COMPLETED', end_time: expect.any(Number) },
      ],
    })
    expect(await list({ sort_key: 'start_time', sort_dir: 'asc', limit: 1 })).toMatchObject({
      total: 2,
      pipeline_runs: [{ run_number: 1 }],
    })
    expect(await list({ status: ['COMPLETED'] })).toMatchObject({ total: 1 })
    expect(await list({ status: ['IGNORED'] })).toMatchObject({ total: 0, pipeline_runs: [] })
    expect(await list({ start_time: String(world.clock.now() - 1_000) })).toMatchObject({ total: 1 })
    expect(await list({ trigger_type: ['Scheduler'] })).toMatchObject({ total: 0 })
    expect(await list({ executor_ids: [world.admin.user.id] })).toMatchObject({ total: 2 })
    expect(await list({ executor_ids: ['f'.repeat(32), world.admin.user.id, 'li'] })).toMatchObject({ total: 2 })
    expect(await list({ executor_ids: ['f'.repeat(32)] })).toMatchObject({ total: 0, pipeline_runs: [] })
    expect(await list({ trigger_type: ['Manual'], offset: 1 })).toMatchObject({
      total: 2,
      pipeline_runs: [{ run_number: 1 }],
    })
    expect(await list({ offset: 2 })).toMatchObject({ total: 2, pipeline_runs: [] })
    expect(await list({ update_time: String(world.clock.now()), limit: 1 })).toMatchObject({ total: 1 })
  })

  test.each([0, -1, null, 5_000])('a limit of %j that is not in force limits nothing', async (concurrency_number) => {
    const concurrency_control = { concurrency_number, exceed_action: '', enable: false }
    const id = await create('web', { concurrency_control })
    await start(id)
    expect(await start(id)).toEqual({ pipeline_run_id: expect.any(String) })
    expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ concurrency_control })
  })

  test('one at a time, when that is asked for: the next one waits, and can leave the queue', async () => {
    const concurrency_control = { concurrency_number: 1, exceed_action: 'QUEUE', enable: true }
    const id = await create('web', { concurrency_control })
    await start(id)
    const second = await start(id)
    expect(second).toMatchObject({
      pipeline_run_id: expect.any(String),
      error_code: 'DEVPIPE.00011169',
      error: { pipeline_run_id: second.pipeline_run_id, queue_id: expect.any(String) },
    })
    const { queuedPipelines } = await good('GET', `/pipelines/${id}/queued-pipeline?limit=10&offset=0`)
    expect(queuedPipelines).toMatchObject([
      { pipeline_run_id: second.pipeline_run_id, status: 'QUEUED', creator_name: 'ci' },
    ])
    const leave = `/pipelines/${id}/${second.pipeline_run_id}/cancel-queuing/${second.error.queue_id}`
    expect(await good('POST', leave, {})).toEqual({ pipeline_run_id: second.pipeline_run_id })
    await world.settled()
    expect(await good('GET', `/pipelines/${id}/queued-pipeline`)).toMatchObject({ queuedPipelines: [] })
    expect(await call('POST', `${api()}${leave}`, {})).toMatchObject({ status: 400 })
  })

  test('take values, and numbers that grow by themselves', async () => {
    const id = await create('web', {
      variables: [
        { name: 'TAG', type: 'enum', value: 'a', limits: ['a', 'b'] },
        { name: 'VERSION', type: 'autoIncrement', value: '1.0.9' },
        { name: 'PASSWORD', value: 'open sesame', is_secret: true },
      ],
    })
    const params = async (): Promise<Body> => {
      const { pipeline_run_id } = await start(id, { variables: [{ name: 'TAG', value: 'b' }] })
      await world.settled()
      // What everybody may see says nothing of the password.
      expect(JSON.stringify(await world.run(pipeline_run_id))).not.toContain('sesame')
      const job = world.runner.jobs.find((one) => one.runId === pipeline_run_id)
      expect(job?.secrets).toMatchObject([{ value: 'open sesame' }])
      return job!.env
    }
    expect(await params()).toMatchObject({ TAG: 'b', VERSION: '1.0.9', PASSWORD: 'open sesame' })
    expect(await params()).toMatchObject({ VERSION: '1.0.10' })
    for (const variables of [
      [{ name: 'TAG', value: 'c' }],
      [{ name: 'OTHER', value: '' }],
      [{ value: 'a' }],
      [{ name: 'TAG', value: 1 }],
    ]) {
      expect(await call('POST', `${api()}/pipelines/${id}/run`, { variables })).toMatchObject({ status: 400 })
    }
    // A secret is not shown, and stays when it is given back as it was shown.
    const shown = await good('GET', `/pipelines/${id}`)
    expect(JSON.stringify(shown)).not.toContain('sesame')
    await good('PUT', `/pipelines/${id}`, shown)
    expect(await params()).toMatchObject({ PASSWORD: 'open sesame', VERSION: '1.0.11' })
    expect(JSON.stringify(await good('GET', `/v3/pipelines/${id}/status`))).not.toContain('sesame')
  })

  test('take a secret that is one of some values, and keep nothing of what it was elsewhere', async () => {
    const secret = { name: 'KEY', type: 'enum', value: 'test', limits: ['test', 'live'], is_secret: true }
    const was = { latest_value: 'tiger', runtime_value: 'tiger' }
    const id = await create('web', { variables: [{ ...secret, ...was }] })
    const { definition } = need(await world.app.pipelines.get(world.admin, { id }))
    expect(JSON.stringify(definition)).not.toContain('tiger')
    const envOf = async (body: object) => {
      const { pipeline_run_id } = await start(id, body)
      await world.settled()
      return world.runner.jobs.find((one) => one.runId === pipeline_run_id)?.env
    }
    expect(await envOf({})).toMatchObject({ KEY: 'test' })
    expect(await envOf({ variables: [{ name: 'KEY', value: 'live' }] })).toMatchObject({ KEY: 'live' })
    expect(await envOf({ variables: [{ name: 'KEY', value: '******' }] })).toMatchObject({ KEY: 'test' })
    for (const value of ['lion', 'tes', 'live ', '']) {
      const wrong = { build_params: [{ name: 'KEY', value }] }
      for (const refused of [
        await call('POST', `${api()}/pipelines/${id}/run`, { variables: wrong.build_params }),
        await call('POST', `/v3/pipelines/${id}/start`, wrong),
      ]) {
        expect(refused).toMatchObject({
          status: 400,
          body: { error_msg: '"KEY": expected one of its limits, found something else' },
        })
      }
    }
  })

  test('numbers that grow begin anew when they are edited, or are told to, and not at every edit', async () => {
    const variable = { name: 'VERSION', type: 'autoIncrement', value: '1.0.9' }
    const id = await create('web', { variables: [variable] })
    const version = async () => (await world.run((await start(id)).pipeline_run_id)).params[0]?.value
    const edit = (more: Body) => good('PUT', `/pipelines/${id}`, dto(simple, { variables: [{ ...variable, ...more }] }))
    expect([await version(), await version()]).toEqual(['1.0.9', '1.0.10'])
    await edit({ description: 'the version', is_reset: false })
    expect(await version()).toBe('1.0.11')
    await edit({ is_reset: true })
    expect([await version(), await version()]).toEqual(['1.0.9', '1.0.10'])
    await edit({ value: '2.0.0' })
    expect([await version(), await version()]).toEqual(['2.0.0', '2.0.1'])
  })

  test('of a banned pipeline there are none, nor edits', async () => {
    const id = await create('web')
    await good('PUT', `/pipelines/${id}/ban`)
    expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ banned: true })
    for (const [method, path, body] of [
      ['POST', `${api()}/pipelines/${id}/run`, {}],
      ['PUT', `${api()}/pipelines/${id}`, dto(simple)],
      ['POST', `/v3/pipelines/${id}/start`, {}],
    ] as const) {
      expect(await call(method, path, body)).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00011410' } })
    }
    await good('PUT', `/pipelines/${id}/unban`)
    expect(await start(id)).toMatchObject({ pipeline_run_id: expect.any(String) })
  })

  test('of some stages or jobs leave out the others', async () => {
    const id = (
      await good(
        'POST',
        '/pipelines',
        dto([
          stage('One', [
            job('JOB_A', [shell('a')]),
            job('JOB_B', [shell('b')], { depends_on: ['JOB_A'] }),
            job('JOB_N', [shell('n')], { strategy: { select_strategy: 'never' } }),
          ]),
          stage('Two', [job('JOB_C', [shell('c')])]),
        ]),
      )
    ).pipeline_id
    const words = async (body: object): Promise<readonly unknown[]> => {
      const { pipeline_run_id } = await start(id, body)
      await finish()
      await finish()
      await finish()
      const run = await good('GET', `/pipelines/${id}/pipeline-runs/detail?pipeline_run_id=${pipeline_run_id}`)
      expect(run).toMatchObject({ status: 'COMPLETED', description: (body as Body).description ?? '' })
      return run.stages.map((one: Body) => [one.status, one.is_select, ...one.jobs.map(({ status }: Body) => status)])
    }
    const [done, left] = ['COMPLETED', 'UNSELECTED']
    expect(await words({ description: 'all that run by themselves' })).toEqual([
      [done, true, done, done, left],
      [done, true, done],
    ])
    expect(await words({ choose_jobs: ['JOB_B', 'JOB_N'] })).toEqual([
      [done, true, left, done, done],
      [left, false, left],
    ])
    expect(
      await words({ choose_stages: ['1749524616050e405ad46-29bf-4944-964b-Two'], choose_jobs: ['JOB_A'] }),
    ).toEqual([
      [left, false, left, left, left],
      [done, true, done],
    ])
    const stages = ['One', 'Two'].map((name) => `1749524616050e405ad46-29bf-4944-964b-${name}`)
    // As the vendor's page sends it: the chosen jobs, and the stages that they are in.
    expect(await words({ choose_stages: stages.slice(0, 1), choose_jobs: ['JOB_A'] })).toEqual([
      [done, true, done, left, left],
      [left, false, left],
    ])
    expect(await words({ choose_stages: stages, choose_jobs: ['JOB_B', 'JOB_C'] })).toEqual([
      [done, true, left, done, left],
      [done, true, done],
    ])
    expect(await words({ choose_stages: stages.slice(0, 1) })).toEqual([
      [done, true, done, done, left],
      [left, false, left],
    ])
    // What is left out is told from the start on, and when nothing more comes.
    const { pipeline_run_id } = await start(id, { choose_jobs: ['JOB_A'] })
    const detail = `/pipelines/${id}/pipeline-runs/detail?pipeline_run_id=${pipeline_run_id}`
    const told = async () =>
      (await good('GET', detail)).stages.map((one: Body) => [one.is_select, ...one.jobs.map((j: Body) => j.status)])
    const coming = [
      [true, 'RUNNING', left, left],
      [false, left],
    ]
    await world.settled()
    expect(await told()).toEqual(coming)
    await good('POST', `/pipelines/${id}/pipeline-runs/${pipeline_run_id}/stop`, {})
    await world.settled()
    expect((await told())[1]).toEqual([false, left])
    for (const body of [{ choose_jobs: ['JOB_X'] }, { choose_stages: ['x'] }]) {
      expect(await call('POST', `${api()}/pipelines/${id}/run`, body)).toMatchObject({ status: 400 })
    }
  })

  test('wait longer, or no longer, or in vain', async () => {
    const delay = { name: 'Wait', task: 'official_devcloud_delay', inputs: [{ key: 'delay_time', value: 60 }] }
    const id = (await good('POST', '/pipelines', dto([stage('One', [job('JOB_A', [delay])])]))).pipeline_id
    const detailOf = () => good('GET', `/pipelines/${id}/pipeline-runs/detail`)
    const at = async (): Promise<string> => {
      const { pipeline_run_id } = await start(id)
      const { id: step } = (await detailOf()).stages[0].jobs[0].steps[0]
      return `/pipelines/${id}/pipeline-runs/${pipeline_run_id}/jobs/${step}/steps/${step}`
    }
    const first = await at()
    expect(await good('POST', `${first}/delay`)).toEqual({ success: true })
    world.clock.advance(61_000)
    await world.settled()
    expect(await detailOf()).toMatchObject({ status: 'RUNNING' })
    expect(await good('POST', `${first}/delay-pass`)).toEqual({ success: true })
    await world.settled()
    expect(await detailOf()).toMatchObject({ status: 'COMPLETED' })
    expect(await good('POST', `${await at()}/delay-refuse`)).toEqual({ success: true })
    await world.settled()
    expect(await detailOf()).toMatchObject({ status: 'FAILED' })
    expect(await call('POST', `${api()}${first}/resume`)).toMatchObject({ status: 400 })
  })

  test('name the branch of a source', async () => {
    const sources = [
      { type: 'code', params: { git_type: 'github', git_url: 'https://example.com/a.git', default_branch: 'main' } },
    ]
    const id = (
      await good(
        'POST',
        '/pipelines',
        dto([stage('One', [job('JOB_A', [{ task: 'official_git_clone' }, shell('make')])])], { sources }),
      )
    ).pipeline_id
    const build_params = { build_type: 'branch', event_type: 'Manual', target_branch: 'dev' }
    await start(id, { sources: [{ type: 'code', params: { ...sources[0]!.params, build_params } }] })
    expect(world.runner.jobs.map(({ uses, with: input }) => [uses, input])).toEqual([
      ['git', { url: 'https://example.com/a.git', ref: 'dev', depth: 1, path: '.' }],
    ])
    expect(await good('GET', `/pipelines/${id}/pipeline-runs/detail`)).toMatchObject({
      sources: [{ params: { build_params: { target_branch: 'dev' } } }],
    })
  })
})

describe('groups', () => {
  test('are a tree, and pipelines are moved through it', async () => {
    const id = await create('web')
    await create('api')
    const top = await good('POST', '/pipeline-group/create', { name: 'top', project_id: world.project.id })
    expect(top).toMatchObject({
      name: 'top',
      parent_id: null,
      path_id: top.id,
      ordinal: 1,
      creator: world.admin.user.id,
    })
    const low = await good('POST', '/pipeline-group/create', { name: 'low', parent_id: top.id })
    expect(low.path_id).toBe(`${top.id}.${low.id}`)
    const move = {
      group_id: low.id,
      pipelines: [
        { pipeline_id: id, pipeline_name: 'web' },
        { pipeline_id: 'nonsense', pipeline_name: 'x' },
      ],
    }
    expect(await good('POST', '/pipeline-group/pipeline/move', move)).toEqual([
      { code: 'success', pipeline_id: id, pipeline_name: 'web' },
      { code: 'failed', pipeline_id: 'nonsense', pipeline_name: 'x' },
    ])
    const names = async (body: object) =>
      (await good('POST', '/pipelines/list', body)).pipelines.map(({ name }: Body) => name)
    expect(await names({ group_path_id: top.id })).toEqual(['web'])
    expect(await names({ by_group: true })).toEqual(['api'])
    expect(await good('POST', '/pipeline-group/update', { id: low.id, name: 'lower' })).toEqual({ success: true })
    expect(await good('GET', '/pipeline-group/tree')).toMatchObject([
      { name: 'top', children: [{ name: 'lower', pipeline_count: 1, children: [] }] },
    ])
    expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ group_id: low.id })
    expect(await good('DELETE', `/pipeline-group/delete?id=${top.id}`)).toEqual({ success: true })
    expect(await good('GET', '/pipeline-group/tree')).toEqual([])
    expect(await good('GET', `/pipelines/${id}`)).toMatchObject({ group_id: null })
    expect(await call('DELETE', `${api()}/pipeline-group/delete?id=${top.id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'DEVPIPE.00014007' },
    })
  })
})

describe('templates', () => {
  test('those of the server are there, and a pipeline made of one runs', async () => {
    const { templates, total } = await good('POST', '/pipeline-templates/list', { is_system: true })
    expect(total).toBe(templates.length)
    for (const { id, name } of templates) {
      const made = await good('POST', `/pipeline-templates/${id}/create-pipeline`, {
        name: `of-${name}`,
        is_publish: false,
      })
      await start(made.pipeline_id)
      expect(await good('GET', `/pipelines/${made.pipeline_id}/pipeline-runs/detail`)).toMatchObject({
        status: 'RUNNING',
      })
    }
    const v3 = await good('GET', '/v3/templates?template_type=none&is_build_in=true&offset=0&limit=1')
    expect(v3).toMatchObject({ total, page_number: 1, page_size: 1, content: [{ is_build_in: true }] })
    expect(await good('GET', `/v3/templates/${templates[1].id}?template_type=none`)).toMatchObject({
      flow: { initial: { state_1: 'always' }, state_1: { Task_1: 'always', Task_2: 'always', state_2: 'always' } },
      states: {
        state_1: { type: 'stage', execution_mode: 'parallel' },
        Task_1: { type: 'task', dsl_method: 'official_shell_plugin' },
      },
      parameter: [],
    })
  })

  test('people’s own are made, edited and deleted', async () => {
    const template = {
      name: 'mine',
      language: 'Java',
      is_show_source: false,
      is_system: false,
      definition: dto(simple).definition,
    }
    const { templateId: id } = await good('POST', '/pipeline-templates', template)
    await good('PUT', `/pipeline-templates/${id}`, {
      ...template,
      description: 'ours',
      variables: [{ name: 'TAG', value: 'v1' }],
    })
    expect(await good('GET', `/pipeline-templates/${id}`)).toMatchObject({
      id,
      name: 'mine',
      description: 'ours',
      is_system: false,
      definition: template.definition,
    })
    const { pipeline_id } = await good('POST', `/pipeline-templates/${id}/create-pipeline`, { name: 'of-mine' })
    expect(await good('GET', `/pipelines/${pipeline_id}`)).toMatchObject({ variables: [{ name: 'TAG', value: 'v1' }] })
    expect(await good('DELETE', `/pipeline-templates/${id}`)).toEqual({ templateId: id })
    expect(await call('GET', `${api()}/pipeline-templates/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'DEVPIPE.00011203' },
    })
  })

  test('v3 makes a pipeline of flow and states', async () => {
    const state = {
      type: 'task',
      module_or_template_id: '',
      module_or_template_name: '',
      is_execute: true,
      job_id: '',
      execution_mode: null,
    }
    const { task_id } = await good('POST', '/v3/templates/task', {
      flow: {
        initial: { state_1: '' },
        state_1: { Task_1: '', Task_2: '', state_2: '' },
        state_2: { Task_3: '', final: '' },
        final: {},
      },
      states: {
        state_1: { type: 'stage', name: 'build', display_name: 'Build', execution_mode: 'serial' },
        state_2: { type: 'stage', name: 'gate', display_name: 'Gate', execution_mode: 'parallel' },
        Task_1: { ...state, name: 'a', display_name: 'Compile', dsl_method: 'shell', parameters: { script: 'make' } },
        Task_2: { ...state, name: 'b', display_name: 'Test', dsl_method: 'shell', parameters: { script: 'make test' } },
        Task_3: { ...state, name: 'c', display_name: 'Decide', dsl_method: 'manualReview', parameters: {} },
      },
      workflow: {
        name: 'of-v3',
        project_id: world.project.id,
        project_name: 'default',
        parameter: [
          { name: 'TAG', value: 'v1', param_type: 'normalparam', description: '', is_static: false, is_default: false },
        ],
        source: [],
      },
    })
    const done = await good('GET', `/v3/templates/${task_id}/status`)
    expect(done).toMatchObject({ task_id, task_status: 'succeeded', pipeline_name: 'of-v3' })
    await start(done.pipeline_id)
    await finish()
    await finish()
    expect(await good('GET', `/v3/pipelines/${done.pipeline_id}/status`)).toMatchObject({
      status: 'verifying',
      parameters: [{ name: 'TAG', value: 'v1' }],
      states: [
        { name: 'Build', outcome: 'success', children: [{ name: 'Compile' }, { name: 'Test' }] },
        { name: 'Gate', status: 'verifying', children: [{ name: 'Decide' }] },
      ],
    })
  })
})

describe('a log is read in pages', () => {
  const page = async (id: string, run: string, step: string, body: object): Promise<Body> =>
    good('POST', `/pipelines/${id}/pipeline-runs/${run}/jobs/${step}/steps/${step}/logs`, body)

  test('from its beginning and from its end', async () => {
    const id = await create('web')
    const { pipeline_run_id: run } = await start(id)
    const { id: step } = (await good('GET', `/pipelines/${id}/pipeline-runs/detail`)).stages[0].jobs[0].steps[0]
    expect(await page(id, run, step, { limit: 2, sort: 'asc' })).toMatchObject({ log: '', has_more: false })
    world.logs.set(`${run}/1/1`, new TextEncoder().encode('eins\nzwei\ndrei\nvier\nfü'))
    const first = await page(id, run, step, { limit: 2, sort: 'asc', start_offset: 0, end_offset: 0 })
    expect(first).toEqual({
      has_more: true,
      start_offset: '0',
      end_offset: '10',
      log: 'eins\nzwei\n',
      location: null,
      step_run_id: step,
    })
    const second = await page(id, run, step, { limit: '5', sort: 'asc', start_offset: '0', end_offset: '10' })
    // The last line is not whole yet.
    expect(second).toMatchObject({ log: 'drei\nvier\n', has_more: false, end_offset: '20' })
    expect(await page(id, run, step, { limit: 3, sort: 'desc' })).toMatchObject({
      log: 'vier\ndrei\nzwei\n',
      has_more: true,
      start_offset: '5',
      end_offset: '20',
    })
    expect(await page(id, run, step, { limit: 3, sort: 'desc', start_offset: 5, end_offset: 20 })).toMatchObject({
      log: 'eins\n',
      has_more: false,
    })
    await finish()
    expect(await page(id, run, step, { limit: 5, sort: 'asc', end_offset: '20' })).toMatchObject({
      log: 'fü',
      has_more: false,
    })
  })

  test('a review has none; without limit or sort there is no page', async () => {
    const { pipeline_id: id } = await good('POST', '/pipelines', dto([stage('One', [job('JOB_A', [checkpoint('')])])]))
    const { pipeline_run_id: run } = await start(id)
    const { id: step } = (await good('GET', `/pipelines/${id}/pipeline-runs/detail`)).stages[0].jobs[0].steps[0]
    expect(await page(id, run, step, { limit: 2, sort: 'asc' })).toMatchObject({ log: '', has_more: false })
    for (const body of [{ limit: 2 }, { sort: 'asc' }, { limit: 0, sort: 'asc' }, { limit: 2, sort: 'up' }]) {
      const path = `${api()}/pipelines/${id}/pipeline-runs/${run}/jobs/${step}/steps/${step}/logs`
      expect(await call('POST', path, body)).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010400' } })
    }
  })
})

describe('tags', () => {
  const tag = async (name: string, color = '#fff'): Promise<string> => {
    expect(await good('POST', '/pipeline-tag/create', { name, color })).toEqual({ success: true })
    return (await list()).find((one: Body) => one.name === name).tag_id
  }
  const list = (): Promise<Body> => good('GET', `/pipeline-tag/list?proj_id=${world.project.id}`)
  const found = async (query: object): Promise<readonly string[]> =>
    (await good('POST', '/pipelines/list', query)).pipelines.map(({ name }: Body) => name)

  test('are made, renamed, given to pipelines, searched by and removed', async () => {
    expect(await list()).toEqual([])
    const [a, b] = [await tag('a'), await tag('b')]
    const [one, two] = [await create('one'), await create('two')]
    await good('POST', '/pipeline-tag/set-tags', { pipelineList: [one, two], tagList: [a] })
    await good('POST', '/pipeline-tag/set-tags', { pipelineList: [two], tagList: [b] })
    expect(await found({ tag_list: [a] })).toEqual(['one'])
    expect(await found({ tag_list: [a, b], sort_key: 'name', sort_dir: 'asc' })).toEqual(['one', 'two'])
    expect(await good('POST', '/pipeline-tag/update', { tagId: a, name: 'c', color: 'red' })).toEqual({ success: true })
    const [shown] = (await good('POST', '/pipelines/list', { tag_list: [a] })).pipelines
    expect(shown.tag_list).toMatchObject([{ tag_id: a, name: 'c', color: 'red', project_id: world.project.id }])
    expect(await good('DELETE', `/pipeline-tag/delete?tagId=${a}`)).toEqual({ success: true })
    expect(await found({ tag_list: [a] })).toEqual([])
    expect((await good('POST', '/pipelines/list', { name: 'one' })).pipelines[0].tag_list).toEqual([])
    expect((await list()).map(({ name }: Body) => name)).toEqual(['b'])
  })

  test('have names of their own, and are of one project', async () => {
    const a = await tag('a')
    const one = await create('one')
    const refused = (method: string, path: string, body?: unknown) => call(method, `${api()}${path}`, body)
    const twice = await refused('POST', '/pipeline-tag/create', { name: 'a', color: 'red' })
    expect(twice).toMatchObject({ status: 400 })
    expect(await refused('POST', '/pipeline-tag/create', { name: '', color: 'red' })).toMatchObject({ status: 400 })
    const gone = { status: 404, body: { error_code: 'DEVPIPE.00014024' } }
    expect(await refused('DELETE', '/pipeline-tag/delete?tagId=nobody')).toMatchObject(gone)
    const update = { tagId: 'nobody', name: 'x', color: 'red' }
    expect(await refused('POST', '/pipeline-tag/update', update)).toMatchObject(gone)
    const set = (tagList: readonly string[], pipelineList: readonly string[]) =>
      refused('POST', '/pipeline-tag/set-tags', { pipelineList, tagList })
    expect(await set(['nobody'], [one])).toMatchObject({ status: 404 })
    expect(await set([a], ['nobody'])).toMatchObject({ status: 404 })
    expect(await found({ tag_list: [a] })).toEqual([])
  })

  test('stand beside other ways to search', async () => {
    await create('plain')
    await create('of-a-component', { component_id: 'c1', manifest_version: '3.1' })
    expect(await found({ component_id: 'c1' })).toEqual(['of-a-component'])
    expect(await found({ manifest_version_list: ['3.1'] })).toEqual(['of-a-component'])
    expect(await found({ manifest_version_list: ['3.0'] })).toEqual(['plain'])
    expect(await found({ pipeline_run_update_time: '0' })).toEqual([])
  })
})

test('a group is not renamed to what another of its parent is called', async () => {
  const group = (name: string): Promise<Body> =>
    good('POST', '/pipeline-group/create', { name, project_id: world.project.id })
  const [a, b] = [await group('a'), await group('b')]
  // What its creation told is what the tree tells.
  expect(await good('GET', '/pipeline-group/tree')).toEqual([a, b])
  const rename = (name: string) => call('POST', `${api()}/pipeline-group/update`, { id: b.id, name })
  const taken = await call('POST', `${api()}/pipeline-group/create`, { name: 'a', project_id: world.project.id })
  expect(await rename('a')).toEqual(taken)
  expect(taken).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010409' } })
  expect(await rename('b')).toEqual({ status: 200, body: { success: true } })
})

test('groups of one parent change places', async () => {
  const group = async (name: string, parent_id?: string): Promise<string> =>
    (await good('POST', '/pipeline-group/create', { name, project_id: world.project.id, parent_id })).id
  const [a, b] = [await group('a'), await group('b')]
  const below = await group('below', a)
  const swap = (one: string, other: string) =>
    call('POST', `${api()}/pipeline-group/swap?groupId1=${one}&groupId2=${other}`)
  expect(await swap(a, b)).toEqual({ status: 200, body: { success: true } })
  expect((await good('GET', '/pipeline-group/tree')).map(({ name }: Body) => name)).toEqual(['b', 'a'])
  expect(await swap(b, below)).toMatchObject({ status: 400 })
  expect(await swap(b, 'nobody')).toMatchObject({ status: 404 })
  expect(await swap(b, '')).toMatchObject({ status: 400 })
})

test('the values that a run was started with are told, but for secrets', async () => {
  const variables = [
    { name: 'TAG', value: 'v1', description: 'the tag' },
    { name: 'KEY', value: 's3cret', is_secret: true },
  ]
  const given = dto([stage('One', [job('JOB_A', [shell('true')])])], { variables })
  const { pipeline_id: id } = await good('POST', '/pipelines', given)
  const body = { variables: [{ name: 'TAG', value: 'v2' }] }
  const { pipeline_run_id: run } = await good('POST', `/pipelines/${id}/run`, body)
  const shown = await good('GET', `/pipelines/${id}/pipeline-runs/${run}/run-variables?mode=0`)
  expect(shown).toMatchObject([
    { name: 'TAG', value: 'v2', description: 'the tag', type: 'string', sequence: 1, is_secret: false },
    { name: 'KEY', value: '******', is_secret: true },
  ])
  expect(JSON.stringify(shown)).not.toContain('s3cret')
})

describe('what cannot run is refused when it is made', () => {
  const oneJob = (more: object) => [stage('One', [job('JOB_A', [shell('true')], more)])]
  test.each([
    [
      'a plugin that is not here',
      [stage('One', [job('JOB_A', [{ task: 'official_devcloud_deploy', inputs: [] }])])],
      'DEVPIPE.30011001',
    ],
    [
      'a build task that is no pipeline here',
      [
        stage('One', [
          job('JOB_A', [{ task: 'official_devcloud_cloudBuild', inputs: [{ key: 'jobId', value: 'x' }] }]),
        ]),
      ],
      'DEVPIPE.00010400',
    ],
    ['a job that depends on nobody', oneJob({ depends_on: ['JOB_B'] }), 'DEVPIPE.00010400'],
    [
      'jobs in a circle that may fail',
      [
        stage('One', [
          job('JOB_A', [shell('a')], { depends_on: ['JOB_B'], condition: '${{ always() }}' }),
          job('JOB_B', [shell('b')], { depends_on: ['JOB_A'], condition: '${{ failure() }}' }),
        ]),
      ],
      'DEVPIPE.00010400',
    ],
    [
      'jobs in a circle',
      [stage('One', [job('JOB_A', [], { depends_on: ['JOB_B'] }), job('JOB_B', [], { depends_on: ['JOB_A'] })])],
      'DEVPIPE.00010400',
    ],
    [
      'two jobs of one name',
      [stage('One', [job('JOB_A', [shell('a')]), job('JOB_A', [shell('b')])])],
      'DEVPIPE.00010400',
    ],
    ['a script of nothing', [stage('One', [job('JOB_A', [shell(' ')])])], 'DEVPIPE.00010400'],
  ])('%s', async (_, stages, error_code) => {
    expect(await call('POST', `${api()}/pipelines`, dto(stages))).toMatchObject({ status: 400, body: { error_code } })
  })

  test.each([
    { definition: 'stages: []' },
    { definition: '[]' },
    { definition: { stages: [] } },
    { name: 'with blanks' },
    { name: 'x'.repeat(129) },
    { is_publish: null },
    { variables: [{ name: 'PATH', value: '' }] },
    {
      variables: [
        { name: 'A', value: '' },
        { name: 'A', value: '' },
      ],
    },
    { schedules: [{ enable: true, time_zone: 'Moon' }] },
    { schedules: [{ enable: true, days_of_week: [8] }] },
    { schedules: [{ enable: true, start_time: '25:00' }] },
    { concurrency_control: { concurrency_number: 0, enable: true } },
    { concurrency_control: { concurrency_number: 1, exceed_action: 'WAIT', enable: true } },
    { group_id: 'f'.repeat(32) },
  ])('%j', async (more) => {
    const { status, body } = await call('POST', `${api()}/pipelines`, dto(simple, more))
    expect([400, 404]).toContain(status)
    expect(body).toMatchObject({ error_code: expect.any(String), error_msg: expect.any(String) })
  })
})

test('the webhook of a pipeline is its first one, whatever else starts it, and none of a stage', async () => {
  const made = async (name: string, triggers: string): Promise<Body> => {
    const text = `name: ${name}\n${triggers}\nstages: [{key: s, triggers: [{webhook: go}], tasks: [{key: t, script: 'true'}]}]`
    const pipeline = await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text })
    if (!pipeline.ok) throw new TypeError(pipeline.problem.message)
    const { webhooks } = pipeline.value
    return { webhooks, ...(await good('GET', `/pipelines/${pipeline.value.id}/webhook`)) }
  }
  const called = await made('called', 'triggers: [{schedule: "@daily"}, {webhook: push}]')
  expect(called.webhooks.map(({ name }: Body) => name)).toEqual(['@daily', 'push', 's/go'])
  const { webhooks, ...shown } = called
  const [projectId, region] = [world.project.id, 'millrace']
  const address = `${BASE}/v5/${projectId}/pipelines/${shown.pipelineId}/webhook/callback-run/${region}`
  const webhookUrl = `${address}?access_token=${webhooks[1].id}`
  const pipelineId = expect.stringMatching(/^[0-9a-f]{32}$/)
  expect(shown).toEqual({ pipelineId, projectId, region, status: true, useIam: false, webhookUrl })
  expect(await made('quiet', '')).toMatchObject({ status: false, webhookUrl: '' })
})
