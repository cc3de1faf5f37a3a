import type { Json, JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import { fail, refused, succeed, type Call, type Operation, type Reply } from './call.ts'
import { CODES } from './codes.ts'
import { optionalText, requiredText } from './params.ts'
import { SCHEME_KIND, schemesOf, schemeValue, uniqueIdOf, type Scheme } from './schemes.ts'
import { locateTemplate, templateTree } from './templates.ts'
import { excludeNodes } from './tree/exclude.ts'
import type { WebTree } from './tree/web-tree.ts'

const NAME_MAX = 64
const NODES_MAX = 10_000

const locate = async (call: Call) =>
  await locateTemplate(call, requiredText(call.params, 'template_id'), requiredText(call.params, 'bk_biz_id'))

export const createTemplateScheme: Operation = {
  method: 'POST',
  path: ['bk_biz_id', 'template_id'],
  about: 'a name for the optional nodes that a task runs: `name`, and their ids in `data`',
  async run(call) {
    const nodes = nodeList(call.params['data'])
    if (nodes === undefined) return invalid('data must be a non-empty list of node ids')
    const name = optionalText(call.params, 'name')
    if (name === undefined) return invalid('param name is required')
    if (name.length > NAME_MAX) return invalid(`name must have at most ${NAME_MAX} characters`)
    const found = await locate(call)
    if (!found.ok) return { envelope: found.failure }
    const { pipeline } = found
    const wrong = wrongNodes(templateTree(pipeline).tree, nodes)
    return wrong === undefined ? await store(call, pipeline, name, nodes) : invalid(wrong)
  },
}

const invalid = (message: string): Reply => ({ envelope: fail(message, CODES.badParameter) })

/** A list, or JSON text of one, as schemes are kept there; undefined: it is none, or empty. */
function nodeList(value: Json | undefined): readonly string[] | undefined {
  let list = value
  try {
    if (typeof value === 'string') list = JSON.parse(value) as Json
  } catch {
    return undefined
  }
  if (!Array.isArray(list) || list.length === 0 || list.length > NODES_MAX) return undefined
  return [...new Set((list as readonly Json[]).map(String))]
}

function wrongNodes({ activities }: WebTree, nodes: readonly string[]): string | undefined {
  const listed = (ids: readonly string[]): string => ids.slice(0, 20).join(', ')
  const unknown = nodes.filter((id) => !activities.has(id))
  if (unknown.length > 0) return `node ids do not exist in template pipeline_tree: ${listed(unknown)}`
  const fixed = nodes.filter((id) => activities.get(id)?.optional !== true)
  return fixed.length > 0 ? `node ids are not optional in template pipeline_tree: ${listed(fixed)}` : undefined
}

async function store(call: Call, pipeline: PipelineView, name: string, nodes: readonly string[]): Promise<Reply> {
  const uniqueId = uniqueIdOf(pipeline, name)
  const before = await schemesOf(call, pipeline)
  const scheme: Scheme = { id: Math.max(0, ...before.map(({ id }) => id)) + 1, uniqueId, name, nodes }
  const document = { project: { id: pipeline.project.id }, kind: SCHEME_KIND, key: uniqueId }
  const done = await call.app.documents.put(call.caller, {
    ...document,
    value: schemeValue(scheme),
    expectedRevision: 0,
  })
  if (done.ok) {
    const data = { id: scheme.id, unique_id: uniqueId, name, data: JSON.stringify(nodes) }
    return { envelope: { result: true, data, message: 'success' } }
  }
  if (done.problem.code === 'conflict') return invalid(`scheme with unique_id(${uniqueId}) already exists`)
  const words = { missing: done.problem.message, refused: done.problem.message }
  return { envelope: refused(call, done.problem, String(pipeline.project.serial), words) }
}

export const getTemplateSchemes: Operation = {
  method: 'GET',
  path: ['bk_biz_id', 'template_id'],
  about: 'which nodes a task may be told to run, by name; `with_constants=true` adds the constants that are left then',
  async run(call) {
    const found = await locate(call)
    if (!found.ok) return { envelope: found.failure }
    const withConstants = isTrue(call.params['with_constants'])
    const schemes = await schemesOf(call, found.pipeline)
    return succeed(
      schemes.map((scheme) => ({
        id: scheme.uniqueId,
        name: scheme.name,
        data: JSON.stringify(scheme.nodes),
        ...(withConstants ? { detail: { constants: constantsWith(found.pipeline, scheme) } } : {}),
      })),
    )
  },
}

/** Here `false` is false, unlike in most flags of a query. */
const isTrue = (value: Json | undefined): boolean =>
  value === true || (typeof value === 'string' && value.toLowerCase() === 'true')

function constantsWith(pipeline: PipelineView, { nodes }: Scheme): Json {
  const { tree, raw } = templateTree(pipeline)
  const ids = [...tree.activities.values()].filter(({ id, optional }) => optional && !nodes.includes(id))
  const left = excludeNodes(
    raw,
    ids.map(({ id }) => id),
  )
  const none: JsonObject = {}
  return left.ok ? (left.tree['constants'] ?? none) : none
}
