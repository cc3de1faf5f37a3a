import { below, pickOf } from '../../src/testing/dice.ts'
import { type Point, POINTS, POSTGRES_POINTS, SERVED_POINTS, SQLITE_POINTS } from './points.ts'

/** When a life ends. Whatever it waits for, it is killed at the latest after so many lines were told. */
export type Death =
  | { readonly kind: 'point'; readonly point: Point; readonly count: number; readonly lines: number }
  | { readonly kind: 'after-lines'; readonly lines: number }
  | { readonly kind: 'after-ms'; readonly ms: number; readonly lines: number }
  /** The database is stopped at once (`immediate`) and comes again; the server ends by itself, or is killed then. */
  | { readonly kind: 'database'; readonly lines: number }

export type StoreKind = 'sqlite' | 'postgres'

const LINES_MAX = 300
/** Beyond what a life takes to be up, so that some are killed while they open and recover. */
const MS_MAX = 500

const POINTS_OF = {
  sqlite: Object.keys(SQLITE_POINTS) as Point[],
  postgres: Object.keys(POSTGRES_POINTS) as Point[],
} satisfies Record<StoreKind, Point[]>
const SERVED = Object.keys(SERVED_POINTS) as Point[]

/** Four of ten at a named point, four after some lines (of a database one of these is its own death), two at some moment. */
export function drawDeath(draw: () => number, whole: boolean, store: StoreKind): Death {
  const what = below(draw, 10)
  const lines = 1 + below(draw, LINES_MAX)
  if (what < 4) {
    const point = pickOf(draw, whole ? [...POINTS_OF[store], ...SERVED] : POINTS_OF[store])
    return { kind: 'point', point, count: 1 + below(draw, POINTS[point]), lines: LINES_MAX * 2 }
  }
  if (what === 4 && store === 'postgres') return { kind: 'database', lines }
  if (what < 8) return { kind: 'after-lines', lines }
  return { kind: 'after-ms', ms: below(draw, whole ? MS_MAX * 4 : MS_MAX), lines: LINES_MAX * 2 }
}
