import { describe, expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { type Body, type Client, open } from '../../testing/koderover-client.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need } from '../../testing/world.ts'
import type { Streams } from '../dialect.ts'
import { koderover } from './index.ts'

// Clients of V2 and of Zadig, from end to end.

const SUCCESS = { status: 200, body: { message: 'success' } }
const SINGLE = {
  name: 'single',
  enabled: true,
  team: 'core',
  product_name: 'default',
  multi_run: true,
  description: 'demo',
  sub_tasks: [
    {
      type: 'buildv2',
      enabled: true,
      service_name: 'web',
      timeout: 7200,
      job_ctx: {
        builds: [{ repo_owner: 'li', repo_name: 'app', branch: 'main', address: 'https://git.example' }],
        build_steps: [{ type: 'shell', scripts: 'cd $WORKSPACE/app && make' }],
        envs: [
          { key: 'MODE', value: 'fast', is_credential: false },
          { key: 'PASSWORD', value: 'hunter2', is_credential: true },
        ],
      },
    },
    { type: 'jira', enabled: false },
    { type: 'deploy', enabled: true, service_name: 'web', env_name: 'dev', container_name: 'web' },
    { type: 'testingv2', enabled: true, test_name: 'smoke' },
  ],
}

describe('V2', () => {
  const BODY = {
    name: 'test-pipeline',
    description: 'demo desc',
    enabled: true,
    schedule: '*/10 * * * * *',
    sub_tasks: [
      { type: 'build', repo_owner: 'qbox', repo_name: 'aslan-platform', branch: 'dev', timeout: 7200 },
      { type: 'testing', service_name: 'spock-backend-test', command: 'make test', threshold: 90, timeout: 3600 },
      { type: 'distribute', dist_host: 'jumpbox', timeout: 600 },
    ],
  }

  test('a pipeline is made, shown as it was given, changed and taken away', async () => {
    const { ask, world } = await open()
    expect(await ask('POST', '/api/v2/pipelines', BODY)).toEqual(SUCCESS)
    const shown = (await ask('GET', '/api/v2/pipelines/test-pipeline')).body
    expect(shown).toEqual({ ...BODY, update_by: 'ci', update_time: expect.any(Number) })
    expect(Object.keys(shown)).toEqual([
      'name',
      'description',
      'update_by',
      'update_time',
      'enabled',
      'schedule',
      'sub_tasks',
    ])
    const { triggers } = need(await world.app.pipelines.get(world.admin, { name: BODY.name })).definition
    expect(triggers?.list).toMatchObject([{ kind: 'schedule', cron: '*/10 * * * * *', timezone: 'Etc/GMT-8' }])
    expect(await ask('PUT', '/api/v2/pipelines/test-pipeline', { ...BODY, schedule: '' })).toEqual(SUCCESS)
    expect(need(await world.app.pipelines.get(world.admin, { name: BODY.name })).definition.triggers).toBeNull()
    expect((await ask('GET', '/api/v2/pipelines')).body).toMatchObject([{ ...BODY, schedule: '' }])
    expect(await ask('DELETE', '/api/v2/pipelines/test-pipeline')).toEqual(SUCCESS)
    expect(await ask('GET', '/api/v2/pipelines/test-pipeline')).toEqual({
      status: 400,
      body: { type: 'error', message: 'get pipeline error', code: 6803, description: expect.any(String), extra: {} },
    })
  })

  test('a task has the sub-tasks of its pipeline, with unix times; it is restarted and cancelled', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/v2/pipelines', BODY)
    await ask('POST', '/api/v2/tasks', { pipeline_name: BODY.name })
    const now = Math.floor(world.clock.now() / 1_000)
    const path = `/api/v2/tasks/id/1/pipelines/${BODY.name}`
    const { body } = await ask('GET', path)
    expect(body).toMatchObject({
      task_id: 1,
      pipeline_name: BODY.name,
      status: 'running',
      task_creator: 'ci',
      create_time: now,
      start_time: now,
      end_time: now,
    })
    expect(body.sub_tasks.map(({ type, status }: Body) => [type, status])).toEqual([
      ['build', 'running'],
      ['testing', 'created'],
      ['distribute', 'created'],
    ])
    expect((await ask('GET', '/api/v2/tasks/running')).body).toEqual([body])
    expect((await ask('GET', '/api/v2/tasks/pending')).body).toEqual([])
    world.runner.endTask('s1-build', exited(1))
    await world.settled()
    expect(await ask('POST', `${path}/restart`)).toEqual(SUCCESS)
    expect((await ask('GET', path)).body).toMatchObject({
      status: 'running',
      sub_tasks: [{ is_restart: true }, {}, {}],
    })
    expect(await ask('POST', `${path}/cancel`)).toEqual(SUCCESS)
    expect((await ask('POST', `/api/v2/tasks/id/9/pipelines/${BODY.name}/cancel`)).body.code).toBe(6809)
  })

  test('without a key the answer is 401, in numbers', async () => {
    const response = await (await open()).send('/api/v2/pipelines', {})
    expect([response.status, await response.json()]).toEqual([
      401,
      { type: 'error', message: 'Unauthorized', code: 401, description: expect.any(String), extra: {} },
    ])
  })
})

describe.each(['/api/workflow', '/api/aslan/workflow'])('Zadig’s single pipelines under %s', (base) => {
  test('are made, changed, copied, renamed and taken away', async () => {
    const { ask } = await open()
    expect(await ask('POST', `${base}/v2/pipelines`, SINGLE)).toEqual(SUCCESS)
    const shown = (await ask('GET', `${base}/v2/pipelines/single`)).body
    expect(shown).toMatchObject({
      name: 'single',
      type: 'single',
      product_name: 'default',
      team: 'core',
      enabled: true,
    })
    expect(shown.sub_tasks[0].job_ctx.envs).toEqual([
      { key: 'MODE', value: 'fast', is_credential: false },
      { key: 'PASSWORD', value: '********', is_credential: true },
    ])
    // The stars that came out go in again, and are still the secret.
    expect(await ask('POST', `${base}/v2/pipelines`, { ...shown, description: 'changed' })).toEqual(SUCCESS)
    expect((await ask('GET', `${base}/v2/pipelines/single`)).body.description).toBe('changed')
    expect(await ask('POST', `${base}/v2/pipelines/old/single/new/copy`)).toEqual(SUCCESS)
    expect((await ask('POST', `${base}/v2/pipelines/old/single/new/copy`)).body.code).toBe(6145)
    expect(await ask('PUT', `${base}/v2/pipelines/rename/copy/third`)).toEqual(SUCCESS)
    const names = async (): Promise<string[]> =>
      (await ask('GET', `${base}/v2/pipelines`)).body.map(({ name }: Body) => name).toSorted()
    expect(await names()).toEqual(['single', 'third'])
    expect(await ask('DELETE', `${base}/v2/pipelines/third`)).toEqual(SUCCESS)
    expect(await names()).toEqual(['single'])
  })

  test('run what their sub-tasks say, with the variables that a start gives', async () => {
    const { ask, world } = await open()
    await ask('POST', `${base}/v2/pipelines`, SINGLE)
    const args = {
      pipeline_name: 'single',
      builds: [{ repo_owner: 'li', repo_name: 'app', branch: 'develop' }],
      build_args: [{ key: 'MODE', value: 'slow', is_credential: false }],
    }
    const started = await ask('POST', `${base}/v2/tasks`, args)
    expect([started.status, started.body]).toEqual([
      200,
      { project_name: 'default', pipeline_name: 'single', task_id: 1 },
    ])
    expect(world.runner.jobs).toMatchObject([
      { uses: 'git', with: { url: 'https://git.example/li/app', ref: 'develop', path: 'app' } },
    ])
    world.runner.endTask('s1-fetch', succeeded())
    await world.settled()
    expect(world.runner.jobs).toMatchObject([
      { with: { shell: 'bash', script: expect.stringContaining('make') }, env: { MODE: 'slow', PASSWORD: 'hunter2' } },
    ])
    // What is secret is not shown by what was started with it either, and its stars may be given back.
    const task = (await ask('GET', `${base}/v2/tasks/id/1/pipelines/single`)).body
    expect(JSON.stringify(task)).not.toContain('hunter2')
    expect(task.task_args.build_args).toContainEqual({ key: 'PASSWORD', value: '********', is_credential: true })
    expect(task.task_args.build_args).toContainEqual({ key: 'MODE', value: 'slow', is_credential: false })
    expect((await ask('POST', `${base}/v2/tasks`, { ...args, build_args: task.task_args.build_args })).status).toBe(200)
    const again = need(await world.app.runs.get(world.admin, { pipeline: { name: 'single' }, number: 2 }))
    const first = need(await world.app.runs.get(world.admin, { pipeline: { name: 'single' }, number: 1 }))
    const passwordOf = ({ params }: typeof again) => params.find(({ name }) => name === 'PASSWORD')?.value
    expect(passwordOf(again)).toBe(passwordOf(first))
    expect(JSON.stringify([first, again])).not.toContain('hunter2')
    const shown = await ask('GET', `${base}/v4/workflowtask/workflow/single/task/1`)
    expect(shown.body.params).toContainEqual(expect.objectContaining({ name: 'PASSWORD', value: '********' }))

    const unknown = { ...args, build_args: [{ key: 'NOBODY', value: '' }] }
    expect((await ask('POST', `${base}/v2/tasks`, unknown)).body.code).toBe(6160)
  })

  test('have tasks with sub-tasks and stages, whose words are Zadig’s', async () => {
    const { ask, world } = await open()
    await ask('POST', `${base}/v2/pipelines`, SINGLE)
    await ask('POST', `${base}/v2/tasks`, { pipeline_name: 'single' })
    for (const key of ['s1-fetch', 's1-buildv2']) {
      world.runner.endTask(key, succeeded())
      await world.settled()
    }
    world.runner.endTask('s3-deploy', exited(2))
    await world.settled()
    const path = `${base}/v2/tasks/id/1/pipelines/single`
    const { body } = await ask('GET', path)
    expect(body).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      task_id: 1,
      product_name: 'default',
      pipeline_name: 'single',
      type: 'single',
      status: 'failed',
      multi_run: true,
      services: [],
      render: null,
      is_restart: false,
    })
    expect(body.sub_tasks.map(({ type, status }: Body) => [type, status])).toEqual([
      ['buildv2', 'passed'],
      ['jira', 'disabled'],
      ['deploy', 'failed'],
      ['testingv2', 'created'],
    ])
    expect(body.sub_tasks[2].error).toBe('the process exited with code 2')
    expect(JSON.stringify(body.sub_tasks)).not.toContain('hunter2')
    expect(body.stages.map(({ type, sub_tasks }: Body) => [type, Object.keys(sub_tasks)])).toEqual([
      ['buildv2', ['web']],
      ['jira', ['jira']],
      ['deploy', ['web']],
      ['testingv2', ['smoke']],
    ])
    expect(await ask('POST', `${path}/restart`)).toEqual(SUCCESS)
    expect((await ask('POST', `${path}/restart`)).body).toMatchObject({
      code: 6164,
      description: '不能重试已经通过任务',
    })
    expect(await ask('DELETE', path)).toEqual(SUCCESS)
  })

  test('run one at a time unless they say otherwise: the next one is blocked until then', async () => {
    const { ask, world } = await open()
    const build = [{ type: 'buildv2', enabled: true }]
    await ask('POST', `${base}/v2/pipelines`, { ...SINGLE, multi_run: false, sub_tasks: build })
    for (let made = 0; made < 2; made += 1) await ask('POST', `${base}/v2/tasks`, { pipeline_name: 'single' })
    const words = async (): Promise<string[]> => {
      const { body } = await ask('GET', `${base}/v2/tasks/max/9/start/0/pipelines/single`)
      return body.data.map(({ status }: Body) => status)
    }
    expect(await words()).toEqual(['blocked', 'running'])
    world.runner.endTask('s1-buildv2', succeeded())
    await world.settled()
    expect(await words()).toEqual(['running', 'passed'])
  })

  test('one that is cancelled while it is blocked is restarted: it is blocked again, then has its turn', async () => {
    const { ask, world } = await open()
    const build = [{ type: 'buildv2', enabled: true }]
    await ask('POST', `${base}/v2/pipelines`, { ...SINGLE, multi_run: false, sub_tasks: build })
    for (let made = 0; made < 2; made += 1) await ask('POST', `${base}/v2/tasks`, { pipeline_name: 'single' })
    const path = `${base}/v2/tasks/id/2/pipelines/single`
    const task = async (): Promise<Body> => (await ask('GET', path)).body
    expect(await ask('DELETE', path)).toEqual(SUCCESS)
    expect(await task()).toMatchObject({ status: 'cancelled', task_revoker: 'ci' })
    expect(await ask('POST', `${path}/restart`)).toEqual(SUCCESS)
    const waiting = await task()
    expect(waiting.status).toBe('blocked')
    expect(waiting).not.toHaveProperty('task_revoker')
    expect(waiting.is_restart).toBe(true)
    world.runner.endTask('s1-buildv2', succeeded())
    await world.settled()
    expect((await task()).status).toBe('running')
    world.runner.endTask('s1-buildv2', succeeded())
    await world.settled()
    expect(await task()).toMatchObject({ status: 'passed', task_id: 2 })
  })

  test('list tasks by row, with how many there are', async () => {
    const { ask } = await open(0)
    await ask('POST', `${base}/v2/pipelines`, SINGLE)
    for (let made = 0; made < 3; made += 1) await ask('POST', `${base}/v2/tasks`, { pipeline_name: 'single' })
    const { body } = await ask('GET', `${base}/v2/tasks/max/2/start/1/pipelines/single`)
    expect(body).toMatchObject({ start_at: 1, max_result: 2, total: 3 })
    expect(body.data.map(({ task_id, status }: Body) => [task_id, status])).toEqual([
      [2, 'queued'],
      [1, 'queued'],
    ])
    expect((await ask('GET', `${base}/v2/tasks/max/2/start/0/pipelines/nobody`)).body).toEqual({
      data: [],
      start_at: 0,
      max_result: 2,
      total: 0,
    })
    // More than we give at once: who goes on by `max_result` misses none.
    expect((await ask('GET', `${base}/v2/tasks/max/9999/start/0/pipelines/single`)).body.max_result).toBe(500)
    expect((await ask('GET', `${base}/v2/tasks/max/0/start/0/pipelines/single`)).body.max_result).toBe(0)
    for (const start of [3, 99_999]) {
      expect((await ask('GET', `${base}/v2/tasks/max/2/start/${start}/pipelines/single`)).body).toEqual({
        data: [],
        start_at: start,
        max_result: 2,
        total: 3,
      })
    }
    expect((await ask('GET', `${base}/v2/tasks/max/x/start/0/pipelines/single`)).body).toMatchObject({
      code: 400,
      description: 'invalid max result number',
    })
  })

  test.each([
    ['POST', '/v2/pipelines', { ...SINGLE, sub_tasks: [] }, 400, 400],
    ['POST', '/v2/pipelines', { ...SINGLE, name: '' }, 400, 400],
    ['POST', '/v2/pipelines', { ...SINGLE, product_name: 'nobody' }, 400, 6140],
    ['POST', '/v2/pipelines', { ...SINGLE, sub_tasks: [{ type: 'magic' }] }, 400, 400],
    ['POST', '/v2/tasks', { pipeline_name: 'nobody' }, 400, 6160],
    ['GET', '/v2/tasks/id/1/pipelines/nobody', undefined, 400, 6161],
    ['GET', '/v2/tasks/id/x/pipelines/nobody', undefined, 400, 400],
    ['DELETE', '/v2/pipelines/nobody', undefined, 400, 6144],
    ['GET', '/nobody', undefined, 404, 404],
  ])('%s %s of what cannot be is refused in Zadig’s form', async (method, path, body, status, code) => {
    const { ask } = await open()
    expect(await ask(method, `${base}${path}`, body)).toEqual({
      status,
      body: { type: 'error', message: expect.any(String), code, description: expect.any(String), extra: {} },
    })
  })
})

describe('a pipeline that was made elsewhere', () => {
  const TEXT = [
    'name: own',
    'stages:',
    '  - {name: make, tasks: [{name: compile, role: build, script: make}, {name: unit, role: test, script: make test}]}',
    '  - {name: go, tasks: [{name: decide, approval: Go?}]}',
  ].join('\n')
  const made = async (): Promise<Client> => {
    const client = await open()
    const { app, admin, project } = client.world
    need(await app.pipelines.create(admin, { project: { id: project.id }, text: TEXT }))
    return client
  }

  test('has a sub-task for each task, in every generation, and is not overwritten', async () => {
    const { ask } = await made()
    await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'own' })
    const types = (body: Body): string[] => body.sub_tasks.map(({ type }: Body) => type)
    expect(types((await ask('GET', '/api/workflow/v2/pipelines/own')).body)).toEqual([
      'buildv2',
      'testingv2',
      'buildv2',
    ])
    expect(types((await ask('GET', '/api/v2/pipelines/own')).body)).toEqual(['build', 'testing', 'build'])
    const task = (await ask('GET', '/api/workflow/v2/tasks/id/1/pipelines/own')).body
    expect(types(task)).toEqual(['buildv2', 'testingv2', 'buildv2'])
    expect(task.stages).toMatchObject([
      { type: 'buildv2', status: 'running', run_parallel: true, sub_tasks: { compile: {}, unit: {} } },
      { status: 'created' },
    ])
    const changed = await ask('POST', '/api/workflow/v2/pipelines', { ...SINGLE, name: 'own' })
    expect(changed.body.code).toBe(6141)
  })

  test('is approved also while somebody has paused its review, which goes on once it is resumed', async () => {
    const { ask, world } = await made()
    const { app, admin, runner } = world
    const v4 = '/api/workflow/v4/workflowtask'
    await ask('POST', v4, { name: 'own', project: 'default', params: [] })
    for (const key of ['compile', 'unit']) runner.endTask(key, succeeded())
    await world.settled()
    const own = { pipeline: { name: 'own' }, number: 1 }
    const { stages } = need(await app.runs.get(admin, own))
    const [review] = stages.flatMap(({ tasks }) => tasks).filter(({ status }) => status === 'reviewing')
    need(await app.runs.actOnNode(admin, own, { id: review!.id }, { action: 'pause' }))
    const decision = { workflow_name: 'own', stage_name: 'go', task_id: 1, approve: true }
    expect(await ask('POST', `${v4}/approve`, decision)).toEqual(SUCCESS)
    expect((await ask('GET', `${v4}/workflow/own/task/1`)).body.status).toBe('running')
    need(await app.runs.actOnNode(admin, own, { id: review!.id }, { action: 'resume' }))
    await world.settled()
    expect((await ask('GET', `${v4}/workflow/own/task/1`)).body.status).toBe('passed')
  })

  test('is approved by the workflows from 1.13 on, and started with its params', async () => {
    const { ask, world } = await made()
    const v4 = '/api/aslan/workflow/v4/workflowtask'
    expect((await ask('POST', v4, { name: 'own', project: 'default', params: [] })).body).toEqual({
      project_name: 'default',
      workflow_name: 'own',
      task_id: 1,
    })
    for (const key of ['compile', 'unit']) world.runner.endTask(key, succeeded())
    await world.settled()
    const { body } = await ask('GET', `${v4}/workflow/own/task/1`)
    expect(body).toMatchObject({ task_id: 1, workflow_name: 'own', status: 'running', project_name: 'default' })
    expect(body.stages).toMatchObject([
      {
        name: 'make',
        status: 'passed',
        parallel: true,
        approval: null,
        jobs: [{ type: 'zadig-build' }, { type: 'zadig-test' }],
      },
      { name: 'go', status: 'running', approval: { enabled: true, status: '', description: 'Go?' } },
    ])
    const decision = { workflow_name: 'own', stage_name: 'go', task_id: 1, approve: true, comment: 'fine' }
    expect((await ask('POST', `${v4}/approve`, { ...decision, stage_name: 'make' })).body.code).toBe(6169)
    expect(await ask('POST', `${v4}/approve`, decision)).toEqual(SUCCESS)
    expect((await ask('GET', `${v4}/workflow/own/task/1`)).body.status).toBe('passed')
    expect((await ask('DELETE', `${v4}/workflow/own/task/1`)).body).toMatchObject({
      code: 6163,
      description: 'task: own:1 is passed, cannot cancel',
    })
    expect((await ask('GET', `${v4}?workflow_name=own&page_num=1&page_size=10`)).body).toMatchObject({
      total: 1,
      workflow_list: [{ task_id: 1 }],
    })
  })

  test('is run by the public API', async () => {
    const { ask } = await made()
    const path = '/openapi/workflows/custom/task'
    const started = await ask('POST', path, { workflow_key: 'own', project_key: 'default', parameters: [], inputs: [] })
    expect(started.body).toEqual({ project_name: 'default', workflow_name: 'own', task_id: 1 })
    expect((await ask('GET', `${path}?taskId=1&workflowKey=own`)).body).toMatchObject({
      workflow_key: 'own',
      status: 'running',
    })
    expect(await ask('DELETE', `${path}?taskId=1&workflowKey=own`)).toEqual(SUCCESS)
    expect((await ask('POST', path, { workflow_key: 'own' })).body.description).toContain('are required')
    const extra = { workflow_key: 'own', project_key: 'default', parameters: [{ name: 'x', value: '1' }] }
    expect((await ask('POST', path, extra)).body.code).toBe(6160)
  })
})

describe('product workflows', () => {
  const BODY = {
    name: 'shop-workflow',
    product_tmpl_name: 'default',
    enabled: true,
    env_name: 'dev',
    build_stage: {
      enabled: true,
      modules: [
        { target: { product_name: 'default', service_name: 'web', service_module: 'web' } },
        { target: { product_name: 'default', service_name: 'api', service_module: 'api' } },
      ],
    },
    test_stage: { enabled: true, test_names: ['smoke'] },
    distribute_stage: { enabled: false },
  }

  test('run what is chosen of their services and tests, and refuse what they have not', async () => {
    const { ask, world } = await open()
    const base = '/api/aslan/workflow'
    await ask('POST', `${base}/workflow`, BODY)
    const start = (args: object) =>
      ask('POST', `${base}/workflowtask`, { workflow_name: 'shop-workflow', product_tmpl_name: 'default', ...args })
    world.runner.script = () => ({ kind: 'succeeded', outputs: null })
    const ran = async (number: number): Promise<readonly string[]> => {
      await world.settled()
      const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'shop-workflow' }, number }))
      return run.stages.flatMap(({ tasks }) =>
        tasks.filter(({ status }) => status === 'succeeded').map(({ key }) => key),
      )
    }
    await start({ targets: [{ name: 'api', service_name: 'api' }], tests: [] })
    expect(await ran(1)).toEqual(['build-2', 'deploy-2'])
    // What was not chosen is no part of the task, as there.
    const shown = (await ask('GET', `${base}/workflowtask/id/1/pipelines/shop-workflow`)).body
    expect(shown.stages.map(({ type, sub_tasks }: Body) => [type, Object.keys(sub_tasks)])).toEqual([
      ['buildv2', ['api']],
      ['deploy', ['api']],
    ])
    const { data } = (await ask('GET', `${base}/workflowtask/max/9/start/0/pipelines/shop-workflow`)).body
    expect(data[0].build_services).toEqual(['api'])
    await start({ targets: [{ service_name: 'web' }], tests: [{ test_module_name: 'smoke' }] })
    expect(await ran(2)).toEqual(['build-1', 'deploy-1', 'test-1'])
    for (const args of [
      { targets: [{ name: 'shop' }] },
      { targets: [{}] },
      { tests: [{ test_module_name: 'load' }] },
    ]) {
      expect(JSON.stringify((await start(args)).body)).toMatch(/the workflow has no (?:service|test)/)
    }
    expect(need(await world.app.runs.count(world.admin, {}))).toBe(2)
  })

  test('build and deploy every service, test, and show it in stages', async () => {
    const { ask, world } = await open()
    const base = '/api/aslan/workflow'
    expect(await ask('POST', `${base}/workflow`, BODY)).toEqual(SUCCESS)
    expect((await ask('GET', `${base}/workflow/find/shop-workflow`)).body).toMatchObject(BODY)
    expect((await ask('GET', `${base}/workflow`)).body).toHaveLength(1)
    // The single ones are another list.
    expect((await ask('GET', `${base}/v2/pipelines`)).body).toEqual([])
    const args = {
      workflow_name: 'shop-workflow',
      product_tmpl_name: 'default',
      namespace: 'qa',
      targets: [],
      tests: [],
    }
    expect((await ask('POST', `${base}/workflowtask`, args)).body).toMatchObject({
      pipeline_name: 'shop-workflow',
      task_id: 1,
    })
    expect(world.runner.jobs.map(({ env }) => env['SERVICE'])).toEqual(['web', 'api'])
    const path = `${base}/workflowtask/id/1/pipelines/shop-workflow`
    const { body } = await ask('GET', `${path}?workflowType=workflow`)
    expect(body).toMatchObject({
      type: 'workflow',
      sub_tasks: [],
      workflow_args: { namespace: 'qa' },
      multi_run: false,
    })
    expect(body.stages.map(({ type, status, run_parallel }: Body) => [type, status, run_parallel])).toEqual([
      ['buildv2', 'running', true],
      ['deploy', 'created', true],
      ['testingv2', 'created', false],
    ])
    expect(Object.values(body.stages[0].sub_tasks).map((task: Body) => task.service_name)).toEqual(['web', 'api'])
    expect(body.workflow_args).toMatchObject({
      targets: [{ name: 'web' }, { name: 'api' }],
      artifact_args: [],
      tests: [{ test_module_name: 'smoke' }],
      is_parallel: false,
    })
    expect((await ask('GET', `${base}/workflow`)).body).toMatchObject([
      {
        lastest_task: { task_id: 1, pipeline_name: 'shop-workflow', status: 'running' },
        last_task_success: null,
        total_num: 0,
        is_favorite: false,
      },
    ])
    const found = (await ask('GET', `${base}/workflow/find/shop-workflow`)).body
    expect(found).toMatchObject({
      lastest_task: null,
      total_num: 0,
      distribute_stage: { distributes: [], releases: [] },
    })
    const list = (await ask('GET', `${base}/workflowtask/max/10/start/0/pipelines/shop-workflow`)).body
    expect(list).toMatchObject({ total: 1, data: [{ task_id: 1, type: 'workflow', build_services: ['web', 'api'] }] })
    expect(await ask('DELETE', path)).toEqual(SUCCESS)
    expect(await ask('PUT', `${base}/workflow`, { ...BODY, test_stage: { enabled: false } })).toEqual(SUCCESS)
    expect((await ask('PUT', `${base}/workflow`, { ...BODY, name: 'nobody' })).body.code).toBe(6540)
    expect((await ask('GET', `${base}/workflow/find/nobody`)).body.code).toBe(6542)
    expect((await ask('DELETE', `${base}/workflow/nobody`)).body.code).toBe(6543)
  })
})

describe('streams', () => {
  /** Seconds that pass when the test says so. */
  function seconds() {
    let turn: (() => void) | undefined
    const streams: Streams = { ...DIALECT_OPTIONS.streams, wait: () => new Promise((resolve) => (turn = resolve)) }
    return { streams, pass: () => turn?.() }
  }
  const started = async (streams?: Streams): Promise<Client> => {
    const client = await open(100, streams)
    await client.ask('POST', '/api/workflow/v2/pipelines', {
      ...SINGLE,
      sub_tasks: [{ type: 'buildv2', enabled: true, service_name: 'web' }],
    })
    await client.ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single' })
    return client
  }

  test('tell a task every second, also after it has ended, for as long as the client stays', async () => {
    const { streams, pass } = seconds()
    const { send, world } = await started(streams)
    const response = await send('/api/aslan/workflow/sse/tasks/id/1/pipelines/single')
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    const reader = response.body!.getReader()
    const next = async (): Promise<string> => {
      const reading = reader.read()
      await world.settled()
      pass()
      return new TextDecoder().decode((await reading).value)
    }
    const first = await next()
    expect(first).toMatch(/^event:message\ndata:\{"id":"[0-9a-f]{24}","task_id":1,.*\}\n\n$/)
    expect(JSON.parse(first.slice('event:message\ndata:'.length))).toMatchObject({ status: 'running' })
    world.runner.endTask('s1-buildv2', succeeded())
    await world.settled()
    for (let told = 0; told < 2; told += 1) {
      expect(JSON.parse((await next()).slice('event:message\ndata:'.length))).toMatchObject({ status: 'passed' })
    }
    await reader.cancel()
  })

  test('tell what is under way as an array', async () => {
    const { send } = await started()
    const reader = (await send('/api/workflow/sse/tasks/running')).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^event:message\ndata:\[\{"id":.*\}\]\n\n$/)
    await reader.cancel()
    const pending = (await send('/api/workflow/sse/tasks/pending')).body!.getReader()
    expect(new TextDecoder().decode((await pending.read()).value)).toBe('event:message\ndata:[]\n\n')
    await pending.cancel()
  })

  test('tell a log line by line, and the whole log is a JSON string', async () => {
    const { send, ask, world } = await started()
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'single' }, number: 1 }))
    const task = run.stages[0]!.tasks[0]!
    world.logs.set(`${run.id}/${task.index}/1`, new TextEncoder().encode('one\n{"two": 2}\nthree'))
    const lines = await (await send('/api/aslan/logs/sse/build/single/1/-1?subTask=buildv2')).text()
    expect(lines).toBe('event:message\ndata:one\n\nevent:message\ndata:{"two": 2}\n\nevent:message\ndata:three\n\n')
    expect(await (await send('/api/logs/sse/build/single/1/1')).text()).toBe('event:message\ndata:three\n\n')
    expect((await ask('GET', '/api/logs/log/pipelines/single/tasks/1/service/web')).body).toBe('one\n{"two": 2}\nthree')
    expect((await ask('GET', '/api/logs/log/pipelines/single/tasks/1/tests/smoke')).body).toBe('')
  })

  test('of a log begin ten lines before its end when nobody says how many in numbers', async () => {
    const { send, world } = await started()
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'single' }, number: 1 }))
    const text = Array.from({ length: 12 }, (_, at) => `line ${at + 1}\n`).join('')
    world.logs.set(`${run.id}/${run.stages[0]!.tasks[0]!.index}/1`, new TextEncoder().encode(text))
    const lines = await (await send('/api/logs/sse/build/single/1/many')).text()
    expect(lines.split('\n\n').slice(0, -1)).toEqual(
      Array.from({ length: 10 }, (_, at) => `event:message\ndata:line ${at + 3}`),
    )
  })

  test('of nothing are refused before they begin', async () => {
    const { ask } = await started()
    expect((await ask('GET', '/api/workflow/sse/tasks/id/9/pipelines/single')).body.code).toBe(6161)
    expect((await ask('GET', '/api/logs/sse/build/single/x/10')).body.code).toBe(400)
  })
})

test('a sub-task has every field of its struct, and of those that Go leaves out only what is set', async () => {
  const { ask, world } = await open()
  const sub_tasks = [
    {
      type: 'buildv2',
      enabled: true,
      service_name: 'web',
      job_ctx: { build_steps: [{ type: 'shell', scripts: 'make' }] },
    },
    { type: 'deploy', enabled: true, env_name: 'qa' },
    { type: 'distribute2kodo', enabled: true },
  ]
  await ask('POST', '/api/workflow/v2/pipelines', { ...SINGLE, sub_tasks })
  await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single' })
  const path = '/api/workflow/v2/tasks/id/1/pipelines/single'
  const [build, deploy, distribute] = (await ask('GET', path)).body.sub_tasks
  expect(build).toEqual({
    type: 'buildv2',
    enabled: true,
    status: 'running',
    product_name: 'default',
    service: '',
    service_name: 'web',
    service_type: '',
    env_name: '',
    namespace: '',
    start_time: expect.any(Number),
    job_ctx: expect.objectContaining({
      enable_proxy: false,
      builds: [],
      build_steps: [{ type: 'shell', scripts: 'make' }],
      envs: [],
      caches: [],
      test_threshold: 0,
    }),
    install_items: [],
    image_id: '',
    res_req: '',
    res_req_spec: { cpu_limit: 0, memory_limit: 0 },
    log_file: '',
    registries: [],
    is_restart: false,
    cache: { medium_type: '' },
    cache_enable: false,
    cache_dir_type: '',
    cache_user_dir: '',
  })
  expect(deploy).toEqual({
    type: 'deploy',
    enabled: true,
    status: 'created',
    namespace: '',
    env_name: 'qa',
    product_name: 'default',
    service_name: '',
    service_type: '',
    container_name: '',
    image: '',
    replace_resources: [],
    skipWaiting: false,
    is_restart: false,
    reset_image: false,
  })
  expect(distribute).not.toHaveProperty('is_restart')
  world.runner.endTask('s1-buildv2', exited(1))
  await world.settled()
  const failed = (await ask('GET', path)).body
  expect(failed.error).toBe('web: the process exited with code 1')
  expect(failed.sub_tasks[0]).toMatchObject({
    status: 'failed',
    error: 'the process exited with code 1',
    end_time: expect.any(Number),
  })
})

describe('the overview', () => {
  test('has each pipeline with its last tasks, and finds tasks by commit', async () => {
    const { ask, world } = await open()
    await ask('POST', '/api/workflow/v2/pipelines', { ...SINGLE, sub_tasks: [{ type: 'buildv2', enabled: true }] })
    await ask('POST', '/api/workflow/v2/tasks', { pipeline_name: 'single' })
    world.runner.endTask('s1-buildv2', succeeded({ commit: '98a663e5a6effc9337a29353acf338d484ae1609' }))
    await world.settled()
    expect((await ask('GET', '/api/workflow/v2/status/preview')).body).toEqual([
      {
        product_name: 'default',
        name: 'single',
        team_name: '',
        sub_tasks: [{ type: 'buildv2', enabled: true }],
        types: ['buildv2'],
        update_by: 'ci',
        update_time: expect.any(Number),
        is_favorite: false,
        lastest_task: { task_id: 1, pipeline_name: 'single', status: 'passed' },
        last_task_success: { task_id: 1, pipeline_name: 'single', status: 'passed' },
        last_task_failure: null,
        total_duration: 0,
        total_num: 1,
        total_success: 1,
      },
    ])
    const path = '/api/workflow/v2/status/task/info?commitId='
    expect((await ask('GET', `${path}98a663`)).body).toMatchObject([{ task_id: 1, status: 'passed' }])
    expect((await ask('GET', `${path}77`)).body).toEqual([])
  })
})

describe('a code host', () => {
  test('fires the trigger of the id in its address, and nothing without one', async () => {
    const { ask, world } = await open()
    const text =
      'name: hooked\nparams: {branch: main}\ntriggers: [{webhook: push, params: {branch: branch}}]\ntasks: [{name: compile, script: make}]\n'
    const { webhooks } = need(
      await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }),
    )
    const push = { ref: 'refs/heads/develop', after: 'abc', repository: { full_name: 'li/app' } }
    expect(await ask('POST', `/api/webhook?id=${webhooks[0]!.id}`, push)).toEqual(SUCCESS)
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'hooked' }, latest: true }))
    expect(run.params.find(({ name }) => name === 'branch')?.value).toBe('develop')
    expect((await ask('POST', '/api/aslan/webhook', push)).body).toMatchObject({
      code: 6207,
      message: 'trigger pipeline error',
    })
    expect((await ask('POST', '/api/gitlabhook?id=nobody', push)).body.code).toBe(6207)
  })

  test('Gerrit tells of a change under the same names', async () => {
    const { ask, world } = await open()
    const text =
      'name: hooked\nparams: {branch: main, commit_id: "", repo_name: "", pull_request_number: "", event: ""}\n' +
      'triggers: [{webhook: push, params: {branch: branch, commit_id: commit_id, repo_name: repo_name, pull_request_number: pull_request_number, event: event}}]\n' +
      'tasks: [{name: compile, script: make}]\n'
    const { webhooks } = need(
      await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }),
    )
    const change = {
      type: 'patchset-created',
      change: { project: 'team/app', branch: 'develop', number: 12 },
      patchSet: { number: 1, revision: 'abc123', ref: 'refs/changes/12/12/1' },
    }
    expect(await ask('POST', `/api/gerritHook?id=${webhooks[0]!.id}`, change)).toEqual(SUCCESS)
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'hooked' }, latest: true }))
    expect(Object.fromEntries(run.params.map(({ name, value }) => [name, value]))).toMatchObject({
      branch: 'develop',
      commit_id: 'abc123',
      repo_name: 'app',
      pull_request_number: '12',
      event: 'patchset-created',
    })
  })

  test('is not refused what the trigger is not about: a ping, another branch', async () => {
    const { world } = await open()
    const text = 'name: hooked\ntriggers: [{forge: gitlab, branches: [main]}]\ntasks: [{name: compile, script: make}]\n'
    const { id, webhooks } = need(
      await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }),
    )
    const [{ id: hook, name } = { id: '', name: '' }] = webhooks
    const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id }, name))
    const handle = koderover.create(world.app, DIALECT_OPTIONS)
    const tell = async (event: string, body: object): Promise<Body> => {
      const headers = { 'X-Gitlab-Event': event, 'X-Gitlab-Token': secret, 'X-Gitlab-Event-UUID': JSON.stringify(body) }
      const request = new Request(`${DIALECT_OPTIONS.baseUrl}/api/gitlabhook?id=${hook}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      })
      const answer = await handle(request)
      return { status: answer.status, body: await answer.json() }
    }
    const push = (branch: string): Body => ({
      object_kind: 'push',
      ref: `refs/heads/${branch}`,
      before: 'a'.repeat(40),
      after: 'b'.repeat(40),
      checkout_sha: 'b'.repeat(40),
      user_username: 'li',
      project: { path_with_namespace: 'li/app', git_http_url: 'https://gitlab.example/li/app.git', web_url: '' },
      commits: [],
    })
    expect(await tell('Push Hook', push('other'))).toEqual(SUCCESS)
    expect(await tell('Wiki Page Hook', { object_kind: 'wiki_page' })).toEqual(SUCCESS)
    expect(need(await world.app.runs.count(world.admin, {}))).toBe(0)
    expect(await tell('Push Hook', push('main'))).toEqual(SUCCESS)
    expect(need(await world.app.runs.count(world.admin, {}))).toBe(1)
  })

  test('must sign where the trigger says so', async () => {
    const { ask, world } = await open()
    const text = 'name: hooked\ntriggers: [{webhook: push, signed: true}]\ntasks: [{name: compile, script: make}]\n'
    const { webhooks } = need(
      await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }),
    )
    const refused = await ask('POST', `/api/webhook?id=${webhooks[0]!.id}`, {})
    expect([refused.status, refused.body.code]).toEqual([401, 401])
  })
})

test('nobody is told more than that, and the server’s health is open', async () => {
  const { send } = await open()
  const refused = await send('/api/workflow/v2/pipelines', {})
  expect([refused.status, await refused.json()]).toEqual([401, { message: 'auth failed' }])
  expect(await (await send('/api/health', {})).json()).toEqual({ message: 'success' })
})

describe('what a task has kept', () => {
  async function kept() {
    const client = await open()
    const { world } = client
    const work = { kind: 'runner', uses: 'package', with: { name: 'web.tar.gz', files: 'dist' } } as const
    const stages = [stageSpec({ tasks: [taskSpec({ key: 'pack', work })] })]
    const run = await world.start(await world.pipeline(definition({ name: 'packs', stages })))
    await world.settled()
    const bytes = new TextEncoder().encode('a package')
    world.artifacts.set(`${run.id}/1/1`, [
      { name: 'notes.txt', sizeBytes: 0, sha256: '0'.repeat(64), bytes: new Uint8Array() },
      { name: 'web.tar.gz', sizeBytes: bytes.length, sha256: '1'.repeat(64), bytes },
    ])
    return client
  }

  test.each(['/v2/tasks/file?pipelineName=packs&taskId=1', '/v2/tasks/workflow/packs/taskId/1'])(
    'is given by %s',
    async (path) => {
      const { send } = await kept()
      for (const prefix of ['/api/workflow', '/api/aslan/workflow']) {
        const answer = await send(`${prefix}${path}`)
        expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
          200,
          'application/octet-stream',
          'a package',
        ])
      }
    },
  )

  test('is an error of this generation when there is nothing, or no such task', async () => {
    const { ask, world } = await open()
    await world.start(await world.pipeline(definition({ name: 'bare' })))
    for (const id of [1, 9]) {
      const { status, body } = await ask('GET', `/api/workflow/v2/tasks/file?pipelineName=bare&taskId=${id}`)
      expect([status, body.type, body.code]).toEqual([400, 'error', 6161])
    }
  })
})
