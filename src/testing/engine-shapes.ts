import type { PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import { definition, on, retries, review, script, stage } from './definitions.ts'

/** What each task of a DAG needs, by place. */
export type Shape = readonly (readonly number[])[]

/** All DAGs of so many nodes, but for the order of the nodes: 1, 2, 6, 31 for 1 to 4. */
export function dagShapes(count: number): readonly Shape[] {
  const pairs = Array.from({ length: count }, (_, to) =>
    Array.from({ length: to }, (_from, from) => ({ from, to })),
  ).flat()
  const orders = permutations(Array.from({ length: count }, (_, at) => at))
  const shapes = new Map<string, Shape>()
  for (let mask = 0; mask < 2 ** pairs.length; mask += 1) {
    const edges = pairs.filter((_, bit) => (mask & (1 << bit)) !== 0)
    const name = orders
      .map((order) =>
        edges
          .map(({ from, to }) => `${order[from]}>${order[to]}`)
          .toSorted()
          .join(' '),
      )
      .toSorted()[0] as string
    if (shapes.has(name)) continue
    shapes.set(
      name,
      Array.from({ length: count }, (_, at) => edges.filter(({ to }) => to === at).map(({ from }) => from)),
    )
  }
  return [...shapes.values()]
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length <= 1) return [items]
  return items.flatMap((first) => permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]))
}

/** What a task can be, as far as it matters to how a run goes on. */
export const FEATURES = {
  stop: {},
  hold: on('hold'),
  'hold until': on('hold', 1_000),
  continue: on('continue'),
  restart: on('restart'),
  retry: retries(1),
  rerun: { onLost: 'rerun', ...on('hold') },
  limits: { timeoutMs: 1_000, notStartedMs: 1_000 },
  review: { work: review('', { required: 2, expireMs: 1_000 }).work, ...on('hold') },
  callback: { work: { kind: 'callback', expireMs: 1_000 }, ...on('hold') },
  'passed over in time': { timeoutMs: 1_000, onTimeout: 'skip' },
  always: { always: true },
  'way back': { rollback: { kind: 'runner', uses: 'script', with: {} } },
  'another run': { work: { kind: 'run', pipeline: 'other', params: {}, wait: true }, ...on('hold') },
  noop: { work: { kind: 'noop' } },
  sleep: { work: { kind: 'sleep', duration: 1_000 }, ...on('continue') },
} as const satisfies Record<string, Partial<TaskSpec>>
export type Feature = keyof typeof FEATURES
export const featureNames = Object.keys(FEATURES) as readonly Feature[]

const KEYS = 'abcdefgh'

/** A stage of this shape; a task has the feature at its place, `stop` where none is given. */
export function shaped(
  key: string,
  shape: Shape,
  features: readonly (Feature | undefined)[],
  changes: Partial<StageSpec> = {},
): StageSpec {
  const named = (place: number): string => `${key}${KEYS[place]}`
  const tasks = shape.map((needs, place) =>
    script(named(place), { needs: needs.map(named), ...FEATURES[features[place] ?? 'stop'] }),
  )
  return stage(key, tasks, changes)
}

/** A run of these stages that may restart once. */
export const flow = (stages: readonly StageSpec[], changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({ name: 'flow', restartsMax: 1, stages, ...changes })
