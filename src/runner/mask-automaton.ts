/**
 * Aho and Corasick's automaton: all patterns at once in one pass over the bytes, whatever their number. "Efficient String
 * Matching: An Aid to Bibliographic Search", Communications of the ACM 18 (6), 1975.
 */
export interface Automaton {
  /** Where a byte leads from the start, 0: nowhere. */
  readonly first: Int32Array
  /** Whether a pattern begins with these two bytes (`a << 8 | b`): most text is passed over by this alone. */
  readonly pairs: Uint8Array
  /** How many bytes lead to a state: the longest end of what was read that a pattern begins with. */
  readonly depth: Int32Array
  /** Length of the longest pattern that ends in a state; 0: none does. */
  readonly found: Int32Array
  next(state: number, byte: number): number
}

/** States with more ways on than this have a table of all bytes; mostly there is one way. */
const LIST_MAX = 4

/** Memory: about 24 bytes for each byte of the patterns. None may be empty. */
export function buildAutomaton(patterns: readonly Uint8Array[]): Automaton {
  const size = 1 + patterns.reduce((sum, pattern) => sum + pattern.length, 0)
  const trie = new Trie(size)
  for (const pattern of patterns) trie.add(pattern)
  const count = trie.count
  const fail = new Int32Array(count)
  const order = trie.breadthFirst()
  const { child, sibling, byte, depth, found } = trie
  const tableOf = new Int32Array(count).fill(-1)
  const rows: Int32Array[] = []
  const first = new Int32Array(256)
  for (let state = child[0]!; state !== 0; state = sibling[state]!) first[byte[state]!] = state

  const childOf = (state: number, wanted: number): number => {
    const table = tableOf[state]!
    if (table >= 0) return rows[table]![wanted]!
    for (let other = child[state]!; other !== 0; other = sibling[other]!) if (byte[other] === wanted) return other
    return 0
  }
  for (const state of order) {
    let ways = 0
    for (let other = child[state]!; other !== 0; other = sibling[other]!) ways += 1
    if (ways <= LIST_MAX || state === 0) continue
    const row = new Int32Array(256)
    for (let other = child[state]!; other !== 0; other = sibling[other]!) row[byte[other]!] = other
    tableOf[state] = rows.push(row) - 1
  }
  const next = (from: number, wanted: number): number => {
    for (let state = from; state !== 0; state = fail[state]!) {
      const to = childOf(state, wanted)
      if (to !== 0) return to
    }
    return first[wanted]!
  }
  const pairs = new Uint8Array(65_536)
  for (const state of order) {
    for (let to = child[state]!; to !== 0; to = sibling[to]!) {
      if (state !== 0) {
        fail[to] = next(fail[state]!, byte[to]!)
        found[to] = Math.max(found[to]!, found[fail[to]!]!)
      }
      if (depth[to] === 2) pairs[(byte[state]! << 8) | byte[to]!] = 1
    }
  }
  return { first, pairs, depth, found, next }
}

class Trie {
  readonly child: Int32Array
  readonly sibling: Int32Array
  readonly byte: Uint8Array
  readonly depth: Int32Array
  readonly found: Int32Array
  count = 1

  constructor(size: number) {
    this.child = new Int32Array(size)
    this.sibling = new Int32Array(size)
    this.byte = new Uint8Array(size)
    this.depth = new Int32Array(size)
    this.found = new Int32Array(size)
  }

  add(pattern: Uint8Array): void {
    let state = 0
    for (const byte of pattern) {
      let to = this.child[state]!
      while (to !== 0 && this.byte[to] !== byte) to = this.sibling[to]!
      if (to === 0) {
        to = this.count
        this.count += 1
        this.byte[to] = byte
        this.depth[to] = this.depth[state]! + 1
        this.sibling[to] = this.child[state]!
        this.child[state] = to
      }
      state = to
    }
    this.found[state] = pattern.length
  }

  breadthFirst(): Int32Array {
    const order = new Int32Array(this.count)
    let filled = 1
    for (let at = 0; at < filled; at += 1) {
      for (let to = this.child[order[at]!]!; to !== 0; to = this.sibling[to]!) {
        order[filled] = to
        filled += 1
      }
    }
    return order
  }
}
