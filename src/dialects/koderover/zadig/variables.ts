import type { JsonObject } from '../../../model/json.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import { verbatim } from '../definition-text.ts'

/**
 * Zadig's variables in the texts of a custom workflow, `{{.workflow.params.version}}`: in texts that may hold templates
 * of ours they are some, in scripts variables of the environment, as no value is ever read as a part of a program.
 * Source: `getWorkflowDefaultParams` of aslan's job package and `renderJobGlobalVariables` of its jobcontroller.
 */
export interface Variables {
  /** What is filled in as text when the definition is made. */
  readonly facts: ReadonlyMap<string, string>
  /** What jobs say of themselves: texts that may hold variables. */
  readonly said: ReadonlyMap<string, string>
  readonly params: ReadonlySet<string>
  /** Names of the jobs that are over by then. */
  readonly jobs: ReadonlySet<string>
  /** Names of the jobs whose failure may be passed over: after that of others nothing runs. */
  readonly lenient: ReadonlySet<string>
}

const VARIABLE = /\{\{\.([\p{L}\w-]+(?:\.[\p{L}\w-]+)*)\}\}/gu
/** What is theirs; all else between such braces belongs to somebody else, a `docker inspect --format` say. */
const OWN = /^(?:project|workflow|job)(?:\.|$)/

/** What only somebody who starts a task can tell, and the project of the workflow. */
const STARTED = ['workflow.task.creator', 'workflow.task.timestamp', 'workflow.task.datetime', 'workflow.task.url']
export const asksForStart = (body: JsonObject): boolean => {
  const text = JSON.stringify(body)
  return STARTED.some((name) => text.includes(`{{.${name}`))
}

export function workflowVariables(body: JsonObject, started: Readonly<Record<string, string>>): Variables {
  const [name, project] = [textOf(body, 'name'), textOf(body, 'project')]
  const facts = {
    project,
    'project.id': project,
    'project.name': project,
    'workflow.id': name,
    'workflow.name': textOf(body, 'display_name') || name,
    ...started,
  }
  const params = objectsOf(body, 'params').map((param) => textOf(param, 'name'))
  const jobs = objectsOf(body, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))
  const lenient = jobs.filter((job) => LENIENT.includes(textOf(objectOf(job, 'error_policy'), 'policy')))
  return {
    facts: new Map(Object.entries(facts)),
    said: new Map(),
    params: new Set(params),
    jobs: new Set(),
    lenient: new Set(lenient.map((job) => textOf(job, 'name'))),
  }
}

const LENIENT: readonly string[] = ['ignore_error', 'manual_check']

/** Who has started a task, as it is shown: `creatorOf`. */
const CREATOR =
  "run.cause == 'schedule' and 'timer' or run.cause in ['webhook', 'push', 'merge_request'] and 'webhook' or run.by"

/** An expression of ours, or text, which may hold variables; undefined: the variable is not theirs. */
type Meaning = { readonly text: string } | { readonly said: string } | { readonly expression: string } | undefined

function meaningOf(name: string, { facts, said, params, jobs, lenient }: Variables): Meaning {
  if (!OWN.test(name)) return undefined
  const fact = facts.get(name)
  if (fact !== undefined) return { text: fact }
  const own = said.get(name)
  if (own !== undefined) return { said: own }
  if (name === 'workflow.task.id') return { expression: 'run.number' }
  if (name === 'workflow.task.creator' || name === 'workflow.task.creator.id') return { expression: CREATOR }
  const param = /^workflow\.params\.(.+)$/.exec(name)?.[1]
  if (param !== undefined && params.has(param) && /^[A-Za-z_]\w*$/.test(param)) return { expression: `params.${param}` }
  // Of a build the names of its service and module stand between: here it is one task with all of them.
  const [, job = '', output] = /^job\.([a-z][a-z0-9-]*)\.(?:.+\.)?(?:output\.(\w+)|status)$/.exec(name) ?? []
  if (!jobs.has(job)) return { text: '' }
  const task = `tasks.${job}`
  if (output !== undefined) return { expression: `${task}.outputs.${output}` }
  return { expression: `${task}.status == 'succeeded' and 'passed' or '${lenient.has(job) ? 'unstable' : ''}'` }
}

/** A text that may hold templates of ours. What of theirs nobody can tell is nothing, as there. */
export const templated = (text: string, variables: Variables): string =>
  verbatim(text).replaceAll(VARIABLE, (piece, name: string) => {
    const meaning = meaningOf(name, variables)
    return meaning === undefined ? piece : written(meaning, variables)
  })

function written(meaning: NonNullable<Meaning>, variables: Variables): string {
  if ('text' in meaning) return verbatim(meaning.text)
  if ('said' in meaning) return templated(meaning.said, { ...variables, said: new Map() })
  return `\${{ ${meaning.expression} }}`
}

export interface Script {
  readonly text: string
  readonly env: Readonly<Record<string, string>>
}

/** A script of a shell, and what it reads from its environment in the place of variables. */
export function scripted(text: string, variables: Variables): Script {
  const env: Record<string, string> = {}
  const names = new Map<string, string>()
  const quotes = quotedPlaces(text)
  const made = text.replaceAll(VARIABLE, (piece, name: string, ...rest: readonly unknown[]) => {
    const meaning = meaningOf(name, variables)
    if (meaning === undefined) return piece
    if ('text' in meaning && /^[\w.:/-]*$/.test(meaning.text)) return meaning.text
    const known = names.get(name) ?? `ZADIG_${names.size + 1}`
    names.set(name, known)
    env[known] = written(meaning, variables)
    const place = rest.find((one) => typeof one === 'number') ?? 0
    // No shell reads a variable between apostrophes: they end before it and begin again behind it.
    return quotes(place) ? `'"\${${known}}"'` : `\${${known}}`
  })
  return { text: verbatim(made), env }
}

/** Escaped letters, comments, the first line of here-documents and texts in double quotes have apostrophes that quote nothing. */
const PART = /\\[^]|(?<![^\s;(])#[^\n]*|(?<!<)<<(?!<)-?[ \t]*(['"]?)(\w+)(?!\w)\1[^\n]*\n|"(?:\\[^]|[^"\\])*"|'[^']*'/g

/** Tells of places of a shell's script, from the first to the last, whether they stand between apostrophes that quote. */
function quotedPlaces(script: string): (place: number) => boolean {
  const text = `${script}\n`
  const spans: (readonly [from: number, to: number])[] = []
  const ends = lonelyWords(text)
  const part = new RegExp(PART)
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [piece, , word] = match
    if (piece.startsWith("'")) spans.push([match.index, part.lastIndex])
    // A here-document without an end is none.
    if (word !== undefined) part.lastIndex = endAfter(ends.get(word), part.lastIndex) ?? match.index + 2
  }
  let next = 0
  return (place) => {
    while ((spans[next]?.[1] ?? Number.POSITIVE_INFINITY) <= place) next += 1
    return (spans[next]?.[0] ?? place) < place
  }
}

/** Where the lines that are nothing but one word end, by that word: here-documents may end there. */
function lonelyWords(text: string): ReadonlyMap<string, { readonly places: readonly number[]; next: number }> {
  const found = new Map<string, { readonly places: number[]; next: number }>()
  for (const { 0: line, 1: word = '', index } of text.matchAll(/^\t*(\w+)$/gm)) {
    const known = found.get(word)
    if (known === undefined) found.set(word, { places: [index + line.length], next: 0 })
    else known.places.push(index + line.length)
  }
  return found
}

/** The first of the places that is not before this one; they are asked for in order. */
function endAfter(
  ends: { readonly places: readonly number[]; next: number } | undefined,
  from: number,
): number | undefined {
  if (ends === undefined) return undefined
  while ((ends.places[ends.next] ?? Number.POSITIVE_INFINITY) < from) ends.next += 1
  return ends.places[ends.next]
}

/** Lines behind a script that hand on what it has made, in variables of these names; how it went stays as it was. */
export function handedOn(outputs: readonly string[]): string {
  const lines = outputs
    .filter((name) => /^[A-Za-z_]\w{0,63}$/.test(name))
    .map(
      (name) =>
        `[ -z "\${${name}+x}" ] || printf '%s<<ZADIG_OUTPUT\\n%s\\nZADIG_OUTPUT\\n' ${name} "$${name}" >> "$MILLRACE_OUTPUT"`,
    )
  if (lines.length === 0) return ''
  // `set -x` of the script's own is not for these.
  return ['{ ZADIG_STATUS=$?; set +ex; } 2> /dev/null', ...lines, 'exit "$ZADIG_STATUS"'].join('\n')
}
