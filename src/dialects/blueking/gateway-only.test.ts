import { expect, test } from 'vitest'
import { openBkClient } from '../../testing/blueking-client.ts'
import { constant, shell, webTree } from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

test('what a node of a template took: its successes of tasks that are over, the last one first', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: shell('echo ${x}') },
    constants: { '${x}': constant('1'), '${hidden}': constant('1', { show_type: 'hide' }) },
  })
  const { template_id } = await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree }))
  const run = async (seconds: number, more: object = {}) => {
    const made = await client.need(client.post('create_task', [template_id, biz], { name: 'x', ...more }))
    await client.need(client.post('start_task', [made.task_id, biz]))
    if (seconds === 0) {
      world.runner.endTask('a', exited(1))
      await world.settled()
      return client.need(client.post('operate_task', [made.task_id, biz], { action: 'revoke' }))
    }
    world.clock.advance(seconds * 1_000)
    world.runner.endTask('a', succeeded())
    return await world.settled()
  }
  await run(3)
  await run(0)
  // a tree of its own, of the same template
  await run(7, { constants: { '${hidden}': '2' } })
  const ask = (node: string) => client.get('get_node_execution_record', [template_id, biz], { template_node_id: node })
  const answer = await ask('a')
  expect(answer).toMatchObject({ result: true, code: 0, message: '', data: { total: 2 } })
  expect(answer.data.execution_time).toEqual([
    { archived_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+]0800$/), elapsed_time: 7 },
    { archived_time: expect.any(String), elapsed_time: 3 },
  ])
  expect((await ask('nowhere')).data).toEqual({ execution_time: [], total: 0 })
})

test('a business is registered that is there, and no other', async () => {
  const client = await openBkClient()
  const register = (body: object) => client.post('register_project', [], { ...body })
  expect(await register({ bk_biz_id: client.biz })).toEqual({
    result: true,
    code: 0,
    data: { project_id: client.biz, project_name: client.world.project.name },
  })
  expect(await register({ bk_biz_id: 99 })).toMatchObject({
    result: false,
    code: 3599999,
    message: expect.stringContaining('please confirm your bk_biz_id and business data exist'),
  })
  expect(await register({})).toMatchObject({
    message: 'should be json format and contain bk_biz_id(int)',
    code: 3540000,
  })
})
