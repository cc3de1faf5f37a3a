/** Work with the same key is done one after the other, in the order it came; a failure is only its own. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>()

  async take<Value>(key: Key, work: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(key)
    const turn = before === undefined ? work() : before.then(work, work)
    this.#last.set(key, turn)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
  }
}
