/**
 * The page's session: a token in a cookie that scripts cannot read and that other sites' requests do not carry
 * (SameSite=Strict). What changes something must also come from a page of our own origin.
 */

/** Of a request. */
type Header = (name: string) => string | undefined

/** Cookies know no ports, so two servers on one machine need two names. */
const nameFor = (baseUrl: string): string => {
  const { protocol, port } = new URL(baseUrl)
  return `millrace_${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`
}

export const sessionCookie = (baseUrl: string, token: string, seconds: number): string =>
  `${nameFor(baseUrl)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${
    baseUrl.startsWith('https:') ? '; Secure' : ''
  }`

/** The token of the session; undefined: the request carries none. */
export function sessionToken(header: Header, baseUrl: string): string | undefined {
  const name = nameFor(baseUrl)
  for (const pair of (header('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}

/**
 * Whether a request comes from our own page. Browsers say so by Sec-Fetch-Site, which pages cannot forge, or on plain
 * HTTP, where that is left out, by Origin.
 * @returns undefined: neither header is there, so no browser has sent it.
 */
export function isSameOrigin(header: Header, baseUrl: string): boolean | undefined {
  const site = header('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const origin = header('origin')
  if (origin === undefined) return undefined
  const from = URL.canParse(origin) ? new URL(origin) : undefined
  return from !== undefined && (from.host === header('host') || from.origin === new URL(baseUrl).origin)
}
