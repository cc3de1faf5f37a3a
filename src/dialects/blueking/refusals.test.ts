// What bk-sops says to what cannot be done, by the gateway. Sources: its `apigw/views` and `taskflow3/models.py`.
import { expect, test } from 'vitest'
import { openBkClient, type BkClient, type Body } from '../../testing/blueking-client.ts'
import { shell, subProcess, webTree } from '../../testing/blueking-trees.ts'

const inner = webTree({
  lines: [
    ['start', 'i'],
    ['i', 'end'],
  ],
})
const pipeline_tree = webTree({
  lines: [
    ['start', 'a'],
    ['a', 's'],
    ['s', 'end'],
  ],
  activities: { a: shell('true'), s: subProcess(inner) },
})

interface Made {
  readonly client: BkClient
  readonly task: number
  readonly ids: Readonly<Record<'a' | 's', string>>
}
async function made(): Promise<Made> {
  const client = await openBkClient()
  const { task_id, pipeline_tree: tree } = await client.need(
    client.post('fast_create_task', [client.biz], { name: 't', pipeline_tree }),
  )
  const idOf = (type: string): string =>
    Object.values<Body>(tree.activities).find((activity: Body) => activity.type === type).id
  return { client, task: task_id, ids: { a: idOf('ServiceActivity'), s: idOf('SubProcess') } }
}

const CREATED = {
  start_time: null,
  state: 'CREATED',
  retry: 0,
  skip: 0,
  finish_time: null,
  elapsed_time: 0,
  children: {},
}

test('a sub-process that has not begun is CREATED to both engines: who asks by subprocess_id knows of it', async () => {
  const { client, task, ids } = await made()
  const ask = (query: Readonly<Record<string, string>>) => client.get('get_task_status', [task, client.biz], query)
  await client.need(client.post('start_task', [task, client.biz]))
  expect(await ask({ subprocess_id: ids.s })).toEqual({ result: true, data: CREATED, code: 0 })
  expect((await ask({ subprocess_id: ids.s, engine_ver: '2' })).data).toEqual({ ...CREATED, name: 't' })
  expect(await ask({ subprocess_id: 'nowhere' })).toMatchObject({ result: true, data: { state: 'CREATED' } })
})

test('tasks, nodes, plugins and templates that are not there', async () => {
  const { client, task, ids } = await made()
  const { biz } = client
  const node = (api: 'get_task_node_detail' | 'get_task_node_data', query: Readonly<Record<string, string>>) =>
    client.get(api, api === 'get_task_node_data' ? [biz, task] : [task, biz], query)
  for (const api of ['get_task_node_detail', 'get_task_node_data'] as const) {
    expect(await node(api, { node_id: 'x' })).toEqual({
      result: false,
      message: `node[node_id=x] not found in task[task_id=${task}]`,
      data: {},
      code: api === 'get_task_node_data' ? 3599999 : 3540000,
    })
    expect(await node(api, { node_id: ids.a, component_code: 'nope' })).toEqual({
      result: false,
      message: '_format_outputs fail',
      data: {},
      code: 3599999,
    })
    const known = await node(api, { node_id: ids.a, component_code: 'job_fast_execute_script' })
    expect(known).toMatchObject({ result: true, message: '', code: 0 })
  }
  const log = (query: Readonly<Record<string, string>>) => client.get('get_task_node_log', [task, biz], query)
  expect(await log({})).toMatchObject({ message: '[API] get_task_node_log node_id is required', code: 3540000 })
  expect(await log({ node_id: 'x', version: 'v' })).toMatchObject({
    message: `[API] get_task_node_log task[id=${task}] does not have node[x]`,
    code: 3540400,
  })
  const elsewhere = `of project[project_id=${biz}, biz_id${biz}] does not exist`
  for (const [api, answer] of [
    ['get_task_detail', client.get('get_task_detail', [999, biz])],
    ['get_task_node_detail', client.get('get_task_node_detail', [999, biz], { node_id: 'x' })],
    ['node_callback', client.post('node_callback', [999, biz], { node_id: 'x' })],
  ] as const) {
    expect(await answer).toMatchObject({ message: `[API] ${api} task[id=999] ${elsewhere}`, code: 3540400 })
  }
  expect(await client.get('get_template_info', [999, biz])).toMatchObject({
    message: `template[id=999] of project[project_id=${biz}, biz_id=${biz}] does not exist`,
    code: 3540400,
  })
  const plugin = (query: Readonly<Record<string, string>>) => client.get('get_plugin_detail', [biz], query)
  expect(await plugin({})).toMatchObject({ message: 'parameter code need to be provided.', code: 3546100 })
  expect(await plugin({ code: 'nope' })).toMatchObject({
    message: 'can not find suitable component with code: nope and version: legacy',
    code: 3546100,
  })
})

test('the code that the tree of a pipeline from elsewhere shows is known, whatever it is', async () => {
  const client = await openBkClient()
  const { app, admin, project } = client.world
  const text = JSON.stringify({ name: 'native', stages: [{ key: 'one', tasks: [{ key: 'n', script: 'true' }] }] })
  const native = await app.pipelines.create(admin, { project: { id: project.id }, text })
  if (!native.ok) throw new Error(JSON.stringify(native.problem))
  const asked = client.post('create_task', [native.value.serial, client.biz], { name: 'x' })
  const { task_id, pipeline_tree: tree } = await client.need(asked)
  const [node] = Object.values<Body>(tree.activities)
  expect(node.component.code).toBe('millrace_script')
  const query = { node_id: node.id, component_code: node.component.code }
  expect(await client.get('get_task_node_data', [client.biz, task_id], query)).toMatchObject({ result: true })
})

test('task_id_list is a list, or none', async () => {
  const { client } = await made()
  for (const api of ['get_tasks_status', 'get_tasks_manual_intervention_state']) {
    for (const task_id_list of ['x', 5, { a: 1 }]) {
      expect(await client.post(api, [client.biz], { task_id_list })).toMatchObject({
        message: 'task_id_list must be a list',
        code: 3540000,
      })
    }
    for (const body of [{ task_id_list: [] }, {}])
      expect(await client.post(api, [client.biz], body)).toEqual({ result: true, data: [], code: 0 })
  }
})
