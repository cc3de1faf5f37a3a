import { expect, test } from 'vitest'
import { open, type Body } from '../../../testing/koderover-client.ts'

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
