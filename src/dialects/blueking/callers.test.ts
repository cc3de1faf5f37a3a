// What other BlueKing systems do with a task, word for word: bk-itsm's task/tasks.py and bk-audit's risk tickets, read 2026-11-24.
import { expect, test } from 'vitest'
import type { Body } from '../../testing/blueking-client.ts'
import { constant, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { taskOf } from '../../testing/blueking-task.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

const inner = webTree({
  lines: [
    ['start', 'b'],
    ['b', 'end'],
  ],
})

test('bk-itsm takes the labels of each node, events and those of sub-processes among them', async () => {
  const t = await taskOf({
    lines: [
      ['start', 's'],
      ['s', 'end'],
    ],
    activities: { s: subProcess(inner, { labels: [{ label: 'DbChange', group: 'TimerGroup' }] }) },
  })
  const { client, id } = t
  const detail = await client.need(client.get('get_task_detail', [id, client.biz]))
  const { activities, start_event, end_event } = detail.pipeline_tree
  const nodes: Body = { ...activities, [start_event.id]: start_event, [end_event.id]: end_event }
  const status = await t.status({ engine_ver: '2' })
  const steps = Object.keys(status.children).map((node) => [nodes[node].labels, nodes[node].incoming, nodes[node].type])
  expect(steps).toEqual([
    [[], expect.anything(), 'EmptyStartEvent'],
    [[{ label: 'DbChange', group: 'TimerGroup' }], expect.anything(), 'SubProcess'],
    [[], expect.anything(), 'EmptyEndEvent'],
  ])
  const [within] = Object.values<Body>(activities).map(({ pipeline }) => pipeline)
  expect(Object.values<Body>(within.activities).map(({ labels }) => labels)).toEqual([[]])
})

test('bk-audit retries what has failed with the inputs that it reads of it', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: shell('deploy ${zone} "it\'s"', { job_script_param: '${zone} 2' }) },
    constants: { '${zone}': constant(['sh', 'tj'], { custom_type: 'select' }) },
  })
  const { client, id } = t
  const { runner } = client.world
  runner.endTask('a', exited(1))
  await client.world.settled()
  for (const { id: node_id, state } of Object.values<Body>((await t.status()).children)) {
    if (state !== 'FAILED') continue
    const { inputs } = await client.need(client.get('get_task_node_data', [client.biz, id], { node_id }))
    expect(inputs).toMatchObject({ job_content: 'deploy sh,tj "it\'s"', _loop: 1 })
    await client.need(client.post('operate_node', [client.biz, id], { node_id, action: 'retry', inputs }))
  }
  expect(runner.jobs.at(-1)?.with).toMatchObject({ script: expect.stringContaining('deploy sh,tj "it\'s"') })
  runner.endTask('a', succeeded())
  await client.world.settled()
  expect(await t.states()).toMatchObject({ root: 'FINISHED' })
})
