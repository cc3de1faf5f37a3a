import { describe, expect, test } from 'vitest'
import { type Body, type Client, open } from '../../../testing/koderover-client.ts'
import { succeeded } from '../../../testing/scripted-runner.ts'
import { need } from '../../../testing/world.ts'

// What clients of Zadig's public API ask beside workflows and tasks, and which jobs a start of theirs asks for.

const SUCCESS = { status: 200, body: { message: 'success' } }
const AT = '/openapi'
const CUSTOM = '/api/aslan/workflow/v4'

const shell = (name: string, script: string, more: object = {}): Body => ({
  name,
  type: 'freestyle',
  spec: { steps: [{ name: 'shell', type: 'shell', spec: { script } }] },
  ...more,
})
const RELEASE = {
  name: 'release',
  project: 'default',
  stages: [
    { name: 'build', parallel: false, jobs: [shell('compile', 'make'), shell('lint', 'make lint')] },
    {
      name: 'go',
      parallel: true,
      approval: { enabled: true, native_approval: { needed_approvers: 1, approve_users: [{ user_name: 'ci' }] } },
      jobs: [shell('put', 'make put')],
    },
  ],
}

async function release(): Promise<Client> {
  const client = await open()
  expect(await client.ask('POST', CUSTOM, RELEASE)).toEqual(SUCCESS)
  return client
}

const running = ({ world }: Client): readonly (string | undefined)[] =>
  world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])

describe('projects', () => {
  const PROJECT = {
    project_name: 'Shop',
    project_key: 'shop',
    is_public: false,
    project_type: 'yaml',
    description: 'sells',
  }

  test('are made, listed by pages, shown and taken away', async () => {
    const { ask } = await open()
    expect(await ask('POST', `${AT}/projects/project`, PROJECT)).toEqual(SUCCESS)
    const [first, shop] = [
      { project_name: 'default', project_key: 'default', description: expect.any(String), deploy_type: 'k8s' },
      { project_name: 'shop', project_key: 'shop', description: 'sells', deploy_type: 'k8s' },
    ]
    const list = async (query: string) => (await ask('GET', `${AT}/projects/project${query}`)).body
    expect(await list('')).toEqual({ total: 2, projects: [first, shop] })
    expect(await list('?pageSize=1&pageNum=2')).toEqual({ total: 2, projects: [shop] })
    expect(await list('?pageSize=20&pageNum=9')).toEqual({ total: 2, projects: [] })
    expect((await list('?pageSize=x')).description).toBe('invalid ListProjectOpenAPI params')
    expect((await ask('GET', `${AT}/projects/project/detail?projectKey=shop`)).body).toEqual({
      project_name: 'shop',
      project_key: 'shop',
      is_public: false,
      desc: 'sells',
      deploy_type: 'k8s',
      create_time: expect.any(Number),
      created_by: '',
    })
    expect(await ask('POST', CUSTOM, { ...RELEASE, project: 'shop' })).toEqual(SUCCESS)
    const gone = `${AT}/projects/project?projectKey=shop&isDelete=false`
    expect((await ask('DELETE', gone)).body.code).toBe(6063)
    expect(await ask('DELETE', `${CUSTOM}/release`)).toEqual(SUCCESS)
    expect(await ask('DELETE', gone)).toEqual(SUCCESS)
    expect((await ask('GET', `${AT}/projects/project/detail?projectKey=shop`)).body.code).toBe(6073)
    expect((await ask('DELETE', `${AT}/projects/project?projectKey=shop`)).body.description).toBe(
      'invalid param isDelete',
    )
  })

  test.each([
    ['no name', { project_name: '' }, 'project_name cannot be empty'],
    ['a key of other letters', { project_key: 'Shop' }, 'project key should match regex: ^[a-z-\\d]+$'],
    ['a type that is none', { project_type: 'zip' }, 'unsupported project type'],
    ['a name that is no text', { project_name: 1 }, 'invalid ProductTmpl json args'],
  ])('with %s are refused', async (_, changes, description) => {
    const { ask } = await open()
    const refused = await ask('POST', `${AT}/projects/project`, { ...PROJECT, ...changes })
    expect(refused).toMatchObject({ status: 400, body: { type: 'error', code: 400, description } })
  })

  test('of one key twice are refused', async () => {
    const { ask } = await open()
    await ask('POST', `${AT}/projects/project`, PROJECT)
    expect((await ask('POST', `${AT}/projects/project`, PROJECT)).body).toMatchObject({
      code: 6060,
      message: '创建项目失败',
    })
  })
})

test('views are made, listed, changed a workflow at a time, looked through and taken away', async () => {
  const { ask } = await release()
  expect(await ask('POST', CUSTOM, { ...RELEASE, name: 'nightly' })).toEqual(SUCCESS)
  const custom = (workflow_key: string, more: object = {}) => ({ workflow_key, workflow_type: 'custom', ...more })
  const view = { project_key: 'default', name: 'mine', workflow_list: [custom('release')] }
  expect(await ask('POST', `${AT}/workflows/view`, view)).toEqual(SUCCESS)
  expect((await ask('POST', `${AT}/workflows/view`, view)).body.code).toBe(6892)
  const listed = async () => (await ask('GET', `${AT}/workflows/view?projectKey=default`)).body
  expect(await listed()).toEqual([
    {
      name: 'mine',
      project_key: 'default',
      update_time: expect.any(Number),
      update_by: 'ci',
      workflows: [custom('release')],
    },
  ])
  const change = (workflow_list: readonly object[]) =>
    ask('PUT', `${AT}/workflows/view/mine?projectKey=default`, { workflow_list })
  expect(await change([custom('nightly', { enabled: true })])).toEqual(SUCCESS)
  expect((await listed())[0].workflows).toEqual([custom('release'), custom('nightly')])
  expect(await change([custom('release', { enabled: false })])).toEqual(SUCCESS)
  expect((await listed())[0].workflows).toEqual([custom('nightly')])
  const names = async (query: string) =>
    (await ask('GET', `${AT}/workflows?projectKey=default${query}`)).body.workflows.map(
      ({ workflow_key }: Body) => workflow_key,
    )
  expect(await names('&viewName=mine')).toEqual(['nightly'])
  expect(await names('')).toEqual(['release', 'nightly'])
  // A view that is not there is none, as there.
  expect(await names('&viewName=nobody')).toEqual(['release', 'nightly'])
  const twice = await change([custom('nightly'), custom('nightly')])
  expect(twice.body.description).toBe('workflow name duplicated')
  expect((await change([{ workflow_key: 'nightly' }])).body.description).toBe('workflow type must be custom or product')
  expect((await ask('PUT', `${AT}/workflows/view/nobody?projectKey=default`, {})).body.code).toBe(6893)
  expect((await ask('GET', `${AT}/workflows/view`)).body.description).toBe('projectKey is required')
  expect(await ask('DELETE', `${AT}/workflows/view/mine?projectKey=default`)).toEqual(SUCCESS)
  expect((await ask('DELETE', `${AT}/workflows/view/mine?projectKey=default`)).body.code).toBe(6894)
  expect(await listed()).toEqual([])
})

test('a view is taken away by its query, as the portal of 2.0 does', async () => {
  const { ask } = await release()
  const view = { project_key: 'default', name: '我的/视图', workflow_list: [] }
  expect(await ask('POST', `${AT}/workflows/view`, view)).toEqual(SUCCESS)
  const gone = `/api/aslan/workflow/view?${new URLSearchParams({ projectName: 'default', viewName: view.name }).toString()}`
  expect(await ask('DELETE', gone)).toEqual(SUCCESS)
  expect((await ask('DELETE', gone)).body.code).toBe(6894)
})

test('the log of a job is a text, or comes line by line', async () => {
  const { ask, send, world } = await release()
  await ask('POST', `${AT}/workflows/custom/task`, { project_key: 'default', workflow_key: 'release', inputs: [] })
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'release' }, number: 1 }))
  const compile = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === 'compile')
  world.logs.set(`${run.id}/${compile?.index}/1`, new TextEncoder().encode('first\nsecond\n'))
  world.runner.endTask('compile', succeeded())
  await world.settled()
  expect(await ask('GET', `${AT}/logs/log/v4/workflow/release/1/compile`)).toEqual({
    status: 200,
    body: 'first\nsecond\n',
  })
  const response = await send(`${AT}/logs/sse/v4/workflow/release/1/compile/1`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(await response.text()).toBe('event:message\ndata:second\n\n')
  expect((await ask('GET', `${AT}/logs/log/v4/workflow/release/x/compile`)).body).toMatchObject({
    code: 400,
    description: 'invalid task id',
  })
  expect((await ask('GET', `${AT}/logs/log/v4/workflow/release/1/nobody`)).body).toBe('')
})

describe('a start', () => {
  const PATH = `${AT}/workflows/custom/task`
  const start = (...jobs: readonly string[]) => ({
    project_key: 'default',
    workflow_key: 'release',
    parameters: [],
    inputs: jobs.map((job_name) => ({ job_name, job_type: 'freestyle', parameters: { kv: [] } })),
  })
  const shown = async ({ ask }: Client) =>
    (await ask('GET', `${PATH}?taskId=1&workflowKey=release`)).body.stages.map((stage: Body) => [
      stage.name,
      stage.status,
      stage.jobs.map(({ name, status }: Body) => `${name} ${status}`),
    ])

  test('runs the jobs that its inputs name, and no approval of a stage without any', async () => {
    const client = await release()
    const { ask, world } = client
    expect((await ask('POST', PATH, start('lint'))).status).toBe(200)
    expect(running(client)).toEqual(['lint'])
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect((await ask('GET', `${PATH}?taskId=1&workflowKey=release`)).body.status).toBe('passed')
    // What was left out is no part of the task, as there.
    expect(await shown(client)).toEqual([['build', 'passed', ['lint passed']]])
  })

  test('waits for the approval of a stage of which a job is named', async () => {
    const client = await release()
    await client.ask('POST', PATH, start('put'))
    expect(running(client)).toEqual([])
    const decision = { workflow_key: 'release', task_id: 1, stage_name: 'go', approve: true }
    expect(await client.ask('POST', `${PATH}/approve`, decision)).toEqual(SUCCESS)
    expect(running(client)).toEqual(['put'])
  })

  test('that names nothing that is there is refused, and one that names nothing runs all', async () => {
    const client = await release()
    expect((await client.ask('POST', PATH, start('nobody'))).body).toMatchObject({
      code: 6160,
      description: 'no stage found in workflow task: release',
    })
    expect((await client.ask('POST', PATH, start())).body.task_id).toBe(1)
    expect(running(client)).toEqual(['compile'])
  })

  test('by the portal leaves out the jobs that are skipped there', async () => {
    const client = await release()
    const preset = (await client.ask('GET', `${CUSTOM}/preset/release`)).body
    const without = (...names: readonly string[]) => ({
      ...preset,
      stages: preset.stages.map((stage: Body) => ({
        ...stage,
        jobs: stage.jobs.map((job: Body) => ({ ...job, skipped: names.includes(job.name) })),
      })),
    })
    expect((await client.ask('POST', `${CUSTOM}/workflowtask`, without('compile'))).status).toBe(200)
    expect(running(client)).toEqual(['lint'])
    const nothing = await client.ask('POST', `${CUSTOM}/workflowtask`, without('compile', 'lint', 'put'))
    expect(nothing.body.code).toBe(6160)
    expect((await client.ask('POST', `${CUSTOM}/workflowtask`, without())).body.task_id).toBe(2)
  })
})
