import { expect, test } from 'vitest'
import { openBkClient } from '../../testing/blueking-client.ts'
import { constant, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
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
  // So it is beside the data of a node.
  const { task_id, pipeline_tree: made } = await client.need(
    client.post('create_task', [template_id, biz], { name: 'x' }),
  )
  const query = { node_id: Object.keys(made.activities)[0] ?? '', component_code: 'job_fast_execute_script' }
  const node = (more: object) => client.need(client.get('get_task_node_data', [biz, task_id], { ...query, ...more }))
  expect(await node({ template_node_id: 'a' })).toMatchObject({ ...answer.data, ex_data: '' })
  expect(Object.keys(await node({}))).not.toContain('execution_time')
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

test('how long the nodes of a task worked: of parallel branches the longest, each attempt of a node', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
    activities: { i: shell('true') },
  })
  const pipeline_tree = webTree({
    gateways: { p: 'Parallel', c: 'Converge' },
    lines: [
      ['start', 'a'],
      ['a', 'p'],
      ['p', 'b'],
      ['p', 'd'],
      ['b', 'c'],
      ['d', 'c'],
      ['c', 's'],
      ['s', 'end'],
    ],
    activities: { a: shell('true'), b: shell('true'), d: shell('true'), s: subProcess(inner) },
  })
  const made = await client.need(client.post('fast_create_task', [biz], { name: 't', pipeline_tree }))
  const id = made.task_id
  const ask = () => client.get('get_task_effective_time', [id, biz])
  await client.need(client.post('start_task', [id, biz]))
  expect(await ask()).toMatchObject({
    result: false,
    message: `task[id=${id}] is not finished yet`,
    code: 3540000,
  })
  const end = async (key: string, seconds: number, result = succeeded()) => {
    world.clock.advance(seconds * 1_000)
    world.runner.endTask(key, result)
    await world.settled()
  }
  await end('a', 2, exited(1))
  // Waiting for a person is no work.
  world.clock.advance(60_000)
  const [a] = Object.values<{ id: string; name: string }>(made.pipeline_tree.activities).filter(
    ({ name }) => name === 'Node a',
  )
  await client.need(client.post('operate_node', [biz, id], { node_id: a?.id, action: 'retry' }))
  await end('a', 3)
  await end('b', 5)
  await end('d', 2)
  await end('i', 4)
  expect(await ask()).toEqual({
    result: true,
    code: 0,
    data: {
      task_instance_id: id,
      instance_id: id,
      template_id: '',
      task_template_id: '',
      project_id: biz,
      creator: 'ci',
      create_method: 'api',
      create_time: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+]0800$/),
      start_time: expect.stringMatching(/ [+]0800$/),
      finish_time: expect.stringMatching(/ [+]0800$/),
      total_elapsed_time: 76,
      // 2 and 3 of a, 7 of d, 4 within the sub-process.
      effective_time: 16,
      excluded_node_count: 0,
      total_node_count: 5,
      excluded_component_codes: [],
      category: 'Default',
    },
  })
  const unknown = { result: false, message: 'task[id=999] does not exist', code: 3540400 }
  expect(await client.get('get_task_effective_time', [999, biz])).toMatchObject(unknown)
  const other = await client.need(client.post('fast_create_task', [biz], { name: 't', pipeline_tree }))
  await client.need(client.post('start_task', [other.task_id, biz]))
  await client.need(client.post('operate_task', [other.task_id, biz], { action: 'revoke' }))
  world.runner.endTask('a', exited(1))
  await world.settled()
  expect(await client.get('get_task_effective_time', [other.task_id, biz])).toMatchObject({
    message: `task[id=${other.task_id}] was revoked, cannot calculate effective time`,
    code: 3540000,
  })
})
