/** Values of a query string, checked. Results are values; the vendor's errors.ts words the refusal. */

export type QueryInteger =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly message: string }

/**
 * The first value of `name`; `fallback` when it is missing or empty (`?limit=`, as clients that print every
 * parameter send it). Refuses what is no decimal integer, or not within `min` and `max` (both included).
 */
export function readInteger(
  query: URLSearchParams,
  name: string,
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): QueryInteger {
  const text = query.get(name)
  if (text === null || text === '') return { ok: true, value: range.fallback }
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= range.min && value <= range.max) return { ok: true, value }
  return {
    ok: false,
    message: `${name}: expected an integer from ${range.min} to ${range.max}, found ${quote(text)}`,
  }
}

/** An id or a name of the request in a message: a refusal is not for sending a client's bytes back. */
export const shortened = (id: string): string => (id.length > 64 ? `${id.slice(0, 64)}…` : id)

/** A value of the request as it may stand in a message: quoted, and no longer than 64 characters. */
export const quote = (text: string): string => JSON.stringify(shortened(text))
