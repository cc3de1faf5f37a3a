import { expect, test } from 'vitest'
import { openBkClient } from '../../testing/blueking-client.ts'
import { chainTree } from '../../testing/blueking-trees.ts'

test('a tree of 5,000 nodes is made, given back as it came, started and told of', { timeout: 120_000 }, async () => {
  const client = await openBkClient({ bodyMaxBytes: 4_194_304 })
  const { world, biz } = client
  const pipeline_tree = chainTree(5_000)
  const { template_id } = await client.need(client.post('create_template', [biz], { name: 'large', pipeline_tree }))
  expect((await client.need(client.get('get_template_info', [template_id, biz]))).pipeline_tree).toEqual(pipeline_tree)
  const { task_id } = await client.need(client.post('create_task', [template_id, biz], { name: 'large' }))
  expect((await client.post('start_task', [task_id, biz])).result).toBe(true)
  await world.settled()
  const status = await client.need(client.get('get_task_status', [task_id, biz]))
  // Nodes that only show a message pass at once, one after the other.
  expect([status.state, Object.keys(status.children).length]).toEqual(['FINISHED', 5_002])
})
