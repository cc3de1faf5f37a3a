import { expect, test } from 'vitest'
import { connectionOf } from './connection.ts'
import { EXIT } from './exit-codes.ts'
import type { Fault } from './fault.ts'

const quickstart = { base_url: 'http://127.0.0.1:8080', admin_token: 'mr_of_the_file' }

function fault(run: () => unknown): Fault {
  try {
    run()
  } catch (error) {
    return error as Fault
  }
  throw new Error('nothing was thrown')
}

test('quickstart.json tells where the server is and as whom to speak', () => {
  expect(connectionOf({}, undefined, quickstart, 'data')).toEqual({
    baseUrl: 'http://127.0.0.1:8080',
    token: 'mr_of_the_file',
  })
})

test('the option counts before the variable, the variable before the file', () => {
  const env = { MILLRACE_URL: 'http://two', MILLRACE_TOKEN: 'mr_mine' }
  expect(connectionOf(env, 'http://one', quickstart, 'data').baseUrl).toBe('http://one')
  expect(connectionOf(env, undefined, quickstart, 'data')).toEqual({ baseUrl: 'http://two', token: 'mr_mine' })
})

test('the token of one server is not shown to another', () => {
  for (const url of [
    'http://127.0.0.1:8081',
    'https://127.0.0.1:8080',
    'http://example.com:8080',
    'http://127.0.0.1',
  ]) {
    const { exitCode, message } = fault(() => connectionOf({ MILLRACE_URL: url }, undefined, quickstart, 'data'))
    expect(exitCode, url).toBe(EXIT.refused)
    expect(message).toMatch(/^no token for http.*: expected one in MILLRACE_TOKEN, or a readable data\/quickstart.json/)
    expect(message).not.toContain('mr_')
  }
})

test("this machine's own names are one address", () => {
  expect(connectionOf({ MILLRACE_URL: 'http://localhost:8080/' }, undefined, quickstart, 'data').token).toBe(
    'mr_of_the_file',
  )
})

test('without a file the usual address is taken, with a token of ours', () => {
  expect(connectionOf({ MILLRACE_TOKEN: 'mr_mine', MILLRACE_URL: '' }, undefined, undefined, 'data')).toEqual({
    baseUrl: 'http://127.0.0.1:8080',
    token: 'mr_mine',
  })
})

test.each(['nope', 'ftp://example.com', '//example.com'])('%s is no address of a server', (url) => {
  expect(fault(() => connectionOf({ MILLRACE_URL: url }, undefined, undefined, 'data'))).toMatchObject({
    exitCode: EXIT.usage,
    message: `MILLRACE_URL: expected an http or https URL such as http://127.0.0.1:8080, found "${url}"`,
  })
})
