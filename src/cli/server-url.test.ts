import { expect, test } from 'vitest'
import { serverUrlOf } from './server-url.ts'

test('a server may be below a path, where a proxy has it', () => {
  expect(serverUrlOf('--url', 'https://example.com/millrace/').href).toBe('https://example.com/millrace/')
})

test.each([
  ['example.com:8080', 'an http or https URL such as http://127.0.0.1:8080, found "example.com:8080"'],
  ['http://me:word@example.com', 'a URL without a user in it, found one with a user'],
  ['http://example.com?project=a', 'a URL without query and fragment, found "http://example.com?project=a"'],
  ['http://example.com/#token=a', 'a URL without query and fragment, found "http://example.com/#token=a"'],
  [
    'http://example.com/api/v1/',
    'the address of the server itself, without /api/v1, found "http://example.com/api/v1/"',
  ],
])('%s is no address of a server', (text, sentence) => {
  expect(() => serverUrlOf('--url', text)).toThrow(`--url: expected ${sentence}`)
})
