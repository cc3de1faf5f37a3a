import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

export const DEFAULT_URL = 'http://127.0.0.1:8080'

/**
 * The URL of a server, as somebody gave it. It may have a path, where a proxy serves Millrace below one.
 * @param source named when it is refused: an option, a variable or a file.
 * @throws Fault `usage`
 */
export function serverUrlOf(source: string, text: string): URL {
  const wrong = (expected: string, found = JSON.stringify(text)): Fault =>
    new Fault(EXIT.usage, `${source}: expected ${expected}, found ${found}`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw wrong(`an http or https URL such as ${DEFAULT_URL}`)
  }
  // Not shown: it has a password.
  if (url.username !== '' || url.password !== '') throw wrong('a URL without a user in it', 'one with a user')
  if (url.search !== '' || url.hash !== '') throw wrong('a URL without query and fragment')
  if (/\/api\/v1\/?$/.test(url.pathname)) throw wrong('the address of the server itself, without /api/v1')
  return url
}
