// Fields of nodes that are hooked to constants, as bk-sops' editor does with any of them: also those that say what work
// a node is.
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../model/json.ts'
import { openBkClient } from '../../testing/blueking-client.ts'
import { taskOf } from '../../testing/blueking-task.ts'
import { component, constant, outputOf, sleep, subProcess, webTree } from '../../testing/blueking-trees.ts'
import { toDefinition } from './tree/to-definition.ts'
import { readTree } from './tree/read-tree.ts'

const head = { name: 'p', description: '', annotations: {} }
const around = { zoneOffsetMinutes: 480, children: new Map<string, string>() }

function taskIn(tree: JsonObject, key: string): JsonObject {
  const read = readTree(tree)
  if (!read.ok) throw new Error(read.errors.join())
  const made = toDefinition(read.tree, head, around)
  if (!made.ok) throw new Error(made.errors.join())
  const { nodes } = made.definition['flow'] as { readonly nodes: Readonly<Record<string, JsonObject>> }
  return nodes[key] ?? {}
}

const oneNode = (code: string, fields: Readonly<Record<string, Json>>, constants: JsonObject): JsonObject =>
  webTree({
    lines: [
      ['start', 'a'],
      ['a', 'end'],
    ],
    activities: { a: component(code, fields) },
    constants: constants as Record<string, JsonObject>,
  })

const request = {
  bk_http_request_method: 'GET',
  bk_http_request_url: 'http://example.com/',
  bk_http_request_header: [],
  bk_http_request_body: '',
  bk_http_timeout: 5,
  bk_http_success_exp: '',
}
const script = { job_script_source: 'manual', job_script_type: '1', job_content: 'true' }
const approval = { bk_verifier: 'ann', bk_approve_title: 't', bk_approve_content: 'c', rejected_block: true }

test.each<readonly [code: string, fields: JsonObject, field: string, value: Json, shows: JsonObject]>([
  ['bk_http_request', request, 'bk_http_request_method', 'put', { with: { method: 'PUT' } }],
  ['bk_http_request', request, 'bk_http_timeout', 7, { with: { timeout: '7s' } }],
  ['bk_http_request', request, 'bk_http_timeout', 0, { with: { timeout: '60s' } }],
  [
    'bk_http_request',
    request,
    'bk_http_request_header',
    [{ name: 'X-Token', value: '${token}' }],
    { with: { headers: { 'X-Token': '${token}' } } },
  ],
  ['job_fast_execute_script', script, 'job_script_source', 'manual', { uses: 'script' }],
  ['job_fast_execute_script', script, 'job_script_type', 4, { with: { script: '#!/usr/bin/env python3\ntrue' } }],
  ['job_fast_execute_script', script, 'job_script_timeout', '9', { timeout: '9s' }],
  [
    'job_fast_execute_script',
    script,
    'job_content',
    'echo "a $1"\nexit 3',
    { with: { script: '#!/usr/bin/env bash\necho "a $1"\nexit 3' } },
  ],
  ['bk_approve', approval, 'bk_verifier', 'bob,eve', { with: { reviewers: ['bob', 'eve'] } }],
  ['bk_approve', approval, 'rejected_block', false, { with: { on_reject: 'pass' } }],
])('%s: of %j, %s may be a constant: %j', (code, fields, field, value, shows) => {
  const constants = { '${x}': constant(value, { source_type: 'component_inputs', source_info: { a: [field] } }) }
  expect(taskIn(oneNode(code, { ...fields, [field]: '${x}' }, constants), 'a')).toMatchObject(shows)
  // Through others, and from where the sub-process stands.
  const chain = { '${w}': constant(value), '${x}': constant('${w}', { show_type: 'hide' }) }
  expect(taskIn(oneNode(code, { ...fields, [field]: '${x}' }, chain), 'a')).toMatchObject(shows)
  const inner = oneNode(code, { ...fields, [field]: '${y}' }, { '${y}': constant('${x}'), '${x}': constant('other') })
  const outer = webTree({
    lines: [
      ['start', 's'],
      ['s', 'end'],
    ],
    activities: { s: subProcess(inner) },
    constants: { '${x}': constant(value) },
  })
  expect(taskIn(outer, 'a')).toMatchObject(shows)
})

test('what nobody knows before the task runs is told when the tree comes', () => {
  const ring = { '${x}': constant('${y}'), '${y}': constant('${x}') }
  const tree = oneNode('bk_http_request', { ...request, bk_http_request_method: '${x}' }, ring)
  expect(() => taskIn(tree, 'a')).toThrow('bk_http_request_method must be one of')
})

test('who makes a task chooses the method; afterwards it stays', async () => {
  const { need, post, get, biz } = await openBkClient()
  const fields = { ...request, bk_http_request_method: '${method}', bk_http_request_header: '${headers}' }
  const constants = { '${method}': constant('GET'), '${headers}': constant([{ name: 'X-A', value: '1' }]) }
  const tree = oneNode('bk_http_request', fields, constants)
  const { template_id } = await need(post('create_template', [biz], { name: 't', pipeline_tree: tree }))
  const chosen = { name: 'x', constants: { '${method}': 'DELETE' } }
  const { task_id, pipeline_tree } = await need(post('create_task', [template_id, biz], chosen))
  const [node_id = ''] = Object.keys(pipeline_tree.activities)
  const asked = { node_id, component_code: 'bk_http_request' }
  expect((await need(get('get_task_node_data', [biz, task_id], asked))).inputs).toMatchObject({
    bk_http_request_method: 'DELETE',
    bk_http_request_header: [{ name: 'X-A', value: '1' }],
  })
  const modify = (method: string) =>
    post('modify_constants_for_task', [task_id, biz], { constants: { '${method}': method } })
  expect(await modify('PUT')).toMatchObject({ result: false })
  await need(modify('DELETE'))
})

test.each(['soon', '', '1.5', '30s', '2026-1-2'])(
  'a timer that is told %j fails, and a retry may tell it better',
  async (timing) => {
    const t = await taskOf({
      lines: [
        ['start', 'a'],
        ['a', 'end'],
      ],
      activities: { a: sleep(timing) },
    })
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
    expect((await t.reasons())['a']).toContain(`'${timing}'`)
    const shown = async () => (await t.detail('a', { component_code: 'sleep_timer' }))['inputs']
    expect(await shown()).toMatchObject({ bk_timing: timing })
    await t.client.need(t.act('a', 'retry', { inputs: { bk_timing: timing } }))
    expect(await t.states()).toMatchObject({ root: 'FAILED', a: 'FAILED' })
    await t.client.need(t.act('a', 'retry', { inputs: { bk_timing: '7' } }))
    expect(await t.states()).toMatchObject({ root: 'RUNNING', a: 'RUNNING' })
    expect(await shown()).toMatchObject({ bk_timing: '7' })
  },
)

test('a script that another node makes is one, too', () => {
  const tree = webTree({
    lines: [
      ['start', 'a'],
      ['a', 'b'],
      ['b', 'end'],
    ],
    activities: {
      a: component('pause_node'),
      b: component('job_fast_execute_script', { ...script, job_content: '${x}' }),
    },
    constants: { '${x}': outputOf('a', 'callback_data') },
  })
  expect(taskIn(tree, 'b')).toMatchObject({
    with: { script: '#!/usr/bin/env bash\neval "${x}"' },
    env: { x: '${x}' },
  })
})

test('a script that is a constant may name others; the first trees of all are read, too', () => {
  // As the document of get_template_info has it.
  const fields = {
    account: 'root',
    ip_list: '127.0.0.1',
    script_timeout: '${script_timeout}',
    content: '${content}',
    script_param: '${params}',
    script_type: '${script_type}',
  }
  const tree = oneNode('job_fast_execute_script', fields, {
    '${script_timeout}': constant('20'),
    '${content}': constant('echo ${word}\nexit 0'),
    '${params}': constant('a b'),
    '${script_type}': constant('1'),
    '${word}': constant('hello'),
  })
  expect(taskIn(tree, 'a')).toMatchObject({
    timeout: '20s',
    with: { script: expect.stringMatching(/^#!\/usr\/bin\/env bash\n.*JOB_SCRIPT_PARAM.*\necho \$\{word\}\nexit 0$/) },
    env: { word: '${word}', JOB_SCRIPT_PARAM: '${params}' },
  })
})
