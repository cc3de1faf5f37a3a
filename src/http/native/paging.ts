/** `Link: <...>; rel="next"` (RFC 8288) for the page that follows: the same query with its cursor. */
export function withNext(url: URL, next: string | null): Readonly<Record<string, string>> {
  if (next === null) return {}
  const following = new URLSearchParams(url.searchParams)
  following.set('cursor', next)
  return { link: `<${url.pathname}?${following.toString()}>; rel="next"` }
}
