import type { Cause } from '../../model/event.ts'
import { quote } from '../kit/query.ts'
import { BadValue } from './read.ts'
import { executeTypes } from './status.ts'

/** What the condition of a job may name. */
export interface Contexts {
  readonly projectId: string
  /** Variables of the pipeline and of its parameter groups. */
  readonly variables: ReadonlySet<string>
  readonly sources: readonly { readonly url: string; readonly alias: string; readonly branch: string | null }[]
}

/**
 * When a job runs (usermanual-pipeline/pipeline_01_0006, contexts of pipeline_01_0005), as an expression of ours; null: as
 * soon as what it depends on is over. `${{ default() }}`: when that went well, or was not chosen; `${{ success() }}`. A job
 * that is to run after a failure has no like here; a stage has: `run_always`.
 * @throws BadValue for what cannot be told here
 */
export function whenOf(
  condition: string | null,
  dependsOn: readonly string[],
  contexts: Contexts,
  at: string,
): string | null {
  if (condition === null || condition.trim() === '') return null
  const text = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition)?.[1] ?? condition
  const unknown = (found: string): BadValue =>
    new BadValue(
      `${at}.condition: expected \${{ default() }}, \${{ success() }} or an expression of env, sources.<alias>.target_branch ` +
        `and pipeline.trigger_type, found ${quote(found)}; what must run after a failure can be a stage with run_always`,
    )
  const words: string[] = []
  const tokens = text.match(TOKEN) ?? []
  for (const token of tokens) {
    const isAlways = /^(?:always|completed)\s*\(/.test(token)
    if (/^(?:default|success)\s*\(/.test(token) || (isAlways && dependsOn.length === 0)) words.push('true')
    else if (CALLS.has(token)) words.push(CALLS.get(token) ?? token)
    else if (!/^[A-Za-z_]/.test(token) || LITERALS.includes(token)) words.push(token)
    else words.push(valueOf(token, contexts) ?? refuse(unknown(token)))
  }
  const left = text.replace(TOKEN, '').trim()
  if (left !== '') throw unknown(left)
  const when = withTriggerTypes(words).join(' ')
  if (when.includes(TRIGGER_TYPE)) throw unknown('pipeline.trigger_type')
  return when === 'true' ? null : when
}

const refuse = (problem: BadValue): never => {
  throw problem
}

/** A status function, a text without escapes, a number, a name with its dots, an operator. */
const TOKEN =
  /\b(?:default|success|always|completed|failure|failed)\s*\(\s*\)|'[^'\\]*'|"[^"\\]*"|-?\d+(?:\.\d+)?|[A-Za-z_][\w.-]*|==|!=|&&|\|\||[!(),]/g
const CALLS: ReadonlyMap<string, string> = new Map([
  ['contains', 'contains'],
  ['startsWith', 'starts_with'],
  ['endsWith', 'ends_with'],
])
const LITERALS: readonly string[] = ['true', 'false', 'null']
/** No expression of ours: what it is compared with says which causes are meant. */
const TRIGGER_TYPE = '$trigger_type'

function valueOf(path: string, { projectId, variables, sources }: Contexts): string | undefined {
  const [context, name = '', attribute] = path.split('.')
  if (context === 'env' && attribute === undefined) return variables.has(name) ? `params.${name}` : 'null'
  if (path === 'pipeline.trigger_type') return TRIGGER_TYPE
  if (path === 'pipeline.project_id') return `'${projectId}'`
  if (path === 'pipeline.pipeline_id') return 'run.pipeline'
  if (path === 'pipeline.run_id') return 'run.id'
  if (context !== 'sources' || attribute !== 'target_branch' || path.split('.').length > 3) return undefined
  const branch = sources.find(({ alias }) => alias === name)?.branch ?? null
  return branch === null ? 'null' : `params.${branch}`
}

/** `pipeline.trigger_type == 'Manual'`, either way round: the causes that the vendor calls so. */
function withTriggerTypes(words: readonly string[]): readonly string[] {
  const said: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const [one = '', operator = '', other = ''] = words.slice(at, at + 3)
    const type = one === TRIGGER_TYPE ? other : one
    const isComparison = (one === TRIGGER_TYPE) !== (other === TRIGGER_TYPE) && (operator === '==' || operator === '!=')
    if (isComparison && /^['"]/.test(type)) {
      const causes = (Object.keys(executeTypes) as Cause['kind'][]).filter(
        (kind) => executeTypes[kind] === type.slice(1, -1),
      )
      said.push('run.cause', operator === '==' ? 'in' : 'not in', `[${causes.map((kind) => `'${kind}'`).join(', ')}]`)
      at += 2
    } else said.push(one)
  }
  return said
}
