import { expect, test } from 'vitest'
import { type Body, type Client, open } from '../../../testing/koderover-client.ts'
import { need } from '../../../testing/world.ts'

// Timers of custom workflows, as the portal of 1.13 and later makes them beside the workflow.

const BASE = '/api/aslan/workflow/v4'
const SUCCESS = { status: 200, body: { message: 'success' } }
const WORKFLOW = {
  name: 'nightly',
  project: 'default',
  params: [
    { name: 'MODE', type: 'string', value: 'fast' },
    { name: 'TOKEN', type: 'string', value: 'hunter2', is_credential: true },
  ],
  stages: [
    {
      name: 'all',
      jobs: [{ name: 'go', type: 'freestyle', spec: { steps: [{ type: 'shell', spec: { script: 'true' } }] } }],
    },
  ],
}

async function nightly(): Promise<Client> {
  const client = await open()
  expect(await client.ask('POST', BASE, WORKFLOW)).toEqual(SUCCESS)
  return client
}

/** What of the workflow fires by itself: its schedules, and with which params. */
async function triggers({ world }: Client): Promise<readonly unknown[]> {
  const { definition } = need(await world.app.pipelines.get(world.admin, { name: 'nightly' }))
  return (definition.triggers?.list ?? []).map((trigger) =>
    trigger.kind === 'schedule' ? [trigger.cron, trigger.params] : trigger,
  )
}

/** A new one as the portal fills it in: the preset, with a time. */
const filled = async ({ ask }: Client, more: object): Promise<Body> => {
  const { id, ...preset } = (await ask('GET', `${BASE}/cron/preset?workflowName=nightly&cronID=`)).body
  expect(id).toMatch(/^0{24}$/)
  return { ...preset, enabled: true, ...more }
}

test('a timer is made from its preset, listed, changed, switched off and deleted', async () => {
  const client = await nightly()
  const { ask } = client
  const preset = await filled(client, { job_type: 'timing', time: '03:30', frequency: 'day' })
  preset.workflow_v4_args.params[0].value = 'slow'
  expect(await ask('POST', `${BASE}/cron/nightly`, preset)).toEqual(SUCCESS)
  expect(await triggers(client)).toEqual([['30 3 * * *', { MODE: 'slow' }]])
  const list = async (): Promise<Body> => (await ask('GET', `${BASE}/cron?workflowName=nightly`)).body
  const [made] = await list()
  expect(made).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{24}$/),
    name: 'nightly',
    type: 'workflow_v4',
    number: 0,
    frequency: 'day',
    time: '03:30',
    cron: '',
    product_name: 'default',
    job_type: 'timing',
    enabled: true,
    workflow_v4_args: {
      name: 'nightly',
      params: [
        { name: 'MODE', value: 'slow' },
        { name: 'TOKEN', value: '********' },
      ],
    },
  })
  expect((await ask('GET', `${BASE}/cron/preset?workflowName=nightly&cronID=${made.id}`)).body).toEqual(made)
  expect(await ask('PUT', `${BASE}/cron`, { ...made, job_type: 'crontab', cron: '0 4 * * 1' })).toEqual(SUCCESS)
  expect(await triggers(client)).toEqual([['0 4 * * 1', { MODE: 'slow' }]])
  expect(await list()).toMatchObject([{ id: made.id, job_type: 'crontab', cron: '0 4 * * 1' }])
  // The workflow as it is put again keeps them.
  expect(await ask('PUT', `${BASE}/nightly`, { ...WORKFLOW, description: 'changed' })).toEqual(SUCCESS)
  expect(await triggers(client)).toHaveLength(1)
  expect(await ask('PUT', `${BASE}/cron`, { ...made, enabled: false })).toEqual(SUCCESS)
  expect([await triggers(client), await list()]).toMatchObject([[], [{ enabled: false }]])
  expect(await ask('DELETE', `${BASE}/cron/nightly/trigger/${made.id}`)).toEqual(SUCCESS)
  expect(await list()).toEqual([])
  expect((await ask('DELETE', `${BASE}/cron/nightly/trigger/${made.id}`)).body.code).toBe(6810)
})

test('a gap is a timer, too, and each goes by itself and with its workflow', async () => {
  const client = await nightly()
  const { ask } = client
  for (const number of [5, 10]) {
    const cron = await filled(client, { job_type: 'gap', number, frequency: 'minutes' })
    expect(await ask('POST', `${BASE}/cron/nightly`, cron)).toEqual(SUCCESS)
  }
  expect(await triggers(client)).toEqual([
    ['*/5 * * * *', { MODE: 'fast' }],
    ['*/10 * * * *', { MODE: 'fast' }],
  ])
  const [first] = (await ask('GET', `${BASE}/cron?workflowName=nightly`)).body
  expect(await ask('DELETE', `${BASE}/cron/nightly/trigger/${first.id}`)).toEqual(SUCCESS)
  expect(await triggers(client)).toEqual([['*/10 * * * *', { MODE: 'fast' }]])
  expect(await ask('DELETE', `${BASE}/nightly`)).toEqual(SUCCESS)
  expect(await ask('POST', BASE, WORKFLOW)).toEqual(SUCCESS)
  expect((await ask('GET', `${BASE}/cron?workflowName=nightly`)).body).toEqual([])
})

test('what says no time, what is not there, and what a timer has no words for are refused', async () => {
  const client = await nightly()
  const { ask } = client
  const cron = await filled(client, { job_type: 'crontab', cron: '0 4 * * *' })
  const refused = async (more: object): Promise<unknown> => {
    const { body } = await ask('POST', `${BASE}/cron/nightly`, { ...cron, ...more })
    return [body.code, body.description]
  }
  expect(await refused({ cron: '' })).toEqual([6810, 'cron: expected a time'])
  expect(await refused({ cron: 'often' })).toEqual([6810, expect.stringContaining('often')])
  expect(await refused({ id: '5f43e1b2c3d4e5f6a7b8c9d0' })).toEqual([6810, 'cronjob id is not empty'])
  expect(await refused({ enabled: 'yes' })).toEqual([400, expect.stringContaining('enabled')])
  const stages = [{ name: 'all', jobs: [{ name: 'go', type: 'freestyle', skipped: true }] }]
  expect(await refused({ workflow_v4_args: { stages } })).toEqual([6810, expect.stringContaining('skipped')])
  const params = [{ name: 'TOKEN', value: 'other', is_credential: true }]
  expect(await refused({ workflow_v4_args: { params } })).toEqual([6810, expect.stringContaining('TOKEN')])
  expect(await triggers(client)).toEqual([])
  expect((await ask('GET', `${BASE}/cron?workflowName=nightly`)).body).toEqual([])
  for (const [method, path] of [
    ['GET', 'cron?workflowName=nobody'],
    ['POST', 'cron/nobody'],
    ['PUT', 'cron'],
  ] as const) {
    const body = method === 'GET' ? undefined : { ...cron, name: method === 'PUT' ? 'nightly' : 'nobody' }
    expect((await ask(method, `${BASE}/${path}`, body)).body.code).toBe(6810)
  }
})
