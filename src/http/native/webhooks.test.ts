import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { definition } from '../../testing/views.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

const param = (name: string) =>
  ({ name, type: 'string', description: '', required: false, default: '', options: [] }) as const
let count = 0

/** Paths of the webhooks of a pipeline of its own. */
async function paths(operator: 'and' | 'or', ...names: readonly string[]): Promise<readonly string[]> {
  count += 1
  const list = names.map((name) => ({ kind: 'webhook', name, params: { ref: 'branch', tag: 'tag' } }) as const)
  const { id } = await native.world.pipeline(
    definition({ name: `hooked ${count}`, params: [param('branch'), param('tag')], triggers: { operator, list } }),
  )
  return (await native.client.pipelines.get(id)).triggers?.list.map(({ path }) => path ?? '') ?? []
}

interface Fired {
  readonly run: { readonly id: string; readonly status: string }
  readonly started: boolean
}
async function fire(path: string, query = '', body?: string, headers = {}): Promise<Fired> {
  const response = await native.send('POST', path + query, {
    token: null,
    headers,
    ...(body === undefined ? {} : { body }),
  })
  expect(response.status).toBe(202)
  return (await response.json()) as Fired
}
async function paramsOf(id: string): Promise<Record<string, unknown>> {
  const { params } = await native.client.runs.get(id)
  return Object.fromEntries(params.filter(({ system }) => !system).map(({ name, value }) => [name, value]))
}

test('a webhook starts a run without a token, with the parameters that the trigger passes on', async () => {
  const [push = ''] = await paths('or', 'push')
  const body = JSON.stringify({ ref: 'dev', tag: 7, repository: { name: 'shop' }, list: [1], other: 'x' })
  const { run, started } = await fire(push, '?ref=main', body, { 'content-type': 'application/json' })
  expect([started, await paramsOf(run.id)]).toEqual([true, { branch: 'main', tag: '7' }])
  expect((await native.client.runs.get(run.id)).cause).toEqual({ kind: 'webhook', by: 'push' })
})

test('a run that needs all its triggers waits for the last one', async () => {
  const [code = '', image = ''] = await paths('and', 'code', 'image')
  const first = await fire(code)
  expect(first).toMatchObject({ started: false, run: { status: 'waiting' } })
  expect((await native.client.runs.explain(first.run.id)).items[0]).toMatchObject({
    code: 'waiting-for-trigger',
    unblocks: expect.arrayContaining(['webhook image']),
  })
  expect(await fire(image)).toMatchObject({ started: true, run: { id: first.run.id } })
})

test.each([
  ['a form', 'a=1&b=2', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['XML', '<a/>', { 'content-type': 'application/xml' }],
  ['a list', '["ref"]', { 'content-type': 'application/json' }],
  ['null', 'null', {}],
  [
    'a thousand fields',
    JSON.stringify(Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, at]))),
    {},
  ],
  ['an endless value', JSON.stringify({ ref: 'x'.repeat(100_000) }), {}],
  ['an odd name', '{"__proto__":"x"}', {}],
])('%s in the body is no error: its sender was not written for us', async (_name, body, headers) => {
  const [push = ''] = await paths('or', 'push')
  expect((await fire(push, '', body, headers)).started).toBe(true)
})

test('a webhook that does not exist, and parameters without an end, are refused', async () => {
  const [push = ''] = await paths('or', 'push')
  const post = (path: string): Promise<Response> => native.send('POST', path, { token: null })
  expect((await post(`/api/v1/webhooks/${'0'.repeat(32)}`)).status).toBe(404)
  expect((await post(`${push}?ref=${'x'.repeat(8_193)}`)).status).toBe(400)
  expect((await post(`${push}?${Array.from({ length: 300 }, (_, at) => `p${at}=1`).join('&')}`)).status).toBe(400)
  const cut = await native.send('POST', push, {
    token: null,
    body: '{"ref":',
    headers: { 'content-type': 'application/json' },
  })
  expect(cut.status).toBe(400)
  expect((await native.send('GET', push, { token: null })).status).toBe(405)
})
