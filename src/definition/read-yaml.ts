import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type Pair,
  Parser,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { DEPTH_MAX, LEXEMES_MAX, SYNTAX_ERRORS_MAX, VALUES_MAX } from './limits.ts'
import type { Problems } from './problems.ts'
import { CONTROL } from './read-json.ts'
import { syntaxSentence } from './syntax-words.ts'
import { describe, type Entry, type MapTree, type Path, quote, type ScalarTree, type Tree } from './tree.ts'

/**
 * YAML (or JSON, which is YAML) -> located values. What hostile texts make dear is refused while it is read: nesting
 * before the recursive part of the parser sees it, floods of tokens and of errors, aliases that multiply. Keys are
 * compared here, since the parser compares each with each.
 * @returns undefined when there is no tree to go on with; `problems` then holds why.
 */
export function readYaml(text: string, problems: Problems): Tree | undefined {
  const control = text.search(CONTROL)
  if (control !== -1) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0')
    problems.add(control, [], `expected text without control characters, found U+${code}`)
    return undefined
  }
  const tokens = tokensOf(text, problems)
  const document = tokens === undefined ? undefined : compose(tokens, text, problems)
  if (document === undefined) return undefined
  if (document.contents === null) {
    problems.add(0, [], 'expected a pipeline definition, found nothing')
    return undefined
  }
  return new TreeMaker(problems).tree(document.contents, [], 1)
}

/** Gives up at the first sign of a flood; the parser keeps a stack of its own here and does not recurse. */
function tokensOf(text: string, problems: Problems): CST.Token[] | undefined {
  const give = (message: string, at = parser.offset): undefined => {
    problems.add(at, [], message)
  }
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let lexemes = 0
  let documents = 0
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1
    if (lexemes > LEXEMES_MAX) return give(`expected at most ${LEXEMES_MAX} YAML tokens, found more`)
    for (const token of parser.next(lexeme)) {
      if (token.type === 'document') documents += 1
      if (token.type === 'error')
        problems.add(token.offset, [], syntaxSentence('', `${token.message}: ${quote(token.source)}`))
      else tokens.push(token)
      if (token.type === 'directive') return give('expected no % directives: definitions are YAML 1.2')
    }
    if (levelOf(parser.stack) > DEPTH_MAX) return give(`expected at most ${DEPTH_MAX} levels of nesting, found more`)
    const outermost = parser.stack[0]
    if (documents > 0 && outermost?.type === 'document') {
      return give('expected one document, found a second', outermost.offset)
    }
    if (problems.count >= SYNTAX_ERRORS_MAX) return undefined
  }
  tokens.push(...parser.end())
  return tokens
}

/** Maps and lists around what is being read: the stack without the document, and without the scalar on top. */
function levelOf(stack: readonly CST.Token[]): number {
  const top = stack.at(-1)?.type
  const inside = top === 'block-map' || top === 'block-seq' || top === 'flow-collection'
  return stack.length - (inside ? 1 : 2)
}

class TooManyErrors extends Error {}

function compose(tokens: readonly CST.Token[], text: string, problems: Problems): Document.Parsed | undefined {
  const composer = new Composer({
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
    strict: true,
    logLevel: 'silent',
  })
  stopAfter(composer, SYNTAX_ERRORS_MAX, problems)
  try {
    const [document] = composer.compose(tokens, true, text.length)
    // The few that it does not report itself.
    for (const { pos, code, message } of document?.errors ?? []) problems.add(pos[0], [], syntaxSentence(code, message))
    return problems.count > 0 ? undefined : document
  } catch (error) {
    if (error instanceof TooManyErrors) return undefined
    throw error
  }
}

/**
 * The composer collects every error, a million for a mebibyte of commas, in half a minute. It has no option for that, so
 * its collecting is replaced (`onError` is marked private; the version is pinned, and a test floods it with errors).
 */
function stopAfter(composer: Composer, errorsMax: number, problems: Problems): void {
  type Report = (
    source: number | readonly number[] | { readonly offset: number },
    code: string,
    message: string,
  ) => void
  const onError: Report = (source, code, message) => {
    const at = typeof source === 'number' ? source : 'offset' in source ? source.offset : (source[0] ?? 0)
    // Levels further out catch what is thrown and report it once more: they must not add to the list.
    if (problems.count >= errorsMax) throw new TooManyErrors()
    problems.add(at, [], syntaxSentence(code, message))
  }
  Object.assign(composer, { onError })
}

const STYLES: Readonly<Record<string, ScalarTree['style']>> = {
  [Scalar.PLAIN]: 'plain',
  [Scalar.QUOTE_SINGLE]: 'single',
  [Scalar.QUOTE_DOUBLE]: 'double',
  [Scalar.BLOCK_LITERAL]: 'literal',
  [Scalar.BLOCK_FOLDED]: 'folded',
}

class TreeMaker {
  readonly #problems: Problems
  /** The newest value of each anchor so far: an alias inside its own anchor, or before it, finds nothing. */
  readonly #anchors = new Map<string, Tree>()
  #values = 0

  constructor(problems: Problems) {
    this.#problems = problems
  }

  tree(node: Node, path: Path, level: number): Tree {
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0] ?? 0, path, level)
    const tree = this.#own(node, path, level)
    const { anchor } = node as { anchor?: string }
    if (anchor !== undefined) this.#anchors.set(anchor, tree)
    return tree
  }

  #own(node: Node, path: Path, level: number): Tree {
    const at = node.range?.[0] ?? 0
    if (isMap(node)) return this.#map(node, at, path, level)
    if (isSeq(node)) return this.#list(node, at, path, level)
    if (isScalar(node)) return this.#scalar(node, at, path)
    return nothing(at)
  }

  #alias(name: string, at: number, path: Path, level: number): Tree {
    const target = this.#anchors.get(name)
    if (target === undefined) {
      this.#problems.add(at, path, `expected the name of an anchor that stands before, found *${name.slice(0, 60)}`)
      return nothing(at)
    }
    if (level - 1 + target.depth > DEPTH_MAX) {
      this.#problems.add(at, path, `expected at most ${DEPTH_MAX} levels of nesting, found more`)
      return nothing(at)
    }
    return this.#count(target.size, at, path) ? target : nothing(at)
  }

  /** @returns whether there is room for so many more values; says so once when there is none. */
  #count(size: number, at: number, path: Path): boolean {
    if (this.#values > VALUES_MAX) return false
    this.#values += size
    if (this.#values <= VALUES_MAX) return true
    this.#problems.add(at, path, `expected at most ${VALUES_MAX} values, aliases followed, found more`)
    return false
  }

  #scalar(node: Scalar, at: number, path: Path): Tree {
    this.#count(1, at, path)
    const { value } = node
    const style = STYLES[node.type ?? Scalar.PLAIN] ?? 'plain'
    const written = node.source ?? ''
    if (typeof value === 'string') {
      // Escapes can make what the text itself may not hold.
      if (value.includes('\0')) this.#problems.add(at, path, 'expected text without a NUL character')
      if (!value.isWellFormed()) this.#problems.add(at, path, 'expected text without halves of surrogate pairs')
      return { kind: 'scalar', value, written, style, at, size: 1, depth: 1 }
    }
    if (typeof value === 'boolean' || value === null || value === undefined) {
      return { kind: 'scalar', value: value ?? null, written, style, at, size: 1, depth: 1 }
    }
    if (typeof value === 'number' && Number.isFinite(value)) {
      return { kind: 'scalar', value, written, style, at, size: 1, depth: 1 }
    }
    this.#problems.add(at, path, `expected a number that JSON can hold, found ${written.slice(0, 60)}`)
    return nothing(at)
  }

  #list(node: YAMLSeq, at: number, path: Path, level: number): Tree {
    this.#count(1, at, path)
    const items = node.items.map((item, index) => this.tree(item as Node, [...path, index], level + 1))
    return { kind: 'list', items, at, ...extent(items) }
  }

  #map(node: YAMLMap, at: number, path: Path, level: number): MapTree {
    this.#count(1, at, path)
    const entries = new Map<string, Entry>()
    const merged: { readonly tree: Tree; readonly at: number }[] = []
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const keyAt = pair.key.range?.[0] ?? at
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      const value =
        pair.value === null ? nothing(pair.key.range?.[1] ?? keyAt) : this.tree(pair.value, [...path, key], level + 1)
      if (key === '<<') merged.push({ tree: value, at: keyAt })
      else if (entries.has(key))
        this.#problems.add(keyAt, [...path, key], `expected every key once, found ${quote(key)} again`)
      else if (key === '__proto__') this.#problems.add(keyAt, path, 'expected another key, found "__proto__"')
      else entries.set(key, { keyAt, value })
    }
    for (const { tree, at: mergeAt } of merged) this.#merge(entries, tree, mergeAt, path)
    return { kind: 'map', entries, at, ...extent([...entries.values()].map(({ value }) => value)) }
  }

  /** `<<: *base` or `<<: [*a, *b]`: what the map does not have itself, from the first that has it. */
  #merge(entries: Map<string, Entry>, from: Tree, at: number, path: Path): void {
    for (const source of from.kind === 'list' ? from.items : [from]) {
      if (source.kind !== 'map') {
        this.#problems.add(at, [...path, '<<'], `expected a mapping or a list of mappings, found ${describe(source)}`)
        continue
      }
      for (const [key, entry] of source.entries) if (!entries.has(key)) entries.set(key, entry)
    }
  }
}

const nothing = (at: number): ScalarTree => ({
  kind: 'scalar',
  value: null,
  written: '',
  style: 'plain',
  at,
  size: 1,
  depth: 1,
})

function extent(trees: readonly Tree[]): { readonly size: number; readonly depth: number } {
  let size = 1
  let depth = 0
  for (const tree of trees) {
    size += tree.size
    depth = Math.max(depth, tree.depth)
  }
  return { size, depth: depth + 1 }
}
