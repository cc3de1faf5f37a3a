import { flowsFrom, flowsInto, type Flow, type WebTree } from './web-tree.ts'

/**
 * A stretch of a flow that one token walks: each branch of a parallel gateway is one of its own, until all branches of
 * that gateway meet in one converge gateway and the stretch before it goes on. So a jump from one branch into another,
 * a branch that ends by itself and a converge gateway that meets half of the branches are all found by comparing them.
 */
interface Region {
  readonly fork: string
  readonly branch: number
  /** null: the main one. */
  readonly around: Region | null
}

/** The tree has been found to hang together: every node is reached and leads to the end. */
export const checkRegions = (tree: WebTree): readonly string[] => new RegionCheck(tree).run().errors

/** Parallel gateway -> the converge gateway where its branches meet, of a tree that was found good. */
export const convergesOf = (tree: WebTree): ReadonlyMap<string, string> => new RegionCheck(tree).run().closedBy

/**
 * Converge gateways that meet the branches of a parallel one and are also come to from beside them, such as by a loop
 * back to them -> the flows of those branches.
 */
export function sharedConverges(tree: WebTree): ReadonlyMap<string, ReadonlySet<string>> {
  const { closedBy, branches } = new RegionCheck(tree).run()
  const into = flowsInto(tree)
  const shared = new Map<string, ReadonlySet<string>>()
  for (const converge of closedBy.values()) {
    const own = branches.get(converge) ?? new Set<string>()
    if ((into.get(converge) ?? []).some(({ id }) => !own.has(id))) shared.set(converge, own)
  }
  return shared
}

class RegionCheck {
  readonly #tree: WebTree
  readonly #from: ReadonlyMap<string, readonly Flow[]>
  readonly #errors: string[] = []
  /** What each node is in; of a converge gateway, what it is in once the branches have met. */
  readonly #regionOf = new Map<string, Region | null>()
  /** What each flow carries. */
  readonly #carried = new Map<string, Region | null>()
  /** Fork -> the converge gateway where its branches met. */
  readonly #closedBy = new Map<string, string>()
  /** Converge gateway -> the flows of the branches that meet there. */
  readonly #branches = new Map<string, ReadonlySet<string>>()

  constructor(tree: WebTree) {
    this.#tree = tree
    this.#from = flowsFrom(tree)
  }

  run() {
    const { order, back } = forwardOrder(this.#tree.start.id, this.#from)
    const incoming = new Map<string, Flow[]>()
    for (const flow of this.#tree.flows.values()) {
      if (!back.has(flow.id)) incoming.set(flow.target, [...(incoming.get(flow.target) ?? []), flow])
    }
    for (const id of order) this.#enter(id, incoming.get(id) ?? [])
    for (const id of back) this.#checkBack(this.#tree.flows.get(id))
    return { errors: this.#errors, closedBy: this.#closedBy, branches: this.#branches }
  }

  #enter(id: string, flows: readonly Flow[]): void {
    const regions = [...new Set(flows.map((flow) => this.#carried.get(flow.id) ?? null))]
    const region = this.#join(id, regions)
    if (regions.length > 1) {
      const branches = flows.filter((flow) => (this.#carried.get(flow.id) ?? null) !== region)
      this.#branches.set(id, new Set(branches.map((flow) => flow.id)))
    }
    this.#regionOf.set(id, region)
    if (id === this.#tree.end.id && region !== null) {
      this.#errors.push(`node(${region.fork}): its branches must all meet in one converge gateway before node(${id})`)
    }
    const out = this.#from.get(id) ?? []
    const type = this.#tree.gateways.get(id)?.type
    // With a single branch there is nothing to meet.
    const forks = (type === 'ParallelGateway' || type === 'ConditionalParallelGateway') && out.length > 1
    for (const [branch, flow] of out.entries()) {
      this.#carried.set(flow.id, forks ? { fork: id, branch, around: region } : region)
    }
  }

  #join(id: string, regions: readonly (Region | null)[]): Region | null {
    const [first = null, ...others] = regions
    if (others.length === 0) return first
    if (this.#tree.gateways.get(id)?.type !== 'ConvergeGateway') {
      this.#errors.push(
        `node(${id}): flows of different branches of a parallel gateway meet here, which only a converge gateway may let them`,
      )
      return first
    }
    const deepest = regions.reduce((one, other) => (depthOf(other) > depthOf(one) ? other : one), first)
    if (deepest === null) return null
    const { fork, around } = deepest
    const strays = regions.filter((region) => region !== around && (region?.fork !== fork || region.around !== around))
    if (strays.length > 0) {
      this.#errors.push(
        `node(${id}): a converge gateway may only meet branches of one parallel gateway, found those of node(${fork}) and others`,
      )
      return around
    }
    const met = regions.filter((region) => region !== around).length
    const wanted = this.#from.get(fork)?.length ?? 0
    if (met < wanted) {
      this.#errors.push(`node(${id}): this converge gateway meets ${met} of the ${wanted} branches of node(${fork})`)
    }
    const other = this.#closedBy.get(fork)
    if (other !== undefined) this.#errors.push(`node(${fork}): its branches meet in node(${other}) and in node(${id})`)
    this.#closedBy.set(fork, id)
    return around
  }

  #checkBack(flow: Flow | undefined): void {
    if (flow === undefined) return
    const from = this.#carried.get(flow.id) ?? null
    const to = this.#regionOf.get(flow.target) ?? null
    if (from !== to) {
      this.#errors.push(
        `flow(${flow.id}): node(${flow.source}) must not go back to node(${flow.target}) across the border of a parallel gateway`,
      )
    }
  }
}

function depthOf(region: Region | null): number {
  let depth = 0
  for (let one = region; one !== null; one = one.around) depth += 1
  return depth
}

/** All nodes so that each comes after those that lead to it, the flows left out that lead back to one on the way. */
export function forwardOrder(
  start: string,
  from: ReadonlyMap<string, readonly Flow[]>,
): { readonly order: readonly string[]; readonly back: ReadonlySet<string> } {
  const back = new Set<string>()
  const onWay = new Set<string>()
  const done: string[] = []
  const seen = new Set<string>([start])
  // A stack of its own: a tree may be longer than the machine's is deep.
  const stack: { readonly id: string; next: number }[] = [{ id: start, next: 0 }]
  onWay.add(start)
  while (stack.length > 0) {
    const top = stack.at(-1)!
    const flow = from.get(top.id)?.[top.next]
    top.next += 1
    if (flow === undefined) {
      onWay.delete(top.id)
      done.push(top.id)
      stack.pop()
    } else if (onWay.has(flow.target)) {
      back.add(flow.id)
    } else if (!seen.has(flow.target)) {
      seen.add(flow.target)
      onWay.add(flow.target)
      stack.push({ id: flow.target, next: 0 })
    }
  }
  return { order: done.toReversed(), back }
}
