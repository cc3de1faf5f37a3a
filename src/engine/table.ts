const WIDTH = 64

/**
 * An array that is never changed: `with` copies 64 entries and the list of chunks, not the whole. A run of
 * 20,000 nodes makes a step as cheaply as one of 20 (bench: flatness), and readers keep the old table.
 */
export class Table<Item> {
  readonly #chunks: readonly (readonly Item[])[]
  readonly size: number

  private constructor(chunks: readonly (readonly Item[])[], size: number) {
    this.#chunks = chunks
    this.size = size
  }

  static from<Item>(items: readonly Item[]): Table<Item> {
    const chunks: (readonly Item[])[] = []
    for (let start = 0; start < items.length; start += WIDTH) chunks.push(items.slice(start, start + WIDTH))
    return new Table(chunks, items.length)
  }

  /** @throws RangeError outside 0 to size - 1. */
  at(index: number): Item {
    const chunk = this.#chunks[Math.floor(index / WIDTH)]
    if (chunk === undefined || index >= this.size) throw new RangeError(`no entry ${index} in a table of ${this.size}`)
    return chunk[index % WIDTH] as Item
  }

  with(index: number, item: Item): Table<Item> {
    const place = Math.floor(index / WIDTH)
    const chunk = this.#chunks[place]
    if (chunk === undefined || index >= this.size) throw new RangeError(`no entry ${index} in a table of ${this.size}`)
    const changed = chunk.slice()
    changed[index % WIDTH] = item
    const chunks = this.#chunks.slice()
    chunks[place] = changed
    return new Table(chunks, this.size)
  }

  toArray(): Item[] {
    return this.#chunks.flat()
  }
}
