import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { excludeNodes } from './tree/exclude.ts'
import { namedByActivities } from './tree/references.ts'
import type { RawTree } from './tree/web-tree.ts'

/** What their editor calls the types of variables that its documents name. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['input', '输入框'],
  ['textarea', '文本框'],
  ['datetime', '日期时间'],
  ['int', '整数'],
])

/** `template_constants` of get_template_info: what its nodes name, outputs left out. Source: bk-sops `apigw/views/utils.py`. */
export function presentConstants(raw: RawTree): readonly JsonObject[] {
  const left = excludeNodes(raw, [])
  const tree = left.ok ? left.tree : raw
  const counts = namedByActivities(tree)
  const constants = isJsonObject(tree['constants']) ? Object.entries(tree['constants']) : []
  return constants.flatMap(([key, constant]) => {
    if (!isJsonObject(constant) || constant['source_type'] === 'component_outputs') return []
    const type = typeof constant['custom_type'] === 'string' ? constant['custom_type'] : ''
    return [
      {
        name: constant['name'] ?? key,
        key,
        show_type: constant['show_type'] ?? 'show',
        constant_type: constant['source_type'] === 'component_inputs' ? '节点输入' : (TYPES.get(type) ?? type),
        activity_count: counts.get(key) ?? 0,
      },
    ]
  })
}
