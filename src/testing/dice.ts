/** Repeatable dice, numbers in [0, 1): mulberry32, by Tommy Ettinger, in the public domain. */
export function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from 0, below `count`. */
export const below = (draw: () => number, count: number): number => Math.floor(draw() * count)

/** @throws RangeError when there is nothing to pick. */
export function pickOf<Item>(draw: () => number, items: readonly Item[]): Item {
  const item = items[below(draw, items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}
