// Constants that name themselves: bk-sops' `validate_pipeline_tree_constants`, read 2026-11-24.
import { expect, test } from 'vitest'
import type { Json, JsonObject } from '../../model/json.ts'
import { openBkClient } from '../../testing/blueking-client.ts'
import { component, constant, subProcess, webTree } from '../../testing/blueking-trees.ts'

const show = component('bk_display', { bk_display_message: '${a}' })
const treeOf = (values: Readonly<Record<string, Json>>, node: JsonObject = show): JsonObject =>
  webTree({
    lines: [
      ['start', 'n'],
      ['n', 'end'],
    ],
    activities: { n: node },
    constants: Object.fromEntries(Object.entries(values).map(([key, value]) => [key, constant(value)])),
  })

test.each<readonly [Readonly<Record<string, Json>>, string]>([
  [{ '${a}': 'x ${a}' }, '常量 ${a} 的值不能引用自身作为值'],
  [{ '${a}': ['${a}'], '${b}': { k: '${b}' } }, '常量 ${a}, ${b} 的值不能引用自身作为值'],
  [{ '${a}': '${b}', '${b}': '${a}' }, '检测到常量${a}, ${b}存在循环引用'],
  [{ '${a}': '1', '${b}': '${c}-${a}', '${c}': '${d}', '${d}': '${b}' }, '检测到常量${b}, ${c}, ${d}存在循环引用'],
])('%j is refused', async (values, message) => {
  const { post, biz } = await openBkClient()
  const pipeline_tree = treeOf(values)
  expect(await post('create_template', [biz], { pipeline_tree })).toMatchObject({
    result: false,
    message,
    code: 3546100,
  })
  expect(await post('fast_create_task', [biz], { name: 'x', pipeline_tree })).toMatchObject({
    result: false,
    message: `[API] fast_create_task get invalid pipeline_tree: ${message}`,
  })
})

test('what names others, or itself from where its sub-process stands, is fine; a task cannot make a ring of it', async () => {
  const { need, post, biz } = await openBkClient()
  const inner = subProcess(treeOf({ '${a}': '' }), { constants: { '${a}': constant('${a}') } })
  const pipeline_tree = treeOf({ '${a}': '${b}${c}', '${b}': '${c}', '${c}': '1' }, inner)
  const { template_id } = await need(post('create_template', [biz], { pipeline_tree }))
  const made = await post('create_task', [template_id, biz], { name: 'x', constants: { '${c}': '${a}' } })
  expect(made).toMatchObject({
    result: false,
    message: '[API] create_task get invalid pipeline_tree: 检测到常量${a}, ${b}, ${c}存在循环引用',
  })
})
