import { createHash, createHmac } from 'node:crypto'
import type { Instant } from '../model/time.ts'

/**
 * Signs a request with a key pair by `SDK-HMAC-SHA256`, as a plain client would: host and date signed, the path as it
 * is. Written apart from the verifier, so that one does not hide the other's mistakes.
 */
export function signed(
  keys: { readonly ak: string; readonly sk: string },
  at: Instant,
  request: { readonly method: string; readonly url: string; readonly body?: string },
): Record<string, string> {
  const { pathname, searchParams, host } = new URL(request.url)
  const date = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')
  const query = [...searchParams]
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .toSorted()
    .join('&')
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')
  const canonical = [
    request.method,
    pathname.endsWith('/') ? pathname : `${pathname}/`,
    query,
    `host:${host}\nx-sdk-date:${date}\n`,
    'host;x-sdk-date',
    hash(request.body ?? ''),
  ].join('\n')
  const signature = createHmac('sha256', keys.sk)
    .update(`SDK-HMAC-SHA256\n${date}\n${hash(canonical)}`)
    .digest('hex')
  return {
    'X-Sdk-Date': date,
    Authorization: `SDK-HMAC-SHA256 Access=${keys.ak}, SignedHeaders=host;x-sdk-date, Signature=${signature}`,
  }
}
