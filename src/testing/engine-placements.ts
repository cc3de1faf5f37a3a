import type { PipelineDefinition } from '../model/definition.ts'
import { dagShapes, type Feature, featureNames, flow, type Shape, shaped } from './engine-shapes.ts'

/**
 * How many of a shape's tasks are something else than `stop`: none, every one in turn, every two at once, all of them in
 * every combination; or `one each`: every shape with one such task, a different one for every shape.
 */
export const PLACINGS = ['none', 'one each', 'one', 'two', 'all'] as const
export type Placing = (typeof PLACINGS)[number]

/** By number of tasks, from 1. The sizes are measured in docs/proof.md. */
export const SIZES = {
  suite: ['all', 'one each'],
  ci: ['all', 'all', 'one', 'none'],
  large: ['all', 'all', 'two', 'one'],
  huge: ['all', 'all', 'all', 'two'],
} as const satisfies Record<string, readonly Placing[]>
export type Size = keyof typeof SIZES

export interface Placed {
  readonly name: string
  readonly definition: PipelineDefinition
}

const SPECIAL = featureNames.filter((feature) => feature !== 'stop')
type Features = readonly Feature[]

/** All definitions of a size: every shape with its tasks placed so, and small ones also in two stages and under limits. */
export function placedIn(size: Size): readonly Placed[] {
  const placings: readonly Placing[] = SIZES[size]
  return placings.flatMap((placing, at) => {
    const shapes = dagShapes(at + 1)
    return shapes.flatMap((shape, number) =>
      placementsOf(at + 1, placing, number).flatMap((features) => layoutsOf(shape, features)),
    )
  })
}

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
    case 'two':
      return [
        none,
        ...one(),
        ...places.flatMap((first) =>
          places
            .slice(first + 1)
            .flatMap((second) =>
              SPECIAL.flatMap((left) => SPECIAL.map((right) => none.with(first, left).with(second, right))),
            ),
        ),
      ]
    case 'all':
      return places.reduce<readonly Features[]>(
        (found, place) => found.flatMap((features) => featureNames.map((feature) => features.with(place, feature))),
        [none],
      )
  }
}

/** Small shapes are cheap, so they are looked at before a stage that always runs, and with triggers and limits, too. */
function layoutsOf(shape: Shape, features: Features): readonly Placed[] {
  const name = `${JSON.stringify(shape)} ${features.join()}`
  const first = shaped('s', shape, features)
  const alone: Placed = { name, definition: flow([first]) }
  if (shape.length > 2) return [alone]
  const last = shaped('t', [[]], [], { always: true })
  const twoStages: Placed = { name: `${name}, then always`, definition: flow([first, last]) }
  if (shape.length > 1) return [alone, twoStages]
  const list = ['x', 'y'].map((trigger) => ({ kind: 'webhook', name: trigger, params: {}, secret: null }) as const)
  const limited = flow([shaped('s', shape, features, { timeoutMs: 1_000 })], {
    timeoutMs: 2_000,
    triggers: { operator: 'and', list },
  })
  return [alone, twoStages, { name: `${name}, with triggers and limits`, definition: limited }]
}
