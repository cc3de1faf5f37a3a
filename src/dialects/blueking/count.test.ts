// What query_task_count says, and of which category tasks are.
import { expect, test } from 'vitest'
import { openBkClient, type BkClient, type Body } from '../../testing/blueking-client.ts'
import { pause, webTree } from '../../testing/blueking-trees.ts'

const pipeline_tree = webTree({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ],
  activities: { a: pause },
})

const templateOf = async (client: BkClient, more: object): Promise<number> =>
  (await client.need(client.post('create_template', [client.biz], { name: 't', pipeline_tree, ...more }))).template_id

test('tasks are counted by the conditions that the document of query_task_count names, their times without a zone', async () => {
  const client = await openBkClient()
  const { biz } = client
  const template: number = await templateOf(client, {})
  const { clock } = client.world
  clock.advance(Date.UTC(2026, 0, 2, 2) - clock.now())
  await client.need(client.post('create_task', [template, biz], { name: 'one' }))
  const { task_id } = await client.need(client.post('create_task', [template, biz], { name: 'other' }))
  clock.advance(3_600_000)
  await client.need(client.post('start_task', [task_id, biz]))
  const total = async (conditions: object) =>
    (await client.need(client.post('query_task_count', [biz], { group_by: 'category', conditions }))).total
  const user = client.world.credentials.user
  for (const [conditions, expected] of [
    [{ is_started: true }, 1],
    [{ is_started: 'False' }, 1],
    [{ template_id: String(template) }, 2],
    [{ template_id: template }, 2],
    [{ template_id: '404' }, 0],
    [{ name: 'other' }, 1],
    [{ name: 'oth' }, 0],
    [{ name__contains: 'oth' }, 1],
    [{ name: '', executor: 'None' }, 2],
    [{ creator: user }, 2],
    [{ creator: 'nobody' }, 0],
    [{ executor: user }, 1],
    [{ executor: user, creator: 'nobody' }, 0],
    [{ create_time__gte: '2026-01-02 10:00:00', create_time__lte: '2026-01-02 10:00:00' }, 2],
    [{ create_time__gte: '2026-01-02 10:00:01' }, 0],
    [{ create_time__lte: '2026-01-02 02:00:00+00:00' }, 2],
    [{ start_time__gte: '2026-01-02 11:00:00', start_time__lte: '2026-01-02 11:00:00' }, 1],
    [{ start_time__gte: '2026-01-02 11:00:01' }, 0],
    [{ start_time__lte: '2026-01-02 10:59:59' }, 0],
  ] as const) {
    expect([conditions, await total(conditions)]).toEqual([conditions, expected])
  }
  for (const [name, value] of [
    ['color', 'red'],
    ['is_started', 'yes'],
    ['create_time__gte', 'yesterday'],
    ['name', ['x']],
  ] as const) {
    const message = `query taskflow params conditions[${JSON.stringify({ [name]: value })}] have invalid key or value: ${name}`
    const asked = { group_by: 'status', conditions: { [name]: value } }
    const answer = await client.post('query_task_count', [biz], asked)
    expect(answer).toMatchObject({ result: false, message, code: 3599999 })
  }
  expect(await client.post('query_task_count', [biz], { group_by: 'status', conditions: [1] })).toMatchObject({
    message: '[API] query_task_list params conditions[[1]] are invalid dict data',
    code: 3540000,
  })
})

test('a task is of the category of its template, be it that it has a tree of its own', async () => {
  const client = await openBkClient()
  const { biz } = client
  const [ops, unknown] = [
    await templateOf(client, { category: 'OpsTools' }),
    await templateOf(client, { category: 'Fishing' }),
  ]
  const task = (of: number, more = {}) => client.need(client.post('create_task', [of, biz], { name: 'x', ...more }))
  await task(ops)
  await task(ops, { pipeline_tree })
  await task(unknown)
  for (const category of ['DevTools', 'Fishing']) {
    await client.need(client.post('fast_create_task', [biz], { name: 'y', pipeline_tree, category }))
  }
  const rows = await client.need(client.get('get_task_list', [biz]))
  expect(rows.map(({ category }: Body) => category)).toEqual([
    '默认分类',
    '开发工具',
    'Fishing',
    '运维工具',
    '运维工具',
  ])
  const { total, groups } = await client.need(client.post('query_task_count', [biz], { group_by: 'category' }))
  expect(total).toBe(5)
  expect(groups.filter(({ value }: Body) => value > 0)).toEqual([
    { code: 'OpsTools', name: '运维工具', value: 2 },
    { code: 'DevTools', name: '开发工具', value: 1 },
    { code: 'Default', name: '默认分类', value: 2 },
  ])
  expect(groups).toHaveLength(8)
})
