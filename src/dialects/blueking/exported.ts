import { createHash } from 'node:crypto'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { unfold } from './tree/unfold.ts'
import type { RawTree } from './tree/web-tree.ts'

/** A template of a file that bk-sops has exported, the trees of its sub-processes in it. */
export interface ExportedTemplate {
  readonly name: string
  readonly description: string
  readonly category: string
  readonly tree: RawTree
}

export type ReadExport =
  | { readonly ok: true; readonly templates: readonly ExportedTemplate[] }
  | { readonly ok: false; readonly kind: 'unreadable' | 'digest' | 'content'; readonly message: string }

const TEMPLATES_MAX = 200
/** Activities of all templates together, those of their sub-processes counted each time that they are named. */
const ACTIVITIES_MAX = 50_000
/** In its settings, and the same everywhere: the digest tells of a broken file, not of who has made it. */
const SALTS = ['821a11587ea434eb85c2f5327a90ae54', 'e5483c1ccde63392bd439775bba6a7ae']
/** Its keys are sorted; files that others have made need not be. */
const FORMS = [
  /^\{"digest":\s*"(?<digest>[0-9a-f]{32})",\s*"template_data":\s*(?<body>\{[^]*\})\}\s*$/,
  /^\{"template_data":\s*(?<body>\{[^]*\}),\s*"digest":\s*"(?<digest>[0-9a-f]{32})"\}\s*$/,
]

/**
 * Reads the file of an export: base64 of JSON whose digest is that of the very text of its data.
 * Source: bk-sops `gcloud/template_base/utils.py` and `apis/django/api.py`, read 2026-11-22.
 */
export async function readExport(encoded: string): Promise<ReadExport> {
  const text = Buffer.from(encoded, 'base64').toString('utf8').trim()
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined)
  const { digest = '', body = '' } = parts ?? {}
  const data = parsed(body)
  if (!isJsonObject(data)) return { ok: false, kind: 'unreadable', message: 'Template data is corrupt' }
  if (
    !SALTS.some(
      (salt) =>
        createHash('md5')
          .update(body + salt)
          .digest('hex') === digest,
    )
  ) {
    return { ok: false, kind: 'digest', message: 'Invalid template data' }
  }
  const found = templatesIn(data)
  if (found === undefined) return { ok: false, kind: 'content', message: 'template_data has no templates' }
  if (found.size > TEMPLATES_MAX) {
    return { ok: false, kind: 'content', message: `template_data has more than ${TEMPLATES_MAX} templates` }
  }
  const sizes = new Map<string, number>()
  const size = [...found.keys()].reduce((sum, id) => sum + sizeOf(id, found, sizes), 0)
  if (size > ACTIVITIES_MAX) {
    const message = `template_data has more than ${ACTIVITIES_MAX} activities, or a template that is in itself`
    return { ok: false, kind: 'content', message }
  }
  const templates: ExportedTemplate[] = []
  for (const template of found.values()) {
    const tree = await whole(template.tree, found)
    if (!tree.ok) return { ok: false, kind: 'content', message: `${template.name}: ${tree.errors.join(', ')}` }
    templates.push({ ...template, tree: tree.tree })
  }
  return { ok: true, templates }
}

function parsed(text: string): Json {
  try {
    return text === '' ? null : (JSON.parse(text) as Json)
  } catch {
    return null
  }
}

/** By the ids that they name each other with. */
function templatesIn(data: JsonObject): ReadonlyMap<string, ExportedTemplate> | undefined {
  const pipelines = isJsonObject(data['pipeline_template_data'])
    ? data['pipeline_template_data']['template']
    : undefined
  if (!isJsonObject(pipelines)) return undefined
  const heads = isJsonObject(data['template']) ? Object.values(data['template']).filter(isJsonObject) : []
  const categories = new Map(heads.map((head) => [head['pipeline_template_str_id'], head['category']]))
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
  const entries = Object.entries(pipelines).flatMap(([id, pipeline]) => {
    if (!isJsonObject(pipeline) || !isJsonObject(pipeline['tree'])) return []
    const name = text(pipeline['name']) || id
    const category = text(categories.get(id))
    return [[id, { name, description: text(pipeline['description']), category, tree: pipeline['tree'] }] as const]
  })
  return entries.length === 0 ? undefined : new Map(entries)
}

/** How many activities a template has with those of its sub-processes; without end where it is in itself. */
function sizeOf(id: string, all: ReadonlyMap<string, ExportedTemplate>, sizes: Map<string, number>): number {
  const known = sizes.get(id)
  if (known !== undefined) return known
  const activities = all.get(id)?.tree['activities']
  sizes.set(id, Number.POSITIVE_INFINITY)
  let size = 0
  for (const activity of isJsonObject(activities) ? Object.values(activities) : []) {
    const named = isJsonObject(activity) ? activity['template_id'] : undefined
    const inner = typeof named === 'number' ? String(named) : named
    size += 1 + (typeof inner === 'string' && all.has(inner) ? sizeOf(inner, all, sizes) : 0)
  }
  sizes.set(id, size)
  return size
}

/** Only of templates whose size is known to have an end. */
const whole = (tree: RawTree, all: ReadonlyMap<string, ExportedTemplate>): ReturnType<typeof unfold> =>
  unfold(tree, async (id) => {
    const found = all.get(id)
    const inner = found === undefined ? undefined : await whole(found.tree, all)
    return inner?.ok === true ? inner.tree : undefined
  })
