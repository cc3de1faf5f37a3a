import type { VariableSpec } from '../model/definition.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { Instant } from '../model/time.ts'
import { bambooBudget, bambooText, referencedNames, renderBamboo } from './bamboo/template.ts'
import { momentText } from './bamboo/time.ts'
import { taskAt, taskPlan, type Run } from './run.ts'
import { countOf, isCount, presetOutput } from './preset-outputs.ts'
import { outputOf, scopeOf, variableSpec } from './scope.ts'
import { renderJson, renderText } from './expression/template.ts'

/** Texts and values of a definition with their templates filled in, in the language that the definition is written in. */

/**
 * @param index the node that asks: it sees the variables of the sub-flows that it is in; null: the run.
 */
export function valueOf(run: Run, index: number | null, value: Json): Json {
  if (run.plan.definition.language === 'native') return renderJson(value, scopeOf(run))
  return new Names(run, index).render(value)
}

/** As {@link valueOf}, as text: null as nothing, lists as JSON; what a `bamboo` definition says, as Python writes it. */
export function textOf(run: Run, index: number | null, value: Json): string {
  if (run.plan.definition.language === 'native' && typeof value === 'string') return renderText(value, scopeOf(run))
  const made = valueOf(run, index, value)
  return run.plan.definition.language === 'bamboo' ? bambooText(made) : asText(made)
}

function asText(value: Json): string {
  if (typeof value === 'string') return value
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A variable as it is now; undefined: nobody can tell yet. @param scope key of the sub-flow that it is seen in. */
export function variableOf(run: Run, name: string, scope: string | null): Json | undefined {
  if (run.plan.definition.language === 'native') return scope === null ? scopeOf(run).vars(name) : undefined
  const spec = variableSpec(run, name, scope)
  return spec === undefined ? undefined : new Names(run, null).variable(spec)
}

/** What the clock of expressions says. */
interface Moment {
  readonly at: Instant
  /** null: it is now; otherwise what has just begun. */
  readonly begins: 'run' | 'sub-flow' | null
}

/** When what a variable is seen in began; undefined: it has not. */
function begunIn(run: Run, scope: string | null): Moment | undefined {
  const index = scope === null ? undefined : run.plan.index[scope]
  const at = index === undefined ? run.startedAt : taskAt(run, index).startedAt
  return at === null ? undefined : { at, begins: index === undefined ? 'run' : 'sub-flow' }
}

/** What names stand for in a `bamboo` definition. One is made for each rendering: what was looked up is remembered in it. */
class Names {
  readonly #run: Run
  /** The node that asks; null: the run. */
  readonly #asker: number | null
  readonly #known = new Map<VariableSpec, Json | undefined>()
  /** Many variables together cost no more than one text may. */
  readonly #budget: ReturnType<typeof bambooBudget>
  readonly #moment: Moment

  constructor(
    run: Run,
    asker: number | null,
    moment: Moment = { at: run.updatedAt, begins: null },
    budget = bambooBudget(),
  ) {
    this.#run = run
    this.#asker = asker
    this.#moment = moment
    this.#budget = budget
  }

  render(value: Json): Json {
    return this.#render(value, (name) => this.lookUp(name))
  }

  /** Of a condition: what would break its quotes is written with a backslash first, as in the original. */
  renderCondition(text: string): Json {
    return this.#render(text, (name) => {
      const value = this.lookUp(name)
      return typeof value === 'string' ? escaped(value) : value
    })
  }

  #render(value: Json, get: (name: string) => Json | undefined): Json {
    const zoneOffsetMinutes = zoneOf(this.#run)
    return renderBamboo(value, { get, at: this.#moment.at, zoneOffsetMinutes, budget: this.#budget })
  }

  lookUp(name: string): Json | undefined {
    const index = this.#asker
    if (name === '_system') return systemFacts(this.#run)
    if (index !== null && isCount(name)) return countOf(taskAt(this.#run, index), name)
    return this.#named(name, index === null ? null : taskPlan(this.#run.plan, index).spec.parent)
  }

  /** A sub-flow has names of its own: what is around it is given to it, or not seen. */
  #named(name: string, scope: string | null): Json | undefined {
    const spec = variableSpec(this.#run, name, scope)
    if (spec !== undefined) return this.variable(spec)
    return scope === null && Object.hasOwn(this.#run.params, name) ? this.#run.params[name] : undefined
  }

  #around(scope: string | null): string | null {
    if (scope === null) return null
    const index = this.#run.plan.index[scope]
    return index === undefined ? null : taskPlan(this.#run.plan, index).spec.parent
  }

  variable(spec: VariableSpec): Json | undefined {
    if (this.#known.has(spec)) return this.#known.get(spec)
    // A variable that needs itself stays as it is written.
    this.#known.set(spec, undefined)
    const value = this.#valueOf(spec)
    this.#known.set(spec, value)
    return value
  }

  #valueOf(spec: VariableSpec): Json | undefined {
    const { value, from, scope, outer } = spec
    const moment = spec.fixed === true && this.#moment.begins === null ? begunIn(this.#run, scope) : undefined
    if (moment !== undefined) {
      return new Names(this.#run, this.#asker, moment, this.#budget).variable(spec)
    }
    if (from === null) {
      const seenFrom = outer ? this.#around(scope) : scope
      return this.#render(value, (name) => (name === '_system' ? systemFacts(this.#run) : this.#named(name, seenFrom)))
    }
    // Nothing has been made when a run begins.
    if (this.#moment.begins === 'run') return undefined
    const index = Object.hasOwn(this.#run.plan.index, from.task) ? this.#run.plan.index[from.task] : undefined
    if (index === undefined || this.#run.plan.nodes[index]?.kind !== 'task') return undefined
    const own =
      taskPlan(this.#run.plan, index).spec.work.kind === 'subflow'
        ? this.#ofSubflow(index, from.output)
        : outputOf(this.#run, from)
    return own ?? presetOutput(this.#run, index, from.output, this.#asker)
  }

  /** It hands on what it made when it ends, and that stays until it has ended once more. */
  #ofSubflow(index: number, output: string): Json | undefined {
    const { status, earlier } = taskAt(this.#run, index)
    const hasEnded = status === 'succeeded' || earlier.some((attempt) => attempt.status === 'succeeded')
    if (!hasEnded) return undefined
    const { key } = taskPlan(this.#run.plan, index).spec
    // What nothing in it has made is handed on as its own name, as written.
    return (
      this.#named(output, key) ?? (variableSpec(this.#run, output, key) === undefined ? undefined : `\${${output}}`)
    )
  }
}

/** What a condition is once its names are filled in. */
export function filledCondition(run: Run, index: number | null, text: string): string {
  return asText(new Names(run, index).renderCondition(text))
}

/** The values of all names in conditions, as Python's `json.dumps` writes them. */
export function conditionData(run: Run, index: number, texts: readonly string[]): string {
  const names = new Names(run, index)
  const data = Object.fromEntries(
    referencedNames([...texts]).flatMap((name) => {
      const value = names.lookUp(name)
      return value === undefined ? [] : [[name, typeof value === 'string' ? escaped(value) : value]]
    }),
  )
  const get = (name: string): Json | undefined => (name === 'data' ? data : undefined)
  return asText(renderBamboo('${json.dumps(data)}', { get, at: run.updatedAt, zoneOffsetMinutes: 0 }))
}

const ESCAPES = [
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
] as const

/** bamboo-engine's utils/string: a text that has one written already is left alone. */
function escaped(text: string): string {
  if (ESCAPES.some(([, written]) => text.includes(written))) return text
  return ESCAPES.reduce((done, [raw, written]) => done.replaceAll(raw, written), text)
}

/** BlueKing's `${_system.X}`, as far as the engine knows them (blueking.md A3.5). */
function systemFacts(run: Run): JsonObject {
  return {
    task_id: run.serial,
    task_name: run.annotations['title'] ?? run.name,
    task_start_time: run.startedAt === null ? '' : secondText(run.startedAt + zoneOf(run) * 60_000),
    ...(urlOf(run) === undefined ? {} : { task_url: `${urlOf(run)}${run.id}` }),
    operator: run.cause.by,
    executor: run.cause.by,
    language: 'en',
    // What a trigger started has no annotations of its own.
    ...factsIn(run.annotations['system'] ?? run.plan.definition.annotations['system']),
  }
}

const secondText = (wallMs: number): string =>
  momentText({ kind: 'datetime', wallMs: Math.floor(wallMs / 1_000) * 1_000 })

const urlOf = (run: Run): string | undefined => run.annotations['url'] ?? run.plan.definition.annotations['url']

const ZONE_MAX_MINUTES = 18 * 60

/** Minutes east of UTC of the wall of who started the run; a trigger's run has its definition's. */
function zoneOf(run: Run): number {
  const minutes = Number(run.annotations['zone'] ?? run.plan.definition.annotations['zone'] ?? 0)
  return Number.isInteger(minutes) && Math.abs(minutes) <= ZONE_MAX_MINUTES ? minutes : 0
}

/** What the system that started it knows besides, as JSON. */
function factsIn(text: string | undefined): JsonObject {
  try {
    const facts = text === undefined ? null : (JSON.parse(text) as Json)
    return isJsonObject(facts) ? facts : {}
  } catch {
    return {}
  }
}
