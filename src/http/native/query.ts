import { z } from 'zod'

/** Query values come as text; these take the text and say plainly what is wrong with it. */

const digits = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value

export const integer = (min: number, max: number) => {
  const error = `expected a whole number, ${min} to ${max}`
  return z.preprocess(digits, z.int({ error }).min(min, { error }).max(max, { error }))
}

export const limit = (standard: number, max: number) =>
  integer(1, max).default(standard).describe(`How many, 1 to ${max}`)

export const cursor = integer(1, Number.MAX_SAFE_INTEGER).optional().describe('`next` of the page before')

export const flag = z.enum(['true', 'false']).optional()

/** `a,b`, or the parameter twice. */
export const list = <Member extends string>(members: readonly [Member, ...Member[]]) =>
  z
    .preprocess((value) => (typeof value === 'string' ? value.split(',') : value), z.array(z.enum(members)).min(1))
    .optional()

export const instant = z.iso.datetime({ offset: true }).optional()

export const name = z.string().min(1).max(128).optional()

/** Repeated parameters are one list; the schema says whether it takes one. */
export function readQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [key, value] of params) query[key] = key in query ? `${query[key]},${value}` : value
  return query
}
