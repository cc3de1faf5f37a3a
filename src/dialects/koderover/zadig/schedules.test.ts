import { expect, test } from 'vitest'
import { type Body, open } from '../../../testing/koderover-client.ts'
import { need } from '../../../testing/world.ts'
import { schedulesOf } from './schedules.ts'

const schedules = (...items: Record<string, unknown>[]) =>
  schedulesOf({ schedules: { enabled: true, items: items as never } }).map(({ schedule }) => schedule)

test('cron, times of a day and gaps are timers, as their cron service has them', () => {
  expect(
    schedules(
      { type: 'crontab', cron: '0 3 * * *' },
      { cron: '30 4 * * 1' },
      { type: 'timing', frequency: 'day', time: '09:30', number: 1 },
      { type: 'timing', frequency: 'sunday', time: '00:05', number: 1 },
      { type: 'timing', frequency: 'monday', time: '23:59' },
      { type: 'gap', frequency: 'minutes', number: 15 },
      { type: 'gap', frequency: 'hours', number: 2 },
    ),
  ).toEqual(['0 3 * * *', '30 4 * * 1', '30 9 * * *', '5 0 * * 0', '59 23 * * 1', '*/15 * * * *', '0 */2 * * *'])
})

test('what is off, or says no time, is none', () => {
  expect(
    schedules(
      { type: 'crontab', cron: '0 3 * * *', enabled: false },
      { type: 'timing', frequency: 'day', time: '25:00' },
      { type: 'timing', frequency: 'someday', time: '09:00' },
      { type: 'timing', frequency: 'day' },
      { type: 'gap', frequency: 'minutes', number: 0 },
      { type: 'gap', frequency: 'days', number: 1 },
      { type: 'unix_stamp', unix_stamp: 1 },
    ),
  ).toEqual([])
  expect(schedulesOf({ schedules: { enabled: false, items: [{ cron: '0 3 * * *' }] } })).toEqual([])
})

test('a timer of a workflow says where to deploy to, and its fields are the server’s local time', async () => {
  const { ask, world } = await open()
  const item = { type: 'timing', frequency: 'day', time: '09:30', enabled: true, workflow_args: { namespace: 'qa' } }
  const body = {
    name: 'shop',
    product_tmpl_name: 'default',
    enabled: true,
    build_stage: { enabled: true, modules: [{ target: { service_name: 'web', service_module: 'web' } }] },
    schedules: { enabled: true, items: [item] },
  }
  expect((await ask('POST', '/api/aslan/workflow/workflow', body)).status).toBe(200)
  const { triggers } = need(await world.app.pipelines.get(world.admin, { name: 'shop' })).definition
  expect(triggers?.list).toMatchObject([
    { kind: 'schedule', cron: '30 9 * * *', timezone: 'Etc/GMT-8', params: { deploy_env: 'qa' } },
  ])
  const shown = (await ask('GET', '/api/aslan/workflow/workflow/find/shop')).body
  expect(shown.schedules.items).toMatchObject([item])
})

test('what a timer or a code host has started has them as its creator', async () => {
  const { ask, world } = await open()
  const text =
    'name: told\ntriggers: [{webhook: push}, {schedule: "@every 1h"}]\ntasks: [{name: compile, script: make}]\n'
  const { webhooks } = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
  await world.settled()
  const push = { ref: 'refs/heads/develop', after: 'abc', repository: { full_name: 'li/app' } }
  expect((await ask('POST', `/api/webhook?id=${webhooks[0]?.id}`, push)).body).toEqual({ message: 'success' })
  world.clock.advance(2 * 3_600_000)
  await world.settled()
  await ask('POST', '/api/v2/tasks', { pipeline_name: 'told' })
  const { data } = (await ask('GET', '/api/workflow/v2/tasks/max/9/start/0/pipelines/told')).body
  const creators: string[] = data.map((task: Body) => task.task_creator)
  expect(new Set(creators)).toEqual(new Set(['ci', 'timer', 'webhook']))
  const path = '/api/workflow/v2/tasks/max/9/start/0/pipelines/told?queryType=creator&filters=webhook'
  expect((await ask('GET', path)).body.total).toBe(1)
})
