import type { ScalarTree } from './tree.ts'

/**
 * Where a character of a text value stands in the document, so that an error inside an expression gets its own column.
 * Folded and multi-line quoted text answer with the start of the value: their lines are not those of the document.
 * @param offset in the value, from 0.
 * @returns offset in the document.
 */
export function placeInScalar(document: string, scalar: ScalarTree, offset: number): number {
  switch (scalar.style) {
    case 'plain':
      return document.startsWith(scalar.written, scalar.at) ? scalar.at + offset : scalar.at
    case 'single':
      return walkQuoted(document, scalar.at, offset, (at) => (document.startsWith("''", at) ? 2 : 1))
    case 'double':
      return walkQuoted(document, scalar.at, offset, (at) => escapeLength(document, at))
    case 'literal':
      return placeInLiteral(document, scalar, offset)
    case 'folded':
      return scalar.at
  }
}

function walkQuoted(document: string, start: number, offset: number, lengthAt: (at: number) => number): number {
  let at = start + 1
  for (let passed = 0; passed < offset; passed += 1) {
    if (at >= document.length || document[at] === '\n' || document[at] === '\r') return start
    at += lengthAt(at)
  }
  return at
}

/** Lengths of the escapes of YAML 1.2, section 5.7. */
function escapeLength(document: string, at: number): number {
  if (document[at] !== '\\') return 1
  const kind = document[at + 1]
  return kind === 'x' ? 4 : kind === 'u' ? 6 : kind === 'U' ? 10 : 2
}

function placeInLiteral(document: string, scalar: ScalarTree, offset: number): number {
  const value = String(scalar.value)
  const lines = value.slice(0, offset).split('\n')
  let lineStart = document.indexOf('\n', scalar.at) + 1
  if (lineStart === 0) return scalar.at
  const indent = indentOf(document, lineStart, value)
  for (let line = 1; line < lines.length; line += 1) {
    lineStart = document.indexOf('\n', lineStart) + 1
    if (lineStart === 0) return scalar.at
  }
  return Math.min(document.length, lineStart + indent + lines.at(-1)!.length)
}

/** The first line with something on it tells how far the block is indented, its own leading spaces taken away. */
function indentOf(document: string, start: number, value: string): number {
  const skipped = /^\n*/.exec(value)![0].length
  let at = start
  for (let line = 0; line < skipped; line += 1) at = document.indexOf('\n', at) + 1
  const inDocument = / */y
  inDocument.lastIndex = at
  return inDocument.exec(document)![0].length - /^ */.exec(value.slice(skipped))![0].length
}
