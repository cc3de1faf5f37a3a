import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FlowSpec } from '../model/definition.ts'
import { flowView } from './edge-views.ts'

/** Of so many edges that they fill two parts and begin a third. */
const flowOf = (count: number): FlowSpec => ({
  loopMax: 1,
  edges: Array.from({ length: count }, (_, place) => ({
    key: `e${place}`,
    name: '',
    from: 'a',
    to: `b${place}`,
    when: null,
    default: false,
  })),
})

const shown = (flow: FlowSpec, places: readonly number[]) =>
  flowView(
    flow,
    Uint8Array.from(flow.edges, (_, place) => (places.includes(place) ? 1 : 0)),
  )

test('every edge is shown once and in its place, and those that were taken are', () => {
  const flow = flowOf(130)
  fc.assert(
    fc.property(fc.array(fc.nat(129)), (places) => {
      const { edges, parts } = shown(flow, places)
      expect(edges).toEqual(flow.edges.map((edge, place) => ({ ...edge, taken: places.includes(place) })))
      expect(parts.flat()).toEqual(edges)
    }),
    { numRuns: 30, seed: 1 },
  )
  expect(shown(flow, []).parts.map((part) => part.length)).toEqual([64, 64, 2])
  expect(shown(flowOf(128), []).parts.map((part) => part.length)).toEqual([64, 64])
  expect(shown(flowOf(0), [])).toEqual({ edges: [], parts: [] })
})

test('a part in which the same edges were taken is the same object, also after others were', () => {
  const flow = flowOf(70)
  const all = flow.edges.map((_, place) => place)
  const [none, some, every] = [shown(flow, []), shown(flow, [3, 69]), shown(flow, all)]
  expect(some.parts[0]).not.toBe(none.parts[0])
  expect(shown(flow, [3, 68]).parts[0]).toBe(some.parts[0])
  for (const other of [[4], [3], all, []]) shown(flow, other)
  expect(shown(flow, []).parts).toEqual(none.parts)
  for (const part of [0, 1]) {
    expect(shown(flow, []).parts[part]).toBe(none.parts[part])
    expect(shown(flow, all).parts[part]).toBe(every.parts[part])
  }
  // Only what was shown last is kept of those that are neither.
  expect(shown(flow, [4]).parts[0]).toBe(shown(flow, [4]).parts[0])
})
