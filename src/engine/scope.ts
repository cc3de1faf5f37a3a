import { factsOf } from '../model/change.ts'
import type { VariableSpec } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import type { Scope } from './expression/expression.ts'
import { taskAt, type NodeState, type Run } from './run.ts'
import { renderJson } from './expression/template.ts'

/** What expressions of a run see: its params and variables, the tasks' status and outputs, and facts of the run itself. */
export function scopeOf(run: Run): Scope {
  // What was looked up is remembered; a variable that needs itself is not there.
  const known = new Map<string, Json | undefined>()
  const scope: Scope = {
    params: run.params,
    vars: (name) => {
      if (known.has(name)) return known.get(name)
      known.set(name, undefined)
      const value = variableIn(run, scope, name)
      known.set(name, value)
      return value
    },
    tasks: (key) => {
      const index = Object.hasOwn(run.plan.index, key) ? run.plan.index[key] : undefined
      const state: NodeState | undefined = index === undefined ? undefined : run.nodes.at(index)
      return state?.kind === 'task' ? { status: state.status, outputs: state.outputs } : undefined
    },
    run: {
      number: run.number,
      cause: run.cause.kind,
      by: run.cause.by,
      attempt: run.pass,
      timestamp: timestampOf(run),
      id: run.id,
      pipeline: run.pipelineId,
    },
    trigger: run.cause.change === undefined ? {} : factsOf(run.cause.change),
  }
  return scope
}

/** To the second. */
function timestampOf({ params }: Run): string {
  const { SYS_TIMESTAMP: given } = params
  return typeof given === 'string' ? given.slice(0, 14) : ''
}

function variableIn(run: Run, scope: Scope, name: string): Json | undefined {
  const spec = variableSpec(run, name, null)
  if (spec === undefined) return undefined
  return spec.from === null ? renderJson(spec.value, scope) : outputOf(run, spec.from)
}

const indexes = new WeakMap<readonly VariableSpec[], ReadonlyMap<string, VariableSpec>>()

/** Found without a look at all of them: a text may name hundreds. The first of a name and scope counts. */
export function variableSpec({ plan }: Run, name: string, scope: string | null): VariableSpec | undefined {
  const { variables } = plan.definition
  let index = indexes.get(variables)
  if (index === undefined) {
    index = new Map(variables.toReversed().map((spec) => [placeOf(spec.name, spec.scope), spec]))
    indexes.set(variables, index)
  }
  return index.get(placeOf(name, scope))
}

/** No name has an @ in it. */
const placeOf = (name: string, scope: string | null): string => (scope === null ? name : `${name}@${scope}`)

/** What a task has made; undefined: it has not, or there is no such task. */
export function outputOf(run: Run, { task, output }: NonNullable<VariableSpec['from']>): Json | undefined {
  const index = Object.hasOwn(run.plan.index, task) ? run.plan.index[task] : undefined
  if (index === undefined || run.plan.nodes[index]?.kind !== 'task') return undefined
  const { outputs } = taskAt(run, index)
  return Object.hasOwn(outputs, output) ? outputs[output] : undefined
}
