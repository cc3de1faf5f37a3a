import { stripVTControlCharacters } from 'node:util'
import type { Terminal } from './terminal.ts'

/** One JSON document, for programs. */
export const printJson = (terminal: Terminal, value: unknown): void =>
  terminal.out(`${JSON.stringify(value, null, 2)}\n`)

/** One of many, a line each. */
export const printJsonLine = (terminal: Terminal, value: unknown): void => terminal.out(`${JSON.stringify(value)}\n`)

export interface Cell {
  readonly text: string
  readonly paint?: Parameters<Terminal['paint']>[0]
}

/** Columns as wide as their widest cell; the last one takes what it takes. */
export function printTable(terminal: Terminal, heads: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const titles = heads.map((text): Cell => ({ text, paint: 'dim' }))
  const lines = [titles, ...rows].map((row) => row.map((cell) => ({ ...cell, text: safe(cell.text) })))
  const widths = heads.map((_, column) => Math.max(...lines.map((row) => widthOf(row[column]?.text ?? ''))))
  for (const row of lines) {
    const cells = row.map(({ text, paint }, column) => {
      const gap = column === row.length - 1 ? '' : ' '.repeat(widths[column]! - widthOf(text) + 2)
      return (paint === undefined ? text : terminal.paint(paint, text)) + gap
    })
    terminal.out(`${cells.join('').trimEnd()}\n`)
  }
}

/** Names and messages come from whoever made them: without what a terminal would take as an order. */
export const safe = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ')

/** East Asian wide characters take two columns, marks that combine none: Unicode TR 11, the blocks that matter. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u
const EMOJI = /\p{Emoji_Presentation}/u
const COMBINING = /^(?:\p{Mn}|\u200d|\ufe0f)$/u

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

const characterWidth = (character: string): number => {
  if (COMBINING.test(character)) return 0
  return WIDE.test(character) || EMOJI.test(character) || /[\u{20000}-\u{3fffd}]/u.test(character) ? 2 : 1
}
