import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REPORT_KINDS } from '../../model/report.ts'
import { RUNNER_PROTOCOL, RUNNER_REFUSALS } from '../../model/runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { silent } from '../logger.ts'
import type { Mount } from '../mounts.ts'
import { runnerMount } from './index.ts'

const INCARNATION = '1'.repeat(32)
const SHA256 = 'a'.repeat(64)
const CHUNK = 65_536

let directory: string
let world: World
let mount: Mount
let token: string
/** Of the one attempt that the runner has. */
let ref: string
let runId: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-wire-'))
  world = await openWorld({ directory })
  // A poll that would wait is over at once: nobody moves the clock here.
  const closing = AbortSignal.abort()
  mount = runnerMount({ app: world.app, baseUrl: '', bodyMaxBytes: CHUNK, closing, logger: silent })
  token = need(await world.app.runners.create(world.admin, { name: 'far' })).token
  await send('POST', '/hello', JSON.stringify(hello))
  const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
  const tasks = [taskSpec({ key: 'a', work, labels: ['far'] })]
  const run = await world.start(await world.pipeline(definition({ stages: [stageSpec({ tasks })] })))
  await world.settled()
  runId = run.id
  const [held] = world.host.dispatcher.held('far')
  if (held === undefined) throw new Error('the runner was given nothing')
  ref = `${held.runId}/${held.node}/${held.attempt}/${held.fence}`
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const hello = {
  protocol: RUNNER_PROTOCOL,
  incarnation: INCARNATION,
  name: null,
  version: '1',
  labels: ['far'],
  slots: 1,
  holds: [],
  workspaces: [],
}

const send = (
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  mount.handle(
    new Request(`http://local/runner/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'millrace-incarnation': INCARNATION, ...headers },
      ...(body === undefined ? undefined : { body }),
    }),
  )

const codeOf = async (response: Response): Promise<unknown> => ((await response.json()) as { code?: unknown }).code

describe('who has no token of a runner', () => {
  test('but one of a user is told so', async () => {
    const { credentials } = world
    const response = await send('POST', '/hello', '{}', { authorization: `Bearer ${credentials.token}` })
    expect(await response.json()).toMatchObject({ message: expect.stringContaining('this is the token of a user') })
  })

  test.each(['', 'Bearer', 'Bearer x', `Basic ${'a'.repeat(20)}`, `Bearer mrr_${'0'.repeat(16)}_${'0'.repeat(64)}`])(
    'is refused: %j',
    async (authorization) => {
      for (const path of ['/hello', '/poll', '/nothing', `/attempts/${ref}/log?offset=0`]) {
        const response = await send('POST', path, '{}', { authorization })
        expect([response.status, await codeOf(response)]).toEqual([401, 'unauthenticated'])
      }
    },
  )

  test('is refused also when he has one of a person, and a runner’s is no person’s', async () => {
    const person = await send('POST', '/hello', '{}', { authorization: `Bearer ${world.credentials.token}` })
    expect(person.status).toBe(401)
    expect(await world.app.access.byToken(token)).toBeUndefined()
  })
})

test('another protocol is told so, whatever else is in its hello', async () => {
  for (const other of [{ protocol: 2 }, { ...hello, protocol: 0 }, { protocol: 99, words: ['of', 'later'] }]) {
    const response = await send('POST', '/hello', JSON.stringify(other))
    expect([response.status, await codeOf(response)]).toEqual([426, 'protocol'])
  }
})

test.each([
  ['a label that is none', { labels: ['a b'] }],
  ['a label that is too long', { labels: ['a'.repeat(65)] }],
  ['too many labels', { labels: Array.from({ length: 101 }, (_, index) => `l${index}`) }],
  ['too many slots', { slots: 1_025 }],
  ['no slots', { slots: 0 }],
  [
    'too many attempts',
    { holds: Array.from({ length: 4_097 }, () => ({ runId: INCARNATION, node: 0, attempt: 1, fence: 1 })) },
  ],
  ['a run that is a path', { workspaces: ['../../etc'] }],
  ['an incarnation that is none', { incarnation: 'x' }],
  ['a field that is not known', { more: 1 }],
])('a hello with %s is refused', async (_what, change) => {
  const response = await send('POST', '/hello', JSON.stringify({ ...hello, ...change }))
  expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_request'])
})

test('a piece that is too long is refused', async () => {
  const response = await send('PUT', `/attempts/${ref}/log?offset=0`, new Uint8Array(CHUNK + 1))
  expect([response.status, await codeOf(response)]).toEqual([413, 'too_large'])
})

test.each([
  ['a failure that only the server can have', { kind: 'failed', failure: { kind: 'lost', reason: '' }, outputs: null }],
  ['a failure that is none', { kind: 'failed', failure: { kind: '__proto__' }, outputs: null }],
  ['a failure with too much in it', { kind: 'failed', failure: { kind: 'exit-code', code: 1, x: 1 }, outputs: null }],
  ['outputs that are too large', { kind: 'succeeded', outputs: { a: 'x'.repeat(200_000) } }],
  ['a result that is none', { kind: 'done' }],
])('a report of %s is refused', async (_what, result) => {
  const response = await send('POST', `/attempts/${ref}/end`, JSON.stringify({ result, logBytes: 0 }))
  expect([response.status, await codeOf(response)]).toEqual([400, 'invalid_request'])
})

const odd = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1.5',
    '..',
    '%2e%2e',
    '%00',
    '__proto__',
    'log',
    'artifacts',
    'reports',
    'end',
    SHA256,
  ),
  fc.constantFrom(...REPORT_KINDS),
  fc.string({ maxLength: 12 }),
)
const oddJson = fc.oneof(fc.json({ maxDepth: 3 }), fc.string({ maxLength: 40 }))
const shaped = fc.dictionary(
  fc.constantFrom(...Object.keys(hello), 'session', 'ack', 'draining', 'cleaned', 'result', 'logBytes', 'x'),
  fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(RUNNER_PROTOCOL, INCARNATION, [], null)),
  { maxKeys: 8 },
)

test('whatever is sent, the answer is one of the protocol, and nothing but the attempt that is held is touched', async () => {
  const path = fc.oneof(
    fc.constantFrom('/hello', '/poll', '/leave-', '/'),
    fc.array(odd, { maxLength: 8 }).map((parts) => `/attempts/${parts.map(encodeURIComponent).join('/')}`),
    fc.tuple(odd, odd).map((parts) => `/attempts/${ref}/${parts.map(encodeURIComponent).join('/')}`),
    fc.tuple(fc.nat(), fc.nat(), fc.nat()).map((counts) => `/attempts/${runId}/${counts.join('/')}/log?offset=0`),
  )
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
    path,
    query: fc.constantFrom(
      '',
      '?offset=0',
      '?offset=0&total=3',
      '?offset=-1',
      '?offset=1e9&total=1e99',
      '?offset=99999999999999999',
    ),
    body: fc.oneof(
      oddJson,
      shaped.map((value) => JSON.stringify(value)),
    ),
    incarnation: fc.constantFrom(INCARNATION, INCARNATION, '2'.repeat(32), '', 'x'),
  })
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path: to, query, body, incarnation }) => {
      const response = await send(
        method,
        to.includes('?') ? to : `${to}${query}`,
        method === 'GET' ? undefined : body,
        {
          'millrace-incarnation': incarnation,
        },
      )
      const answer = (await response.json()) as { code?: string }
      if (response.status !== 200) expect(RUNNER_REFUSALS).toContain(answer.code)
    }),
    { numRuns: 500 },
  )
  const run = await world.run(runId)
  expect(run.stages[0]?.tasks[0]).toMatchObject({ status: 'running', attempt: 1 })
})
