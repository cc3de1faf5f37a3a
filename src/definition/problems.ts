import type { LocatedError } from '../model/problem.ts'
import { ERRORS_MAX } from './limits.ts'
import { suggestion } from './suggest.ts'
import { formatPath, type Path } from './tree.ts'

const SUGGESTIONS_MAX = 200

/** Collects errors, so that all of them are shown at once. */
export class Problems {
  readonly #file: string
  readonly #lineStarts: readonly number[]
  readonly #found: { readonly at: number; readonly path: string; readonly message: string }[] = []
  #count = 0

  constructor(file: string, text: string) {
    this.#file = file
    this.#lineStarts = lineStarts(text)
  }

  get count(): number {
    return this.#count
  }

  /** ` (did you mean "timeout"?)` or nothing; after many errors nobody reads it, and it is dear to look for. */
  suggestion(found: string, known: readonly string[]): string {
    return this.#count < SUGGESTIONS_MAX && known.length <= SUGGESTIONS_MAX ? suggestion(found, known) : ''
  }

  /** @param at offset in the text. */
  add(at: number, path: Path, message: string): void {
    this.#count += 1
    if (this.#count <= ERRORS_MAX) this.#found.push({ at, path: formatPath(path), message })
  }

  /** In the order of the text. At most {@link ERRORS_MAX}, the last of which then says how many there are. */
  list(): readonly LocatedError[] {
    const errors = this.#found
      .toSorted((left, right) => left.at - right.at)
      .map(({ at, path, message }) => ({ file: this.#file, ...this.#place(at), path, message }))
    if (this.#count <= ERRORS_MAX) return errors
    const message = `${this.#count} errors were found; these are the first ${ERRORS_MAX - 1}`
    return [...errors.slice(0, ERRORS_MAX - 1), { file: this.#file, line: null, column: null, path: '', message }]
  }

  #place(at: number): { readonly line: number; readonly column: number } {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (this.#lineStarts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - this.#lineStarts[low]! + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
