import { createHash } from 'node:crypto'
import type { CodeMetrics } from '../../../model/finding.ts'

/** Lines in a row that make a block worth telling of when they stand elsewhere too. */
const BLOCK_LINES = 10

/** How lines that are comments begin, by ending; what is not here has none that we know. */
const COMMENTS: readonly (readonly [endings: RegExp, begins: readonly string[]])[] = [
  [/\.(?:[cm]?[jt]sx?|java|go|c|h|cc|cpp|hpp|cs|kt|rs|php)$/, ['//', '/*', '*']],
  [/\.(?:sh|bash|py|rb|ya?ml|toml|pl)$/, ['#']],
  [/\.s?css$/, ['/*', '*']],
  [/\.(?:html|xml|md)$/, ['<!--']],
  [/\.(?:sql|lua)$/, ['--']],
]

/** Counts as files come by; nothing of a file but hashes is kept. */
export class Metrics {
  #files = 0
  #lines = 0
  #codeLines = 0
  #commentLines = 0
  readonly #contents = new Map<string, number>()
  readonly #blocks = new Map<string, number>()

  add(path: string, lines: readonly string[]): void {
    const comments = COMMENTS.find(([endings]) => endings.test(path.toLowerCase()))?.[1] ?? []
    this.#files += 1
    // A line end at the end of the text begins no further line.
    this.#lines += lines.at(-1) === '' ? lines.length - 1 : lines.length
    const code: string[] = []
    for (const raw of lines) {
      const line = raw.trim()
      if (line === '') continue
      if (comments.some((begin) => line.startsWith(begin))) this.#commentLines += 1
      else code.push(line)
    }
    this.#codeLines += code.length
    count(this.#contents, hash(lines.join('\n')))
    for (let at = 0; at + BLOCK_LINES <= code.length; at += BLOCK_LINES) {
      count(this.#blocks, hash(code.slice(at, at + BLOCK_LINES).join('\n')))
    }
  }

  result(folders: number): CodeMetrics {
    const repeated = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((sum, times) => sum + (times > 1 ? times : 0), 0)
    const blocks = repeated(this.#blocks)
    return {
      files: this.#files,
      folders,
      lines: this.#lines,
      codeLines: this.#codeLines,
      commentLines: this.#commentLines,
      duplicatedFiles: repeated(this.#contents),
      duplicatedLines: blocks * BLOCK_LINES,
      duplicatedBlocks: blocks,
    }
  }
}

const hash = (text: string): string => createHash('sha1').update(text).digest('base64')

const count = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
