import { matchFlow } from '../engine/flow.ts'
import type { Work } from '../model/definition.ts'
import type { ReadFlow, ReadStage, ReadTask } from './pipeline-shape.ts'
import type { Problems } from './problems.ts'
import { locate } from './tree.ts'

/** A flow can be walked by its token, and what only a flow has is nowhere else. */
export function checkFlows(stages: readonly ReadStage[], problems: Problems): void {
  for (const { flow, tasks } of stages) {
    if (flow !== null) checkFlow(flow, problems)
    else for (const task of tasks) checkOutside(task, problems)
  }
}

const ONLY_IN_FLOWS: Readonly<Record<Work['kind'], boolean>> = {
  runner: false,
  noop: false,
  sleep: false,
  review: false,
  callback: false,
  publish: false,
  run: false,
  start: true,
  end: true,
  gateway: true,
  subflow: true,
}

function checkOutside({ tree, path, work, values }: ReadTask, problems: Problems): void {
  if (work !== undefined && ONLY_IN_FLOWS[work.kind]) {
    problems.add(tree.at, path, `expected ${work.kind} only in a flow`)
  }
  if (values.parent !== undefined) {
    problems.add(locate(tree, ['parent']).at, [...path, 'parent'], 'expected a parent only in a flow')
  }
}

/** A token that passed over a gateway would go all ways at once; over an end, nowhere. */
function checkWay(
  tree: ReadTask['tree'],
  path: ReadTask['path'],
  values: ReadTask['values'],
  work: Work | undefined,
  problems: Problems,
): void {
  if (work?.kind !== 'start' && work?.kind !== 'end' && work?.kind !== 'gateway') return
  const written = [values.when === undefined ? '' : 'when', values.optional === true ? 'optional' : '']
  for (const word of written) {
    if (word === '') continue
    problems.add(
      locate(tree, [word]).at,
      [...path, word],
      `expected no ${word} for a ${work.kind}: nothing passes over it`,
    )
  }
}

function checkFlow(flow: ReadFlow, problems: Problems): void {
  for (const { tree, path, values, work } of flow.nodes) {
    checkWay(tree, path, values, work, problems)
    if (values.always !== undefined) {
      const message = 'expected always only outside of a flow: its nodes begin when a token comes to them'
      problems.add(locate(tree, ['always']).at, [...path, 'always'], message)
    }
    if (values.needs === undefined || values.needs.length === 0) continue
    problems.add(locate(tree, ['needs']).at, [...path, 'needs'], 'expected edges instead of needs in a flow')
  }
  const nodes = flow.nodes.flatMap(({ values, work }) =>
    work === undefined || values.key === undefined ? [] : [{ key: values.key, work, parent: values.parent ?? null }],
  )
  // What is wrong with a node has been reported, and would only be found again.
  if (nodes.length < flow.nodes.length) return
  const result = matchFlow(nodes, flow.edges)
  if (result.ok) return
  for (const { key, message } of result.problems) {
    const edge = flow.edges.findIndex((candidate) => candidate.key === key)
    const place = nodes.some((node) => node.key === key) ? ['nodes', key] : edge === -1 ? [] : ['edges', edge]
    problems.add(locate(flow.tree, place).at, [...flow.path, ...place], `${key}: ${message}`)
  }
}
