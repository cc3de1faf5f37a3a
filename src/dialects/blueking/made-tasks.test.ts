// What the making of a task leaves of a tree: bk-sops' taskflow3/models.py and pipeline_web/preview_base.py, read 2026-11-22.
import { expect, test, vi } from 'vitest'
import { openBkClient, type Body } from '../../testing/blueking-client.ts'
import { constant, webTree } from '../../testing/blueking-trees.ts'

/** `a`, then a parallel gateway with nothing between, then the end. */
const tree = webTree({
  gateways: { p: 'Parallel', c: 'Converge' },
  lines: [
    ['start', 'a'],
    ['a', 'p'],
    ['p', 'c'],
    ['p', 'c'],
    ['c', 'end'],
  ],
  constants: { '${unused}': constant('1') },
})

async function started(path: 'create_task' | 'fast_create_task'): Promise<readonly [tree: Body, status: Body]> {
  const client = await openBkClient()
  const { biz } = client
  const ids =
    path === 'create_task'
      ? [
          (await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree: tree }))).template_id,
          biz,
        ]
      : [biz]
  const more = path === 'create_task' ? {} : { pipeline_tree: tree }
  const made = await client.need(client.post(path, ids, { name: 'x', ...more }))
  await client.need(client.post('start_task', [made.task_id, biz]))
  return [made.pipeline_tree, await client.need(client.get('get_task_status', [made.task_id, biz]))]
}

test('a task of a template lacks parallel gateways with nothing between, and constants that nothing names', async () => {
  const [made, status] = await started('create_task')
  expect(made.gateways).toEqual({})
  expect(made.constants).toEqual({})
  expect(Object.keys(made.flows)).toHaveLength(2)
  expect(status.state).toBe('FINISHED')
  const nodes = [made.start_event.id, made.end_event.id, ...Object.keys(made.activities)]
  expect(new Set(Object.keys(status.children))).toEqual(new Set(nodes))
})

test('a tree that was made for one task is taken as it is', async () => {
  const [made, status] = await started('fast_create_task')
  expect(Object.keys(made.gateways)).toHaveLength(2)
  expect(Object.keys(made.constants)).toEqual(['${unused}'])
  expect(Object.keys(status.children)).toHaveLength(5)
})

test('template_id and template_ids find the tasks of templates, be it that they have trees of their own', async () => {
  const client = await openBkClient()
  const { biz } = client
  const template = async (name: string): Promise<number> =>
    (await client.need(client.post('create_template', [biz], { name, pipeline_tree: tree }))).template_id
  const [one, two, three] = [await template('one'), await template('two'), await template('three')]
  const task = async (of: number, more: object = {}): Promise<number> =>
    (await client.need(client.post('create_task', [of, biz], { name: 'x', ...more }))).task_id
  const plain = await task(one)
  const own = await task(one, { pipeline_tree: tree })
  const other = await task(two)
  await client.need(client.post('fast_create_task', [biz], { name: 'x', pipeline_tree: tree }))
  const found = async (template_ids: string): Promise<readonly number[]> => {
    const { data, count } = await client.get('get_task_list', [biz], { template_ids })
    expect(await client.need(client.get('get_task_count', [biz], { template_ids }))).toEqual({ count })
    return data.map(({ id }: { readonly id: number }) => id)
  }
  expect(await found(String(one))).toEqual([own, plain])
  expect(await found(`${two},${one}`)).toEqual([other, own, plain])
  expect(await found(`${three},999`)).toEqual([])
  const ofOne = async (template_id: string): Promise<readonly number[]> =>
    (await client.need(client.get('get_task_list', [biz], { template_id }))).map(
      ({ id }: { readonly id: number }) => id,
    )
  expect(await ofOne(String(one))).toEqual([own, plain])
  expect(await ofOne(String(two))).toEqual([other])
})

test('tasks of several templates are read of these alone, page by page, and a list that counts nothing ends with its page', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const template = async (name: string): Promise<number> =>
    (await client.need(client.post('create_template', [biz], { name, pipeline_tree: tree }))).template_id
  const templates = [await template('one'), await template('two'), await template('three')]
  const made: number[] = []
  for (let nth = 0; nth < 9; nth++) {
    const { task_id } = await client.need(client.post('create_task', [templates[nth % 3]!, biz], { name: `t${nth}` }))
    made.unshift(task_id)
  }
  const wanted = made.filter((_, at) => at % 3 !== 0)
  const read = vi.spyOn(world.app.runs, 'list')
  const list = async (query: Readonly<Record<string, string>>) => {
    const { data, count } = await client.get('get_task_list', [biz], query)
    return [data.map(({ id }: { readonly id: number }) => id), count]
  }
  const template_ids = `${templates[0]},${templates[1]}`
  expect(await list({ template_ids })).toEqual([wanted, 6])
  expect(await list({ template_ids, offset: '2', limit: '3' })).toEqual([wanted.slice(2, 5), 6])
  expect(await list({ template_ids, offset: '5', limit: '3', without_count: '1' })).toEqual([wanted.slice(5), -1])
  expect(await list({ template_ids, offset: '6' })).toEqual([[], 6])
  expect(read.mock.calls.filter(([, filter]) => filter.pipeline === undefined)).toEqual([])
  // What is picked out is looked for among all.
  expect(await list({ template_ids, keyword: 't4' })).toEqual([[made[4]], 1])
})

test('a list by keyword that counts nothing reads no further than its page', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const { template_id } = await client.need(client.post('create_template', [biz], { name: 'one', pipeline_tree: tree }))
  const { task_id } = await client.need(client.post('create_task', [template_id, biz], { name: 'sought' }))
  const { list: listed } = world.app.runs
  const pages = vi.spyOn(world.app.runs, 'list').mockImplementation(async (caller, filter, page) => {
    const found = await listed.call(world.app.runs, caller, filter, page)
    return found.ok ? { ...found, value: { ...found.value, next: pages.mock.calls.length < 3 ? 1 : null } } : found
  })
  const asked = { keyword: 'sought', limit: '1' }
  const { data } = await client.get('get_task_list', [biz], { ...asked, without_count: '1' })
  expect(data).toMatchObject([{ id: task_id }])
  expect(pages).toHaveBeenCalledTimes(1)
})
