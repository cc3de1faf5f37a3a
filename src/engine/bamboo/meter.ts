/**
 * What an expression of the `bamboo` language may cost. A text from outside is run on the engine's own thread, so
 * everything that its size does not bound is paid for here: steps taken, characters and items made.
 */

/** Deepest nesting of values and of expressions. */
export const BAMBOO_DEPTH_MAX = 64

/** An expression that has no value: its message says why, in the words that Python has for it where there are any. */
export class BambooError extends Error {
  override readonly name = 'BambooError'
}

/** No expression can be afforded any more; nothing in the language can catch it. */
export class BambooExhausted extends BambooError {}

/** Counts down. One unit is about one character copied or one item looked at. */
export class Meter {
  #left: number

  constructor(units: number) {
    this.#left = units
  }

  /** @throws BambooExhausted before the work is done, so that nothing large is ever made. */
  spend(units: number): void {
    if (!(units <= this.#left)) {
      this.#left = 0
      throw new BambooExhausted('the expression costs too much')
    }
    this.#left -= units
  }

  get isEmpty(): boolean {
    return this.#left === 0
  }
}
