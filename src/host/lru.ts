/**
 * Keeps what was used last, up to `max` in weight. Two halves: what is used goes into the young one; when that is
 * full, it becomes the old one, and the old one is forgotten. So nothing is ever looked for, and at least the last
 * half of `max` is there. (A Map as a queue is slow: to find its first key it passes over all that were deleted.)
 */
export class Lru<Key, Value> {
  #young = new Map<Key, Entry<Value>>()
  #old = new Map<Key, Entry<Value>>()
  readonly #halfMax: number
  #youngWeight = 0

  constructor(max: number) {
    this.#halfMax = max / 2
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young.value
    const old = this.#old.get(key)
    if (old !== undefined) this.#add(key, old)
    return old?.value
  }

  set(key: Key, value: Value, weight = 1): void {
    this.delete(key)
    this.#add(key, { value, weight })
  }

  delete(key: Key): void {
    this.#old.delete(key)
    this.#youngWeight -= this.#young.get(key)?.weight ?? 0
    this.#young.delete(key)
  }

  #add(key: Key, entry: Entry<Value>): void {
    if (this.#youngWeight + entry.weight > this.#halfMax && this.#young.size > 0) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngWeight = 0
    }
    this.#old.delete(key)
    this.#young.set(key, entry)
    this.#youngWeight += entry.weight
  }
}

interface Entry<Value> {
  readonly value: Value
  readonly weight: number
}
