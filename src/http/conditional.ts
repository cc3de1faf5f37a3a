/**
 * Whether `If-None-Match` names this ETag: then 304 is the answer (RFC 9110, section 13.1.2). Weak comparison, as
 * the RFC asks for here.
 */
export function isNotModified(ifNoneMatch: string | null | undefined, etag: string | null): boolean {
  if (ifNoneMatch === null || ifNoneMatch === undefined || etag === null) return false
  if (ifNoneMatch === etag || ifNoneMatch.trim() === '*') return true
  const opaque = etag.replace(/^W\//, '')
  return ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === opaque)
}

/** What a 304 repeats of the 200 (RFC 9110, section 15.4.5). */
export const KEPT_ON_304: readonly string[] = ['cache-control', 'content-location', 'date', 'etag', 'expires', 'vary']

/** A 200 with a matching ETag becomes its 304; everything else passes as it is. */
export function conditional(ifNoneMatch: string | null | undefined, response: Response): Response {
  if (response.status !== 200 || !isNotModified(ifNoneMatch, response.headers.get('etag'))) return response
  void response.body?.cancel()
  const headers = new Headers()
  for (const name of KEPT_ON_304) {
    const value = response.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return new Response(null, { status: 304, headers })
}
