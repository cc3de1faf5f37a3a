// Seen by a client that is a stranger: cases in which a task did something else than in bk-sops.
import { expect, test } from 'vitest'
import { openBkClient } from '../../testing/blueking-client.ts'
import { constant, display, outputOf, pause, shell, webTree } from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

type Client = Awaited<ReturnType<typeof openBkClient>>

async function startedTask({ biz, need, post }: Client, pipeline_tree: ReturnType<typeof webTree>) {
  const made = await need(post('fast_create_task', [biz], { name: 't', pipeline_tree }))
  await need(post('start_task', [made.task_id, biz]))
  return { task: made.task_id, nodes: Object.keys(made.pipeline_tree.activities) }
}

const ENGINE_2 = { engine_ver: '2' }

test('a revoked task stays revoked, whatever is said to its nodes', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('false'), b: display },
  })
  const {
    task,
    nodes: [node],
  } = await startedTask(client, pipeline_tree)
  world.runner.endTask('a', exited(1))
  await world.settled()
  await client.need(client.post('operate_task', [task, biz], { action: 'revoke' }))
  // bamboo_engine/engine.py, `_ensure_state_is_fail_and_return_process_info`: nothing is asleep there any more.
  for (const action of ['retry', 'skip']) {
    expect(await client.post('operate_node', [biz, task], { node_id: node, action })).toMatchObject({
      result: false,
      message: `fail: can not find sleep process with current node id: ${node}`,
      code: 3599999,
    })
  }
  expect((await client.get('get_task_status', [task, biz], ENGINE_2)).data.state).toBe('REVOKED')
})

test('several tasks come once each, the newest first, in whatever order they are asked for', async () => {
  const client = await openBkClient()
  const { biz } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'p'],
      ['p', 'end'],
    ],
    activities: { p: pause },
  })
  const make = async (): Promise<number> =>
    (await client.need(client.post('fast_create_task', [biz], { name: 't', pipeline_tree }))).task_id
  const [one, two, three] = [await make(), await make(), await make()]
  await client.need(client.post('start_task', [two, biz]))
  const rows = await client.need(client.post('get_tasks_status', [biz], { task_id_list: [two, one, 999, three, two] }))
  const seen = rows.map(({ id, status }: { id: number; status: { state: string } }) => [id, status.state])
  expect(seen).toEqual([
    [three, 'CREATED'],
    [two, 'RUNNING'],
    [one, 'CREATED'],
  ])
  const asked = { task_id_list: [one, two, one] }
  expect(await client.need(client.post('get_tasks_manual_intervention_state', [biz], asked))).toEqual([
    { id: two, manual_intervention_required: true },
    { id: one, manual_intervention_required: false },
  ])
})

test('what a node was given in an earlier pass of its loop is told with the count of that pass', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'g'],
      ['g', 'a', '${count} < 3'],
      ['g', 'end', 'default'],
    ],
    activities: { a: shell('echo ${_loop}') },
    gateways: { g: 'Exclusive' },
    constants: { '${count}': outputOf('a', '_loop') },
  })
  const {
    task,
    nodes: [node_id = ''],
  } = await startedTask(client, pipeline_tree)
  for (let pass = 1; pass <= 3; pass += 1) {
    world.runner.endTask('a', succeeded())
    await world.settled()
  }
  expect((await client.get('get_task_status', [task, biz])).data.state).toBe('FINISHED')
  const given = async (loop: string): Promise<unknown> => {
    const query = { node_id, component_code: 'job_fast_execute_script', loop }
    const { inputs } = await client.need(client.get('get_task_node_detail', [task, biz], query))
    return [inputs.job_content, inputs._loop]
  }
  expect([await given('1'), await given('2'), await given('3')]).toEqual([
    ['echo 1', 1],
    ['echo 2', 2],
    ['echo 3', 3],
  ])
})

test('a script sees what a constant stands for as the text that it is in the original', async () => {
  const client = await openBkClient()
  const { world } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('true'), b: shell('echo ${done} ${list} ${count}') },
    constants: {
      '${done}': outputOf('a', '_result'),
      '${list}': constant(['x', 1, null]),
      '${count}': constant(3),
    },
  })
  await startedTask(client, pipeline_tree)
  world.runner.endTask('a', succeeded())
  await world.settled()
  // `string.replace(tpl, resolved)` of bamboo_engine/template/template.py: Python's str of each.
  expect(world.runner.jobs[0]?.env).toMatchObject({ done: 'True', list: "['x', 1, None]", count: '3' })
})
