import type { Change } from '../model/change.ts'
import type { Json } from '../model/json.ts'
import type { ChangedFiles, Reading } from './forge.ts'

/** Reading what others have sent: own keys only, of the type that is expected, no longer than it is of use. */

const NAME_MAX = 255
const URL_MAX = 2_048
const MESSAGE_MAX = 2_000
const FILES_MAX = 10_000
const PATH_MAX = 1_024

/** What is at a path of keys; null: nothing. */
export function at(value: Json, ...keys: readonly string[]): Json {
  return keys.reduce<Json>((found, key) => {
    if (typeof found !== 'object' || found === null || Array.isArray(found) || !Object.hasOwn(found, key)) return null
    return (found as Readonly<Record<string, Json>>)[key] ?? null
  }, value)
}

/** Text without control characters but line feeds; empty: there is none. */
export function text(value: Json, max = NAME_MAX): string {
  // oxlint-disable-next-line no-control-regex
  return typeof value === 'string' ? value.replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, ' ').slice(0, max) : ''
}

/** `owner/name`; empty: none, or one that would be another path in an address. */
export function repository(value: Json): string {
  const found = text(value)
  return found.split('/').some((part) => part === '' || part === '.' || part === '..') ? '' : found
}

export const textOrNull = (value: Json, max = NAME_MAX): string | null => text(value, max) || null

/** The first of them that is text. */
export const firstText = (...values: readonly Json[]): string =>
  values.map((value) => text(value)).find((found) => found !== '') ?? ''

export const message = (value: Json): string => text(value, MESSAGE_MAX).trimEnd()

export function url(value: Json): string {
  const found = text(value, URL_MAX)
  return /^https?:\/\//i.test(found) && URL.canParse(found) ? found : ''
}

export const whole = (value: Json): number | null => (Number.isSafeInteger(value) ? (value as number) : null)

export const items = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])

const SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const NOTHING = /^0+$/

/** A commit; null: no name of one, or the zeros that stand for none. */
export function sha(value: Json): string | null {
  const found = typeof value === 'string' ? value.toLowerCase() : ''
  return SHA.test(found) && !NOTHING.test(found) ? found : null
}

export const isNothing = (value: Json): boolean =>
  typeof value === 'string' && value.length >= 40 && NOTHING.test(value)

const BRANCH = 'refs/heads/'
const TAG = 'refs/tags/'

/** What a push changed: `refs/heads/main`. null: neither branch nor tag. */
export function refOf(value: Json): Pick<Change, 'kind' | 'ref' | 'branch' | 'tag'> | null {
  const ref = text(value)
  if (ref.startsWith(BRANCH) && ref.length > BRANCH.length) {
    return { kind: 'push', ref, branch: ref.slice(BRANCH.length), tag: null }
  }
  if (ref.startsWith(TAG) && ref.length > TAG.length) {
    return { kind: 'tag', ref, branch: null, tag: ref.slice(TAG.length) }
  }
  return null
}

/** All paths that the commits of a push name. @param total how many commits there are; null: those that are there */
export function filesOf(commits: Json, total: number | null): ChangedFiles {
  const all = items(commits)
  const paths = new Set<string>()
  for (const commit of all) {
    for (const list of ['added', 'modified', 'removed']) {
      for (const path of items(at(commit, list))) {
        if (typeof path === 'string' && path.length <= PATH_MAX && paths.size < FILES_MAX) paths.add(path)
      }
    }
  }
  // None at all: a forced push, or a new branch of commits that are known elsewhere.
  const complete = all.length > 0 && all.length >= (total ?? all.length) && paths.size < FILES_MAX
  return { paths: [...paths], complete }
}

export const ignored = (reason: string): Reading => ({ kind: 'ignored', reason })
export const invalid = (reason: string): Reading => ({ kind: 'invalid', reason })
