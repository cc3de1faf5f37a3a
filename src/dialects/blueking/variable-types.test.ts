// What constants of each custom type stand for: bk-sops' pipeline_plugins/variables/collections, read 2026-11-23.
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../model/json.ts'
import { openBkClient, type BkClient } from '../../testing/blueking-client.ts'
import { component, constant, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { taskOf } from '../../testing/blueking-task.ts'

const CHOICES = JSON.stringify([
  { text: 'Shanghai', value: 'sh' },
  { text: 'Shenzhen', value: 'sz' },
  { text: 'Tianjin', value: 'tj' },
])
const typed = (custom_type: string, value: Json, more: JsonObject = {}): JsonObject =>
  constant(value, { custom_type, ...more })
/** As a template has a list of choices: its value is the list, and what is chosen when nobody chooses. */
const choice = (custom_type: string, value: Json): JsonObject =>
  typed(custom_type, { datasource: '0', items_text: CHOICES, type: '0', default: value }, { is_meta: true })

const show = (text: string): JsonObject => component('bk_display', { bk_display_message: text })
const treeOf = (constants: Readonly<Record<string, JsonObject>>, text: string): JsonObject =>
  webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: show(text) },
    constants,
    outputs: Object.keys(constants),
  })

/** What the constants of a finished task are, by their keys, and what its one node was given. */
async function outcome({ post, get, need, biz }: BkClient, task: number): Promise<readonly [JsonObject, string]> {
  await need(post('start_task', [task, biz]))
  const { outputs, pipeline_tree } = await need(get('get_task_detail', [task, biz]))
  const [node_id = ''] = Object.keys(pipeline_tree.activities)
  const { inputs } = await need(get('get_task_node_data', [biz, task], { node_id, component_code: 'bk_display' }))
  const values = (outputs as readonly { key: string; value: Json }[]).map(({ key, value }) => [key, value] as const)
  return [Object.fromEntries(values), inputs.bk_display_message]
}

test.each<readonly [JsonObject, Json]>([
  [typed('select', 'sh'), 'sh'],
  [typed('select', ['sh', 'sz']), 'sh,sz'],
  [typed('select', []), ''],
  [choice('select', 'tj'), 'tj'],
  [typed('time', '14:45:16'), '14:45'],
  [typed('format_support_datetime', { datetime: '2000-04-19 14:45:16', datetime_format: '%Y/%m/%d' }), '2000/04/19'],
  [typed('json_variable', '{"a": [1]}'), { a: [1] }],
  // The sample of get_task_detail's own document.
  [typed('ip', { var_ip_custom_value: '127.0.0.1', var_ip_method: 'custom', var_ip_tree: [] }), '127.0.0.1'],
  [typed('ip', { var_ip_custom_value: '10.0.0.1\n0:10.0.0.2', var_ip_method: 'custom' }), '10.0.0.1,10.0.0.2'],
  [typed('ip', { var_ip_custom_value: '', var_ip_method: 'tree', var_ip_tree: ['0_10.0.0.3'] }), '10.0.0.3'],
  [
    typed('ip_selector', {
      selectors: ['ip'],
      ip: [{ bk_host_innerip: '10.0.0.1', bk_cloud_id: 2 }, { bk_host_innerip: '10.0.0.2' }],
      topo: [],
      filters: [],
      excludes: [],
      with_cloud_id: true,
      separator: '|',
    }),
    '2:10.0.0.1|0:10.0.0.2',
  ],
  [
    typed('ip_selector', { selectors: ['manual'], manual_input: { type: 'ip', value: '10.0.0.1, 10.0.0.2' } }),
    '10.0.0.1,10.0.0.2',
  ],
  [typed('input', ['a', 'b']), ['a', 'b']],
  [typed('datetime', '2000-04-19 14:45:16'), '2000-04-19 14:45:16'],
  [typed('int', 5), 5],
  // What only a CMDB knows stays as it was chosen.
  [
    typed('ip_selector', { selectors: ['topo'], topo: [{ bk_obj_id: 'set', bk_inst_id: 3 }] }),
    { selectors: ['topo'], topo: [{ bk_obj_id: 'set', bk_inst_id: 3 }] },
  ],
])('%j stands for %j', async (one, value) => {
  const client = await openBkClient()
  const made = await client.need(
    client.post('fast_create_task', [client.biz], { name: 'x', pipeline_tree: treeOf({ '${x}': one }, '${x}') }),
  )
  expect(made.pipeline_tree.constants['${x}'].value).toEqual(one['is_meta'] === true ? value : one['value'])
  const [values] = await outcome(client, made.task_id)
  expect(values).toEqual({ '${x}': value })
})

test('a choice of texts has both sides of what was chosen and what was not', async () => {
  const client = await openBkClient()
  const { need, post, biz } = client
  const text = '${x["text"]}(${x["value"]}) not ${x["text_not_selected"]} (${x["value_not_selected"]})'
  const tree = treeOf({ '${x}': choice('text_value_select', 'sz') }, text)
  const { template_id } = await need(post('create_template', [biz], { name: 't', pipeline_tree: tree }))
  const first = await need(post('create_task', [template_id, biz], { name: 'x' }))
  expect((await outcome(client, first.task_id))[1]).toBe('Shenzhen(sz) not Shanghai,Tianjin (sh,tj)')
  const chosen = { constants: { '${x}': ['tj', 'sh'] } }
  const second = await need(post('create_task', [template_id, biz], { name: 'x', ...chosen }))
  expect((await outcome(client, second.task_id))[1]).toBe('Tianjin,Shanghai(tj,sh) not Shenzhen (sz)')
})

test('who makes a task chooses, and the task shows the choice and what there was to choose from', async () => {
  const client = await openBkClient()
  const { need, post, biz } = client
  const tree = treeOf({ '${x}': choice('select', 'sh') }, 'to ${x}')
  const { template_id } = await need(post('create_template', [biz], { name: 't', pipeline_tree: tree }))
  const made = async (constants: JsonObject) => {
    const { task_id, pipeline_tree } = await need(post('create_task', [template_id, biz], { name: 'x', constants }))
    const shown = pipeline_tree.constants['${x}']
    expect(shown.meta.value.items_text).toBe(CHOICES)
    return [shown.value, ...(await outcome(client, task_id))]
  }
  expect(await made({})).toEqual(['sh', { '${x}': 'sh' }, 'to sh'])
  expect(await made({ '${x}': 'tj' })).toEqual(['tj', { '${x}': 'tj' }, 'to tj'])
  expect(await made({ '${x}': ['sh', 'tj'] })).toEqual([['sh', 'tj'], { '${x}': 'sh,tj' }, 'to sh,tj'])
  // Some clients leave the braces away.
  expect(await made({ x: ['sh', 'tj'] })).toEqual([['sh', 'tj'], { '${x}': 'sh,tj' }, 'to sh,tj'])
  expect(await made({ x: '${"t" + "j"}' })).toEqual(['${"t" + "j"}', { '${x}': 'tj' }, 'to tj'])
})

test('a task that has not begun is given another choice', async () => {
  const client = await openBkClient()
  const { need, post, biz } = client
  const tree = treeOf({ '${x}': choice('select', 'sh') }, 'to ${x}')
  const { task_id } = await need(post('fast_create_task', [biz], { name: 'x', pipeline_tree: tree }))
  const choose = (constants: JsonObject) => need(post('modify_constants_for_task', [task_id, biz], { constants }))
  await choose({ '${x}': ['sz', 'tj'] })
  await choose({ x: ['sz', 'sh'] })
  expect((await outcome(client, task_id))[1]).toBe('to sz,sh')
})

test('the clock of a constant is that of the zone that was chosen, at the moment that it is asked', async () => {
  const client = await openBkClient()
  const { need, post, biz, world } = client
  const at = (hours: number): string =>
    new Date(world.clock.now() + hours * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  const constants = {
    '${now}': typed('current_time', {}),
    '${hour}': typed('current_time', { time_unit: ['day', 'hour', 'minute'], time_zone: 'UTC' }),
    '${day}': typed('format_support_current_time', { time_format: '%Y%m%d ', time_zone: 'Asia/Tokyo' }),
  }
  const pipeline_tree = treeOf(constants, '${now}|${hour}|${day}')
  const { task_id } = await need(post('fast_create_task', [biz], { name: 'x', pipeline_tree }))
  const [, shown] = await outcome(client, task_id)
  expect(shown).toBe(`${at(8)}|${at(0).slice(8, 16)}|${at(9).slice(0, 10).replaceAll('-', '')}`)
})

test('what is rendered in advance stays what it was when the task began, and is chosen no more', async () => {
  const inner = treeOf(
    { '${late}': typed('current_time', {}, { pre_render_mako: true, show_type: 'hide' }) },
    '${late}',
  )
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 's'],
      ['s', 'end'],
    ],
    activities: {
      a: component('pause_node', {}),
      b: show('${then} ${now} ${word}'),
      s: subProcess(inner),
    },
    constants: {
      '${then}': constant('<${now}>', { pre_render_mako: true }),
      '${now}': typed('current_time', { time_unit: ['minute', 'second'] }, { pre_render_mako: '' }),
      '${word}': constant('hello', { pre_render_mako: true }),
    },
  })
  const { need, post, biz, world } = t.client
  const clock = (): string => new Date(world.clock.now()).toISOString().slice(14, 19)
  const began = clock()
  await need(t.operate('pause'))
  const modify = (value: string) => post('modify_constants_for_task', [t.id, biz], { constants: { '${word}': value } })
  expect(await modify('other')).toMatchObject({ result: false })
  await need(modify('hello'))
  await need(t.operate('resume'))
  world.clock.advance(61_000)
  await need(t.act('a', 'callback'))
  const message = async (node: string) =>
    ((await t.detail(node, { component_code: 'bk_display' }))['inputs'] as { bk_display_message: string })
      .bk_display_message
  expect(await message('b')).toBe(`<${began}> ${clock()} hello`)
  expect((await message('s.a')).slice(14)).toBe(clock())
})

test('a sub-process is handed what was chosen, and a gateway sees it', async () => {
  const inner = treeOf({ '${zone}': typed('select', ['sh', 'tj']) }, 'in ${zone}')
  const t = await taskOf({
    gateways: { g: 'Exclusive' },
    lines: [
      ['start', 'g'],
      ['g', 's', '"${x}" == "tj"'],
      ['g', 'no', 'default'],
      ['s', 'end'],
      ['no', 'end'],
    ],
    activities: { s: subProcess(inner) },
    constants: { '${x}': choice('select', 'tj') },
  })
  expect(await t.states()).toMatchObject({ root: 'FINISHED', s: 'FINISHED', 's.a': 'FINISHED' })
  expect((await t.detail('s.a', { component_code: 'bk_display' }))['inputs']).toMatchObject({
    bk_display_message: 'in sh,tj',
  })
})
