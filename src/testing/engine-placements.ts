import type { PipelineDefinition, StageSpec } from '../model/definition.ts'
import type { NodeAction } from '../model/command.ts'
import { flowNames, flowWith } from './engine-flows.ts'
import { dagShapes, type Feature, featureNames, flow, type Shape, shaped } from './engine-shapes.ts'

/**
 * How many of a shape's tasks are something else than `stop`: none, every one in turn, all of them in
 * every combination; or `one each`: every shape with one such task, a different one for every shape.
 */
export const PLACINGS = ['none', 'one each', 'one', 'all'] as const
export type Placing = (typeof PLACINGS)[number]

interface SizeOf {
  /** By number of tasks, from 1. */
  readonly placings: readonly Placing[]
  /** Commands on nodes that are not given where there are four tasks. */
  readonly withoutAtFour: readonly NodeAction[]
  /** What the task of each flow is. */
  readonly flows: readonly Feature[]
}

/** Of four tasks the states are many already: what people did before nodes could be failed by force, delayed and expired. */
const AT_FOUR = ['pause', 'fail', 'delay', 'expire'] as const
/** A tenth of the states; what is skipped is looked at with up to three tasks. */
const BRIEF_AT_FOUR = [...AT_FOUR, 'skip'] as const

/** The sizes are measured in docs/proof.md. */
export const SIZES = {
  ci: { placings: ['all', 'one each', 'none', 'none'], withoutAtFour: BRIEF_AT_FOUR, flows: ['stop'] },
  large: {
    placings: ['all', 'one', 'one each', 'none'],
    withoutAtFour: AT_FOUR,
    flows: ['stop', 'hold', 'continue', 'review', 'callback'],
  },
  huge: { placings: ['all', 'all', 'one', 'one each'], withoutAtFour: AT_FOUR, flows: featureNames },
} as const satisfies Record<string, SizeOf>
export type Size = keyof typeof SIZES

/** Nodes can be paused at any moment, which doubles the states of each: given where there are no more than two tasks. */
const SMALL = 2
const MEDIUM = 3

export interface Placed {
  readonly name: string
  readonly definition: PipelineDefinition
  /** Commands on nodes that are not given. */
  readonly without: readonly NodeAction[]
}

const SPECIAL = featureNames.filter((feature) => feature !== 'stop')
type Features = readonly Feature[]

/** All definitions of a size: every shape with its tasks placed so, small ones also in other layouts, and flows. */
export function placedIn(size: Size): readonly Placed[] {
  const { placings, flows, withoutAtFour }: SizeOf = SIZES[size]
  const shapes = placings.flatMap((placing, at) =>
    dagShapes(at + 1).flatMap((shape, number) =>
      placementsOf(at + 1, placing, number).flatMap((features) => layoutsOf(shape, features, withoutAtFour)),
    ),
  )
  const flowing = flowNames.flatMap((name) =>
    flows.map((feature) => ({
      name: `${name}, ${feature}`,
      definition: flowWith(name, feature),
      without: ['pause', 'delay', 'expire'] as const,
    })),
  )
  return [...shapes, ...LATE, ...flowing]
}

const withoutOf = (tasks: number): readonly NodeAction[] =>
  tasks <= SMALL ? [] : tasks <= MEDIUM ? ['pause'] : AT_FOUR

/** What runs after a failure of what it needs, with what may keep it waiting, and what waits for it. */
const LATE_SHAPES: readonly { readonly shape: Shape; readonly features: Features }[] = [
  { shape: [[], [0]], features: ['stop', 'always'] },
  { shape: [[], [0]], features: ['retry', 'always'] },
  { shape: [[], [0]], features: ['hold until', 'always'] },
  { shape: [[], [0]], features: ['restart', 'always'] },
  { shape: [[], [0], [1]], features: ['stop', 'stop', 'always'] },
  { shape: [[], [0], [1]], features: ['stop', 'always', 'stop'] },
  { shape: [[], [0], [1]], features: ['stop', 'always', 'always'] },
  { shape: [[], [], [0, 1]], features: ['stop', 'hold', 'always'] },
  { shape: [[], [], [0, 1]], features: ['continue', 'stop', 'always'] },
]
const LATE: readonly Placed[] = LATE_SHAPES.map(({ shape, features }) => ({
  name: `${JSON.stringify(shape)} ${features.join()}, late`,
  definition: flow([shaped('s', shape, features)]),
  without: withoutOf(shape.length),
}))

function placementsOf(tasks: number, placing: Placing, number: number): readonly Features[] {
  const none: Features = Array.from({ length: tasks }, () => 'stop' as const)
  const places = [...none.keys()]
  const one = (): readonly Features[] => places.flatMap((place) => SPECIAL.map((feature) => none.with(place, feature)))
  switch (placing) {
    case 'none':
      return [none]
    case 'one each':
      return [none.with(number % tasks, SPECIAL[number % SPECIAL.length] as Feature)]
    case 'one':
      return [none, ...one()]
    case 'all':
      return places.reduce<readonly Features[]>(
        (found, place) => found.flatMap((features) => featureNames.map((feature) => features.with(place, feature))),
        [none],
      )
  }
}

/** Small shapes are cheap: they are looked at before, beside and after another stage, with triggers and limits, too. */
function layoutsOf(shape: Shape, features: Features, withoutAtFour: readonly NodeAction[]): readonly Placed[] {
  const tasks = shape.length
  const first = shaped('s', shape, features)
  const place = (
    layout: string,
    stages: readonly StageSpec[],
    changes: Partial<PipelineDefinition> = {},
    all = tasks,
  ): Placed => ({
    name: `${JSON.stringify(shape)} ${features.join()}${layout}`,
    definition: flow(stages, changes),
    without: tasks > MEDIUM ? withoutAtFour : withoutOf(all),
  })
  if (tasks > 2) return [place('', [first])]
  const last = shaped('t', [[]], [], { always: true })
  const thenAlways = place(', then always', [first, last], {}, tasks + 2)
  if (tasks > 1) return [place('', [first]), thenAlways]
  const list = ['x', 'y'].map((trigger) => ({ kind: 'webhook', name: trigger, params: {}, secret: null }) as const)
  const triggers = { operator: 'and', list } as const
  return [
    place('', [first]),
    thenAlways,
    place(', with triggers and limits', [{ ...first, timeoutMs: 1_000 }], { timeoutMs: 2_000, triggers }),
    place(', beside another stage', [first, shaped('t', [[]], [], { parallel: true })], {}, tasks + 2),
    place(
      ', before one that always runs and waits',
      [first, shaped('t', [[]], [], { triggers, always: true })],
      {},
      tasks + 2,
    ),
    place(', after a stage that waits', [shaped('t', [[]], [], { triggers }), first], {}, tasks + 2),
  ]
}
