import { describe, expect, test } from 'vitest'
import { type Body, type Client, open } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'

// What Zadig's portal, its public API's documents and their clients ask besides the tasks themselves.

const WORKFLOW = {
  name: 'shop-workflow',
  product_tmpl_name: 'default',
  enabled: true,
  is_parallel: true,
  env_name: 'dev',
  build_stage: {
    enabled: true,
    modules: [
      {
        target: { product_name: 'default', service_name: 'web', service_module: 'web' },
        branch_filter: [{ repo_owner: 'li', repo_name: 'app', default_branch: 'main' }],
      },
      { target: { product_name: 'default', service_name: 'api', service_module: 'api' } },
    ],
  },
  test_stage: { enabled: true, test_names: ['smoke'] },
  distribute_stage: { enabled: true, releases: [], distributes: [] },
}
const ASLAN = '/api/aslan/workflow'
const SUCCESS = { status: 200, body: { message: 'success' } }

async function shop(): Promise<Client> {
  const client = await open()
  expect(await client.ask('POST', `${ASLAN}/workflow?projectName=default`, WORKFLOW)).toEqual(SUCCESS)
  return client
}

/** Keys of what has run in a task. */
async function ran({ world }: Client, number: number): Promise<readonly string[]> {
  await world.settled()
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'shop-workflow' }, number }))
  return run.stages.flatMap(({ tasks }) => tasks.filter(({ status }) => status === 'succeeded').map(({ key }) => key))
}

describe('the public API of 1.0 to 1.18', () => {
  const TASK = '/api/directory/workflowTask'

  test('starts what is named of a workflow, tells how it stands, and restarts and cancels it', async () => {
    const client = await shop()
    const { ask, world } = client
    const started = await ask('POST', `${TASK}/create`, {
      workflow_name: 'shop-workflow',
      env_name: 'qa',
      targets: [{ name: 'web', service_type: 'k8s', build: { repos: [{ repo_name: 'app', branch: 'dev', pr: 0 }] } }],
    })
    expect(started).toEqual({
      status: 200,
      body: { project_name: 'default', workflow_name: 'shop-workflow', task_id: 1 },
    })
    expect(world.runner.jobs.map(({ env }) => env['SERVICE'])).toEqual(['web'])
    world.runner.endTask('build-1', succeeded({ image_name: 'registry.example/shop/web', image_tag: 'v1' }))
    await world.settled()
    expect((await ask('GET', `${TASK}/id/1/pipelines/shop-workflow`)).body).toEqual({
      workflow_name: 'shop-workflow',
      env_name: 'qa',
      targets: [{ name: 'web', service_type: 'k8s', build: { repos: [{ repo_name: 'app', branch: 'dev', pr: 0 }] } }],
      images: [{ image: 'registry.example/shop/web:v1', service_name: 'web', registry_repo: 'registry.example/shop' }],
      test_reports: [],
      status: 'running',
    })
    world.runner.endTask('deploy-1', exited(1))
    await world.settled()
    const done = { status: 200, body: { message: 'success', resultCode: 0, errorMsg: 'success' } }
    expect(await ask('POST', `${TASK}/id/1/pipelines/shop-workflow/restart`)).toEqual(done)
    expect(await ask('POST', `${TASK}/id/1/pipelines/shop-workflow/cancel`)).toEqual(done)
    expect(await ask('POST', `${TASK}/id/9/pipelines/shop-workflow/cancel`)).toEqual({
      status: 400,
      body: {
        type: 'error',
        message: '取消工作流任务失败',
        code: 6163,
        description: expect.any(String),
        extra: {},
        resultCode: 400,
        errorMsg: 'fail',
      },
    })
    expect((await ask('POST', `${TASK}/create`, { workflow_name: 'nobody' })).body.code).toBe(6542)
  })

  test('takes a pull request by its number where the workflow fetches nothing itself', async () => {
    const { ask } = await shop()
    const repos = [{ repo_name: 'app', branch: 'main', pr: 5 }]
    const start = { workflow_name: 'shop-workflow', env_name: 'qa', targets: [{ name: 'web', build: { repos } }] }
    expect((await ask('POST', `${TASK}/create`, start)).status).toBe(200)
    const { targets } = (await ask('GET', `${TASK}/id/1/pipelines/shop-workflow`)).body
    expect(targets[0].build.repos).toEqual([{ repo_name: 'app', branch: '', pr: 5 }])
  })

  test('deploys and distributes what is there already without building it', async () => {
    const client = await shop()
    const { ask, world } = client
    world.runner.script = () => ({ kind: 'succeeded', outputs: null })
    const image = { image: 'registry.example/api:v1', service_name: 'api', service_module: 'api' }
    await ask('POST', `${TASK}/create`, { workflow_name: 'shop-workflow', env_name: 'qa', release_images: [image] })
    expect(await ran(client, 1)).toEqual(['deploy-2', 'distribute-2'])
    await ask('PUT', `${ASLAN}/workflowtask`, {
      workflow_name: 'shop-workflow',
      artifact_args: [{ name: 'web', service_name: 'web', image: 'registry.example/web:v1' }],
    })
    expect(await ran(client, 2)).toEqual(['deploy-1', 'distribute-1'])
  })

  test('takes no order to call back, and says who is let in', async () => {
    const { ask, send } = await shop()
    const callback = { callback_url: 'https://example.com/done', callback_vars: {} }
    expect((await ask('POST', `${TASK}/create`, { workflow_name: 'shop-workflow', callback })).body).toMatchObject({
      code: 400,
      resultCode: 400,
      errorMsg: 'param is illegal!',
      description: expect.stringContaining('callback'),
    })
    const refused = await send(`${TASK}?commitId=1`, {})
    expect([refused.status, await refused.json()]).toEqual([
      401,
      { message: 'auth failed', resultCode: 401, errorMsg: 'auth failed!' },
    ])
  })
})

describe('the portal', () => {
  test('is told of workflows in the words of 1.0 and of 1.7', async () => {
    const { ask } = await shop()
    const { body } = await ask('GET', `${ASLAN}/workflow?projectName=default`)
    expect(body).toMatchObject([
      {
        name: 'shop-workflow',
        product_tmpl_name: 'default',
        lastest_task: null,
        projectName: 'default',
        enabledStages: ['build', 'test', 'distribute'],
        schedulerEnabled: false,
        recentTask: null,
        recentSuccessfulTask: null,
        recentFailedTask: null,
        successRate: 0,
        workflow_type: 'product',
      },
    ])
    await ask('POST', `${ASLAN}/workflowtask`, { workflow_name: 'shop-workflow' })
    const [after] = (await ask('GET', `${ASLAN}/workflow?projects=other&projects=default`)).body
    expect(after.recentTask).toEqual({ taskID: 1, pipelineName: 'shop-workflow', status: 'running' })
    expect((await ask('GET', `${ASLAN}/workflow?projectName=nobody`)).body).toEqual([])
    expect((await ask('GET', `${ASLAN}/workflow?projects=other`)).body).toEqual([])
  })

  test('fills in the form of a start with what it is given for it, and starts that', async () => {
    const client = await shop()
    const { ask, world } = client
    const preset = (await ask('GET', `${ASLAN}/workflowtask/preset/qa/shop-workflow?projectName=default`)).body
    expect(preset).toMatchObject({
      workflow_name: 'shop-workflow',
      product_tmpl_name: 'default',
      namespace: 'qa',
      distribute_enabled: true,
      targets: [
        {
          name: 'web',
          service_name: 'web',
          product_name: 'default',
          has_build: true,
          build: { repos: [{ repo_owner: 'li', repo_name: 'app', branch: 'main' }] },
          deploy: [{ env: 'web/web', type: 'k8s', product_name: 'default' }],
        },
        { name: 'api', build: { repos: [] } },
      ],
      tests: [{ test_module_name: 'smoke', namespace: 'qa', builds: [], envs: [] }],
    })
    world.runner.script = () => ({ kind: 'succeeded', outputs: null })
    const [web] = preset.targets
    expect((await ask('POST', `${ASLAN}/workflowtask/shop-workflow`, { ...preset, targets: [web] })).status).toBe(200)
    expect(await ran(client, 1)).toEqual(['build-1', 'deploy-1', 'test-1', 'distribute-1'])
    // What a task was started with can be started again as it is shown.
    const { workflow_args } = (await ask('GET', `${ASLAN}/workflowtask/id/1/pipelines/shop-workflow`)).body
    expect(workflow_args).toMatchObject({
      namespace: 'qa',
      targets: [{ name: 'web', build: { repos: [{ repo_owner: 'li', repo_name: 'app', branch: 'main' }] } }],
    })
    expect((await ask('POST', `${ASLAN}/workflowtask`, workflow_args)).status).toBe(200)
    expect(await ran(client, 2)).toEqual(['build-1', 'deploy-1', 'test-1', 'distribute-1'])
    expect((await ask('GET', `${ASLAN}/workflowtask/preset/qa/nobody`)).body.code).toBe(6542)
  })

  test('sees of which services a workflow can be made, copies it, and puts it by its name', async () => {
    const { ask } = await shop()
    const modules = (list: readonly Body[]) => list.map(({ target }) => target.service_module)
    expect(modules((await ask('GET', `${ASLAN}/workflow/preset/default`)).body)).toEqual(['web', 'api'])
    const targets = (await ask('GET', `${ASLAN}/workflowtask/targets/default/qa`)).body
    expect(targets.map(({ name }: Body) => name)).toEqual(['web', 'api'])
    expect((await ask('POST', `${ASLAN}/workflowtask/targets/nobody/qa`, [])).body).toEqual([])
    expect(await ask('PUT', `${ASLAN}/workflow/old/shop-workflow/new/copy`)).toEqual(SUCCESS)
    expect((await ask('PUT', `${ASLAN}/workflow/old/shop-workflow/new/copy`)).body.code).toBe(6145)
    expect((await ask('PUT', `${ASLAN}/workflow/old/nobody/new/copy`)).body.code).toBe(6143)
    expect(await ask('PUT', `${ASLAN}/workflow/old/shop-workflow/new/third/Third`)).toEqual(SUCCESS)
    expect((await ask('GET', `${ASLAN}/workflow/find/third`)).body.display_name).toBe('Third')
    const { name: _, ...nameless } = { ...WORKFLOW, description: 'put' }
    expect(await ask('PUT', `${ASLAN}/workflow/copy`, nameless)).toEqual(SUCCESS)
    expect((await ask('GET', `${ASLAN}/workflow/find/copy`)).body.description).toBe('put')
    const inView = { workflow: { ...WORKFLOW, name: 'fourth' }, view: 'mine' }
    expect(await ask('POST', `${ASLAN}/workflow`, inView)).toEqual(SUCCESS)
    const empty = { name: 'empty', product_tmpl_name: 'default', build_stage: { enabled: false } }
    expect((await ask('POST', `${ASLAN}/workflow`, empty)).body).toMatchObject({
      code: 6540,
      description: '未检测到构建部署或交付物部署，请配置一项',
    })
  })

  test('filters tasks by their word, by who made them and by service', async () => {
    const { ask, world } = await shop()
    for (const name of ['web', 'api']) {
      await ask('POST', `${ASLAN}/workflowtask`, { workflow_name: 'shop-workflow', targets: [{ name }] })
    }
    world.runner.endTask('build-1', exited(1))
    await world.settled()
    const list = async (query: string): Promise<unknown> => {
      const { body } = await ask('GET', `${ASLAN}/workflowtask/max/9/start/0/pipelines/shop-workflow?${query}`)
      expect(body.total).toBe(body.data.length)
      return body.data.map(({ task_id }: Body) => task_id)
    }
    expect(await list('queryType=taskStatus&filters=failed')).toEqual([1])
    expect(await list('queryType=taskStatus&filters=running,passed')).toEqual([2])
    expect(await list('queryType=taskStatus&filters=nonsense')).toEqual([])
    expect(await list('queryType=taskStatus&filters=')).toEqual([2, 1])
    expect(await list('queryType=creator&filters=ci')).toEqual([2, 1])
    expect(await list('queryType=creator&filters=li')).toEqual([])
    expect(await list('queryType=serviceName&filters=api')).toEqual([2])
    expect(await list('queryType=committer&filters=li')).toEqual([])
    const values = (by: string) =>
      ask('GET', `${ASLAN}/workflowtask/filters/pipelines/shop-workflow?workflowType=workflow&queryType=${by}`)
    expect((await values('serviceName')).body).toEqual(['api', 'web'])
    expect((await values('creator')).body).toEqual(['ci'])
    expect((await values('nonsense')).body.code).toBe(400)
    // The same of any workflow, as portals from 2.0 on ask.
    const later = async (query: string): Promise<unknown> => {
      const { body } = await ask('GET', `${ASLAN}/v4/workflowtask?workflow_name=shop-workflow&page_num=1&${query}`)
      expect(body.total).toBe(body.workflow_list.length)
      return body.workflow_list.map(({ task_id }: Body) => task_id)
    }
    expect(await later('queryType=taskStatus&filters=failed')).toEqual([1])
    expect(await later('queryType=serviceName&filters=api')).toEqual([2])
    expect(await later('queryType=creator&filters=li')).toEqual([])
    expect(await later('queryType=&filters=')).toEqual([2, 1])
    const nobody = await ask('GET', `${ASLAN}/v4/workflowtask?workflow_name=nobody`)
    expect(nobody.body).toEqual({ workflow_list: [], total: 0 })
    const names = `${ASLAN}/v4/workflowtask/filter/workflow/shop-workflow?projectName=default&jobName=&queryType=creator`
    expect((await ask('GET', names)).body).toEqual(['ci'])
  })
})

describe('the public API from 1.13 on', () => {
  const TEXT = [
    'name: own',
    'params: {MODE: fast, branch: main, repo_name: app}',
    'stages:',
    '  - {name: make, tasks: [{name: compile, role: build, script: make}, {name: note, script: note}]}',
    '  - {name: go, tasks: [{name: decide, approval: Go?}]}',
  ].join('\n')
  async function made(): Promise<Client> {
    const client = await open()
    const { app, admin, project } = client.world
    need(await app.pipelines.create(admin, { project: { id: project.id }, text: TEXT }))
    return client
  }
  const OPEN = '/openapi/workflows'

  test('starts with the variables and the repository of its jobs, and finds the task by either names', async () => {
    const { ask, world } = await made()
    const started = await ask('POST', `${OPEN}/custom/task`, {
      project_name: 'default',
      workflow_name: 'own',
      inputs: [
        {
          job_name: 'compile',
          job_type: 'zadig-build',
          parameters: {
            service_list: [
              {
                service_name: 'own',
                repo_info: [{ codehost_name: 'x', repo_namespace: 'li', repo_name: 'app', branch: 'dev' }],
                inputs: [{ key: 'MODE', value: 'slow' }],
              },
            ],
          },
        },
      ],
    })
    expect(started.body).toEqual({ project_name: 'default', workflow_name: 'own', task_id: 1 })
    const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'own' }, number: 1 }))
    expect(Object.fromEntries(run.params.map(({ name, value }) => [name, value]))).toMatchObject({
      MODE: 'slow',
      branch: 'dev',
    })
    const { body } = await ask('GET', `${OPEN}/custom/task?task_id=1&workflow_name=own`)
    expect(body).toEqual((await ask('GET', `${OPEN}/custom/task?taskId=1&workflowKey=own`)).body)
    expect(body.params).toContainEqual({
      name: 'MODE',
      description: '',
      type: 'string',
      value: 'slow',
      default: '',
      is_credential: false,
    })
    // Every job has an object: clients of Go read nothing else.
    const specs = body.stages.flatMap(({ jobs }: Body) => jobs.map(({ spec }: Body) => Array.isArray(spec)))
    expect(specs).toEqual([false])
    expect(await ask('DELETE', `${OPEN}/custom/task?task_id=1&workflow_name=own`)).toEqual(SUCCESS)
  })

  test('approves by the query, as documented, and by the body, as its clients do', async () => {
    const { ask, world } = await made()
    for (let made = 0; made < 2; made += 1) {
      await ask('POST', `${OPEN}/custom/task`, { project_key: 'default', workflow_key: 'own' })
      for (const key of ['compile', 'note']) world.runner.endTask(key, succeeded())
      await world.settled()
    }
    const path = `${OPEN}/custom/task/approve`
    const query = 'task_id=1&workflow_name=own&stage_name=go&approve=true&comment=LGTM'
    expect(await ask('POST', `${path}?${query}`)).toEqual(SUCCESS)
    expect((await ask('POST', `${path}?${query}`)).body).toMatchObject({
      code: 6169,
      description: 'workflow own ID 1 stage go do not need approve',
    })
    const decision = { task_id: '2', workflow_name: 'own', stage_name: 'go', approve: false }
    expect(await ask('POST', path, decision)).toEqual(SUCCESS)
    const { stages } = (await ask('GET', `${OPEN}/custom/task?taskId=1&workflowKey=own`)).body
    expect(stages[1].approval).toMatchObject({
      enabled: true,
      needed_approvers: 1,
      reject_or_approve: 'approve',
      approve_users: [
        { user_name: 'ci', reject_or_approve: 'approve', comment: 'LGTM', operation_time: expect.any(Number) },
      ],
    })
  })

  test('lists workflows and tasks, shows one, runs what failed again and takes it away', async () => {
    const { ask, world } = await made()
    await ask('POST', `${OPEN}/custom/task`, { project_key: 'default', workflow_key: 'own' })
    expect((await ask('GET', `${OPEN}?projectKey=default`)).body).toEqual({
      workflows: [
        {
          workflow_key: 'own',
          workflow_name: 'own',
          update_by: 'ci',
          update_time: expect.any(Number),
          type: 'custom',
        },
      ],
    })
    expect((await ask('GET', OPEN)).body.description).toBe('projectKey is required')
    expect((await ask('GET', `${OPEN}/custom/own/detail?projectKey=default`)).body).toMatchObject({
      workflow_key: 'own',
      project_key: 'default',
      params: [{ name: 'MODE', value: 'fast' }, { name: 'branch' }, { name: 'repo_name' }],
      stages: [
        { name: 'make', parallel: true, jobs: [{ name: 'compile', type: 'zadig-build' }, { name: 'note' }] },
        { name: 'go', jobs: [{ name: 'decide', type: 'approval' }] },
      ],
      concurrency_limit: -1,
    })
    world.runner.endTask('compile', exited(1))
    world.runner.endTask('note', succeeded())
    await world.settled()
    expect((await ask('GET', `${OPEN}/custom/own/tasks?projectKey=default&pageNum=1&pageSize=5`)).body).toMatchObject({
      total: 1,
      workflow_tasks: [{ workflow_key: 'own', project_key: 'default', task_id: 1, status: 'failed' }],
    })
    expect(await ask('POST', `${OPEN}/custom/own/task/1?projectKey=default`)).toEqual(SUCCESS)
    world.runner.endTask('compile', succeeded())
    await world.settled()
    const decision = 'task_id=1&workflow_name=own&stage_name=go&approve=true'
    expect(await ask('POST', `${OPEN}/custom/task/approve?${decision}`)).toEqual(SUCCESS)
    expect(await ask('DELETE', `${OPEN}/custom?workflowKey=own&projectKey=default`)).toEqual(SUCCESS)
    expect((await ask('GET', `${OPEN}/custom/own/detail?projectKey=default`)).body.code).toBe(6542)
  })

  test('runs product workflows by what is to be built and deployed', async () => {
    const client = await shop()
    const { ask, world } = client
    world.runner.script = () => ({ kind: 'succeeded', outputs: null })
    const service = (name: string) => ({ service_name: name, service_module: name })
    const input = {
      target_env: 'qa',
      build: { enabled: true, service_list: [service('web')] },
      deploy: { enabled: true, source: 'zadig', service_list: [service('web'), service('api')] },
    }
    const path = `${OPEN}/product/task`
    const started = await ask('POST', path, { workflow_name: 'shop-workflow', project_name: 'default', input })
    expect(started.body).toEqual({ project_name: 'default', workflow_name: 'shop-workflow', task_id: 1 })
    expect(await ran(client, 1)).toEqual(['build-1', 'deploy-1', 'deploy-2', 'distribute-1', 'distribute-2'])
    const nothing = { workflow_name: 'shop-workflow', project_name: 'default' }
    expect((await ask('POST', path, nothing)).body.description).toBe('input cannot be empty')
  })
})

test('product workflows are followed and taken away by the public API of 2.0', async () => {
  const { ask, world } = await shop()
  await ask('POST', `${ASLAN}/workflowtask`, { workflow_name: 'shop-workflow', namespace: 'qa' })
  const OPEN = '/openapi/workflows/product'
  const brief = {
    workflow_key: 'shop-workflow',
    workflow_name: 'shop-workflow',
    project_key: 'default',
    task_id: 1,
    create_time: expect.any(Number),
    task_creator: 'ci',
    start_time: expect.any(Number),
    end_time: 0,
    status: 'running',
  }
  expect(await ask('GET', `${OPEN}/shop-workflow/task/1?projectKey=default`)).toEqual({ status: 200, body: brief })
  expect((await ask('GET', `${OPEN}/shop-workflow/tasks?projectKey=default&pageNum=1&pageSize=5`)).body).toEqual({
    total: 1,
    workflow_tasks: [brief],
  })
  expect((await ask('GET', `${OPEN}/shop-workflow/task/2?projectKey=default`)).body.code).toBe(6161)
  expect((await ask('DELETE', `${OPEN}?workflowKey=nowhere&projectKey=default`)).body.code).toBe(6543)
  expect(await ask('DELETE', `${ASLAN}/workflowtask/id/1/pipelines/shop-workflow`)).toEqual(SUCCESS)
  for (const key of ['build-1', 'build-2']) world.runner.endTask(key, { kind: 'cancelled' })
  await world.settled()
  expect(await ask('DELETE', `${OPEN}?workflowKey=shop-workflow&projectKey=default`)).toEqual(SUCCESS)
  expect((await ask('GET', `${OPEN}/shop-workflow/tasks?projectKey=default`)).body.code).toBe(6162)
  const gone = await ask('GET', '/openapi/workflows/custom/shop-workflow/tasks?projectKey=default')
  expect(gone.body).toEqual({ total: 0, workflow_tasks: [] })
})

test('a page of the public API has ten tasks unless it says how many, and more than there are is no fault', async () => {
  const { ask, world } = await shop()
  world.runner.script = () => succeeded()
  for (let n = 0; n < 12; n += 1) await ask('POST', `${ASLAN}/workflowtask`, { workflow_name: 'shop-workflow' })
  const path = '/openapi/workflows/product/shop-workflow/tasks?projectKey=default'
  const ids = async (query: string) =>
    (await ask('GET', `${path}${query}`)).body.workflow_tasks.map(({ task_id }: Body) => task_id)
  expect(await ids('')).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
  expect(await ids('&pageNum=2')).toEqual([2, 1])
  expect(await ids('&pageSize=5&pageNum=3')).toEqual([2, 1])
  expect(await ids('&pageSize=100000')).toHaveLength(12)
  expect(await ids('&pageNum=99999999')).toEqual([])
  expect((await ask('GET', `${path}&pageSize=x`)).status).toBe(400)
  const listed = (await ask('GET', `${ASLAN}/v4/workflowtask?workflow_name=shop-workflow&page_size=0`)).body
  expect([listed.workflow_list.length, listed.total]).toEqual([12, 12])
})
