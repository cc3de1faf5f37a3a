import type { Run } from '../../engine/run.ts'
import type { Plan } from '../../model/plan.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'

export const excludedIn = (run: Run): readonly number[] =>
  run.plan.nodes.flatMap(({ index }) => (run.nodes.at(index).excluded ? [index] : []))

/** What is left out of a run, by place in the plan; or the key that names nothing. */
export function excludedOf(
  plan: Plan,
  only: readonly string[] | undefined,
  exclude: readonly string[],
): Result<readonly number[]> {
  const unknown = [...(only ?? []), ...exclude].find((key) => !Object.hasOwn(plan.index, key))
  if (unknown !== undefined)
    return refuse('invalid_request', `the pipeline has no stage or task ${unknown.slice(0, 80)}`)
  const out = new Set<number>()
  for (const key of exclude) out.add(plan.index[key]!)
  if (only !== undefined) for (const index of leftOut(plan, new Set(only))) out.add(index)
  if (isEmptyWithout(plan, out))
    return refuse('invalid_request', 'a run needs a stage or task that is not left out, found none')
  return accept([...out].toSorted((left, right) => left - right))
}

const isEmptyWithout = ({ nodes, stages }: Plan, out: ReadonlySet<number>): boolean =>
  stages.every((index) => {
    const stage = nodes[index]
    return out.has(index) || (stage?.kind === 'stage' && stage.tasks.every((task) => out.has(task)))
  })

/** A stage that is named, or holds a task that is, stays; of the second kind only those tasks. */
function leftOut(plan: Plan, only: ReadonlySet<string>): readonly number[] {
  return plan.stages.flatMap((index) => {
    const stage = plan.nodes[index]
    if (stage?.kind !== 'stage' || only.has(stage.spec.key)) return []
    const others = stage.tasks.filter((task) => {
      const node = plan.nodes[task]
      return node?.kind === 'task' && !only.has(node.spec.key) && (stage.flow === null || node.spec.optional)
    })
    return others.length === stage.tasks.length ? [index] : others
  })
}
