import { DEPTH_MAX, VALUES_MAX } from './limits.ts'
import type { Entry, Tree } from './tree.ts'

/** What no definition may hold: control characters, halves of characters. */
export const CONTROL = /[^\P{Cc}\t\n\r]|\p{Cs}/u

/**
 * A text that is JSON and nothing beyond it, as the same located values that reading it as YAML gives, in a tenth of the
 * time: programs write JSON, and theirs are the long definitions. What is wrong with a text, the reader of YAML says.
 * @returns undefined: it is no JSON, or there is something to be said about it (a key twice, half a character, a number
 * that JSON cannot hold, a limit).
 */
export function readJson(text: string): Tree | undefined {
  const first = /[^\t\n\r ]/.exec(text)
  if (first === null || text[first.index] !== '{' || CONTROL.test(text)) return undefined
  try {
    const reader = new JsonReader(text, first.index)
    const tree = reader.value(1)
    return reader.atEnd() ? tree : undefined
  } catch (error) {
    if (error === NOT_PLAIN) return undefined
    throw error
  }
}

const NOT_PLAIN = new Error('no plain JSON')
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** A text without escapes, as nearly all are; a line break or another control character is none of JSON. */
// oxlint-disable-next-line no-control-regex -- what JSON does not allow is what this is about
const SIMPLE = /"([^"\\\u0000-\u001f]*)"/y
// oxlint-disable-next-line no-control-regex -- as above
const ESCAPED = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const WORDS = { t: ['true', true], f: ['false', false], n: ['null', null] } as const

class JsonReader {
  readonly #text: string
  #at: number
  #values = 0

  constructor(text: string, at: number) {
    this.#text = text
    this.#at = at
  }

  atEnd(): boolean {
    this.#blanks()
    return this.#at === this.#text.length
  }

  value(level: number): Tree {
    this.#values += 1
    if (level > DEPTH_MAX || this.#values > VALUES_MAX) throw NOT_PLAIN
    switch (this.#text[this.#at]) {
      case '{':
        return this.#map(level)
      case '[':
        return this.#list(level)
      case '"':
        return this.#string()
      case 't':
        return this.#word('t')
      case 'f':
        return this.#word('f')
      case 'n':
        return this.#word('n')
      case undefined:
      default:
        return this.#number()
    }
  }

  #map(level: number): Tree {
    const at = this.#at
    const entries = new Map<string, Entry>()
    let [size, depth] = [1, 0]
    this.#members('}', () => {
      const keyAt = this.#at
      const key = this.#quoted()
      // Of YAML: the first merges maps; the second and the third are told of.
      if (key === '<<' || key === '__proto__' || entries.has(key)) throw NOT_PLAIN
      this.#blanks()
      this.#take(':')
      this.#blanks()
      const value = this.value(level + 1)
      entries.set(key, { keyAt, value })
      size += value.size
      depth = Math.max(depth, value.depth)
    })
    return { kind: 'map', entries, at, size, depth: depth + 1 }
  }

  #list(level: number): Tree {
    const at = this.#at
    const items: Tree[] = []
    let [size, depth] = [1, 0]
    this.#members(']', () => {
      const item = this.value(level + 1)
      items.push(item)
      size += item.size
      depth = Math.max(depth, item.depth)
    })
    return { kind: 'list', items, at, size, depth: depth + 1 }
  }

  #members(end: '}' | ']', member: () => void): void {
    this.#at += 1
    this.#blanks()
    if (this.#text[this.#at] === end) {
      this.#at += 1
      return
    }
    for (;;) {
      member()
      this.#blanks()
      if (this.#text[this.#at] === end) break
      this.#take(',')
      this.#blanks()
    }
    this.#at += 1
  }

  #string(): Tree {
    const at = this.#at
    const value = this.#quoted()
    return { kind: 'scalar', value, written: value, style: 'double', at, size: 1, depth: 1 }
  }

  #quoted(): string {
    SIMPLE.lastIndex = this.#at
    const simple = SIMPLE.exec(this.#text)
    if (simple !== null) {
      this.#at = SIMPLE.lastIndex
      return simple[1] ?? ''
    }
    ESCAPED.lastIndex = this.#at
    const [escaped] = ESCAPED.exec(this.#text) ?? []
    if (escaped === undefined) throw NOT_PLAIN
    this.#at = ESCAPED.lastIndex
    const value = JSON.parse(escaped) as string
    if (value.includes('\0') || !value.isWellFormed()) throw NOT_PLAIN
    return value
  }

  #number(): Tree {
    const at = this.#at
    NUMBER.lastIndex = at
    const [written] = NUMBER.exec(this.#text) ?? []
    const value = Number(written)
    if (written === undefined || !Number.isFinite(value)) throw NOT_PLAIN
    this.#at = NUMBER.lastIndex
    return { kind: 'scalar', value, written, style: 'plain', at, size: 1, depth: 1 }
  }

  #word(initial: keyof typeof WORDS): Tree {
    const at = this.#at
    const [written, value] = WORDS[initial]
    if (!this.#text.startsWith(written, at)) throw NOT_PLAIN
    this.#at += written.length
    return { kind: 'scalar', value, written, style: 'plain', at, size: 1, depth: 1 }
  }

  #take(mark: ':' | ','): void {
    if (this.#text[this.#at] !== mark) throw NOT_PLAIN
    this.#at += 1
  }

  #blanks(): void {
    while (BLANKS.has(this.#text.charCodeAt(this.#at))) this.#at += 1
  }
}
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d])
