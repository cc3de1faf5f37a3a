import { checkRegions } from './regions.ts'
import { flowsFrom, flowsInto, type Flow, type Gateway, type WebTree } from './web-tree.ts'

const FLOWS_MAX = 1_000

/** Who may have how many flows in and out. Source: bamboo-engine `validator/rules.py`. */
const DEGREES = {
  start: { in: [0, 0], out: [1, 1] },
  end: { in: [1, FLOWS_MAX], out: [0, 0] },
  activity: { in: [1, FLOWS_MAX], out: [1, 1] },
  fork: { in: [1, FLOWS_MAX], out: [1, FLOWS_MAX] },
  converge: { in: [1, FLOWS_MAX], out: [1, 1] },
} as const

/**
 * What is wrong with how a tree is joined together, its sub-processes included; every sentence names the nodes it is
 * about. Loops back through an exclusive gateway are fine, as in bk-sops (`cycle_tolerate`).
 */
export function validateTree(tree: WebTree): readonly string[] {
  const errors = [...ownErrors(tree)]
  for (const activity of tree.activities.values()) {
    if (activity.type === 'SubProcess') {
      errors.push(...validateTree(activity.tree).map((error) => `sub-process(${activity.id}): ${error}`))
    }
  }
  return errors
}

function ownErrors(tree: WebTree): readonly string[] {
  const ends = [...duplicateIds(tree), ...flowErrors(tree)]
  // What follows walks along the flows.
  if (ends.length > 0) return ends
  const joints = [...degreeErrors(tree), ...conditionErrors(tree), ...policyErrors(tree)]
  const islands = isolated(tree)
  return islands.length > 0 || joints.length > 0 ? [...joints, ...islands] : checkRegions(tree)
}

type NodeKind = keyof typeof DEGREES

/** Every node of a tree, those of its sub-processes not included. */
function nodeKinds(tree: WebTree): ReadonlyMap<string, NodeKind> {
  return new Map<string, NodeKind>([
    [tree.start.id, 'start'],
    [tree.end.id, 'end'],
    ...[...tree.activities.keys()].map((id) => [id, 'activity'] as const),
    ...[...tree.gateways.values()].map(
      ({ id, type }) => [id, type === 'ConvergeGateway' ? 'converge' : 'fork'] as const,
    ),
  ])
}

function duplicateIds(tree: WebTree): readonly string[] {
  const ids = [tree.start.id, tree.end.id, ...tree.activities.keys(), ...tree.gateways.keys()]
  return ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `node(${id}) is there twice`)
}

function flowErrors(tree: WebTree): readonly string[] {
  const kinds = nodeKinds(tree)
  return [...tree.flows.values()].flatMap((flow) =>
    [flow.source, flow.target]
      .filter((id) => !kinds.has(id))
      .map((id) => `flow(${flow.id}): node(${id}) does not exist`),
  )
}

function degreeErrors(tree: WebTree): readonly string[] {
  const [from, into] = [flowsFrom(tree), flowsInto(tree)]
  const kinds = nodeKinds(tree)
  const errors: string[] = []
  for (const [id, kind] of kinds) {
    const rule = DEGREES[kind]
    for (const [word, flows, [min, max]] of [
      ['incoming', into.get(id) ?? [], rule.in],
      ['outgoing', from.get(id) ?? [], rule.out],
    ] as const) {
      if (flows.length >= min && flows.length <= max) continue
      errors.push(
        `node(${id}) must have ${min === max ? min : `${min} to ${max}`} ${word} flows, found ${flows.length}`,
      )
    }
  }
  const first = from.get(tree.start.id)?.[0]
  if (first?.target === tree.end.id) errors.push(`node(${tree.start.id}) must not lead to the end event`)
  return errors
}

function conditionErrors(tree: WebTree): readonly string[] {
  const from = flowsFrom(tree)
  return [...tree.gateways.values()].flatMap((gateway) => gatewayErrors(gateway, from.get(gateway.id) ?? []))
}

function gatewayErrors(gateway: Gateway, flows: readonly Flow[]): readonly string[] {
  if (gateway.type !== 'ExclusiveGateway' && gateway.type !== 'ConditionalParallelGateway') return []
  const known = new Set(flows.map(({ id }) => id))
  const { conditions, defaultFlow } = gateway
  const strays = [...conditions.keys(), ...(defaultFlow === null ? [] : [defaultFlow.flow])].filter(
    (id) => !known.has(id),
  )
  const bare = flows.filter(({ id }) => !conditions.has(id) && defaultFlow?.flow !== id)
  return [
    ...strays.map((id) => `node(${gateway.id}): the condition of flow(${id}) is of no outgoing flow`),
    ...bare.map(({ id }) => `node(${gateway.id}): flow(${id}) has no condition`),
  ]
}

function policyErrors(tree: WebTree): readonly string[] {
  return [...tree.activities.values()].flatMap((activity) => {
    if (activity.type !== 'ServiceActivity' || activity.timeout === null) return []
    const other = activity.errorIgnorable ? 'error_ignorable' : activity.autoRetry === null ? null : 'auto_retry'
    return other === null ? [] : [`node(${activity.id}): timeout_config cannot be enabled together with ${other}`]
  })
}

/** Nodes that the start does not lead to, or that do not lead to the end. */
function isolated(tree: WebTree): readonly string[] {
  const from = flowsFrom(tree)
  const into = flowsInto(tree)
  const reached = closure(tree.start.id, (id) => (from.get(id) ?? []).map(({ target }) => target))
  const leading = closure(tree.end.id, (id) => (into.get(id) ?? []).map(({ source }) => source))
  const ids = [...nodeKinds(tree).keys()]
  return [
    ...ids.filter((id) => !reached.has(id)).map((id) => `node(${id}) cannot be reached from the start event`),
    ...ids.filter((id) => !leading.has(id)).map((id) => `node(${id}) does not lead to the end event`),
  ]
}

function closure(from: string, next: (id: string) => readonly string[]): ReadonlySet<string> {
  const seen = new Set([from])
  const open = [from]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const neighbour of next(id)) {
      if (seen.has(neighbour)) continue
      seen.add(neighbour)
      open.push(neighbour)
    }
  }
  return seen
}
