import { expect, test } from 'vitest'
import { open } from '../../../testing/koderover-client.ts'
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
