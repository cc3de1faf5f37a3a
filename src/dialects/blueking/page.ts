import { fail } from './call.ts'
import { CODES } from './codes.ts'
import { optionalText, type Params } from './params.ts'
import type { Failure } from './wire.ts'

export type Page =
  | { readonly ok: true; readonly limit: number; readonly offset: number }
  | { readonly ok: false; readonly failure: Failure }

const LIMIT_MAX = 200
const WHOLE = /^\s*[+-]?\d{1,15}\s*$/

/** Which rows of a list are asked for. Source: `paginate_list_data` of bk-sops' apigw/views/utils.py. */
export function pageOf(params: Params): Page {
  const [offset, limit] = [optionalText(params, 'offset') ?? '0', optionalText(params, 'limit') ?? '100']
  const strange = [offset, limit].find((text) => !WHOLE.test(text))
  if (strange !== undefined) return refused(`invalid literal for int() with base 10: '${strange.slice(0, 64)}'`)
  if (Number(offset) < 0 || Number(limit) < 0) return refused('offset and limit must be greater or equal to 0.')
  return { ok: true, limit: Math.min(Number(limit), LIMIT_MAX), offset: Number(offset) }
}

const refused = (why: string): Page => ({
  ok: false,
  failure: { ...fail(`[API] pagination error: ${why}`, CODES.invalidOperation), data: '' },
})
