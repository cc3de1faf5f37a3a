import { below, pickOf } from '../../src/testing/dice.ts'
import { type Point, POINTS } from './points.ts'

/** When a life ends. Whatever it waits for, it is killed at the latest after so many lines were told. */
export type Death =
  | { readonly kind: 'point'; readonly point: Point; readonly count: number; readonly lines: number }
  | { readonly kind: 'after-lines'; readonly lines: number }
  | { readonly kind: 'after-ms'; readonly ms: number; readonly lines: number }

const LINES_MAX = 300
/** Beyond what a life takes to be up, so that some are killed while they open and recover. */
const MS_MAX = 500

const INSIDE = (Object.keys(POINTS) as Point[]).filter((point) => point !== 'answer' && point !== 'close')
const SERVED = [...INSIDE, 'answer'] as const satisfies readonly Point[]

/** Four of ten at a named point, four after some lines, two at some moment. */
export function drawDeath(draw: () => number, whole: boolean): Death {
  const what = below(draw, 10)
  const lines = 1 + below(draw, LINES_MAX)
  if (what < 4) {
    const point = pickOf(draw, whole ? SERVED : INSIDE)
    return { kind: 'point', point, count: 1 + below(draw, POINTS[point]), lines: LINES_MAX * 2 }
  }
  if (what < 8) return { kind: 'after-lines', lines }
  return { kind: 'after-ms', ms: below(draw, whole ? MS_MAX * 4 : MS_MAX), lines: LINES_MAX * 2 }
}
