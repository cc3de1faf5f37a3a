import type { TFunction } from 'i18next'
import { sentence } from './en/sentence.ts'

interface Known {
  readonly key: string
  readonly pattern: RegExp
  readonly names: readonly string[]
}

/** Most characters of a reason that are looked at: one that is longer was not made of these. */
const REASON_MAX = 2_000

let known: readonly Known[] | undefined

/** What the server said of its own, in the reader's language if it is a sentence that is known; else as it is. */
export function reasonText(t: TFunction, reason: string): string {
  if (reason.length > REASON_MAX) return reason
  known ??= Object.entries(sentence).flatMap(([group, sentences]) =>
    Object.entries(sentences).map(([name, text]: [string, string]) => knownOf(`sentence.${group}.${name}`, text)),
  )
  for (const { key, pattern, names } of known) {
    const found = pattern.exec(reason)
    if (found === null) continue
    const values = Object.fromEntries(names.map((name, at) => [name, found[at + 1] ?? '']))
    // The key is made of the table itself, which the compiler cannot see.
    return (t as unknown as (key: string, values: Readonly<Record<string, string>>) => string)(key, values)
  }
  return reason
}

function knownOf(key: string, text: string): Known {
  const names = [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name)
  const source = text
    .split(/\{\{\w+\}\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.+?)')
  return { key, pattern: new RegExp(`^${source}$`, 's'), names }
}
