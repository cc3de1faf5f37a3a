import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import type { JsonObject } from '../../model/json.ts'
import { http } from './spec.ts'

let runner: TestRunner
let server: Server
let port: number
let seen: {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void
const allowBefore = process.env['MILLRACE_HTTP_ALLOW']

beforeAll(async () => {
  runner = await TestRunner.open()
  server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  port = (server.address() as AddressInfo).port
})
afterEach(() => {
  seen = []
  delete process.env['MILLRACE_HTTP_ALLOW']
})
afterAll(async () => {
  if (allowBefore !== undefined) process.env['MILLRACE_HTTP_ALLOW'] = allowBefore
  server.closeAllConnections()
  server.close()
  await runner.close()
})

const call = (input: JsonObject, reply: typeof answer, allow = `127.0.0.1:${port}`) => {
  answer = reply
  process.env['MILLRACE_HTTP_ALLOW'] = allow
  return runner.run('http', input)
}
const url = (path = '/'): string => `http://127.0.0.1:${port}${path}`
const ok = (_: IncomingMessage, response: ServerResponse): void => void response.end('fine')

describe('a request', () => {
  test('is sent as it was asked, and its answer judged and logged without secrets', async () => {
    const { result, log } = await call(
      {
        method: 'POST',
        url: url('/deploy?token=s3cret'),
        headers: { authorization: 'Bearer s3cret', 'X-Trace': 'a' },
        body: '{"ü":1}',
        expect: [201, '3xx'],
        output: 'answer',
      },
      (_, response) => void response.writeHead(201).end('made'),
    )
    expect(result).toEqual({ kind: 'succeeded', outputs: { status: '201', answer: 'made' } })
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/deploy?token=s3cret',
        headers: expect.objectContaining({ authorization: 'Bearer s3cret', 'x-trace': 'a', 'content-length': '8' }),
        body: '{"ü":1}',
      },
    ])
    expect(log).toBe(`POST http://127.0.0.1:${port}/deploy?…\n201 with 4 bytes\n`)
  })

  test('expects 2xx when nothing else is said', async () => {
    expect((await call({ url: url() }, (_, response) => void response.writeHead(204).end())).result.kind).toBe(
      'succeeded',
    )
    expect((await call({ url: url() }, (_, response) => void response.writeHead(503).end('x'))).result).toEqual({
      kind: 'failed',
      failure: { kind: 'said-no', reason: 'the answer has status 503, expected 2xx' },
      outputs: { status: '503' },
    })
  })

  test('reads JSON when asked, and asks it whether all is well', async () => {
    const says =
      (body: string, status = 200) =>
      (_: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(status).end(body)
    const good = await call({ url: url(), json: true, success: 'resp.code == 0' }, says('{"code":0,"x":[1]}'))
    expect(good.result).toEqual({
      kind: 'succeeded',
      outputs: { status: '200', status_code: 200, data: { code: 0, x: [1] } },
    })
    const reasons = []
    for (const [body, success, status] of [
      ['<html>', undefined, 200],
      ['{"code":1}', 'resp.code == 0', 200],
      ['{"code":1}', 'resp.code ==', 200],
      ['{"code":1}', undefined, 500],
      [`"${'x'.repeat(70_000)}"`, undefined, 200],
    ] as const) {
      const input = { url: url(), json: true, ...(success === undefined ? {} : { success }) }
      const { result } = await call(input, says(body, status))
      reasons.push(result.kind === 'failed' && result.failure.kind === 'said-no' ? result.failure.reason : result.kind)
    }
    expect(reasons).toEqual([
      'the answer is not JSON',
      'the condition resp.code == 0 does not hold',
      expect.stringContaining('the condition resp.code == cannot be read'),
      'the answer has status 500, expected 2xx',
      'the answer has 70002 bytes, as JSON it may have 61440',
    ])
  })

  test('takes numbers as a template gives them', async () => {
    const { result } = await call({ url: url(), expect: '200', redirects: '0', timeout: '5' }, ok)
    expect(result.kind).toBe('succeeded')
  })

  test('gives the first 8 KiB of the body, whole characters only', async () => {
    const { result, log } = await call(
      { url: url(), output: 'body' },
      (_, response) => void response.end('é'.repeat(6_000)),
    )
    expect(result).toMatchObject({ outputs: { body: 'é'.repeat(4_096) } })
    expect(log).toContain('200 with 12000 bytes\n')
    const odd = await call({ url: url(), output: 'body' }, (_, response) => void response.end(`x${'é'.repeat(6_000)}`))
    expect(odd.result).toMatchObject({ outputs: { body: `x${'é'.repeat(4_095)}` } })
  })

  test('has a time limit for the whole exchange, also when the answer drips', async () => {
    const { result } = await call({ url: url(), timeout: '300ms' }, (_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write('.'), 20)
      response.once('close', () => clearInterval(drip))
    })
    expect(result).toMatchObject({ failure: { kind: 'said-no', reason: 'no full answer within 300 ms' } })
  })

  test('ends when it is cancelled', async () => {
    process.env['MILLRACE_HTTP_ALLOW'] = `127.0.0.1:${port}`
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve()
    })
    const attempt = runner.start('http', { url: url() })
    await asked
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
  })

  test('that finds nobody, or an answer that breaks off, is a no', async () => {
    const { result } = await call({ url: 'http://127.0.0.1:1/' }, ok, '127.0.0.1/32')
    expect(result).toMatchObject({ failure: { kind: 'said-no', reason: expect.stringContaining('ECONNREFUSED') } })
    const broken = await call({ url: url() }, (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x')
      setImmediate(() => response.destroy())
    })
    expect(broken.result).toMatchObject({ failure: { kind: 'said-no' } })
  })
})

describe('redirects', () => {
  const redirect = (status: number, location: string) => (request: IncomingMessage, response: ServerResponse) =>
    void (request.url === '/' ? response.writeHead(status, { location }).end() : response.end('there'))

  test('are not followed unless asked for', async () => {
    const { result } = await call({ url: url() }, redirect(302, '/next'))
    expect(result).toMatchObject({ failure: { reason: 'the answer has status 302, expected 2xx' } })
    expect(seen).toHaveLength(1)
  })

  test.each([
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [301, 'PUT', 'PUT', 'body'],
  ])('of status %i make of %s a %s', async (status, method, then, body) => {
    const { result } = await call({ url: url(), method, body: 'body', redirects: 1 }, redirect(status, '/next'))
    expect(result.kind).toBe('succeeded')
    expect(seen[1]).toMatchObject({ method: then, body })
  })

  test('stop at their number', async () => {
    const { result } = await call(
      { url: url(), redirects: 2 },
      (_, response) => void response.writeHead(302, { location: '/' }).end(),
    )
    expect(result).toMatchObject({ failure: { reason: 'the answer has status 302, expected 2xx' } })
    expect(seen).toHaveLength(3)
  })

  test('to another server carry no credentials', async () => {
    const input = { url: url(), redirects: 1, headers: { Authorization: 'secret', Cookie: 'secret', 'x-kept': 'yes' } }
    await call(input, redirect(307, `http://localhost:${port}/next`), `127.0.0.1:${port},localhost:${port}`)
    expect(seen[0]?.headers).toMatchObject({ authorization: 'secret', cookie: 'secret' })
    expect(seen[1]?.headers).toMatchObject({ 'x-kept': 'yes' })
    expect(JSON.stringify(seen[1])).not.toContain('secret')
  })

  test('to a place that is not public are refused as the first request would be', async () => {
    const { result } = await call({ url: url(), redirects: 5 }, redirect(302, `http://localhost:${port}/next`))
    expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining('not public') } })
    expect(seen).toHaveLength(1)
  })
})

describe('without an exception for it, the machine itself cannot be reached', () => {
  const V4 = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.00.0.01',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7F000001',
    '2130706433',
    '017700000001',
    '0x7f.1',
    '127.0.0.1.',
    '127.255.255.254',
    '0',
    '0.0.0.0',
    '0x0',
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    '１２７.０.０.１',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '127．0．0．1',
    '0127.0.0.1',
    '00000177.0.0.1',
  ]
  const V6 = [
    '::1',
    '::',
    '0:0:0:0:0:0:0:1',
    '0000::0001',
    '::ffff:127.0.0.1',
    '::FFFF:7F00:1',
    '::ffff:0.0.0.0',
    '::127.0.0.1',
    '::7f00:1',
    '0:0:0:0:0:ffff:127.0.0.1',
    '64:ff9b::127.0.0.1',
    '2002:7f00:1::',
    '::ffff:0:127.0.0.1',
  ]
  const NAMES = [
    'localhost',
    'LOCALHOST',
    'localhost.',
    'lOcAlHoSt',
    'loc%61lhost',
    'ｌｏｃａｌｈｏｓｔ',
    'ip6-localhost',
  ]
  const hosts = [...V4, ...V6.map((address) => `[${address}]`), ...NAMES]
  const spellings = hosts.flatMap((host) => [
    `http://${host}:PORT/`,
    `HTTP://user:password@${host}:PORT/`,
    `http://example.com@${host}:PORT/`,
    `http:\\\\${host}:PORT\\x`,
    `\thttp://${host}:PORT/x?http://example.com`,
  ])

  test('in any of many spellings', async () => {
    expect(spellings.length).toBeGreaterThan(200)
    answer = ok
    const ends = await Promise.all(
      spellings.map(async (spelling) => ({
        spelling,
        ...(await runner.run('http', { url: spelling.replace('PORT', String(port)), timeout: '5s' })),
      })),
    )
    const reached = ends.filter(({ result }) => result.kind !== 'failed' || result.failure.kind === 'unauthorized')
    expect(reached).toEqual([])
    expect(seen).toEqual([])
    const kinds = ends.map(({ result }) => (result.kind === 'failed' ? result.failure.kind : result.kind))
    // Names that no resolver knows are a no; all else is refused before anything is sent.
    expect(kinds.filter((kind) => kind === 'cannot-start').length).toBeGreaterThan(180)
    expect(ends.map(({ log }) => log).join('')).not.toContain('password')
  })

  test('nor by another protocol', async () => {
    for (const wrong of [
      'file:///etc/passwd',
      'ftp://localhost/',
      'gopher://localhost:70/',
      'data:text/plain,x',
      'unix:/run/x',
      'http://',
      '//localhost/',
      '/x',
      '',
    ]) {
      expect((await runner.run('http', { url: wrong })).result, wrong).toMatchObject({
        failure: { kind: 'cannot-start' },
      })
    }
  })
})

describe('the form of the step', () => {
  test.each([
    { url: 'https://example.com/' },
    { url: '${{ params.url }}' },
    { url: 'https://${{ params.host }}/x', timeout: '${{ params.timeout }}', redirects: '${{ params.n }}' },
    {
      url: 'http://x/',
      expect: [200, '204', '3xx', '${{ params.s }}'],
      headers: { 'x-a': '${{ params.a }}' },
      output: 'body',
    },
  ])('%j is right', (input) => {
    expect(http.schema.safeParse(input).success).toBe(true)
  })

  test.each([
    {},
    { url: 5 },
    { url: 'ftp://x/' },
    { url: 'http://x/', method: 'CONNECT' },
    { url: 'http://x/', headers: { 'a b': 'x' } },
    { url: 'http://x/', headers: { a: 'x\r\nb: y' } },
    { url: 'http://x/', expect: 99 },
    { url: 'http://x/', expect: '6xx' },
    { url: 'http://x/', expect: [] },
    { url: 'http://x/', redirects: 11 },
    { url: 'http://x/', timeout: 'soon' },
    { url: 'http://x/', timeout: 0 },
    { url: 'http://x/', output: 'a b' },
    { url: 'http://x/', output: 'status' },
    { url: 'http://x/', proxy: 'http://y/' },
  ])('%j is wrong', (input) => {
    expect(http.schema.safeParse(input).success).toBe(false)
  })
})
