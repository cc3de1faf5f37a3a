import type { Json, JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import { fail, type Call } from './call.ts'
import { CODES } from './codes.ts'
import { shownValue } from './schema-problem.ts'
import { schemesOf, type Scheme } from './schemes.ts'
import { excludeNodes } from './tree/exclude.ts'
import type { StoredTree } from './tree/stored-tree.ts'
import type { Failure } from './wire.ts'

/** Ids of the nodes that a task leaves out, or why it cannot. */
export type Excluded =
  | { readonly ok: true; readonly ids: readonly string[] }
  | { readonly ok: false; readonly failure: Failure }

const refuse = (message: string, code: number = CODES.badParameter): Excluded => ({
  ok: false,
  failure: fail(message, code),
})

const LISTS = ['exclude_task_nodes_id', 'execute_task_nodes_id', 'appoint_task_nodes_id'] as const

/**
 * Which nodes of its template a task leaves out: `exclude_task_nodes_id` says so, `execute_task_nodes_id` and
 * `appoint_task_nodes_id` name the others, and so do the schemes of `template_schemes_id`.
 * Source: bk-sops `apigw/views/task_node_selector.py` and `pipeline_web/preview_base.py`, read 2026-11-22.
 */
export async function excludedBy(
  call: Call,
  pipeline: PipelineView,
  source: StoredTree,
  given: JsonObject,
): Promise<Excluded> {
  const wrong = LISTS.find((name) => listOf(given[name]) === undefined)
  if (wrong !== undefined) {
    return refuse(`task params is invalid: ${shownValue(given[wrong] ?? null)} is not of type 'array'`)
  }
  const [excluded = [], executed = [], appointed = []] = LISTS.map((name) => listOf(given[name]))
  const named = schemeNames(given['template_schemes_id'])
  if (typeof named === 'string') return refuse(named)
  const activities = [...source.tree.activities.values()]
  if (named.length > 0) {
    if (excluded.length > 0 || executed.length > 0) {
      return refuse('template_schemes_id can not be used with exclude_task_nodes_id or execute_task_nodes_id')
    }
    const schemes = await schemesOf(call, pipeline)
    const found = named.map((name) => schemes.find((scheme) => isNamed(scheme, name)))
    const missing = named.filter((_, at) => found[at] === undefined)
    if (missing.length > 0) return refuse(`unknown template_schemes_id: ${missing.join(', ').slice(0, 500)}`)
    const kept = new Set(found.flatMap((scheme) => scheme?.nodes ?? []))
    return { ok: true, ids: activities.filter(({ id, optional }) => optional && !kept.has(id)).map(({ id }) => id) }
  }
  if (appointed.length > 0) {
    const ids = activities.filter(({ id, optional }) => optional && !appointed.includes(id)).map(({ id }) => id)
    return { ok: true, ids }
  }
  const ids = executed.length > 0 ? activities.map(({ id }) => id).filter((id) => !executed.includes(id)) : excluded
  const left = excludeNodes(source.raw, ids)
  return left.ok ? { ok: true, ids } : refuse(left.message, CODES.unknown)
}

/** Texts, each once; undefined: it is no list. JSON text of a list is one, as forms carry it. */
function listOf(value: Json | undefined): readonly string[] | undefined {
  const list = typeof value === 'string' ? parsed(value) : (value ?? [])
  return Array.isArray(list) ? [...new Set((list as readonly Json[]).map(String))] : undefined
}

function parsed(text: string): Json {
  if (text === '') return []
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

/** A scheme is known by its number, also as text, or by its unique id; one alone needs no list. Text: why it is wrong. */
function schemeNames(value: Json | undefined): readonly (string | number)[] | string {
  const list = Array.isArray(value) ? (value as readonly Json[]) : value === undefined || value === '' ? [] : [value]
  const names = list.map((item) => (typeof item === 'string' && /^\d{1,15}$/.test(item) ? Number(item) : item))
  const isName = (item: Json): item is string | number =>
    (typeof item === 'string' && item !== '') || (typeof item === 'number' && Number.isInteger(item) && item > 0)
  if (!names.every(isName)) {
    return 'invalid template_schemes_id: all items must be non-empty strings or positive integers'
  }
  const double = names.filter((name, at) => names.indexOf(name) !== at)
  return double.length > 0 ? `duplicate template_schemes_id: ${[...new Set(double)].join(', ').slice(0, 500)}` : names
}

const isNamed = ({ id, uniqueId }: Scheme, name: string | number): boolean =>
  typeof name === 'number' ? id === name : uniqueId === name
