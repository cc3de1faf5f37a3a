import type { EdgeSpec, GatewayKind, PipelineDefinition, TaskSpec, Work } from '../model/definition.ts'
import { noop, script, stage, when } from './definitions.ts'
import { FEATURES, flow, type Feature } from './engine-shapes.ts'

/** `a > b`; with a condition `x > a ? tasks.a.status == 'failed'`, or `x > b default`. */
type Line = string

const node = (key: string, work: Work, changes: Partial<TaskSpec> = {}): TaskSpec => noop(key, { work, ...changes })
const start = node('start', { kind: 'start' })
const end = node('end', { kind: 'end' })
const gateway = (key: string, kind: GatewayKind): TaskSpec => node(key, { kind: 'gateway', gateway: kind })

function edgeOf(line: Line, place: number): EdgeSpec {
  const [way = '', condition] = line.split(' ? ')
  const [from = '', to = ''] = way.replace(' default', '').split(' > ')
  const base = { key: `e${place}`, name: '', from, to, default: way.endsWith(' default') }
  return { ...base, when: condition === undefined ? null : when(condition).when }
}

/** One stage whose nodes follow each other along these lines; its token passes a node twice at most. */
function flowing(nodes: readonly TaskSpec[], lines: readonly Line[]): PipelineDefinition {
  return flow([stage('f', nodes, { flow: { edges: lines.map(edgeOf), loopMax: 2 } })])
}

/** The shapes of flows, each with a task that may be anything and, where there are branches, a plain one beside it. */
export const FLOWS = {
  'one after the other': (a) => flowing([start, a, end], ['start > a', 'a > end']),
  'either of two': (a) =>
    flowing(
      [start, a, gateway('x', 'exclusive'), script('b'), noop('c'), end],
      ['start > a', 'a > x', "x > b ? tasks.a.status == 'succeeded'", 'x > c default', 'b > end', 'c > end'],
    ),
  'a gateway with no way': (a) =>
    flowing(
      [start, a, gateway('x', 'exclusive'), noop('b'), noop('c'), end],
      ['start > a', 'a > x', "x > b ? tasks.a.status == 'succeeded'", 'x > c ? false', 'b > end', 'c > end'],
    ),
  'both at once': (a) =>
    flowing(
      [start, gateway('p', 'parallel'), a, script('b'), gateway('m', 'converge'), end],
      ['start > p', 'p > a', 'p > b', 'a > m', 'b > m', 'm > end'],
    ),
  'some of two': (a) =>
    flowing(
      [start, a, gateway('q', 'conditional'), noop('b'), script('c'), gateway('m', 'converge'), end],
      ['start > a', 'a > q', "q > b ? tasks.a.status == 'succeeded'", 'q > c ? true', 'b > m', 'c > m', 'm > end'],
    ),
  'back until it is well': (a) =>
    flowing(
      [start, noop('b'), a, gateway('x', 'exclusive'), end],
      ['start > b', 'b > a', 'a > x', "x > b ? tasks.a.status != 'succeeded'", 'x > end default'],
    ),
  'in a sub-flow': (a) =>
    flowing(
      [
        start,
        node('sub', { kind: 'subflow' }),
        { ...start, key: 's2', parent: 'sub' },
        { ...a, parent: 'sub' },
        { ...end, key: 'e2', parent: 'sub' },
        script('b'),
        end,
      ],
      ['start > sub', 'sub > b', 'b > end', 's2 > a', 'a > e2'],
    ),
} as const satisfies Record<string, (a: TaskSpec) => PipelineDefinition>
export type FlowName = keyof typeof FLOWS
export const flowNames = Object.keys(FLOWS) as readonly FlowName[]

/** This flow with such a task in it. */
export const flowWith = (name: FlowName, feature: Feature): PipelineDefinition =>
  FLOWS[name](script('a', FEATURES[feature]))
