import { expect, test } from 'vitest'
import { type Body, open } from '../../../testing/koderover-client.ts'
import { exited, succeeded } from '../../../testing/scripted-runner.ts'

// Jobs that start other workflows: aslan's job_workflow_trigger.go, read 2026-11-24.

const BASE = '/api/aslan/workflow/v4'
const job = { name: 'work', type: 'freestyle', spec: { script: 'work' } }
const other = (name: string): Body => ({
  name,
  project: 'default',
  multi_run: true,
  params: [{ name: 'version', type: 'string', value: '1' }],
  stages: [{ name: 's', jobs: [job] }],
})
const event = (name: string, value: string): Body => ({
  workflow_name: name,
  project_name: 'default',
  params: [{ name: 'version', type: 'string', value }],
})

async function started(spec: Body, more: readonly Body[] = []) {
  const { ask, world } = await open()
  for (const name of ['one', 'two']) await ask('POST', BASE, other(name))
  const trigger = { name: 'begin', type: 'workflow-trigger', spec }
  const params = [{ name: 'tag', type: 'string', value: '7' }]
  const stages = [...more, trigger].map((one) => ({ name: String(one['name']), jobs: [one] }))
  expect((await ask('POST', BASE, { name: 'all', project: 'default', params, stages })).status).toBe(200)
  expect((await ask('POST', `${BASE}/workflowtask`, { name: 'all' })).body).toMatchObject({ task_id: 1 })
  await world.settled()
  const task = async (name: string): Promise<Body> =>
    (await ask('GET', `${BASE}/workflowtask/workflow/${name}/task/1`)).body
  return { world, task }
}

test('workflows that it names are started with their params, and it waits for them where it is to', async () => {
  const fixed_workflow_list = [event('one', 'v{{.workflow.params.tag}}'), event('two', '2')]
  const { world, task } = await started({ trigger_type: 'fixed', is_enable_check: true, fixed_workflow_list })
  expect((await task('one')).params[0].value).toBe('v7')
  expect((await task('two')).params[0].value).toBe('2')
  expect((await task('all')).stages[0].jobs).toMatchObject([
    { name: 'begin', type: 'workflow-trigger', status: 'running' },
  ])
  world.runner.endTask('work', succeeded())
  await world.settled()
  world.runner.endTask('work', exited(1))
  await world.settled()
  const { status, stages } = await task('all')
  expect([status, stages[0].jobs.map((one: Body) => one['status'])]).toEqual(['failed', ['failed']])
})

test('without a check it is over when they are started; services have workflows of their own', async () => {
  const build = {
    name: 'build',
    type: 'zadig-build',
    spec: { service_and_builds: [{ service_name: 'web', service_module: 'web' }] },
  }
  const service_trigger_workflow = [
    { service_name: 'web', service_module: 'web', ...event('two', '3') },
    { service_name: 'api', service_module: 'api', ...event('one', '4') },
  ]
  const spec = { trigger_type: 'common', source: 'fromjob', source_job_name: 'build', service_trigger_workflow }
  const { world, task } = await started(spec, [build])
  world.runner.endTask('build', succeeded())
  await world.settled()
  expect((await task('all')).status).toBe('passed')
  expect((await task('two')).params[0].value).toBe('3')
  expect((await task('one'))['code']).toBe(6161)
})
