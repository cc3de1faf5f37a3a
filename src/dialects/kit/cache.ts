import { createHash } from 'node:crypto'
import type { Instant } from '../../model/time.ts'
import { DEPENDS_HEADER, FRESH_HEADER } from '../dialect.ts'

/**
 * Marks an answer as one whose bytes may be given again until one of `topics` (`run:<id>`, `pipeline:<id>`,
 * `project:<id>`) changes, and for `freshMs` at most when that is given. Only for 200 answers to GET.
 */
export function withDepends(response: Response, topics: readonly string[], freshMs: number | null = null): Response {
  response.headers.set(DEPENDS_HEADER, topics.join(','))
  if (freshMs !== null) response.headers.set(FRESH_HEADER, String(Math.max(0, Math.floor(freshMs))))
  return response
}

/** A 200 in JSON with an ETag of its bytes, so that a client that has them already is told so in a few. */
export function taggedJson(value: unknown): Response {
  const text = JSON.stringify(value)
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  return new Response(text, { headers: { 'Content-Type': 'application/json', ETag: etag } })
}

/**
 * How long an answer that shows whole elapsed seconds since `startedAt` stays true: until the second turns.
 * null when nothing counts: not begun, or over.
 */
export const untilNextSecond = (startedAt: Instant | null, endedAt: Instant | null, now: Instant): number | null =>
  startedAt === null || endedAt !== null ? null : 1_000 - (Math.max(0, now - startedAt) % 1_000)
