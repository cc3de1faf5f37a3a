import type { Json } from '../model/json.ts'

/** A YAML document as plain values that know where they stand. Aliases are followed, so a part may be in it twice. */
export type Tree = MapTree | ListTree | ScalarTree

interface Place {
  /** Offset of the value in the text. */
  readonly at: number
  /** Values in it, itself included, aliases followed. */
  readonly size: number
  /** 1: holds no other values. */
  readonly depth: number
}
export interface MapTree extends Place {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, Entry>
}
export interface Entry {
  readonly keyAt: number
  readonly value: Tree
}
export interface ListTree extends Place {
  readonly kind: 'list'
  readonly items: readonly Tree[]
}
export interface ScalarTree extends Place {
  readonly kind: 'scalar'
  readonly value: string | number | boolean | null
  /** As written: `1.10` where the value is the number 1.1. */
  readonly written: string
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded'
}

/** Where in a document: keys and list positions from its root. */
export type Path = readonly (string | number)[]

/** `stages[0].tasks[1].env.CI`, `annotations["a/b"]`; the root is empty. */
export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z_][\w-]{0,80}$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(shorten(step, 80))}]`
  }
  return text
}

/** What stands at a path, or the innermost thing on the way that there is. `keyAt` is null in lists and at the root. */
export function locate(
  root: Tree,
  path: Path,
): { readonly tree: Tree | undefined; readonly at: number; readonly keyAt: number | null } {
  let tree = root
  let keyAt: number | null = null
  for (const step of path) {
    if (tree.kind === 'map' && typeof step === 'string') {
      const entry = tree.entries.get(step)
      if (entry === undefined) return { tree: undefined, at: tree.at, keyAt: null }
      keyAt = entry.keyAt
      tree = entry.value
    } else if (tree.kind === 'list' && typeof step === 'number') {
      const item = tree.items[step]
      if (item === undefined) return { tree: undefined, at: tree.at, keyAt: null }
      keyAt = null
      tree = item
    } else {
      return { tree: undefined, at: tree.at, keyAt }
    }
  }
  return { tree, at: tree.at, keyAt }
}

export function toJson(tree: Tree): Json {
  switch (tree.kind) {
    case 'scalar':
      return tree.value
    case 'list':
      return tree.items.map(toJson)
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, toJson(value)]))
  }
}

/** The words after "found". */
export function describe(tree: Tree | undefined): string {
  if (tree === undefined) return 'nothing'
  switch (tree.kind) {
    case 'map':
      return 'a mapping'
    case 'list':
      return 'a list'
    case 'scalar':
      if (tree.value === null) return 'nothing'
      return typeof tree.value === 'string' ? quote(tree.value) : shorten(tree.written, 60)
  }
}

export const quote = (text: string): string => JSON.stringify(shorten(text, 60))

const shorten = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max).toWellFormed()}…` : text
