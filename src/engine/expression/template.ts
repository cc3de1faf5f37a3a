import type { Expression } from '../../model/expression.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Splice } from '../../model/secret.ts'
import { evaluate, parseExpression, type PathUse, type Scope } from './expression.ts'

/**
 * Text with `${{ expression }}` in it. `$${{` stands for a plain `${{`. What is rendered is put in once and never looked
 * at again: a value that holds `${{ ... }}` itself stays as it is.
 */

/** Most `${{ ... }}` in one text: with params of 8,192 characters that bounds what one text may grow to. */
export const TEMPLATE_PIECES_MAX = 100

const OPEN = '${{'
const CLOSE = '}}'

export interface TemplateError {
  /** Offset in the text, from 0. */
  readonly at: number
  readonly message: string
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly expression: Expression; readonly paths: readonly PathUse[] }
  | { readonly kind: 'broken'; readonly text: string; readonly at: number; readonly message: string }

/** Whether rendering would change this text. */
export const hasTemplate = (text: string): boolean => text.includes(OPEN)

/** Whether there is a `${{` in it that is not escaped. */
export const hasPieces = (text: string): boolean =>
  hasTemplate(text) && partsOf(text).some(({ kind }) => kind !== 'text')

/** What is wrong with the pieces of a text; empty when all is well. */
export function templateErrors(text: string): readonly TemplateError[] {
  return partsOf(text).flatMap((part) => (part.kind === 'broken' ? [{ at: part.at, message: part.message }] : []))
}

/** Every path that the pieces of a text name, with its offset in the text. `whole`: it is all that its piece says. */
export function templatePaths(text: string): readonly (PathUse & { readonly whole: boolean })[] {
  return partsOf(text).flatMap((part) =>
    part.kind === 'value' ? part.paths.map((use) => ({ ...use, whole: part.expression.op === 'path' })) : [],
  )
}

/** The text with its pieces filled in: null as nothing, lists as JSON. A piece that does not parse stays as written. */
export function renderText(text: string, scope: Scope): string {
  if (!hasTemplate(text)) return text
  return partsOf(text)
    .map((part) => (part.kind === 'value' ? asText(evaluate(part.expression, scope)) : part.text))
    .join('')
}

/**
 * A text with `${{ secrets.NAME }}` in it, the rest of it filled in; undefined: it has none. Nothing that is filled in
 * can pass for a secret: those are told apart by what they are, not by how they look.
 */
export function spliceText(text: string, scope: Scope): Splice['parts'] | undefined {
  if (!text.includes('secrets.') || !hasTemplate(text)) return undefined
  const parts = partsOf(text).map((part) => {
    const secret = secretOf(part)
    if (secret !== undefined) return { secret }
    return part.kind === 'value' ? asText(evaluate(part.expression, scope)) : part.text
  })
  return parts.some((part) => typeof part !== 'string') ? parts : undefined
}

/** Names of the secrets that a text puts in. */
export const secretsIn = (text: string): readonly string[] =>
  text.includes('secrets.') && hasTemplate(text) ? partsOf(text).flatMap((part) => secretOf(part) ?? []) : []

/** A secret is put in as it is or not at all: no condition, comparison or call sees it. */
function secretOf(part: Part): string | undefined {
  if (part.kind !== 'value' || part.expression.op !== 'path') return undefined
  const [root, name, ...rest] = part.expression.path
  return root === 'secrets' && name !== undefined && rest.length === 0 ? name : undefined
}

/** Every text inside a value, rendered. A text that is one piece and nothing else becomes the piece's value, with its type. */
export function renderJson(value: Json, scope: Scope): Json {
  if (typeof value === 'string') return renderWhole(value, scope)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => renderJson(item, scope))
  return Object.fromEntries(Object.entries(value as JsonObject).map(([key, item]) => [key, renderJson(item, scope)]))
}

function renderWhole(text: string, scope: Scope): Json {
  if (!hasTemplate(text)) return text
  const [part, ...others] = partsOf(text)
  return part?.kind === 'value' && others.length === 0 ? evaluate(part.expression, scope) : renderText(text, scope)
}

function asText(value: Json): string {
  if (typeof value === 'string') return value
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function partsOf(text: string): readonly Part[] {
  const parts: Part[] = []
  let done = 0
  let pieces = 0
  let open = text.indexOf(OPEN)
  while (open !== -1) {
    if (open > done && text[open - 1] === '$') {
      parts.push({ kind: 'text', text: text.slice(done, open - 1) + OPEN })
      done = open + OPEN.length
    } else {
      if (open > done) parts.push({ kind: 'text', text: text.slice(done, open) })
      pieces += 1
      if (pieces > TEMPLATE_PIECES_MAX) {
        const message = `expected at most ${TEMPLATE_PIECES_MAX} pieces \${{ ... }} in one text`
        parts.push({ kind: 'broken', text: text.slice(open), at: open, message })
        return parts
      }
      const end = endOf(text, open + OPEN.length)
      if (end === undefined) {
        parts.push({ kind: 'broken', text: text.slice(open), at: open, message: 'expected }} after ${{' })
        return parts
      }
      parts.push(pieceOf(text, open, end))
      done = end + CLOSE.length
    }
    open = text.indexOf(OPEN, done)
  }
  if (done < text.length) parts.push({ kind: 'text', text: text.slice(done) })
  return parts
}

function pieceOf(text: string, open: number, end: number): Part {
  const start = open + OPEN.length
  const parsed = parseExpression(text.slice(start, end))
  if (!parsed.ok) {
    const written = text.slice(open, end + CLOSE.length)
    return { kind: 'broken', text: written, at: start + parsed.at, message: parsed.message }
  }
  const paths = parsed.paths.map(({ path, at }) => ({ path, at: start + at }))
  return { kind: 'value', expression: parsed.expression, paths }
}

/** Offset of the `}}` that closes a piece, which is none inside quotes. */
function endOf(text: string, start: number): number | undefined {
  let quote = ''
  for (let at = start; at < text.length; at += 1) {
    const character = text[at]!
    if (quote !== '') {
      if (character === '\\') at += 1
      else if (character === quote) quote = ''
    } else if (character === "'" || character === '"') quote = character
    else if (text.startsWith(CLOSE, at)) return at
  }
  // A quote that is never closed: end at the first }} so that the expression's own error is the one that is shown.
  const plain = text.indexOf(CLOSE, start)
  return plain === -1 ? undefined : plain
}
