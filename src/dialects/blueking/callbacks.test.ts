import { expect, test } from 'vitest'
import { openBkClient, type BkClient } from '../../testing/blueking-client.ts'
import { constant, shell, webTree } from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { blueking } from './index.ts'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'

const tree = webTree({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ],
  activities: { a: shell('x') },
  constants: { '${v}': constant('1') },
  outputs: ['${v}'],
})

/** What is under way to the URL, and taken. */
async function calls({ world }: BkClient): Promise<readonly (readonly [string, string])[]> {
  await world.settled()
  await world.settled()
  const sent = world.runner.jobs
    .filter(({ uses }) => uses === 'http')
    .map(({ with: input }) => [input['body'], (input['headers'] as never)['Content-Type']] as never)
  for (const job of world.runner.jobs.filter(({ uses }) => uses === 'http')) world.runner.end(job, succeeded())
  await world.settled()
  return sent
}

async function taskWith(
  callback: Readonly<Record<string, string>>,
): Promise<{ client: BkClient; id: number; stop: AbortController }> {
  const client = await openBkClient()
  const stop = new AbortController()
  blueking.background?.(client.world.app, DIALECT_OPTIONS, stop.signal)
  const { task_id } = await client.need(
    client.post('fast_create_task', [client.biz], { name: 'x', pipeline_tree: tree, ...callback }),
  )
  await client.need(client.post('start_task', [task_id, client.biz]))
  return { client, id: task_id, stop }
}

test('a failure of a node and the end are told, as a form', async () => {
  const { client, id } = await taskWith({ callback_url: 'http://example.com/done' })
  client.world.runner.endTask('a', exited(1))
  const form = 'application/x-www-form-urlencoded'
  expect(await calls(client)).toEqual([[`task_id=${id}&task_success=False`, form]])
  const [node] = Object.keys(
    (await client.need(client.get('get_task_detail', [id, client.biz]))).pipeline_tree.activities,
  )
  await client.post('operate_node', [client.biz, id], { node_id: node, action: 'retry' })
  expect(await calls(client)).toEqual([])
  client.world.runner.endTask('a', succeeded())
  expect(await calls(client)).toEqual([[`task_id=${id}&task_success=True`, form]])
  // What is over is looked at no more.
  const project = { id: client.world.project.id }
  const left = await client.world.app.documents.list(client.world.admin, {
    project,
    kind: 'blueking/run-callback',
    limit: 10,
  })
  expect(left.ok && left.value.items).toEqual([])
})

test('a revoke is told, with outputs and as JSON to who asked for v2', async () => {
  const { client, id } = await taskWith({ callback_url: 'http://example.com/done', callback_version: 'v2' })
  await client.post('operate_task', [id, client.biz], { action: 'revoke' })
  client.world.runner.endTask('a', { kind: 'cancelled' })
  const [sent] = await calls(client)
  expect([JSON.parse(sent?.[0] ?? ''), sent?.[1]]).toEqual([
    { task_id: id, task_success: false, task_outputs: [{ key: '${v}', value: '1' }] },
    'application/json',
  ])
})

test('what came about while nobody looked is told by the next server, once', async () => {
  const { client, id, stop } = await taskWith({ callback_url: 'http://example.com/done' })
  stop.abort()
  client.world.runner.endTask('a', exited(1))
  expect(await calls(client)).toEqual([])
  const next = await client.world.restarted()
  for (const _ of [1, 2]) {
    blueking.background?.(next.app, DIALECT_OPTIONS, new AbortController().signal)
    await next.settled()
    await next.settled()
  }
  const sent = next.runner.jobs.filter(({ uses }) => uses === 'http')
  expect(sent.map(({ with: input }) => input['body'])).toEqual([`task_id=${id}&task_success=False`])
})

test('what makes the calls is in no list', async () => {
  const { client, id } = await taskWith({ callback_url: 'http://example.com/done' })
  client.world.runner.endTask('a', exited(1))
  expect(await calls(client)).toHaveLength(1)
  expect(await client.need(client.get('get_template_list', [client.biz]))).toEqual([])
  expect(await client.get('get_task_list', [client.biz])).toMatchObject({ data: [{ id }], count: 1 })
  expect(await client.need(client.post('query_task_count', [client.biz], { group_by: 'category' }))).toMatchObject({
    total: 1,
  })
})
