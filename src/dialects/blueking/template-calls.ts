import type { Json } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import { parseYaml } from '../kit/yaml.ts'
import { fail, findBusiness, succeed, type Call, type Operation } from './call.ts'
import { categoryAnnotation } from './category.ts'
import { CODES } from './codes.ts'
import { isTruthy, jsonParam, optionalText, requiredText } from './params.ts'
import { presentTemplate } from './present-rows.ts'
import { presentConstants } from './template-constants.ts'
import { locateTemplate, storeTree, TEMPLATE_NAME_ANNOTATION, templateName, templateTree } from './templates.ts'
import { excludeNodes } from './tree/exclude.ts'
import { folded } from './tree/unfold.ts'
import { ringOfConstants } from './tree/rings.ts'
import type { RawTree } from './tree/web-tree.ts'

const NAME_MAX = 50

export const createTemplate: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  about: 'a template of a `pipeline_tree`: object, JSON text, or YAML text with `format=yaml`',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const tree = treeParam(call)
    if (!tree.ok) return { envelope: fail(tree.message, CODES.badParameter) }
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const ring = ringOfConstants(tree.value)
    if (ring !== undefined) return { envelope: fail(ring, CODES.validation) }
    const name = (optionalText(call.params, 'name') ?? `new${compactTime(call)}`).slice(0, NAME_MAX)
    const stored = await storeTree(call, business.project, tree.value, {
      name,
      description: optionalText(call.params, 'description') ?? '',
      hidden: false,
      annotations: { [TEMPLATE_NAME_ANNOTATION]: name, ...categoryAnnotation(optionalText(call.params, 'category')) },
    })
    if (!stored.ok) return { envelope: stored.failure }
    const { pipeline } = stored
    const data = {
      template_id: pipeline.serial,
      template_name: templateName(pipeline),
      pipeline_template_id: pipeline.id,
    }
    return { envelope: { result: true, data, message: 'success' } }
  },
}

/** YYYYMMDDHHMMSS, as their editor names what nobody named. */
const compactTime = (call: Call): string => call.time(call.app.now()).slice(0, 19).replace(/\D/g, '')

type TreeParam = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string }

function treeParam(call: Call): TreeParam {
  if (!isTruthy(call.params, 'pipeline_tree')) return { ok: false, message: 'pipeline_tree is required' }
  const format = optionalText(call.params, 'format') ?? 'json'
  if (format === 'json') {
    return {
      ok: true,
      value: jsonParam(call.params, 'pipeline_tree', 'pipeline_tree is not a valid JSON string') ?? null,
    }
  }
  if (format !== 'yaml') return { ok: false, message: 'format must be json or yaml' }
  const text = call.params['pipeline_tree']
  if (typeof text !== 'string') return { ok: false, message: 'pipeline_tree must be a YAML string when format=yaml' }
  const parsed = parseYaml(new TextEncoder().encode(text))
  return parsed.ok
    ? { ok: true, value: parsed.value ?? null }
    : { ok: false, message: `invalid YAML: ${parsed.message}` }
}

export const getTemplateInfo: Operation = {
  method: 'GET',
  path: ['template_id', 'bk_biz_id'],
  first: true,
  zoned: true,
  about: 'a template with its tree as it was given; one made elsewhere has a tree made up of its stages and tasks',
  async run(call) {
    const found = await locateTemplate(
      call,
      requiredText(call.params, 'template_id'),
      requiredText(call.params, 'bk_biz_id'),
    )
    if (!found.ok) return { envelope: found.failure }
    const { pipeline } = found
    const tree = shownTree(call, pipeline)
    return succeed({
      ...presentTemplate(pipeline, call),
      pipeline_tree: optionalText(call.params, 'format') === 'yaml' ? JSON.stringify(tree) : tree,
      ...(isTruthy(call.params, 'include_constants')
        ? { template_constants: presentConstants(templateTree(pipeline).raw) }
        : {}),
    })
  },
}

/** Without what draws it, and without what its sub-processes are, unless asked. */
function shownTree(call: Call, pipeline: PipelineView): RawTree {
  const { raw } = templateTree(pipeline)
  const { line: _line, location: _location, ...tree } = raw
  return isTruthy(call.params, 'unfold_subprocess') ? tree : folded(tree)
}

/** Common templates are of no business; every one here is of a project. */
export const getCommonTemplateList: Operation = {
  method: 'GET',
  path: [],
  about: 'empty: every template here is of a project',
  run: async () => await Promise.resolve(succeed([])),
}

export const getCommonTemplateInfo: Operation = {
  method: 'GET',
  path: ['template_id'],
  about: 'there are none',
  run: async (call) => {
    const id = requiredText(call.params, 'template_id')
    return await Promise.resolve({ envelope: fail(`common template[id=${id}] does not exist`, CODES.notFound) })
  },
}

export const previewCommonTaskTree: Operation = {
  method: 'POST',
  path: ['bk_biz_id', 'template_id'],
  about: 'there are no common templates',
  run: async (call) => {
    const id = requiredText(call.params, 'template_id')
    const message = `preview_common_task_tree fail: common template[id=${id}] does not exist`
    return await Promise.resolve({ envelope: fail(message, CODES.unknown) })
  },
}

const EXCLUDE_WRONG = 'invalid exclude_task_nodes_id'

export const previewTaskTree: Operation = {
  method: 'POST',
  path: ['bk_biz_id', 'template_id'],
  about: 'the tree of a task without some nodes',
  async run(call) {
    const ids = jsonParam(call.params, 'exclude_task_nodes_id', EXCLUDE_WRONG) ?? []
    if (!Array.isArray(ids)) return { envelope: fail(EXCLUDE_WRONG, CODES.badParameter) }
    const [id, bizId] = [requiredText(call.params, 'template_id'), requiredText(call.params, 'bk_biz_id')]
    const found = await locateTemplate(call, id, bizId)
    if (!found.ok) {
      if (found.failure.code !== CODES.notFound || !(await findBusiness(call, bizId)).ok) {
        return { envelope: found.failure }
      }
      return { envelope: fail('preview_task_tree fail: TaskTemplate matching query does not exist.') }
    }
    const left = excludeNodes(templateTree(found.pipeline).raw, (ids as readonly Json[]).map(String))
    if (!left.ok) return { envelope: fail(`preview_task_tree fail: ${left.message}`) }
    return succeed({ pipeline_tree: left.tree, constants_not_referred: left.unreferenced })
  },
}
