import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../model/definition.ts'
import { explore, type Exploration } from '../testing/engine-explorer.ts'
import { dagShapes, featureNames, flow, shaped, type Feature } from '../testing/engine-shapes.ts'

/**
 * The engine has no state that it cannot leave, none that a command can break, and no success that can be undone: not
 * tried at random, but looked at in every state that each of these runs can get into. `npm run prove` does
 * the same with three and four tasks, and CI runs it.
 */
const single = [[]]

function whole(definition: PipelineDefinition): Exploration {
  const found = explore(definition)
  expect(found.problems).toEqual([])
  expect(found.complete).toBe(true)
  return found
}

test('the search sees something', () => {
  expect(dagShapes(1)).toHaveLength(1)
  expect(dagShapes(2)).toHaveLength(2)
  expect(dagShapes(3)).toHaveLength(6)
  expect(dagShapes(4)).toHaveLength(31)
  expect(whole(flow([shaped('s', single, [])])).states).toBeGreaterThan(40)
})

describe('one task', () => {
  test.each(featureNames)('%s, with triggers and limits on stage and run', (feature) => {
    const list = ['x', 'y'].map((name) => ({ kind: 'webhook', name, params: {} }) as const)
    const triggers = { operator: 'and', list } as const
    whole(flow([shaped('s', single, [feature], { timeoutMs: 1_000 })], { timeoutMs: 2_000, triggers }))
  })
})

describe('two tasks', { timeout: 300_000 }, () => {
  const layouts = [
    (one: Feature, two: Feature) => [shaped('s', [[], []], [one, two])],
    (one: Feature, two: Feature) => [shaped('s', [[], [0]], [one, two])],
    (one: Feature, two: Feature) => [shaped('s', single, [one]), shaped('t', single, [two])],
    (one: Feature, two: Feature) => [shaped('s', single, [one]), shaped('t', single, [two], { always: true })],
  ]
  const pairs = featureNames.map((one, at) => [one, featureNames[(at + 4) % featureNames.length]!, at] as const)
  test.each(pairs)('%s and %s', (one, two, at) => {
    for (const layout of [layouts[at % 4]!, layouts[(at + 1) % 4]!]) whole(flow(layout(one, two)))
  })
})
