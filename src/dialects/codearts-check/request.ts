import type { Json } from '../../model/json.ts'
import { parseJsonObject, type Refused } from '../kit/body.ts'
import { quote, readInteger } from '../kit/query.ts'
import { rowsBeforePage } from '../kit/paging.ts'

export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'value'; readonly message: string }

/**
 * `offset` 0 to 999999 is a page number ("页码，类似page_num的作用"), 0 the first page as 1 is; `limit` 1 to 100 is its
 * size. Defaults 0 and 10 (the same call's page of 2023).
 */
export function readPage(query: URLSearchParams): Read<{ readonly skip: number; readonly limit: number }> {
  const page = readInteger(query, 'offset', { min: 0, max: 999_999, fallback: 0 })
  if (!page.ok) return { ok: false, kind: 'value', message: page.message }
  const limit = readInteger(query, 'limit', { min: 1, max: 100, fallback: 10 })
  if (!limit.ok) return { ok: false, kind: 'value', message: limit.message }
  return { ok: true, value: { skip: rowsBeforePage(page.value, limit.value), limit: limit.value } }
}

const RUN_FIELDS = ['username', 'access_token', 'git_url', 'git_branch', 'ref']
const TEXT_MAX = 8_192

/** What to check this time, by the vendor's names; the pipeline must have params of these names. Clients send `{}`. */
export function readRun(bytes: Uint8Array): Read<Readonly<Record<string, string>>> {
  const body = parseJsonObject(bytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  const given = new Map<string, string>()
  for (const [name, value] of Object.entries<Json>(body.value)) {
    if (!RUN_FIELDS.includes(name)) {
      return { ok: false, kind: 'value', message: `expected ${RUN_FIELDS.join(', ')}, found ${quote(name)}` }
    }
    if (value === null || value === '') continue
    if (typeof value !== 'string' || value.length > TEXT_MAX) {
      return { ok: false, kind: 'value', message: `${name}: expected text of at most ${TEXT_MAX} characters` }
    }
    given.set(name, value)
  }
  return { ok: true, value: Object.fromEntries(given) }
}
