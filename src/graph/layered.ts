import type { Point } from './shape.ts'

/** Columns from left to right such that arrows go forward: what flows, and tasks that need each other, are drawn by. */

interface Item {
  readonly width: number
  readonly height: number
  /** Where arrows meet it, from its top; in the middle without it. */
  readonly port?: number
}
interface Arrow {
  /** Places in the list of items. */
  readonly from: number
  readonly to: number
}
interface Placed {
  readonly width: number
  readonly height: number
  /** Upper left corner of each item. */
  readonly at: readonly Point[]
  /** Of each arrow, from the right side of one item to the left side of the other; backwards ones go below. */
  readonly ways: readonly (readonly Point[])[]
}

/** More places that arrows pass by are not made: their arrows go straight. */
const PASSES_MAX = 4_000
const SWEEPS = 4
const PASS_HEIGHT = 8

interface Cell {
  /** Place in the list of items; null: an arrow passes here. */
  readonly item: number | null
  readonly width: number
  readonly height: number
  readonly port: number
  readonly before: number[]
  readonly after: number[]
  column: number
  order: number
  y: number
}

/** Deterministic; its cost grows with the items and the columns that arrows pass. */
export function layered(
  items: readonly Item[],
  arrows: readonly Arrow[],
  { between, lane }: { readonly between: number; readonly lane: number },
): Placed {
  const backwards = findBackwards(items.length, arrows)
  const columnOf = columnsOf(items.length, arrows, backwards)
  const cells: Cell[] = items.map(({ width, height, port }, item) =>
    cell(item, columnOf[item] ?? 0, width, height, port),
  )
  const chains = arrows.map((arrow, index) => (backwards.has(index) ? null : chain(cells, arrow)))
  const columns = arrange(cells)
  settle(cells, columns, between)

  const widths = columns.map((column) => Math.max(0, ...column.map((at) => cells[at]?.width ?? 0)))
  const lefts: number[] = []
  let left = 0
  for (const width of widths) {
    lefts.push(left)
    left += width + lane
  }
  const top = cells.length === 0 ? 0 : cells.reduce((least, one) => Math.min(least, one.y), Infinity)
  for (const one of cells) one.y -= top
  const bottom = cells.reduce((most, one) => Math.max(most, one.y + one.height), 0)

  const leftOf = (one: Cell): number => {
    const width = widths[one.column] ?? 0
    return (lefts[one.column] ?? 0) + (width - one.width) / 2
  }
  const portY = (one: Cell): number => one.y + one.port
  let below = bottom
  const ways = arrows.map(({ from, to }, index): readonly Point[] => {
    const begin = cells[from] as Cell
    const end = cells[to] as Cell
    const first = { x: leftOf(begin) + begin.width, y: portY(begin) }
    const last = { x: leftOf(end), y: portY(end) }
    const passed = chains[index]
    if (passed !== null && passed !== undefined) {
      const middle = passed.flatMap((at): Point[] => {
        const one = cells[at] as Cell
        const x = lefts[one.column] ?? 0
        return [
          { x, y: portY(one) },
          { x: x + (widths[one.column] ?? 0), y: portY(one) },
        ]
      })
      return [first, ...middle, last]
    }
    // Back to where it has been: under everything, each in a lane of its own.
    below += between
    return [
      first,
      { x: first.x + lane / 3, y: first.y },
      { x: first.x + lane / 3, y: below },
      { x: last.x - lane / 3, y: below },
      { x: last.x - lane / 3, y: last.y },
      last,
    ]
  })
  const width = left === 0 ? 0 : left - lane
  return { width, height: below, at: cells.slice(0, items.length).map((one) => ({ x: leftOf(one), y: one.y })), ways }
}

const cell = (item: number | null, column: number, width: number, height: number, port = height / 2): Cell => ({
  item,
  width,
  height,
  port,
  before: [],
  after: [],
  column,
  order: 0,
  y: 0,
})

/** Arrows that close a circle, and those from an item to itself: without them the rest goes forward. */
function findBackwards(count: number, arrows: readonly Arrow[]): ReadonlySet<number> {
  const out: number[][] = Array.from({ length: count }, () => [])
  arrows.forEach(({ from }, index) => out[from]?.push(index))
  const backwards = new Set<number>()
  /** 0: not seen, 1: on the way from a root to here, 2: done. */
  const state = new Uint8Array(count)
  const next = new Uint32Array(count)
  const isTarget = new Uint8Array(count)
  for (const { from, to } of arrows) if (from !== to) isTarget[to] = 1
  const roots = Array.from({ length: count }, (_, at) => at)
  // First what nothing leads to: where a flow begins.
  for (const root of [...roots.filter((at) => isTarget[at] === 0), ...roots]) {
    if (state[root] !== 0) continue
    const path = [root]
    state[root] = 1
    while (path.length > 0) {
      const here = path.at(-1) as number
      const index = out[here]?.[next[here] as number]
      if (index === undefined) {
        state[here] = 2
        path.pop()
        continue
      }
      next[here] = (next[here] as number) + 1
      const to = arrows[index]?.to ?? here
      if (state[to] === 1) backwards.add(index)
      else if (state[to] === 0) {
        state[to] = 1
        path.push(to)
      }
    }
  }
  return backwards
}

/** As far to the right as the longest way to it. */
function columnsOf(count: number, arrows: readonly Arrow[], backwards: ReadonlySet<number>): Uint32Array {
  const column = new Uint32Array(count)
  const open = new Uint32Array(count)
  const out: number[][] = Array.from({ length: count }, () => [])
  arrows.forEach(({ from, to }, index) => {
    if (backwards.has(index)) return
    out[from]?.push(to)
    open[to] = (open[to] ?? 0) + 1
  })
  const ready = Array.from({ length: count }, (_, at) => at).filter((at) => open[at] === 0)
  for (let at = 0; at < ready.length; at += 1) {
    const here = ready[at] as number
    for (const to of out[here] ?? []) {
      column[to] = Math.max(column[to] as number, (column[here] as number) + 1)
      open[to] = (open[to] as number) - 1
      if (open[to] === 0) ready.push(to)
    }
  }
  return column
}

/** Places for the arrow in the columns that it passes, so that it goes around what stands there. */
function chain(cells: Cell[], { from, to }: Arrow): readonly number[] {
  const end = cells[to] as Cell
  const passes: number[] = []
  let last = from
  if (cells.length < PASSES_MAX) {
    for (let column = (cells[from] as Cell).column + 1; column < end.column; column += 1) {
      const at = cells.push(cell(null, column, 0, PASS_HEIGHT)) - 1
      link(cells, last, at)
      passes.push(at)
      last = at
    }
  }
  link(cells, last, to)
  return passes
}

function link(cells: readonly Cell[], from: number, to: number): void {
  cells[from]?.after.push(to)
  cells[to]?.before.push(from)
}

/** Who stands above whom: near to what it is linked with; among equals the order of the list stays. */
function arrange(cells: readonly Cell[]): readonly number[][] {
  const columns: number[][] = []
  cells.forEach((one, at) => {
    while (columns.length <= one.column) columns.push([])
    columns[one.column]?.push(at)
  })
  const number = (): void => {
    for (const column of columns) column.forEach((at, order) => ((cells[at] as Cell).order = order))
  }
  number()
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const forward = sweep % 2 === 0
    const side = forward ? 'before' : 'after'
    for (const column of forward ? columns : columns.toReversed()) {
      const wish = new Map(column.map((at) => [at, mean(cells, (cells[at] as Cell)[side], at)]))
      column.sort((left, right) => (wish.get(left) ?? 0) - (wish.get(right) ?? 0) || left - right)
      column.forEach((at, order) => ((cells[at] as Cell).order = order))
    }
  }
  return columns
}

function mean(cells: readonly Cell[], linked: readonly number[], own: number): number {
  if (linked.length === 0) return (cells[own] as Cell).order
  let sum = 0
  for (const at of linked) sum += (cells[at] as Cell).order
  return sum / linked.length
}

/** Heights: each as near to what leads to it as those above leave it. */
function settle(cells: readonly Cell[], columns: readonly number[][], between: number): void {
  for (const column of columns) {
    const wishes = column.map((at) => {
      const { before, port } = cells[at] as Cell
      if (before.length === 0) return null
      let sum = 0
      for (const other of before) sum += (cells[other] as Cell).y + (cells[other] as Cell).port
      return sum / before.length - port
    })
    let free = -Infinity
    let drift = 0
    column.forEach((at, order) => {
      const one = cells[at] as Cell
      const wish = wishes[order] ?? (free === -Infinity ? 0 : free)
      one.y = Math.max(free, wish)
      drift += wish - one.y
      free = one.y + one.height + between
    })
    // What was pushed down together goes up together.
    const shift = drift / Math.max(1, column.length)
    for (const at of column) (cells[at] as Cell).y += shift
  }
}
