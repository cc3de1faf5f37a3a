import { describe, expect, test } from 'vitest'
import { ClientError, createClient } from './client.ts'

type Answer = (input: string, init: RequestInit | undefined, count: number) => Response | Promise<Response>

/** A client of a server that is a list of answers; the last one is given for ever. */
function scripted(...answers: readonly [Answer, ...Answer[]]) {
  const asked: { readonly input: string; readonly init: RequestInit | undefined }[] = []
  const waited: number[] = []
  const cuts: string[] = []
  const client = createClient({
    baseUrl: 'http://127.0.0.1:1/base/',
    token: 't',
    fetch: async (input, init) => {
      asked.push({ input, init })
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? answers[0]
      return answer(input, init, asked.length)
    },
    onCut: (error) => cuts.push((error as Error).message),
    wait: (ms) => {
      waited.push(ms)
      return Promise.resolve()
    },
  })
  return { client, asked, waited, cuts }
}

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status })
const problem = (code: string, status: number): Response =>
  json({ type: `urn:millrace:problem:${code}`, title: code, status, detail: `because of ${code}`, code }, status)
const event = (number: number): string => `id: ${number}\ndata: {"number":${number},"seq":${number}}\n\n`
const stream = (text: string): Response => new Response(text)

describe('a request', () => {
  test('whose bytes break off has no answer', async () => {
    const broken = (): Response =>
      new Response(new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) }))
    const { client } = scripted(broken)
    const bytes = (await client.artifacts.read('1', 'web.tar.gz'))[Symbol.asyncIterator]()
    await expect(bytes.next()).rejects.toMatchObject({ code: 'unreachable' })
  })

  test('goes to the address with its path escaped and its query set', async () => {
    const { client, asked } = scripted(() => json({ items: [], next: null }))
    await client.pipelines.get('a/b ?流')
    await client.runs.list({ status: ['running', 'held'], needsPerson: false, limit: 5, cursor: undefined })
    expect(asked.map(({ input }) => input)).toEqual([
      'http://127.0.0.1:1/base/api/v1/pipelines/a%2Fb%20%3F%E6%B5%81',
      'http://127.0.0.1:1/base/api/v1/runs?status=running%2Cheld&limit=5&needs_person=false',
    ])
    expect(new Headers(asked[0]?.init?.headers).get('authorization')).toBe('Bearer t')
  })
})

test.each([
  ['', 'runs: expected a name or an id, found ""'],
  ['.', 'runs: expected a name that an address can hold or an id, found "."'],
  ['..', 'runs: expected a name that an address can hold or an id, found ".."'],
])('a name that would make another address of it is refused before it is asked for: %j', async (ref, message) => {
  const { client, asked } = scripted(() => json({}))
  await expect(async () => await client.runs.get(ref)).rejects.toMatchObject({ code: 'invalid_request', message })
  await expect(async () => await client.runs.act(ref, 'cancel', {})).rejects.toBeInstanceOf(ClientError)
  expect(asked).toEqual([])
})

describe('an error', () => {
  test('of the server keeps its code, status and what would be allowed', async () => {
    const { client } = scripted(() =>
      json({ code: 'not_allowed', detail: 'it has ended', status: 409, allowed: ['retry'] }, 409),
    )
    const error: unknown = await client.runs.act('1', 'pause').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ClientError)
    expect(error).toMatchObject({ code: 'not_allowed', status: 409, allowed: ['retry'], message: 'it has ended' })
  })

  test.each([
    ['HTML of a proxy', () => new Response('<html>Bad gateway</html>', { status: 502 })],
    ['an empty answer', () => new Response(null, { status: 500 })],
    ['JSON of somebody else', () => json({ error: 'no' }, 404)],
    ['a good status without JSON', () => new Response('<html>login</html>')],
  ])('%s is not from a Millrace', async (_name, answer) => {
    await expect(scripted(answer).client.me()).rejects.toMatchObject({ name: 'ClientError', code: 'not_millrace' })
  })

  test('of a path that the server does not know says that the address has one too many', async () => {
    const { client } = scripted((asked) =>
      json({ code: 'not_found', detail: `Nothing is at ${new URL(asked).pathname}`, status: 404 }, 404),
    )
    await expect(client.me()).rejects.toMatchObject({
      code: 'not_found',
      message:
        'Nothing is at /base/api/v1/me; http://127.0.0.1:1/base has a path, which is right only behind a proxy that takes it off',
    })
  })

  test('without an answer says why there was none', async () => {
    const { client } = scripted(() => {
      throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') })
    })
    await expect(client.me()).rejects.toMatchObject({
      code: 'unreachable',
      status: null,
      message: 'no answer from http://127.0.0.1:1/base: connect ECONNREFUSED 127.0.0.1:1',
    })
  })

  test('of a signal passes as it is', async () => {
    const reason = new Error('enough')
    const { client } = scripted(() => Promise.reject(reason))
    await expect(client.me({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('a stream', () => {
  const take = async (events: AsyncIterable<{ readonly number: number }>, count: number): Promise<number[]> => {
    const taken: number[] = []
    for await (const { number } of events) if (taken.push(number) === count) break
    return taken
  }

  test('is taken up after the last event that was seen, with waits that grow until something comes', async () => {
    const { client, asked, waited } = scripted(
      () => stream(event(1) + event(2) + event(3).slice(0, 20)),
      () => Promise.reject(new TypeError('fetch failed')),
      () => problem('unavailable', 503),
      () => problem('too_many_requests', 429),
      () => stream(': \n\n'),
      () => stream(event(3) + event(4)),
    )
    expect(await take(client.events.follow({ after: 0 }), 4)).toEqual([1, 2, 3, 4])
    const from = asked.map(({ init }) => new Headers(init?.headers).get('last-event-id'))
    expect(from).toEqual(['0', '2', '2', '2', '2', '2'])
    expect(waited).toEqual([200, 400, 800, 1_600, 3_200])
  })

  test('that began with what comes misses nothing, even when it is cut before its first event', async () => {
    const { client, asked } = scripted(
      () => stream('retry: 1000\nid: 7\n: hello\n\n'),
      () => stream('id: 7\n\n' + event(8)),
    )
    expect(await take(client.events.follow(), 1)).toEqual([8])
    expect(asked.map(({ init }) => new Headers(init?.headers).get('last-event-id'))).toEqual([null, '7'])
  })

  test('that is refused for good is an error', async () => {
    const { client, asked } = scripted(
      () => stream(event(1)),
      () => problem('unauthenticated', 401),
    )
    await expect(take(client.events.follow({ after: 0 }), 2)).rejects.toMatchObject({ code: 'unauthenticated' })
    expect(asked).toHaveLength(2)
  })

  test('tells once that it was cut, and again only after something has come', async () => {
    const refused = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
    const { client, cuts } = scripted(
      refused,
      refused,
      () => stream(event(1)),
      () => problem('unavailable', 503),
      () => stream(event(2)),
    )
    expect(await take(client.events.follow({ after: 0 }), 2)).toEqual([1, 2])
    expect(cuts).toEqual(['no answer from http://127.0.0.1:1/base: connect ECONNREFUSED', 'because of unavailable'])
  })

  test('of a run goes on when the server goes away between an event and what the run is then', async () => {
    const run = (seq: number, ended: boolean) => () => json({ id: 'r', seq, ended })
    const { client, cuts } = scripted(
      run(1, false),
      () => json({ items: [{ number: 1 }] }),
      () => stream(event(2)),
      () => problem('unavailable', 503),
      () => Promise.reject(new TypeError('fetch failed')),
      run(2, true),
    )
    const seen: number[] = []
    for await (const { seq } of client.runs.watch('r')) seen.push(seq)
    expect(seen).toEqual([1, 2])
    expect(cuts).toEqual(['because of unavailable'])
  })

  test('never waits longer than five seconds', async () => {
    const { client, waited } = scripted((_input, _init, count) => stream(count === 12 ? event(1) : ''))
    await take(client.events.follow({ after: 0 }), 1)
    expect(waited).toHaveLength(11)
    expect(Math.max(...waited)).toBe(5_000)
  })

  test('ends without an error when its signal is aborted while it waits', async () => {
    const stop = new AbortController()
    const { client } = scripted(() => {
      stop.abort()
      throw new TypeError('fetch failed')
    })
    expect(await take(client.events.follow({ after: 0, signal: stop.signal }), 1)).toEqual([])
  })

  test('of a log stays with the attempt that it began with', async () => {
    const headers = (offset: number, size: number, ended: boolean): Record<string, string> => ({
      'millrace-log-attempt': '2',
      'millrace-log-offset': String(offset),
      'millrace-log-size': String(size),
      'millrace-log-ended': String(ended),
    })
    const { client, asked } = scripted(
      () => new Response('abc', { headers: headers(7, 10, false) }),
      () => new Response('', { headers: headers(10, 12, false) }),
      () => new Response('de', { headers: headers(10, 12, true) }),
      () => new Response('', { headers: headers(12, 12, true) }),
    )
    const text: string[] = []
    for await (const bytes of client.logs.follow('1', 'compile', { offset: -3 }))
      text.push(Buffer.from(bytes).toString())
    expect(text).toEqual(['abc', 'de'])
    expect(asked.map(({ input }) => new URL(input).search)).toEqual([
      '?offset=-3&follow=true',
      '?attempt=2&offset=10',
      '?attempt=2&offset=10&follow=true',
      '?attempt=2&offset=12',
    ])
  })
})
