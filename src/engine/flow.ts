import type { EdgeSpec, TaskSpec } from '../model/definition.ts'

/** What a flow must be for its token to walk it, as the web editor of BlueKing's standard-OPS demands (blueking.md A3.3). */

export interface FlowProblem {
  /** Key of the node or edge. */
  readonly key: string
  /** What was expected, and what was found. */
  readonly message: string
}

export interface FlowMatch {
  /** Of each parallel and conditional gateway: where its branches meet. */
  readonly joins: ReadonlyMap<string, string>
  /** Of each sub-flow, and of the flow itself (null): the nodes where its token begins and ends. */
  readonly bounds: ReadonlyMap<string | null, { readonly start: string; readonly end: string }>
}

/** Most branches of one gateway: BlueKing's own limit. */
const BRANCHES_MAX = 1_000

/** Most sub-flows inside of each other: each step asks all that are around it whether they stand still. */
const DEPTH_MAX = 50

type Node = Pick<TaskSpec, 'key' | 'work' | 'parent'>
type Edge = Pick<EdgeSpec, 'key' | 'from' | 'to' | 'when' | 'default'>

/** Finds where branches meet, or says what keeps a token from walking the flow. Linear in nodes and edges. */
export function matchFlow(
  nodes: readonly Node[],
  edges: readonly Edge[],
):
  | { readonly ok: true; readonly match: FlowMatch }
  | { readonly ok: false; readonly problems: readonly FlowProblem[] } {
  const graph = graphOf(nodes, edges)
  const problems = [...graph.problems]
  if (problems.length === 0) checkDegrees(graph, problems)
  const bounds = new Map<string | null, { readonly start: string; readonly end: string }>()
  if (problems.length === 0) findBounds(graph, bounds, problems)
  const joins = new Map<string, string>()
  if (problems.length === 0) for (const { start } of bounds.values()) walk(graph, start, joins, problems)
  if (problems.length === 0) checkForks(graph, joins, problems)
  return problems.length === 0 ? { ok: true, match: { joins, bounds } } : { ok: false, problems: once(problems) }
}

/** Two branches may find the same. */
const once = (problems: readonly FlowProblem[]): readonly FlowProblem[] => [
  ...new Map(problems.map((problem) => [`${problem.key}: ${problem.message}`, problem])).values(),
]

interface Graph {
  readonly nodes: ReadonlyMap<string, Node>
  readonly out: ReadonlyMap<string, readonly Edge[]>
  readonly in: ReadonlyMap<string, readonly Edge[]>
  readonly problems: readonly FlowProblem[]
  /** Which token walks over a node: see {@link walk}. */
  readonly streams: Map<string, Stream>
  readonly arrived: Map<string, Set<number>>
}

function graphOf(list: readonly Node[], edges: readonly Edge[]): Graph {
  const nodes = new Map(list.map((node) => [node.key, node]))
  const out = new Map<string, Edge[]>(list.map(({ key }) => [key, []]))
  const into = new Map<string, Edge[]>(list.map(({ key }) => [key, []]))
  const problems: FlowProblem[] = []
  const seen = new Set<string>()
  for (const edge of edges) {
    const problem = edgeProblem(edge, nodes, seen)
    seen.add(edge.key)
    if (problem !== undefined) problems.push({ key: edge.key, message: problem })
    else {
      out.get(edge.from)!.push(edge)
      into.get(edge.to)!.push(edge)
    }
  }
  for (const { key, parent } of list) {
    if (parent === null || nodes.get(parent)?.work.kind === 'subflow') continue
    problems.push({ key, message: `expected the key of a sub-flow as its parent, found ${parent}` })
  }
  return { nodes, out, in: into, problems, streams: new Map(), arrived: new Map() }
}

function edgeProblem(edge: Edge, nodes: ReadonlyMap<string, Node>, seen: ReadonlySet<string>): string | undefined {
  if (seen.has(edge.key)) return `expected every edge once, found ${edge.key} again`
  const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)]
  if (from === undefined) return `expected an edge out of a node of the flow, found ${edge.from}`
  if (to === undefined) return `expected an edge to a node of the flow, found ${edge.to}`
  if (from.parent !== to.parent) return `expected an edge inside of one sub-flow, found ${edge.from} -> ${edge.to}`
  const chooses = from.work.kind === 'gateway' && CHOOSES[from.work.gateway]
  if (!chooses && (edge.when !== null || edge.default)) {
    return `expected a condition only behind an exclusive or conditional gateway, found one behind ${edge.from}`
  }
  if (chooses && edge.when === null && !edge.default) {
    return `expected a condition on each edge out of gateway ${edge.from}, found none`
  }
  return undefined
}

const CHOOSES = { exclusive: true, conditional: true, parallel: false, converge: false } as const

// --- Degrees --------------------------------------------------------------------------------------------------------

type Range = readonly [number, number]
const MANY = Number.POSITIVE_INFINITY

function degreesOf({ work }: Node): { readonly in: Range; readonly out: Range } {
  switch (work.kind) {
    case 'start':
      return { in: [0, 0], out: [1, 1] }
    case 'end':
      return { in: [1, MANY], out: [0, 0] }
    case 'gateway':
      return { in: [1, MANY], out: work.gateway === 'converge' ? [1, 1] : [1, BRANCHES_MAX] }
    case 'runner':
    case 'noop':
    case 'sleep':
    case 'review':
    case 'callback':
    case 'publish':
    case 'run':
    case 'subflow':
      return { in: [1, MANY], out: [1, 1] }
  }
}

function checkDegrees(graph: Graph, problems: FlowProblem[]): void {
  for (const node of graph.nodes.values()) {
    const expected = degreesOf(node)
    for (const way of ['in', 'out'] as const) {
      const count = graph[way].get(node.key)!.length
      const [min, max] = expected[way]
      if (count >= min && count <= max) continue
      const wanted = max === MANY ? `at least ${min}` : min === max ? String(min) : `${min} to ${max}`
      problems.push({
        key: node.key,
        message: `expected ${wanted} edges ${way === 'in' ? 'to' : 'out of'} it, found ${count}`,
      })
    }
    const defaults = graph.out.get(node.key)!.filter((edge) => edge.default).length
    if (defaults > 1) problems.push({ key: node.key, message: `expected at most one default edge, found ${defaults}` })
    const next = node.work.kind === 'start' ? graph.nodes.get(graph.out.get(node.key)![0]?.to ?? '') : undefined
    if (next?.work.kind === 'end')
      problems.push({ key: node.key, message: 'expected something between start and end, found nothing' })
  }
}

function findBounds(
  { nodes }: Graph,
  bounds: Map<string | null, { readonly start: string; readonly end: string }>,
  problems: FlowProblem[],
): void {
  const list = [...nodes.values()]
  const places: (string | null)[] = [null, ...list.flatMap(({ key, work }) => (work.kind === 'subflow' ? [key] : []))]
  const found = new Map<string | null, { start: string[]; end: string[] }>(
    places.map((place) => [place, { start: [], end: [] }]),
  )
  for (const { key, parent, work } of list) {
    if (work.kind === 'start' || work.kind === 'end') found.get(parent)![work.kind].push(key)
  }
  for (const [place, { start, end }] of found) {
    const where = place === null ? 'the flow' : `sub-flow ${place}`
    if (start.length !== 1 || end.length !== 1) {
      const message = `expected one start and one end in ${where}, found ${start.length} and ${end.length}`
      problems.push({ key: place ?? start[1] ?? end[1] ?? list[0]?.key ?? '', message })
    } else bounds.set(place, { start: start[0]!, end: end[0]! })
  }
  for (const place of places) {
    const seen = new Set<string>()
    for (let at = place; at !== null; at = nodes.get(at)?.parent ?? null) {
      const message = seen.has(at)
        ? 'expected a sub-flow that is not inside of itself'
        : seen.size >= DEPTH_MAX
          ? `expected at most ${DEPTH_MAX} sub-flows inside of each other`
          : undefined
      if (message !== undefined) {
        problems.push({ key: at, message })
        return
      }
      seen.add(at)
    }
  }
}

// --- Streams --------------------------------------------------------------------------------------------------------

/** The token that walks over a node: the branch of a fork that it came out of, and where that fork's own token was. */
interface Stream {
  readonly fork: string
  readonly branch: number
  readonly outside: Stream | null
}
const isSame = (a: Stream | null, b: Stream | null): boolean =>
  a === b || (a !== null && b !== null && a.fork === b.fork && a.branch === b.branch)

const ROOT: Stream = { fork: '', branch: 0, outside: null }

/**
 * Walks from a start: one token goes in, a fork makes one of each of its branches, where they meet there is one again.
 * A node that two tokens would walk over, or that would be walked over by none, is a problem.
 */
function walk(graph: Graph, start: string, joins: Map<string, string>, problems: FlowProblem[]): void {
  const joined = new Map([...joins].map(([fork, join]) => [join, fork]))
  const open: { readonly key: string; readonly stream: Stream }[] = [{ key: start, stream: ROOT }]
  for (let next = open.pop(); next !== undefined && problems.length < 20; next = open.pop()) {
    const { key, stream } = next
    const node = graph.nodes.get(key)!
    const kind = node.work.kind === 'gateway' ? node.work.gateway : node.work.kind
    if (kind === 'converge') {
      const after = meet(graph, key, stream, joins, joined, problems)
      if (after !== undefined) for (const edge of graph.out.get(key)!) open.push({ key: edge.to, stream: after })
      continue
    }
    if (kind === 'end' && stream !== ROOT) {
      problems.push({ key, message: `expected all branches of gateway ${stream.fork} to meet before the end` })
      continue
    }
    const known = graph.streams.get(key)
    if (known !== undefined) {
      if (!isSame(known, stream)) problems.push({ key, message: jump(known, stream) })
      continue
    }
    graph.streams.set(key, stream)
    const forks = kind === 'parallel' || kind === 'conditional'
    for (const [branch, edge] of graph.out.get(key)!.entries()) {
      open.push({ key: edge.to, stream: forks ? { fork: key, branch, outside: stream } : stream })
    }
  }
}

const jump = (known: Stream, found: Stream): string => {
  const name = ({ fork, branch }: Stream): string =>
    fork === '' ? 'outside of any gateway' : `in branch ${branch + 1} of gateway ${fork}`
  return `expected no way from one branch into another, found it both ${name(known)} and ${name(found)}`
}

/** A token comes to where branches meet. @returns the token that goes on from there, the first time. */
function meet(
  graph: Graph,
  key: string,
  stream: Stream,
  joins: Map<string, string>,
  joined: Map<string, string>,
  problems: FlowProblem[],
): Stream | undefined {
  if (stream.outside === null) {
    problems.push({
      key,
      message: 'expected branches of a parallel gateway to meet in it, found a way that comes out of none',
    })
    return undefined
  }
  const other = joins.get(stream.fork)
  if (other !== undefined && other !== key) {
    const message = `expected all its branches to meet in one converge gateway, found ${other} and ${key}`
    problems.push({ key: stream.fork, message })
    return undefined
  }
  const owner = joined.get(key)
  if (owner !== undefined && owner !== stream.fork) {
    const message = `expected the branches of one gateway to meet in it, found those of ${owner} and of ${stream.fork}`
    problems.push({ key, message })
    return undefined
  }
  const arrived = graph.arrived.get(stream.fork) ?? new Set<number>()
  arrived.add(stream.branch)
  graph.arrived.set(stream.fork, arrived)
  if (other !== undefined) return undefined
  joins.set(stream.fork, key)
  joined.set(key, stream.fork)
  graph.streams.set(key, stream.outside)
  return stream.outside
}

function checkForks(graph: Graph, joins: ReadonlyMap<string, string>, problems: FlowProblem[]): void {
  for (const [key, node] of graph.nodes) {
    if (!graph.streams.has(key)) problems.push({ key, message: 'expected a way to it from the start, found none' })
    const { work } = node
    if (work.kind !== 'gateway' || (work.gateway !== 'parallel' && work.gateway !== 'conditional')) continue
    const branches = graph.out.get(key)!.length
    const arrived = graph.arrived.get(key)?.size ?? 0
    if (arrived < branches) {
      const where = joins.get(key) ?? 'a converge gateway'
      problems.push({
        key,
        message: `expected all its ${branches} branches to meet in ${where}, found ${arrived} of them`,
      })
    }
  }
}
