import type { Cause } from '../../model/event.ts'
import { executeTypes } from './status.ts'

/** What conditions and scripts may name (usermanual-pipeline/pipeline_01_0005). */
export interface Contexts {
  readonly projectId: string
  /** Variables of the pipeline and of its parameter groups. */
  readonly variables: ReadonlySet<string>
  readonly sources: readonly { readonly url: string; readonly alias: string; readonly branch: string | null }[]
  /** Predefined parameters, and what each stands for as text of a definition. */
  readonly system: Readonly<Record<string, string>>
  /** Jobs that are over by then, by their identifiers: the keys of their steps' tasks, in order. */
  readonly jobs: ReadonlyMap<string, readonly string[]>
}

/** An expression of ours, and the tasks that it names. */
export interface Value {
  readonly expression: string
  readonly tasks: readonly string[]
}

const FAILED = "['failed', 'errored', 'timed_out']"
const CAUSES = Object.keys(executeTypes) as Cause['kind'][]

/** The causes of ours that a trigger type of theirs stands for, as a list of an expression. */
export const causesOf = (type: string): string =>
  `[${CAUSES.filter((kind) => executeTypes[kind] === type)
    .map((kind) => `'${kind}'`)
    .join(', ')}]`

/** Whether one of these tasks has failed. */
export const hasFailed = (tasks: readonly string[]): string =>
  tasks.length === 0 ? 'false' : `( ${tasks.map((key) => `tasks.${key}.status in ${FAILED}`).join(' or ')} )`

/** What a path of the vendor's contexts stands for; undefined: nothing that is known here. */
export function valueOf(path: string, contexts: Contexts): Value | undefined {
  const [context = '', name = '', attribute, output, ...more] = path.split('.')
  if (context === 'jobs') {
    const tasks = contexts.jobs.get(name)
    if (tasks === undefined || more.length > 0) return undefined
    if (attribute === 'status' && output === undefined) return { expression: statusOf(tasks), tasks }
    if (attribute !== 'outputs' || output === undefined || !/^\w+$/.test(output)) return undefined
    return { expression: `( ${tasks.map((key) => `tasks.${key}.outputs.${output}`).join(' or ') || 'null'} )`, tasks }
  }
  const expression = plainValue(path, [context, name, attribute, output], contexts)
  return expression === undefined ? undefined : { expression, tasks: [] }
}

function plainValue(
  path: string,
  [context, name = '', attribute, rest]: readonly (string | undefined)[],
  { projectId, variables, sources }: Contexts,
): string | undefined {
  if (context === 'env' && attribute === undefined) return variables.has(name) ? `params.${name}` : 'null'
  if (path === 'pipeline.trigger_type') return typeOfTrigger
  if (path === 'pipeline.project_id') return `'${projectId}'`
  if (path === 'pipeline.pipeline_id') return 'run.pipeline'
  if (path === 'pipeline.run_id') return 'run.id'
  if (path === 'pipeline.run_number') return 'run.number'
  if (path === 'pipeline.timestamp') return 'run.timestamp'
  if (context !== 'sources' || rest !== undefined) return undefined
  const source = sources.find(({ alias }) => alias === name)
  const { branch = null, url = '' } = source ?? {}
  if (attribute === 'target_branch') return branch === null ? 'null' : `params.${branch}`
  if (attribute === 'repo_url') return literal(withoutLogin(url))
  if (attribute === 'repo_name') return literal(repositoryName(url))
  return OF_A_CHANGE.has(attribute ?? '') ? "''" : undefined
}

/** What a code host says of a change. Runs here are of branches: it is empty, as the vendor has it of those that people start. */
const OF_A_CHANGE: ReadonlySet<string> = new Set([
  'commit_id',
  'commit_id_short',
  'commit_message',
  'merge_id',
  'source_branch',
  'tag',
])

/** A text without quotes and escapes, which addresses have none of. */
const literal = (text: string): string => (/^[^'\\{}\p{Cc}]*$/u.test(text) ? `'${text}'` : "''")

/** The last part of an address, without `.git`. */
export function repositoryName(url: string): string {
  let end = url.length
  while (url[end - 1] === '/') end -= 1
  const path = url.slice(0, end)
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1)
  return name.endsWith('.git') ? name.slice(0, -4) : name
}

/** A login in an address is the checkout's alone. */
export const withoutLogin = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#@]+@/i, '$1')

/** `and` and `or` give one of their sides. */
const chosen = (cases: readonly (readonly [when: string, word: string])[], rest: string): string =>
  `( ${[...cases.map(([when, word]) => `${when} and '${word}'`), rest].join(' or ')} )`

/** The vendor's word for what started the run. */
export const typeOfTrigger = chosen(
  [...new Set(Object.values(executeTypes))].map((type) => [`run.cause in ${causesOf(type)}`, type]),
  'null',
)

/** A word of the vendor's for where a job is: its steps run one after the other. */
function statusOf(tasks: readonly string[]): string {
  const last = tasks.at(-1)
  if (last === undefined) return "'COMPLETED'"
  return chosen(
    [
      [hasFailed(tasks), 'FAILED'],
      [`( ${tasks.map((key) => `tasks.${key}.status == 'cancelled'`).join(' or ')} )`, 'CANCELED'],
      [`tasks.${last}.status == 'succeeded'`, 'COMPLETED'],
      [`tasks.${last}.status == 'skipped'`, 'SKIPPED'],
    ],
    "'INIT'",
  )
}

/** A script whose contexts are variables of its environment: text that is put into a script could be taken for code. */
export interface Script {
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly tasks: readonly string[]
}

/** `${{ pipeline.run_number }}` becomes `${CTX_PIPELINE_RUN_NUMBER}`; what is not known stays as it is written. */
export function withContexts(text: string, contexts: Contexts): Script {
  const env: Record<string, string> = {}
  const tasks = new Set<string>()
  const script = text.replaceAll(/\$\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g, (written, path: string) => {
    const value = valueOf(path, contexts)
    if (value === undefined) return written
    const name = `CTX_${path.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`
    env[name] = `\${{ ${value.expression} }}`
    for (const key of value.tasks) tasks.add(key)
    return `\${${name}}`
  })
  return { script, env, tasks: [...tasks] }
}

/**
 * A value with what it names: `${NAME}` of a variable or a predefined parameter, and `${{ <context> }}`. What is not known
 * stays as it is written.
 * @returns text of a definition, which gives text also where it names nothing but a number
 */
export function withValues(
  value: string,
  contexts: Contexts,
): { readonly text: string; readonly tasks: readonly string[] } {
  const { variables, system, sources } = contexts
  const branches = new Set(sources.map(({ branch }) => branch))
  const tasks = new Set<string>()
  const text = value.replaceAll(NAMED, (written, path: string | undefined, name: string | undefined) => {
    if (name !== undefined) {
      // The vendor's own outweigh others of the same name.
      if (Object.hasOwn(system, name)) return system[name] ?? ''
      return variables.has(name) || branches.has(name) ? `\${{ params.${name} }}` : written
    }
    const found = path === undefined ? undefined : valueOf(path, contexts)
    for (const key of found?.tasks ?? []) tasks.add(key)
    return found === undefined ? `$${written}` : `\${{ ${found.expression} }}`
  })
  return { text: text.includes('${{') ? `${text}\${{ '' }}` : text, tasks: [...tasks] }
}
const NAMED = /\$\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}|\$\{([A-Za-z_]\w*)\}|\$\{\{/g
