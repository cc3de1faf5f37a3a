import { accept, refuse, type Result } from '../../model/problem.ts'

export const KEY_HEADER = {
  'Idempotency-Key': 'Up to 255 visible characters: the same key and body within 24 hours give the same run, once',
} as const

/** As use cases take it. */
export function idempotencyKeyOf(
  header: (name: string) => string | undefined,
): Result<{ readonly idempotencyKey?: string }> {
  const key = header('idempotency-key')
  if (key === undefined) return accept({})
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return accept({ idempotencyKey: key })
  return refuse('invalid_request', 'Idempotency-Key must have 1 to 255 visible ASCII characters')
}
