import fc from 'fast-check'
import type { EdgeSpec, FlowSpec, GatewayKind, TaskSpec } from '../model/definition.ts'
import { edge, gateway, node, noop, when } from './definitions.ts'

/** What a flow is made of: each part begins where the one before it ends. */
type Part<Task> =
  | { readonly part: 'task'; readonly task: Task }
  /** One way, all ways, or some; an empty way leads right on. */
  | {
      readonly part: 'fork'
      readonly gateway: Exclude<GatewayKind, 'converge'>
      readonly ways: readonly { readonly parts: readonly Part<Task>[]; readonly say: Say }[]
      /** Whether there is a way when nothing holds. */
      readonly hasDefault: boolean
      readonly held: boolean
    }
  /** Once, and again as long as this holds. */
  | { readonly part: 'loop'; readonly parts: readonly Part<Task>[]; readonly say: Say }
  | { readonly part: 'sub-flow'; readonly parts: readonly Part<Task>[] }
type Say = 'true' | 'false' | 'well' | 'unwell'

export interface LooseFlow<Task> {
  readonly parts: readonly Part<Task>[]
  readonly loopMax: number
}

/** Flows of a few parts with every kind of gateway, loops and sub-flows, two inside of each other at most. */
export function looseFlow<Task>(task: fc.Arbitrary<Task>): fc.Arbitrary<LooseFlow<Task>> {
  const say = fc.constantFrom<Say>('true', 'false', 'well', 'unwell')
  const one = task.map((made): Part<Task> => ({ part: 'task', task: made }))
  const parts = (inner: fc.Arbitrary<Part<Task>>, minLength = 1): fc.Arbitrary<readonly Part<Task>[]> =>
    fc.array(inner, { minLength, maxLength: 2, size: 'max' })
  const around = (inner: fc.Arbitrary<Part<Task>>): fc.Arbitrary<Part<Task>> =>
    fc.oneof(
      { weight: 3, arbitrary: one },
      {
        weight: 3,
        arbitrary: fc.record({
          part: fc.constant('fork' as const),
          gateway: fc.constantFrom('exclusive' as const, 'parallel' as const, 'conditional' as const),
          ways: fc.array(fc.record({ parts: parts(inner), say }), { minLength: 1, maxLength: 3, size: 'max' }),
          hasDefault: fc.boolean(),
          held: fc.boolean(),
        }),
      },
      { weight: 1, arbitrary: fc.record({ part: fc.constant('loop' as const), parts: parts(inner), say }) },
      {
        weight: 1,
        arbitrary: fc.record({ part: fc.constant('sub-flow' as const), parts: parts(inner) }),
      },
    )
  return fc.record({ parts: parts(around(around(one))), loopMax: fc.constantFrom(1, 2, 3) })
}

/** Where a token comes from. */
interface Loose {
  readonly from: string
  readonly changes: Partial<EdgeSpec>
}

/** Nodes and edges of a flow. @param prefix of its keys. @param spec the task of this key, and of one before it, if there is one. */
export function flowOf<Task>(
  { parts, loopMax }: LooseFlow<Task>,
  prefix: string,
  spec: (key: string, task: Task, before: string | undefined) => TaskSpec,
): { readonly tasks: readonly TaskSpec[]; readonly flow: FlowSpec } {
  const tasks: TaskSpec[] = []
  const edges: EdgeSpec[] = []
  let last: string | undefined
  const name = (): string => `${prefix}${tasks.length}`
  const join = (ends: readonly Loose[], to: string): void => {
    for (const { from, changes } of ends) edges.push({ ...edge(from, to, changes), key: `${prefix}e${edges.length}` })
  }
  const put = (task: TaskSpec, ends: readonly Loose[], parent: string | null): readonly Loose[] => {
    tasks.push({ ...task, parent })
    join(ends, task.key)
    return [{ from: task.key, changes: {} }]
  }
  const holds = (say: Say): Partial<EdgeSpec> => {
    if (say === 'true' || say === 'false' || last === undefined) return when(say === 'false' ? 'false' : 'true')
    return when(`tasks.${last}.status ${say === 'well' ? '==' : '!='} 'succeeded'`)
  }
  const lay = (list: readonly Part<Task>[], ends: readonly Loose[], parent: string | null): readonly Loose[] =>
    list.reduce((from, part) => layPart(part, from, parent), ends)
  const layPart = (part: Part<Task>, ends: readonly Loose[], parent: string | null): readonly Loose[] => {
    const key = name()
    switch (part.part) {
      case 'task': {
        const made = spec(key, part.task, last)
        last = key
        return put(made, ends, parent)
      }
      case 'fork': {
        const onFailure = { onFailure: { policy: part.held ? 'hold' : 'stop', expireMs: null } } as const
        put(gateway(key, part.gateway, onFailure), ends, parent)
        const chosen = part.gateway !== 'parallel'
        const ways = part.ways.map(({ parts: way, say }) =>
          lay(way, [{ from: key, changes: chosen ? holds(say) : {} }], parent),
        )
        const other = chosen && part.hasDefault ? [{ from: key, changes: { default: true } }] : []
        if (part.gateway === 'exclusive') return [...ways.flat(), ...other]
        return put(gateway(name(), 'converge'), [...ways.flat(), ...other], parent)
      }
      case 'loop': {
        const after = lay(part.parts, put(noop(key), ends, parent), parent)
        const back = name()
        put(gateway(back, 'exclusive'), after, parent)
        join([{ from: back, changes: holds(part.say) }], key)
        return [{ from: back, changes: { default: true } }]
      }
      case 'sub-flow': {
        const after = put(node(key, 'subflow'), ends, parent)
        const inner = lay(part.parts, put(node(name(), 'start'), [], key), key)
        put(node(name(), 'end'), inner, key)
        return after
      }
    }
  }
  const ends = lay(parts, put(node(name(), 'start'), [], null), null)
  put(node(name(), 'end'), ends, null)
  return { tasks, flow: { edges, loopMax } }
}
