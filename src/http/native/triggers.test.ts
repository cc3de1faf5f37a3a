import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

const param = (name: string) =>
  ({ name, type: 'string', description: '', required: false, default: '', options: [] }) as const

const listening = (name: string): PipelineDefinition =>
  definition({
    name,
    params: [param('tag')],
    concurrency: { limit: 2, group: 'production', whenFull: 'queue' },
    triggers: {
      operator: 'or',
      list: [
        { kind: 'webhook', name: 'push', secret: '1', params: {} },
        { kind: 'schedule', name: 'hourly', cron: '0 * * * *', timezone: 'UTC', missed: 'skip', params: {} },
        { kind: 'channel', name: 'ready', channel: `${name} 就绪`, params: { image: 'tag' } },
        { kind: 'upstream', name: 'built', pipeline: 'build', statuses: ['succeeded'], params: {} },
      ],
    },
  })

test('the queue of a pipeline tells what is under way and what waits, by priority', async () => {
  const { client, world } = native
  const work = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'Now?' } as const
  const stages = [stageSpec({ tasks: [taskSpec({ key: 'ask', work })] })]
  const concurrency = { limit: 1, group: null, whenFull: 'queue' } as const
  const { id } = await world.pipeline(definition({ name: 'in turn', priority: 'low', concurrency, stages }))
  expect((await client.pipelines.get(id)).priority).toBe('low')
  const first = await client.runs.start(id)
  const second = await client.runs.start(id)
  const third = await client.runs.start(id, { priority: 'high' })
  await world.settled()
  const fields = { pipeline_id: id, pipeline_name: 'in turn' }
  const queue = await client.runs.queue(id)
  expect(queue).toMatchObject({
    concurrency: { limit: 1, group: null, when_full: 'queue' },
    running: [{ id: first.id, number: 1, priority: 'low', ...fields }],
    running_count: 1,
    queue: [
      { id: third.id, number: 3, priority: 'high', position: 1, ...fields },
      { id: second.id, number: 2, priority: 'low', position: 2, ...fields },
    ],
    queued_count: 2,
  })
  await expect(client.runs.start(id, { priority: 'urgent' as 'high' })).rejects.toMatchObject({
    code: 'invalid_request',
  })
})

test('a pipeline tells its triggers and its concurrency, and when it runs next', async () => {
  const { id } = await native.world.pipeline(listening('told'))
  const pipeline = await native.client.pipelines.get(id)
  expect(pipeline.concurrency).toEqual({ limit: 2, group: 'production', when_full: 'queue' })
  expect(pipeline.triggers?.list).toMatchObject([
    { kind: 'webhook', signed: true, path: expect.stringContaining('/api/v1/webhooks/'), schedule: null },
    { kind: 'schedule', path: null, signed: false, schedule: { cron: '0 * * * *', timezone: 'UTC', missed: 'skip' } },
    { kind: 'channel', channel: 'told 就绪' },
    { kind: 'upstream', upstream: { pipeline: 'build', statuses: ['succeeded'] } },
  ])
  expect(await native.client.triggers.next(id, { count: 2 })).toEqual({
    fires: [
      { trigger: 'hourly', at: '2026-01-02T04:00:00.000Z' },
      { trigger: 'hourly', at: '2026-01-02T05:00:00.000Z' },
    ],
    refusals: [],
  })
  for (const count of ['0', '101', 'x']) {
    expect((await native.send('GET', `/api/v1/pipelines/${id}/next?count=${count}`)).status).toBe(400)
  }
})

test('what is published to a channel fires those who listen, once for a key', async () => {
  await native.world.pipeline(listening('listener'))
  const publish = () =>
    native.client.triggers.publish('default', 'listener 就绪', { params: { image: 'web:1' }, idempotencyKey: 'k' })
  const { items } = await publish()
  expect(items).toMatchObject([{ started: true, run: { number: 1 } }])
  const run = await native.client.runs.get(items[0]?.run.id ?? '')
  expect(run.cause).toEqual({ kind: 'channel', by: 'ready' })
  expect(run.params).toContainEqual(expect.objectContaining({ name: 'tag', value: 'web:1' }))
  expect(await publish()).toEqual({ items: [] })
  const path = '/api/v1/projects/default/channels/x'
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`p${at}`, '']))
  for (const params of [many, { a: 1 }, { a: 'x'.repeat(8_193) }]) {
    expect((await native.send('POST', path, { body: { params } })).status).toBe(400)
  }
  expect((await native.send('POST', '/api/v1/projects/none/channels/x', { body: {} })).status).toBe(404)
  expect((await native.send('POST', path, { body: {}, headers: { 'idempotency-key': 'a b' } })).status).toBe(400)
})

test('a signed webhook answers 401 to what is not signed, and a delivery that comes twice fires once', async () => {
  const { id } = await native.world.pipeline(listening('signed'))
  const { secret } = await native.client.triggers.secret(id, 'push')
  const path = (await native.client.pipelines.get(id)).triggers?.list[0]?.path ?? ''
  const body = JSON.stringify({ ref: '主' })
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const post = (headers: Readonly<Record<string, string>>) => native.send('POST', path, { token: null, body, headers })
  expect((await post({})).status).toBe(401)
  const headers = { 'x-hub-signature-256': signature, 'x-github-delivery': 'one' }
  const [one, two] = [await post(headers), await post(headers)]
  expect([one.status, two.status]).toEqual([202, 202])
  const idOf = async (response: Response): Promise<string> =>
    ((await response.json()) as { run: { id: string } }).run.id
  expect(await idOf(one)).toBe(await idOf(two))
  expect((await native.send('GET', `/api/v1/pipelines/${id}/webhooks/none/secret`)).status).toBe(404)
})

test('a run is run again, with params in place of its own, and tells which one it repeats', async () => {
  const pipeline = await native.world.pipeline(definition({ name: 'repeated', params: [param('a'), param('b')] }))
  const first = await native.client.runs.start(pipeline.id, { params: { a: '1', b: '2' } })
  const again = await native.client.runs.rerun(first.id, { params: { b: '3' }, idempotencyKey: 'r' })
  expect(again).toMatchObject({
    number: 2,
    cause: { kind: 'manual', origin: { as: 'rerun', run: first.id, depth: 0 } },
  })
  expect(again.params.filter(({ system }) => !system).map(({ value }) => value)).toEqual(['1', '3'])
  expect((await native.client.runs.rerun(first.id, { params: { b: '3' }, idempotencyKey: 'r' })).id).toBe(again.id)
  expect((await native.send('POST', `/api/v1/runs/${first.id}/rerun`, { body: { params: { c: 1 } } })).status).toBe(400)
  expect((await native.send('POST', '/api/v1/runs/404/rerun', { body: {} })).status).toBe(404)
})

test('a stage tells its triggers; its webhook, signed, fires the run that waits for it, and makes none', async () => {
  const stages = waitingStages()
  const { id } = await native.world.pipeline(definition({ name: 'staged', params: [param('tag')], stages }))
  const told = await native.client.pipelines.get(id)
  expect(told).toMatchObject({
    triggers: null,
    stages: [
      { triggers: null },
      {
        triggers: {
          operator: 'and',
          list: [
            { name: 'go', signed: true },
            { kind: 'channel', path: null },
          ],
        },
      },
    ],
  })
  const path = told.stages[1]?.triggers?.list[0]?.path ?? ''
  const { secret } = await native.client.triggers.secret(id, 'second/go')
  const body = '{"image":"v1"}'
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const post = async (headers: Readonly<Record<string, string>>) => {
    const answer = await native.send('POST', path, { token: null, body, headers })
    return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> }
  }
  expect((await post({})).status).toBe(401)
  const signed = { 'x-hub-signature-256': signature }
  expect(await post(signed)).toMatchObject({ status: 409, body: { code: 'not_allowed' } })
  const run = await native.client.runs.start(id)
  const [one, two] = [
    await post({ ...signed, 'x-github-delivery': 'one' }),
    await post({ ...signed, 'x-github-delivery': 'one' }),
  ]
  expect(one).toMatchObject({ status: 202, body: { run: { id: run.id }, stage: 'second', started: false } })
  expect(two).toEqual(one)
  const after = await native.client.runs.get(run.id)
  expect(after.stages[1]?.triggers?.list.map(({ fired_at }) => fired_at === null)).toEqual([false, true])
  expect(after.params.find(({ name }) => name === 'tag')?.value).toBe('v1')
})

const waitingStages = () => [
  stageSpec({ key: 'first', tasks: [taskSpec({ key: 'a' })] }),
  stageSpec({
    key: 'second',
    tasks: [taskSpec({ key: 'b' })],
    triggers: {
      operator: 'and',
      list: [
        { kind: 'webhook', name: 'go', secret: '1', params: { image: 'tag' } },
        { kind: 'channel', name: 'ready', channel: 'ready', params: {} },
      ],
    },
  }),
]
