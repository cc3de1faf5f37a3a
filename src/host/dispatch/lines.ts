import { Line, type LineKind } from './line.ts'

/** All lines in which something waits, so that a runner finds its own among however many there are for others. */
export class Lines {
  readonly #byName = new Map<string, Line>()
  /** By the name of a runner that has a workspace; empty: for anyone. */
  readonly #byHome = new Map<string, Set<Line>>()

  /** The line of this kind, an empty one if there is none. */
  of(kind: LineKind): Line {
    const known = this.#byName.get(Line.nameOf(kind))
    if (known !== undefined) return known
    const line = new Line(kind)
    this.#byName.set(line.name, line)
    for (const home of homesOf(line)) {
      const lines = this.#byHome.get(home)
      if (lines === undefined) this.#byHome.set(home, new Set([line]))
      else lines.add(line)
    }
    return line
  }

  /** Those that a runner of this name may take from, whatever labels they ask for. */
  *for(runner: string): Iterable<Line> {
    yield* this.#byHome.get('') ?? []
    yield* this.#byHome.get(runner) ?? []
  }

  /** A line in which nothing waits any more goes. */
  tidy(line: Line): void {
    if (line.size > 0 || !this.#byName.delete(line.name)) return
    for (const home of homesOf(line)) {
      const lines = this.#byHome.get(home)
      lines?.delete(line)
      if (lines?.size === 0) this.#byHome.delete(home)
    }
  }

  [Symbol.iterator](): Iterator<Line> {
    return this.#byName.values()
  }
}

const homesOf = ({ kind: { homes } }: Line): readonly string[] => (homes.length === 0 ? [''] : homes)
