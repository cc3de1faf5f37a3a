import { expect, test } from 'vitest'
import { open, type Body } from '../../../testing/koderover-client.ts'
import { succeeded } from '../../../testing/scripted-runner.ts'

// What a task tells of the workflow that it was started from: `getWorkflowDefaultParams` and `ToTask` of aslan.

const BASE = '/api/aslan/workflow/v4'
const job = (name: string): Body => ({
  name,
  type: 'freestyle',
  spec: { steps: [{ type: 'shell', spec: { script: 'echo {{.workflow.params.PARTS}}' } }] },
})
const WORKFLOW = {
  name: 'ship',
  display_name: 'Ship it',
  project: 'default',
  params: [
    {
      name: 'MODE',
      description: 'how',
      type: 'choice',
      choice_option: ['fast', 'slow'],
      default: 'fast',
      value: 'fast',
    },
    { name: 'PARTS', type: 'multi-select', choice_option: ['a', 'b', 'c'], choice_value: ['a', 'b'], value: '' },
    { name: 'NOTE', type: 'text', value: 'none' },
  ],
  stages: [
    {
      name: 'gated',
      parallel: true,
      approval: { enabled: true, type: 'native', native_approval: { approve_users: [], needed_approvers: 1 } },
      jobs: [job('one'), job('two')],
    },
    { name: 'alone', parallel: true, jobs: [job('three')] },
    { name: 'serial', parallel: false, jobs: [job('four'), job('five')] },
  ],
}

async function shipped() {
  const { ask, world } = await open()
  expect((await ask('POST', BASE, WORKFLOW)).body).toEqual({ message: 'success' })
  const task = async (id: number): Promise<Body> =>
    (await ask('GET', `${BASE}/workflowtask/workflow/ship/task/${id}`)).body
  return { ask, world, task }
}

test('a task has the name, the kinds of the params and the stages that its workflow has', async () => {
  const { ask, task } = await shipped()
  expect((await ask('POST', `${BASE}/workflowtask`, { name: 'ship' })).body).toMatchObject({ task_id: 1 })
  const shown = await task(1)
  expect(shown).toMatchObject({ workflow_name: 'ship', workflow_display_name: 'Ship it' })
  expect(shown.stages.map((stage: Body) => stage.parallel)).toEqual([true, true, false])
  expect(shown.params).toMatchObject([
    { name: 'MODE', description: 'how', type: 'choice', choice_option: ['fast', 'slow'], value: 'fast' },
    { name: 'PARTS', type: 'multi-select', choice_option: ['a', 'b', 'c'], choice_value: ['a', 'b'], value: 'a,b' },
    { name: 'NOTE', type: 'text', value: 'none' },
  ])
})

test('several of a choice are what was chosen at the start, and again where it is started once more', async () => {
  const { ask, task } = await shipped()
  const params = [{ name: 'PARTS', type: 'multi-select', value: '', choice_value: ['b', 'c'] }]
  expect((await ask('POST', `${BASE}/workflowtask`, { name: 'ship', params })).body).toMatchObject({ task_id: 1 })
  const clone = (await ask('GET', `${BASE}/workflowtask/clone/workflow/ship/task/1`)).body
  expect(clone.params[1]).toMatchObject({ choice_value: ['b', 'c'] })
  expect((await ask('POST', `${BASE}/workflowtask`, clone)).body).toMatchObject({ task_id: 2 })
  const parameters = [{ name: 'PARTS', type: 'multi-select', choice_value: ['c'] }]
  const asked = { workflow_key: 'ship', project_key: 'default', parameters, inputs: [] }
  expect((await ask('POST', '/openapi/workflows/custom/task', asked)).body).toMatchObject({ task_id: 3 })
  const values = await Promise.all([1, 2, 3].map(async (id) => (await task(id)).params[1].value))
  expect(values).toEqual(['b,c', 'b,c', 'c'])
})

test('the public API takes nothing for a choice that is none of it', async () => {
  const { ask } = await shipped()
  const start = (parameters: readonly Body[]) =>
    ask('POST', '/openapi/workflows/custom/task', {
      workflow_key: 'ship',
      project_key: 'default',
      parameters,
      inputs: [],
    })
  expect(await start([{ name: 'MODE', type: 'choice', value: 'soon' }])).toMatchObject({
    status: 400,
    body: { code: 400, description: 'invalid choice value soon for param MODE' },
  })
  expect(await start([{ name: 'MODE', type: 'choice', value: 'slow' }])).toMatchObject({ status: 200 })
})

test('a timer starts with several of a choice', async () => {
  const { ask, world, task } = await shipped()
  const { id, ...preset } = (await ask('GET', `${BASE}/cron/preset?workflowName=ship&cronID=`)).body
  expect(id).toMatch(/^0{24}$/)
  preset.workflow_v4_args.params[1].choice_value = ['c']
  const cron = { ...preset, enabled: true, job_type: 'crontab', cron: '* * * * *' }
  expect((await ask('POST', `${BASE}/cron/ship`, cron)).body).toEqual({ message: 'success' })
  world.clock.advance(60_000)
  await world.settled()
  expect((await task(1)).params[1]).toMatchObject({ choice_value: ['c'], value: 'c' })
})

test('a job of a task has the type of its workflow, and tells its variables, repositories and services', async () => {
  const { ask, world } = await open()
  const repos = [
    { repo_owner: '/srv/git', repo_name: 'web', branch: 'main' },
    { repo_owner: 'li', repo_name: 'lib' },
  ]
  const envs = [
    { key: 'MODE', value: 'v{{.workflow.params.version}}', type: 'string' },
    { key: 'TOKEN', value: 'hunter2', is_credential: true },
  ]
  const services = [{ service_name: 'shop', modules: [{ service_module: 'web', image: 'web:1' }] }]
  const tell = { source: 'runtime', webhook_type: 'feishu', content: 'done' }
  const yes = {
    type: 'native',
    timeout: 30,
    native_approval: { approve_users: [{ user_name: 'ci' }], needed_approvers: 1 },
  }
  const jobs = [
    { name: 'make', type: 'freestyle', spec: { repos, envs, script: 'make' } },
    { name: 'put', type: 'zadig-deploy', spec: { env: 'dev', production: true, deploy_contents: ['image'], services } },
    { name: 'tell', type: 'notification', spec: tell },
    { name: 'extra', type: 'plugin', spec: { plugin: { name: 'x', image: 'alpine', cmds: ['echo'] } } },
    { name: 'check', type: 'zadig-test', spec: { test_modules: [{ name: 'smoke', project_name: 'default' }] } },
    { name: 'ask', type: 'approval', spec: yes },
  ]
  const params = [{ name: 'version', type: 'string', value: '7' }]
  await ask('POST', BASE, { ...WORKFLOW, params, stages: [{ name: 's', parallel: true, jobs }] })
  await ask('POST', `${BASE}/workflowtask`, { name: 'ship' })
  world.runner.endTask('make-fetch-1', succeeded({ commit: 'abc' }))
  await world.settled()
  const [stage] = (await ask('GET', `${BASE}/workflowtask/workflow/ship/task/1`)).body.stages
  expect(stage.approval).toBeNull()
  const shown = Object.fromEntries(stage.jobs.map(({ name, type, spec }: Body) => [name, { type, spec }]))
  expect(shown).toMatchObject({
    make: {
      type: 'freestyle',
      spec: {
        envs: [
          { key: 'MODE', value: 'v7' },
          { key: 'TOKEN', value: '********', is_credential: true },
        ],
        repos: [
          { repo_name: 'web', branch: 'main', commit_id: 'abc' },
          { repo_name: 'lib', repo_owner: 'li' },
        ],
      },
    },
    put: {
      type: 'zadig-deploy',
      spec: {
        env: 'dev',
        production: true,
        deploy_contents: ['image'],
        service_and_images: [{ service_name: 'shop', service_module: 'web', image: 'web:1' }],
      },
    },
    tell: { type: 'notification', spec: tell },
    extra: { type: 'plugin', spec: { name: 'x', image: 'alpine' } },
    check: { type: 'zadig-test', spec: { test_name: 'smoke' } },
    ask: {
      type: 'approval',
      spec: { type: 'native', timeout: 30, native_approval: { timeout: 30, approve_users: [{ user_name: 'ci' }] } },
    },
  })
})
