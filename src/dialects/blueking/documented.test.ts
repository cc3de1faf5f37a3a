// What a client does that knows nothing but the documents of bk-sops' operations (its docs/apidoc).
import { describe, expect, test } from 'vitest'
import { openBkClient, type BkClient, type Body } from '../../testing/blueking-client.ts'
import { component, constant, display, shell, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { exited } from '../../testing/scripted-runner.ts'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { blueking } from './index.ts'

const tree = webTree({
  lines: [
    ['start', 'a'],
    ['a', 'end'],
  ],
  activities: { a: display },
})

/** By the ESB, as its SDK sends what it is given. */
function esb({ world }: BkClient) {
  const handle = blueking.create(world.app, { ...DIALECT_OPTIONS, bodyMaxBytes: 1_000_000 })
  const { appCode: bk_app_code, appSecret: bk_app_secret, user: bk_username } = world.credentials
  return async (api: string, body: object): Promise<Body> => {
    const text = JSON.stringify({ bk_app_code, bk_app_secret, bk_username, ...body })
    const url = `http://localhost:8080/api/c/compapi/v2/sops/${api}/`
    return await (await handle(new Request(url, { method: 'POST', body: text }))).json()
  }
}

describe('fast_create_task', () => {
  test('needs neither gateways nor constants nor outputs', async () => {
    const client = await openBkClient()
    const { gateways: _gateways, constants: _constants, outputs: _outputs, ...bare } = tree
    const { task_id } = await client.need(
      client.post('fast_create_task', [client.biz], { name: 'bare', pipeline_tree: bare }),
    )
    await client.need(client.post('start_task', [task_id, client.biz]))
    expect((await client.need(client.get('get_task_status', [task_id, client.biz]))).state).toBe('FINISHED')
    // A template does.
    expect(await client.post('create_template', [client.biz], { name: 'bare', pipeline_tree: bare })).toMatchObject({
      result: false,
      message: expect.stringContaining("'gateways' is a required property"),
    })
  })

  test('and import_project_template call the business project_id by the ESB', async () => {
    const client = await openBkClient()
    const call = esb(client)
    expect(await call('fast_create_task', { project_id: client.biz, name: 'x', pipeline_tree: tree })).toMatchObject({
      result: true,
    })
    expect(await call('fast_create_task', { name: 'x', pipeline_tree: tree })).toMatchObject({
      result: false,
      message: 'param bk_biz_id is required',
    })
    expect(await call('import_project_template', { project_id: String(client.biz), template_data: 'x' })).toMatchObject(
      {
        message: 'Template data is corrupt',
      },
    )
  })

  test('and create_task tell of a tree that is wrong in words of their own', async () => {
    const client = await openBkClient()
    const { biz } = client
    const wrong = { ...tree, activities: {} }
    expect(await client.post('fast_create_task', [biz], { name: 'x', pipeline_tree: wrong })).toMatchObject({
      result: false,
      message: expect.stringMatching(/^\[API\] fast_create_task get invalid pipeline_tree: ./),
      code: 3540000,
    })
    const { template_id } = await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree: tree }))
    const asked = { name: 'x', pipeline_tree: wrong }
    expect(await client.post('create_task', [template_id, biz], asked)).toMatchObject({
      result: false,
      message: expect.stringMatching(/^\[API\] create_task get invalid pipeline_tree: ./),
      code: 3599999,
    })
  })
})

describe('a parameter of a wrong type', () => {
  test.each([
    ['create_task', {}, "'name' is a required property"],
    ['create_task', { name: 5 }, "5 is not of type 'string'"],
    ['create_task', { name: null }, "None is not of type 'string'"],
    ['create_task', { name: '' }, "'' is too short"],
    ['create_task', { name: 'n'.repeat(129) }, `'${'n'.repeat(129)}' is too long`],
    ['create_task', { name: 'x', constants: true }, "True is not of type 'object'"],
    ['create_task', { name: 'x', exclude_task_nodes_id: 'a' }, "'a' is not of type 'array'"],
    ['create_task', { name: 'x', execute_task_nodes_id: { a: 1 } }, '{"a":1} is not of type \'array\''],
    ['create_periodic_task', { name: 'x' }, "'cron' is a required property"],
    ['create_periodic_task', { name: 5, cron: {} }, "5 is not of type 'string'"],
    ['create_periodic_task', { name: 'x', cron: '* * * * *' }, "'* * * * *' is not of type 'object'"],
  ])('is refused by %s in the words of its schema: %j', async (api, body, message) => {
    const client = await openBkClient()
    const { biz } = client
    const { template_id } = await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree: tree }))
    const refused = { result: false, message: `task params is invalid: ${message}`, code: 3540000 }
    expect(await client.post(api, [template_id, biz], body)).toMatchObject(refused)
    // `create_task` is one of the first, whose answers have no code: the ESB fills its own in.
    const code = api === 'create_task' ? 1306000 : 3540000
    expect(await esb(client)(api, { template_id, bk_biz_id: biz, ...body })).toMatchObject({ ...refused, code })
  })

  test('and one that is not there is None to what looks for it', async () => {
    const client = await openBkClient()
    const { biz } = client
    const { template_id } = await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree: tree }))
    const { task_id: id } = await client.need(client.post('create_task', [template_id, biz], { name: 'x' }))
    expect(await client.get('get_task_node_detail', [id, biz])).toMatchObject({
      message: `node[node_id=None] not found in task[task_id=${id}]`,
      code: 3540000,
    })
    expect(await client.post('node_callback', [id, biz], {})).toMatchObject({
      message: `task[${id}] does not have node[None]`,
      code: 3540000,
    })
    expect(await client.post('operate_node', [biz, id], {})).toMatchObject({ result: false, code: 3599999 })
    expect(await client.post('operate_task', [id, biz], {})).toMatchObject({ result: false, code: 3545000 })
    expect(await client.post('query_task_count', [biz], {})).toMatchObject({
      message: '[API] query_task_list params group_by[None] is invalid',
      code: 3540000,
    })
    // Before anything is looked for.
    for (const name of ['data', 'inputs']) {
      expect(await client.post('operate_node', [biz, id], { action: 'skip', [name]: [] })).toMatchObject({
        message: `${name} field is not a valid object`,
        code: 3540000,
      })
    }
  })

  test('is for bk-sops to refuse behind the ESB, which looks for ids only', async () => {
    const client = await openBkClient()
    const call = esb(client)
    expect(await call('operate_task', { bk_biz_id: client.biz, action: 'start' })).toMatchObject({ code: 1306406 })
    expect(await call('get_tasks_status', { bk_biz_id: client.biz, task_id_list: 'x' })).toMatchObject({
      result: false,
      code: 3540000,
    })
  })
})

test('a business that there is not is what is missing, whatever else is', async () => {
  const client = await openBkClient()
  const { template_id } = await client.need(
    client.post('create_template', [client.biz], { name: 't', pipeline_tree: tree }),
  )
  const missing = { result: false, message: 'project(77) with scope(cmdb_biz) does not exist.', code: 3540400 }
  for (const template of [template_id, 999]) {
    expect(await client.post('create_task', [template, 77], { name: 'x' })).toMatchObject(missing)
    expect(await client.get('get_template_info', [template, 77])).toMatchObject(missing)
  }
})

test('preview_task_tree says what it cannot show', async () => {
  const client = await openBkClient()
  const { biz } = client
  const { template_id } = await client.need(client.post('create_template', [biz], { name: 't', pipeline_tree: tree }))
  const preview = (id: number, more: object = {}) => client.post('preview_task_tree', [biz, id], { ...more })
  for (const exclude_task_nodes_id of ['{', '{}', { a: 1 }, 3]) {
    expect(await preview(template_id, { exclude_task_nodes_id })).toMatchObject({
      result: false,
      message: 'invalid exclude_task_nodes_id',
      code: 3540000,
    })
  }
  for (const [answer, why] of [
    [await preview(template_id, { exclude_task_nodes_id: ['b'] }), 'task node[id=b] is not in template pipeline tree'],
    [await preview(999), 'TaskTemplate matching query does not exist.'],
  ] as const) {
    expect(answer).toMatchObject({ result: false, message: `preview_task_tree fail: ${why}`, code: 3599999 })
  }
})

test('get_template_info tells of constants that nodes name, newest templates stand first', async () => {
  const client = await openBkClient()
  const { biz } = client
  const pipeline_tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 's'],
      ['s', 'end'],
    ],
    activities: {
      a: component('bk_display', { bk_display_message: '${word} and ${word}', more: ['${word}', '${hooked}'] }),
      s: { ...subProcess(tree), constants: { '${inner}': constant('${word}') } },
    },
    constants: {
      '${word}': constant('1', { name: 'Word' }),
      '${hooked}': constant('2', { source_type: 'component_inputs', show_type: 'hide' }),
      '${unused}': constant('3'),
      '${made}': constant('', { source_type: 'component_outputs', source_info: { a: ['_result'] } }),
    },
  })
  const description = 'says a word'
  const first = await client.need(client.post('create_template', [biz], { name: 'one', description, pipeline_tree }))
  const second = await client.need(client.post('create_template', [biz], { name: 'two', pipeline_tree: tree }))
  const info = await client.need(client.get('get_template_info', [first.template_id, biz], { include_constants: '1' }))
  expect(info.description).toBe(description)
  expect(info.template_constants.toSorted((a: Body, b: Body) => (a.key < b.key ? -1 : 1))).toEqual([
    { name: 'constant', key: '${hooked}', show_type: 'hide', constant_type: '节点输入', activity_count: 1 },
    { name: 'Word', key: '${word}', show_type: 'show', constant_type: '输入框', activity_count: 3 },
  ])
  const list = await client.need(client.get('get_template_list', [biz]))
  expect(list.map(({ id }: Body) => id)).toEqual([second.template_id, first.template_id])
})

test('what is of other systems is refused in the words that bk-sops has without them', async () => {
  const client = await openBkClient()
  const url = '/pipeline/job_get_script_list/4/?type=public'
  expect(await client.post('dispatch_plugin_query', [], { url })).toEqual({
    result: false,
    data: null,
    message: `resolve view func failed for: ${url}`,
    code: 3540000,
  })
  expect(await client.post('dispatch_plugin_query', [], { url, method: 'PUT' })).toMatchObject({
    message: 'only support get and post method.',
    code: 3545000,
  })
  const asked = { trace_id: 'x', plugin_code: 'y' }
  expect(await client.get('get_task_plugin_log', [client.biz], asked)).toMatchObject({
    result: false,
    data: null,
    message: '插件服务未启用，请联系管理员进行配置',
  })
  expect(await client.get('get_task_plugin_log', [404], asked)).toMatchObject({ code: 3540400 })
  const forbidden = { result: false, message: 'you have no permission to call this api.', code: 3540100 }
  expect(await client.post('import_common_template', [], { template_data: 'x' })).toMatchObject(forbidden)
  expect(await esb(client)('import_common_template', { template_data: 'x' })).toMatchObject(forbidden)
})

test('operate_node gives one code to all that it refuses of a node, and looks for the node first', async () => {
  const client = await openBkClient()
  const { biz } = client
  const made = await client.need(client.post('fast_create_task', [biz], { name: 'x', pipeline_tree: tree }))
  const [node_id] = Object.keys(made.pipeline_tree.activities)
  const ask = (body: object) => client.post('operate_node', [biz, made.task_id], { ...body })
  for (const [body, message] of [
    [{ node_id, action: 'jump' }, 'task command is invalid'],
    [{ node_id: 'f'.repeat(32), action: 'jump' }, 'node which be operated is not in this flow'],
    [{ node_id, action: 'skip' }, expect.stringMatching(/^fail: /)],
  ] as const) {
    expect(await ask(body)).toMatchObject({ result: false, message, code: 3599999 })
  }
})

test('failed_node_info has the sub-processes that have failed, too', async () => {
  const client = await openBkClient()
  const { biz, world } = client
  const inner = webTree({
    lines: [
      ['start', 'i'],
      ['i', 'end'],
    ],
    activities: { i: shell('false') },
  })
  const pipeline_tree = webTree({
    lines: [
      ['start', 's'],
      ['s', 'end'],
    ],
    activities: { s: subProcess(inner) },
  })
  const made = await client.need(client.post('fast_create_task', [biz], { name: 'x', pipeline_tree }))
  await client.need(client.post('start_task', [made.task_id, biz]))
  world.runner.endTask('i', exited(1))
  await world.settled()
  const [outer] = Object.values<Body>(made.pipeline_tree.activities)
  const query = { with_failed_node_info: '1' }
  const status = await client.need(client.get('get_task_status', [made.task_id, biz], query))
  expect(status.failed_node_info).toEqual({ [outer.id]: {}, [Object.keys(outer.pipeline.activities)[0] ?? '']: {} })
})
