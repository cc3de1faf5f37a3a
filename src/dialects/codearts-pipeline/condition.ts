import { quote } from '../kit/query.ts'
import { causesOf, type Contexts, hasFailed, type Value, valueOf } from './contexts.ts'
import { BadValue } from './read.ts'

/** Where a job with a condition is. */
export interface JobPlace extends Contexts {
  readonly dependsOn: readonly string[]
  /** Its stage runs also after a failure. */
  readonly runAlways: boolean
  /** Tasks of the stages before its own. */
  readonly before: readonly string[]
  /** The last task of each job of its stage that it depends on directly. */
  readonly lasts: readonly string[]
  /** Tasks of the jobs that it depends on, directly or not; null: it runs only when they went well. */
  readonly behind: readonly string[] | null
}

/**
 * Whether it can hold after a failure of what its job depends on: an expression is asked when that is over, however it
 * ended (usermanual-pipeline/pipeline_01_0073), unless it says itself that all went well.
 */
export function asksAfterFailure(condition: string | null): boolean {
  const asked = textOf(condition ?? '').replaceAll(/'[^']*'|"[^"]*"/g, '0')
  const isOfJobs = /\bjobs\.|\b(?:always|failure|failed)\s*\(|\b(?:default|success|completed)\s*\(\s*0/.test(asked)
  return isOfJobs || (asked.trim() !== '' && !/\b(?:default|success|completed)\s*\(/.test(asked))
}

const textOf = (condition: string): string => /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition)?.[1] ?? condition

/**
 * When a job runs (usermanual-pipeline/pipeline_01_0006), as an expression of ours; null: as soon as what it depends on is
 * over. `${{ default() }}`: when that went well, or was not chosen; `success()`: when it went well. `completed()` is the
 * same: COMPLETED is the vendor's word for that. A job that depends on none asks `success()` and `failure()` of the stages before its own, which
 * can have failed where `run_always` is; one that is to run after a failure of what it depends on asks what became of that.
 * @throws BadValue for what cannot be told here
 */
export function whenOf(condition: string | null, place: JobPlace, at: string): Value | null {
  if (condition === null || condition.trim() === '') return null
  const text = textOf(condition)
  const unknown = (found: string): BadValue =>
    new BadValue(
      `${at}.condition: expected \${{ default() }}, \${{ success() }} or an expression of env, sources, ` +
        `pipeline and jobs that are over by then, found ${quote(found)}`,
    )
  const words: string[] = []
  const named = new Set<string>()
  const take = (value: Value | undefined, token: string): string => {
    if (value === undefined) throw unknown(token)
    for (const key of value.tasks) named.add(key)
    return value.expression
  }
  const tokens = text.match(TOKEN) ?? []
  for (const token of tokens) {
    const every = EVERY_JOB.exec(token)
    if (every !== null) words.push(take(isSomeJob(every[2] ?? '', place), token))
    else if (token.endsWith(')') && token !== ')') words.push(take(asked(token, place), token))
    else if (CALLS.has(token)) words.push(CALLS.get(token) ?? token)
    else if (!/^[A-Za-z_]/.test(token) || LITERALS.includes(token)) words.push(token)
    else words.push(token === TRIGGER_TYPE ? token : take(valueOf(token, place), token))
  }
  const left = text.replace(TOKEN, '').trim()
  if (left !== '') throw unknown(left)
  const trigger = (): string => take(valueOf(TRIGGER_TYPE, place), TRIGGER_TYPE)
  const when = withTriggerTypes(words)
    .map((word) => (word === TRIGGER_TYPE ? trigger() : word))
    .join(' ')
  return when === 'true' ? null : { expression: when, tasks: [...named] }
}

const areAll = (statuses: string, tasks: readonly string[]): Value => ({
  expression:
    tasks.length === 0 ? 'true' : `( ${tasks.map((key) => `tasks.${key}.status in ${statuses}`).join(' and ')} )`,
  tasks,
})

/** A status function; undefined: it cannot be told here. */
function asked(token: string, place: JobPlace): Value | undefined {
  const [, name = '', list = ''] = /^(\w+)\s*\((.*)\)$/s.exec(token) ?? []
  const jobs = (list.match(/'[^']*'|"[^"]*"/g) ?? []).map((word) => word.slice(1, -1))
  const told = (expression: string): Value => ({ expression, tasks: [] })
  if (name === 'always') return told('true')
  const isWell = name !== 'failure' && name !== 'failed'
  if (jobs.length > 0) return isWell ? askedOf(jobs, 'COMPLETED', 'and', place) : askedOf(jobs, 'FAILED', 'or', place)
  const { dependsOn, runAlways, before, lasts, behind } = place
  if (name === 'default') return behind === null ? told('true') : areAll("['succeeded', 'skipped']", lasts)
  const isFirst = dependsOn.length === 0
  if (isWell && !isFirst) return areAll("['succeeded']", lasts)
  if (isWell) return told(runAlways && before.length > 0 ? `! ${hasFailed(before)}` : 'true')
  if (behind !== null) return { expression: hasFailed(behind), tasks: behind }
  return isFirst ? told(runAlways ? hasFailed(before) : 'false') : undefined
}

/** `completed('a', 'b')`, of all of them, and `failed('a', 'b')`, of one or more. */
function askedOf(jobs: readonly string[], word: string, join: 'and' | 'or', contexts: Contexts): Value | undefined {
  const states = jobs.flatMap((name) => valueOf(`jobs.${name}.status`, contexts) ?? [])
  if (states.length < jobs.length) return undefined
  return {
    expression: `( ${states.map(({ expression }) => `${expression} == '${word}'`).join(` ${join} `)} )`,
    tasks: states.flatMap(({ tasks }) => tasks),
  }
}

/** `contains(jobs.*.status, 'FAILED')`, of the jobs that are over. */
const EVERY_JOB = /^contains\s*\(\s*jobs\.\*\.status\s*,\s*(['"])(.*)\1\s*\)$/s

function isSomeJob(word: string, contexts: Contexts): Value {
  const states = [...contexts.jobs.keys()].map((name) => valueOf(`jobs.${name}.status`, contexts))
  const known = states.filter((state) => state !== undefined)
  return {
    expression:
      known.length === 0 ? 'false' : `( ${known.map((one) => `${one.expression} == '${word}'`).join(' or ')} )`,
    tasks: known.flatMap(({ tasks }) => tasks),
  }
}

/** A status function, a text without escapes, a number, a name with its dots, an operator. */
const TOKEN =
  /\b(?:default|success|always|completed|failure|failed)\s*\(\s*(?:(?:'[\w-]*'|"[\w-]*")\s*(?:,\s*(?:'[\w-]*'|"[\w-]*")\s*)*)?\)|contains\s*\(\s*jobs\.\*\.status\s*,\s*(?:'\w*'|"\w*")\s*\)|'[^'\\]*'|"[^"\\]*"|-?\d+(?:\.\d+)?|[A-Za-z_][\w.-]*|==|!=|&&|\|\||[!(),]/g
const CALLS: ReadonlyMap<string, string> = new Map([
  ['contains', 'contains'],
  ['startsWith', 'starts_with'],
  ['endsWith', 'ends_with'],
])
const LITERALS: readonly string[] = ['true', 'false', 'null']
const TRIGGER_TYPE = 'pipeline.trigger_type'

/** `pipeline.trigger_type == 'Manual'`, either way round: the causes that the vendor calls so. */
function withTriggerTypes(words: readonly string[]): readonly string[] {
  const said: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const [one = '', operator = '', other = ''] = words.slice(at, at + 3)
    const type = one === TRIGGER_TYPE ? other : one
    const isComparison = (one === TRIGGER_TYPE) !== (other === TRIGGER_TYPE) && (operator === '==' || operator === '!=')
    if (isComparison && /^['"]/.test(type)) {
      said.push('run.cause', operator === '==' ? 'in' : 'not in', causesOf(type.slice(1, -1)))
      at += 2
    } else said.push(one)
  }
  return said
}
