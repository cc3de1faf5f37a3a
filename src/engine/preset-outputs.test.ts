import { expect, test } from 'vitest'
import type { Json } from '../model/json.ts'
import { callback, definition, flow, gateway, on, script, subflow } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { presetOutput } from './preset-outputs.ts'

const PRESETS = ['_result', '_loop', '_inner_loop', 'ex_data'] as const

/** What another node, or the run, sees of a node: its four outputs in their order. */
const seenOf = (w: EngineWorld, key: string, asker?: string): readonly (Json | undefined)[] =>
  PRESETS.map((output) => presetOutput(w.run, w.index(key), output, asker === undefined ? null : w.index(asker)))

const NOTHING = [undefined, undefined, undefined, undefined]

const world = (...args: Parameters<typeof flow>): EngineWorld =>
  new EngineWorld(definition({ language: 'bamboo', stages: [flow(...args)] }))

test('a node tells how it ended when it has, and nothing before', () => {
  const w = world([callback('a'), script('b')], ['start -> a -> b -> end'])
  expect(seenOf(w, 'a')).toEqual(NOTHING)
  expect(seenOf(w, 'b')).toEqual(NOTHING)
  w.answer('a')
  expect(seenOf(w, 'a')).toEqual([true, 1, 1, undefined])
  expect(presetOutput(w.run, w.index('a'), 'tag', null)).toBeUndefined()
})

test('a failure tells what it was, and a success after it that it is well again; the failure is still there', () => {
  const w = world([script('a', on('hold')), script('b')], ['start -> a -> b -> end'])
  w.fail('a')
  expect(seenOf(w, 'a')).toEqual([false, 1, 1, expect.stringContaining('1')])
  w.retry('a')
  // What is begun again keeps what it told last.
  expect(seenOf(w, 'a')).toEqual([false, 1, 1, expect.stringContaining('1')])
  w.succeed('a')
  expect(seenOf(w, 'a').slice(0, 3)).toEqual([true, 1, 1])
})

test('what a person did to it tells nothing', () => {
  const w = world([callback('a', on('hold')), script('b')], ['start -> a -> b -> end'])
  w.forceFail('a')
  expect(seenOf(w, 'a')).toEqual(NOTHING)
  w.skip('a')
  expect(seenOf(w, 'a')).toEqual(NOTHING)
})

test('a node knows its own pass before it has ended, others that of the last one that has', () => {
  const w = world(
    [callback('a'), gateway('x', 'exclusive')],
    ['start -> a -> x', 'x -> a rule ${_loop} < 3', 'x -> end else'],
  )
  expect([seenOf(w, 'a', 'a')[1], seenOf(w, 'a', 'a')[2], seenOf(w, 'a')[1]]).toEqual([1, 1, undefined])
  w.answer('a')
  expect([seenOf(w, 'a', 'a')[1], seenOf(w, 'a')[1], seenOf(w, 'a', 'x')[1]]).toEqual([2, 1, 1])
  // Only its passes: whether it went well is not known before.
  expect(seenOf(w, 'a', 'a')[0]).toBe(true)
})

test('what is in a sub-flow knows the pass of the sub-flow, and counts its own within it', () => {
  const w = world(
    [subflow('s', [callback('a')]), gateway('x', 'exclusive')],
    ['start -> s -> x', 'x -> s rule ${_loop} < 2', 'x -> end else', 's-start -> a -> s-end'],
  )
  expect(seenOf(w, 's', 'a').slice(0, 3)).toEqual([undefined, 1, 1])
  expect(seenOf(w, 's', 'x').slice(0, 3)).toEqual([undefined, undefined, undefined])
  w.answer('a')
  expect(seenOf(w, 's', 'a').slice(0, 2)).toEqual([true, 2])
  expect(seenOf(w, 's', 'x').slice(0, 2)).toEqual([true, 1])
  expect(seenOf(w, 'a', 'a').slice(1, 3)).toEqual([2, 1])
})

test('a loop within a sub-flow is counted anew each time the sub-flow begins', () => {
  const w = world(
    [subflow('s', [callback('a'), gateway('y', 'exclusive')]), gateway('x', 'exclusive')],
    [
      'start -> s -> x',
      'x -> s rule ${_loop} < 2',
      'x -> end else',
      's-start -> a -> y',
      'y -> a rule ${_inner_loop} < 2',
      'y -> s-end else',
    ],
  )
  const passes: unknown[] = []
  while (w.run.phase === 'live') {
    passes.push(seenOf(w, 'a', 'a').slice(1, 3))
    w.answer('a')
  }
  expect(passes).toEqual([
    [1, 1],
    [2, 2],
    [3, 1],
    [4, 2],
  ])
})
