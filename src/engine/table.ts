const BITS = 4
const WIDTH = 2 ** BITS
export const BRANCH_WIDTH = WIDTH

type Branch = readonly unknown[]

/**
 * An array that is never changed: a tree of branches of 16, of which `with` copies those on the way to one entry. A
 * run of 20,000 nodes so makes a step nearly as cheaply as one of 20 (bench: engine-pure), and readers keep the table
 * that they have. Source: "Ideal Hash Trees", P. Bagwell, 2001, with places for hashes.
 */
export class Table<Item> {
  readonly size: number
  readonly #root: Branch
  /** How far to shift an index for its place in the root; 0: the root holds the entries. */
  readonly #shift: number

  private constructor(root: Branch, shift: number, size: number) {
    this.#root = root
    this.#shift = shift
    this.size = size
  }

  static from<Item>(items: readonly Item[]): Table<Item> {
    let level: Branch = items.slice()
    let shift = 0
    while (level.length > WIDTH) {
      const above: Branch[] = []
      for (let start = 0; start < level.length; start += WIDTH) above.push(level.slice(start, start + WIDTH))
      level = above
      shift += BITS
    }
    return new Table(level, shift, items.length)
  }

  /** @throws RangeError outside 0 to size - 1. */
  at(index: number): Item {
    this.#check(index)
    let branch = this.#root
    for (let shift = this.#shift; shift > 0; shift -= BITS) branch = branch[(index >> shift) & (WIDTH - 1)] as Branch
    return branch[index & (WIDTH - 1)] as Item
  }

  /** @throws RangeError outside 0 to size - 1. */
  with(index: number, item: Item): Table<Item> {
    this.#check(index)
    return new Table(replaced(this.#root, this.#shift, index, item), this.#shift, this.size)
  }

  /**
   * All entries in order, in branches of {@link BRANCH_WIDTH}, the last of which may be shorter: a branch in which
   * nothing was replaced is the same object as in the table before.
   */
  branches(): readonly (readonly Item[])[] {
    if (this.#shift === 0) return [this.#root as readonly Item[]]
    return this.#root.flat(this.#shift / BITS - 1) as (readonly Item[])[]
  }

  toArray(): Item[] {
    return this.#root.flat(this.#shift / BITS) as Item[]
  }

  #check(index: number): void {
    if (!(index >= 0 && index < this.size)) throw new RangeError(`no entry ${index} in a table of ${this.size}`)
  }
}

function replaced(branch: Branch, shift: number, index: number, item: unknown): Branch {
  const copy = branch.slice()
  const place = (index >> shift) & (WIDTH - 1)
  copy[place] = shift === 0 ? item : replaced(branch[place] as Branch, shift - BITS, index, item)
  return copy
}
