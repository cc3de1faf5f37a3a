// What get_task_node_detail tells of nodes that are no plugins, held against runs of bamboo-engine.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../model/json.ts'
import { taskOf } from '../../testing/blueking-task.ts'
import {
  component,
  constant,
  outputOf,
  pause,
  shell,
  subProcess,
  webTree,
  type TreeSketch,
} from '../../testing/blueking-trees.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'

const inner = webTree({
  lines: [
    ['start', 'i'],
    ['i', 'end'],
  ],
  activities: { i: pause },
  constants: {
    '${given}': constant('<${who}>'),
    '${own}': constant('hidden', { show_type: 'hide' }),
    '${told}': outputOf('i', 'callback_data'),
    '${never}': outputOf('i', 'nothing'),
  },
  outputs: ['${told}', '${given}', '${never}'],
})
const looped: TreeSketch = {
  gateways: { x: 'Exclusive' },
  lines: [
    ['start', 'a'],
    ['a', 's'],
    ['s', 'x'],
    ['x', 's', '${count} < 2'],
    ['x', 'end', 'default'],
  ],
  activities: { a: pause, s: subProcess(inner) },
  constants: {
    '${who}': constant('world'),
    '${heard}': outputOf('s', '${told}'),
    '${count}': outputOf('s', '_loop'),
  },
}

const made = (word: number, pass: number) => [
  { key: 'heard', value: { word }, preset: false },
  { key: '${given}', value: '<world>', preset: false },
  { key: '${never}', value: '${never}', preset: false },
  { key: 'count', value: pass, preset: false },
  { key: '_inner_loop', value: pass, preset: false },
]

describe('a sub-process', () => {
  test('is told with what it is given before it begins, and with what it has made once it has ended', async () => {
    const t = await taskOf(looped)
    expect(await t.detail('s')).toMatchObject({ state: 'READY', inputs: { given: '<world>' }, outputs: [] })
    await t.act('a', 'callback')
    expect(await t.detail('s')).toMatchObject({ state: 'RUNNING', inputs: { given: '<world>' }, outputs: [] })
    await t.act('s.i', 'callback', { data: { word: 1 } })
    // What the pass before has made stays until this one has ended.
    expect(await t.detail('s')).toMatchObject({ state: 'RUNNING', loop: 2, outputs: made(1, 1) })
    await t.act('s.i', 'callback', { data: { word: 2 } })
    expect(await t.detail('s')).toMatchObject({ state: 'FINISHED', loop: 2, outputs: made(2, 2), ex_data: '' })
    expect(await t.detail('s', { loop: '1' })).toMatchObject({
      loop: 1,
      inputs: { given: '<world>' },
      outputs: made(1, 1),
    })
  })
})

describe('a gateway', () => {
  test('is told with why it failed, also of the attempts before and after a person has chosen its way', async () => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'x'],
        ['x', 'a', '1 == 2'],
        ['x', 'end', '1 == 3'],
        ['a', 'end'],
      ],
    })
    const why = 'all conditions of branches are not meet'
    const failed = { outputs: [{ key: 'ex_data', value: why, preset: false }], ex_data: why }
    expect(await t.detail('x')).toMatchObject({ state: 'FAILED', ...failed, histories: [] })
    await t.act('x', 'retry')
    const row = { outputs: { ex_data: why }, ex_data: why }
    expect(await t.detail('x')).toMatchObject({ state: 'FAILED', retry: 1, ...failed, histories: [row] })
    const gateways = t.tree['gateways'] as Record<string, { outgoing: string[] }>
    const [flow] = Object.values(gateways)[0]!.outgoing
    expect(await t.act('x', 'skip_exg', { flow_id: flow })).toMatchObject({ result: true })
    expect(await t.detail('x')).toMatchObject({ state: 'FINISHED', skip: true, ...failed, histories: [row, row] })
  })
})

test('a node that was come back to too often is told with what its last pass was given and made', async () => {
  const t = await taskOf({
    gateways: { x: 'Exclusive' },
    lines: [
      ['start', 'a'],
      ['a', 'x'],
      ['x', 'a', '1 == 1'],
      ['x', 'end', 'default'],
    ],
  })
  const why = 'node execution exceed rerun limit 100'
  const last = {
    state: 'FAILED',
    loop: 101,
    inputs: { bk_display_message: 'hello', _loop: 101, _inner_loop: 101 },
    outputs: [
      { key: '_result', value: true, preset: false },
      { key: '_loop', value: 101, preset: false },
      { key: '_inner_loop', value: 101, preset: false },
      { key: 'ex_data', value: why, preset: false },
    ],
    ex_data: why,
  }
  expect(await t.detail('a')).toMatchObject(last)
  expect(await t.detail('a', { loop: '101' })).toMatchObject(last)
  expect(await t.detail('a', { loop: '100' })).toMatchObject({ state: 'FINISHED', loop: 100, inputs: { _loop: 100 } })
})

test('a node that is paused ahead of time is SUSPENDED to engine 2 as soon as that, and is not paused twice', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: pause },
  })
  expect(await t.detail('b')).toMatchObject({ name: 'Node b', state: 'READY' })
  await t.act('b', 'pause')
  expect(await t.detail('b')).toMatchObject({ name: 'Node b', state: 'SUSPENDED' })
  expect(await t.detail('b', { engine_ver: '1' })).toMatchObject({ state: 'READY' })
  expect(Object.keys(await t.states(2))).toEqual(['root', 'start', 'a'])
  expect(await t.act('b', 'pause')).toMatchObject({
    result: false,
    message: `fail: can't not transit node(${t.node('b')}) state from SUSPENDED to SUSPENDED`,
  })
  await t.act('b', 'resume')
  expect(await t.detail('b')).toMatchObject({ state: 'READY' })
})

test('a node that is gone through again is told with what this pass has made, not with what the one before did', async () => {
  const t = await taskOf({
    gateways: { x: 'Exclusive' },
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'x'],
      ['x', 'a', '${passes} < 2'],
      ['x', 'end', 'default'],
    ],
    activities: { a: pause, b: component('bk_display', { bk_display_message: "${said['word']}" }) },
    constants: { '${passes}': outputOf('b', '_loop'), '${said}': outputOf('a', 'callback_data') },
  })
  const keys = async () => (await t.detail('a')).outputs.map(({ key }: { readonly key: string }) => key)
  await t.act('a', 'callback', { data: { word: 'one' } })
  const own = ['_result', '_loop', '_inner_loop']
  expect(await keys()).toEqual(own)
  await t.act('a', 'forced_fail')
  const failed = ['_forced_failed', ...own, 'ex_data']
  expect(await keys()).toEqual(failed)
  await t.act('a', 'retry')
  expect(await keys()).toEqual(own)
  await t.act('a', 'forced_fail')
  await t.act('a', 'skip')
  expect(await keys()).toEqual(failed)
  const { histories } = await t.detail('a')
  expect(histories.map(({ outputs }: { readonly outputs: object }) => Object.keys(outputs))).toEqual([failed, failed])
  // Others still read what the first pass has made.
  expect(await t.detail('b')).toMatchObject({ loop: 2, inputs: { bk_display_message: 'one' } })
})

test('an attempt that made nothing shows nothing, and what the one before made is still read by others', async () => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: { a: shell('x'), b: component('bk_display', { bk_display_message: "${log['k']}" }) },
    constants: { '${log}': outputOf('a', 'log_outputs') },
  })
  const { world } = t.client
  const failsWith = async (outputs: JsonObject | null): Promise<void> => {
    world.runner.endTask('a', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs })
    await world.settled()
  }
  await failsWith({ log_outputs: { k: 'first' } })
  await t.act('a', 'retry')
  await failsWith(null)
  const { outputs, histories } = await t.detail('a')
  const why = 'the process exited with code 1'
  const failed = { _result: false, _loop: 1, _inner_loop: 1, ex_data: why }
  expect(Object.fromEntries(outputs.map(({ key, value }: JsonObject) => [key, value]))).toEqual(failed)
  expect(histories[0].outputs).toEqual({ log_outputs: { k: 'first' }, ...failed })
  await t.act('a', 'skip')
  expect(await t.detail('b')).toMatchObject({ inputs: { bk_display_message: 'first' } })
})

test.each(['show', 'hide'])(
  'a constant that is null (%s) is None: in texts, by itself, and as an output',
  async (show_type) => {
    const t = await taskOf({
      gateways: { x: 'Exclusive' },
      lines: [
        ['start', 'a'],
        ['a', 'b'],
        ['b', 'x'],
        ['x', 'end', '${k} == None'],
        ['x', 'c', 'default'],
        ['c', 'end'],
      ],
      activities: { a: shell('echo ${k}'), b: component('bk_display', { bk_display_message: '${k}' }) },
      constants: {
        '${k}': constant(null, { show_type }),
        '${mix}': constant('<${k}>', { show_type: 'hide' }),
        '${none}': outputOf('c', '_result'),
      },
      outputs: ['${k}', '${mix}', '${none}'],
    })
    expect(t.client.world.runner.jobs[0]?.env).toMatchObject({ k: 'None' })
    t.client.world.runner.endTask('a', succeeded())
    await t.client.world.settled()
    expect(await t.states(2)).toMatchObject({ root: 'FINISHED', x: 'FINISHED' })
    expect(await t.states(2)).not.toHaveProperty('c')
    expect((await t.detail('a')).inputs).toMatchObject({ job_content: 'echo None' })
    expect((await t.detail('b')).inputs).toMatchObject({ bk_display_message: null })
    const { constants, outputs } = await t.client.need(t.client.get('get_task_detail', [t.id, t.client.biz]))
    expect(constants['${k}'].value).toBe(null)
    expect(outputs).toMatchObject([
      { key: '${k}', value: null },
      { key: '${mix}', value: '<None>' },
      { key: '${none}', value: '${none}' },
    ])
  },
)

describe('inputs that a retry gives', () => {
  test.each([
    ['bk_approve', { bk_verifier: 'li', bk_approve_title: 'May it?', bk_approve_content: 'all', rejected_block: true }],
    ['pause_node', { description: 'once more' }],
    ['sleep_timer', { bk_timing: '3600', force_check: true }],
    ['job_fast_execute_script', { job_content: 'true', job_script_type: '1', job_account: 'root', job_ip_list: '' }],
  ])('of a %s take the place of all of its fields, as they came', async (code, again) => {
    const first = Object.fromEntries(Object.keys(again).map((key) => [key, key === 'bk_timing' ? '60' : 'first']))
    const data = { ...first, ...(code === 'job_fast_execute_script' ? { job_script_type: '1' } : {}) }
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: component(code, { ...data, more: 'only at first' }) },
    })
    const { world } = t.client
    const failed = async () => {
      if (world.runner.jobs.length === 0) await t.act('a', 'forced_fail')
      else world.runner.endTask('a', exited(1))
      await world.settled()
    }
    await failed()
    await t.act('a', 'retry', { inputs: { ...again, ours: '${_system.task_id}' } })
    const given = { ...again, ours: String(t.id) }
    expect(await t.detail('a')).toMatchObject({
      state: 'RUNNING',
      inputs: { ...given, _loop: 1, _inner_loop: 1 },
      histories: [{ inputs: { more: 'only at first' } }],
    })
    expect((await t.detail('a')).inputs).not.toHaveProperty('more')
    await failed()
    await t.act('a', 'retry')
    const { inputs, histories } = await t.detail('a')
    expect([inputs, histories[1].inputs]).toMatchObject([given, given])
  })
})

test.each([
  [
    'bk_http_request',
    { bk_http_request_method: 'GET', bk_http_request_url: 'http://example.com/' },
    { status: '200', status_code: 200, data: { n: 1 } },
    [
      { key: 'data', value: { n: 1 }, preset: true },
      { key: 'status_code', value: 200, preset: true },
    ],
  ],
  ['sleep_timer', { bk_timing: '5' }, null, []],
])('%s makes what the plugin makes, and nothing besides', async (code, fields, outputs, told) => {
  const t = await taskOf({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: component(code, fields) },
  })
  const { world } = t.client
  if (outputs === null) world.clock.advance(5_000)
  else world.runner.endTask('a', { kind: 'succeeded', outputs })
  await world.settled()
  const own = [{ key: '_result', value: true }, { key: '_loop' }, { key: '_inner_loop' }]
  expect((await t.detail('a', { component_code: code }))['outputs']).toMatchObject([...told, ...own])
})
