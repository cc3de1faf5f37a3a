// Who did what, logs of scripts, and copies into another project.
import { expect, test } from 'vitest'
import { openBkClient } from '../../testing/blueking-client.ts'
import { taskOf } from '../../testing/blueking-task.ts'
import { constant, pause, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { exited } from '../../testing/scripted-runner.ts'
import { need } from '../../testing/world.ts'

test('what people did to a task and its nodes is on record, and nothing else', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('x'), b: pause },
  })
  t.client.world.runner.endTask('a', exited(1))
  await t.client.world.settled()
  await t.operate('pause')
  await t.act('a', 'retry')
  await t.operate('resume')
  await t.act('a', 'forced_fail')
  t.client.world.runner.endTask('a', exited(1))
  await t.client.world.settled()
  await t.act('a', 'skip')
  await t.act('b', 'callback')
  const record = (query = {}) => t.client.need(t.client.get('get_task_operate_record', [t.id, t.client.biz], query))
  const rows = await record()
  expect(
    rows.map(({ operate_type, node_id }: { operate_type: string; node_id: string }) => [operate_type, node_id]),
  ).toEqual([
    ['create', ''],
    ['start', ''],
    ['pause', ''],
    ['retry', t.node('a')],
    ['resume', ''],
    ['forced_fail', t.node('a')],
    ['skip', t.node('a')],
    ['callback', t.node('b')],
  ])
  expect(rows[3]).toEqual({
    project_id: t.client.biz,
    instance_id: t.id,
    operator: 'ci',
    operate_type: 'retry',
    operate_date: expect.stringMatching(/^2026-01-02T/),
    operate_source: 'api',
    operate_type_name: '重试',
    operate_source_name: 'api 接口',
    node_id: t.node('a'),
    node_name: 'Node a',
  })
  expect(await record({ node_id: t.node('b') })).toMatchObject([{ operate_type: 'callback' }])
})

test('the log of a script is had as that of a job', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('x'), b: pause },
  })
  const log = (node: string) =>
    t.client.get('get_node_job_executed_log', [t.id, t.client.biz], { node_id: t.node(node) })
  expect(await log('b')).toMatchObject({ result: false, logs: '', message: expect.stringContaining(t.node('b')) })
  expect(await log('a')).toMatchObject({ result: true, message: 'success', logs: expect.any(String) })
})

test('templates are copied into another project, whole, and without their passwords', async () => {
  const client = await openBkClient()
  const { world } = client
  const target = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
  })
  const { template_id } = await client.need(
    client.post('create_template', [client.biz], {
      name: 'deploy',
      pipeline_tree: webTree({
        lines: [
          ['start', 's'],
          ['s', 'a'],
          ['a', 'end'],
        ],
        activities: { s: subProcess(inner), a: shell('echo ${who} ${secret}') },
        constants: { '${who}': constant('me'), '${secret}': constant('hunter2', { custom_type: 'password' }) },
      }),
    }),
  )
  const copy = (new_project_id: number, template_ids: readonly number[]) =>
    client.post('copy_template_across_project', [client.biz], { new_project_id, template_ids })
  expect(await copy(client.biz, [template_id])).toMatchObject({ result: false })
  expect(await copy(target.serial, [])).toMatchObject({ result: false, code: 3540000 })
  expect(await copy(target.serial, [template_id, 9_999])).toMatchObject({ result: false, code: 3540400 })
  expect(await client.need(client.get('get_template_list', [target.serial]))).toEqual([])
  const { count, flows } = await client.need(copy(target.serial, [template_id]))
  expect([count, Object.values(flows)]).toEqual([1, ['deploy']])
  const [id = ''] = Object.keys(flows)
  const { pipeline_tree } = await client.need(
    client.get('get_template_info', [id, target.serial], { unfold_subprocess: '1' }),
  )
  expect(pipeline_tree.constants).toMatchObject({ '${who}': { value: 'me' }, '${secret}': { value: '' } })
  expect(pipeline_tree.activities.s.pipeline.activities).toHaveProperty('i')
  expect(await client.post('create_and_start_task', [id, target.serial], { name: 'there' })).toMatchObject({
    result: true,
  })
})
