import type { Scope } from './expression.ts'
import type { NodeState, Run } from './run.ts'

/** What expressions of a run see: its params, the tasks' status and outputs, and facts of the run itself. */
export function scopeOf(run: Run): Scope {
  return {
    params: run.params,
    vars: () => undefined,
    tasks: (key) => {
      const index = Object.hasOwn(run.plan.index, key) ? run.plan.index[key] : undefined
      const state: NodeState | undefined = index === undefined ? undefined : run.nodes.at(index)
      return state?.kind === 'task' ? { status: state.status, outputs: state.outputs } : undefined
    },
    run: { number: run.number, cause: run.cause.kind, attempt: run.pass },
  }
}
