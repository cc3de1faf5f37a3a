import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import type { Run } from '../../client/client.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const script = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'ship it?' } as const
const branch = {
  name: 'branch',
  type: 'string',
  description: '',
  required: false,
  default: 'main',
  options: [],
} as const

/** A task that fails leaves it for people to mend. */
const build = definition({
  name: 'build',
  params: [branch],
  stages: [
    stageSpec({
      key: 'make',
      tasks: [taskSpec({ key: 'compile', work: script, onFailure: { policy: 'hold', expireMs: null } })],
    }),
    stageSpec({ key: 'gate', tasks: [taskSpec({ key: 'approve', work: review })] }),
  ],
})

async function start({ client, world }: NativeServer): Promise<Run> {
  const pipeline = await world.pipeline(build)
  const run = await client.runs.start(pipeline.id)
  await world.settled()
  return run
}

const refusal = (code: string, status: number) => expect.objectContaining({ code, status })

test('a run is started, read as a tree, reviewed and seen to succeed', async () => {
  await using native = await openNative()
  const { client, send, world } = native
  const pipeline = await world.pipeline(build)
  const made = await send('POST', `/api/v1/pipelines/${pipeline.id}/runs`, { body: { params: { branch: 'dev' } } })
  const { id, number, serial, params } = (await made.json()) as Run
  expect(made.headers.get('location')).toBe(`/api/v1/runs/${id}`)
  expect([number, serial]).toEqual([1, 1])
  expect(params.find(({ name }) => name === 'branch')?.value).toBe('dev')
  await world.settled()
  const running = await client.runs.get(id)
  expect(running.status).toBe('running')
  expect(running.stages[0]?.tasks[0]).toMatchObject({ key: 'compile', status: 'running', runner: 'scripted' })
  world.runner.endTask('compile', succeeded({ tag: 'v1' }))
  await world.settled()
  expect(await client.runs.get(serial)).toMatchObject({
    status: 'reviewing',
    needs_person: true,
    attention: [{ kind: 'review', node: { name: 'Task' } }],
    stages: [{ tasks: [{ outputs: { tag: 'v1' } }] }, { status: 'reviewing' }],
  })
  expect((await client.reviews.list()).items).toMatchObject([
    {
      run: { id },
      node: { key: 'approve' },
      review: { question: 'ship it?', required: 1 },
      allowed: ['approve', 'reject', 'pause', 'fail'],
    },
  ])
  await client.nodes.act(id, 'approve', 'approve', { comment: 'go' })
  await world.settled()
  expect(await client.runs.get(id)).toMatchObject({ status: 'succeeded', ended: true, allowed: [] })
  expect(await client.reviews.list()).toEqual({ items: [], next: null })
})

describe('starting', () => {
  test('the same Idempotency-Key and body give the same run, another body is refused', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await world.pipeline(build)
    const first = await client.runs.start(id, { idempotencyKey: 'k1' })
    const again = await Promise.all([1, 2, 3].map(() => client.runs.start(id, { idempotencyKey: 'k1' })))
    expect(new Set(again.map((run) => run.id))).toEqual(new Set([first.id]))
    const other = client.runs.start(id, { idempotencyKey: 'k1', params: { branch: 'dev' } })
    await expect(other).rejects.toEqual(refusal('idempotency_reused', 422))
    expect((await client.runs.list()).items).toHaveLength(1)
  })

  test.each(['', 'x'.repeat(256), 'a b'])('an Idempotency-Key like %j is refused', async (key) => {
    await using native = await openNative()
    const { id } = await native.world.pipeline(build)
    const headers = { 'idempotency-key': key }
    const { status } = await native.send('POST', `/api/v1/pipelines/${id}/runs`, { headers })
    expect(status).toBe(400)
  })

  test('a run that is asked to wait is started by a person', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await world.pipeline(build)
    const waiting = await client.runs.start(id, { wait: true })
    expect(waiting).toMatchObject({ status: 'waiting', started_at: null, attention: [{ kind: 'start', node: null }] })
    expect((await client.runs.act(waiting.id, 'start')).status).not.toBe('waiting')
  })

  test('unknown params, wrong types and unknown fields are refused, each with its place', async () => {
    await using native = await openNative()
    const { client, send, world } = native
    const { id } = await world.pipeline(build)
    const path = `/api/v1/pipelines/${id}/runs`
    await expect(client.runs.start(id, { params: { colour: 'red' } })).rejects.toEqual(refusal('invalid_request', 400))
    const wrong = (await (
      await send('POST', path, { body: { params: { ['x'.repeat(65)]: 'a' }, parms: {} } })
    ).json()) as {
      errors: { path: string }[]
    }
    expect(wrong.errors.map((error) => error.path).toSorted()).toEqual(['body', `body.params.${'x'.repeat(65)}`])
    expect((await client.runs.list()).items).toEqual([])
  })
})

describe('steering', () => {
  test('a command that is not allowed now is refused with those that are', async () => {
    await using native = await openNative()
    const { client } = native
    const { id } = await start(native)
    const refused = client.runs.act(id, 'resume')
    await expect(refused).rejects.toMatchObject({ code: 'not_allowed', status: 409 })
    await expect(refused).rejects.toMatchObject({ allowed: expect.arrayContaining(['pause', 'cancel']) })
  })

  test('pause, resume and cancel do what they say', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await start(native)
    expect((await client.runs.act(id, 'pause')).status).toBe('paused')
    expect((await client.runs.act(id, 'resume')).status).toBe('running')
    expect((await client.runs.act(id, 'cancel', { reason: 'wrong branch' })).cancelling?.reason).toBe('wrong branch')
    expect((await client.runs.act(id, 'cancel', { force: true })).status).toBe('cancelled')
    await world.settled()
    expect(await client.runs.get(id)).toMatchObject({ ended: true, allowed: ['retry'] })
  })

  test('a review that is asked again keeps who said what before', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await start(native)
    world.runner.endTask('compile', { kind: 'succeeded', outputs: null })
    await world.settled()
    await client.nodes.act(id, 'approve', 'reject', { comment: 'not today' })
    await client.nodes.act(id, 'approve', 'retry')
    const said = { by: 'ci', decision: 'reject', comment: 'not today' }
    expect(await client.nodes.get(id, 'approve')).toMatchObject({
      status: 'reviewing',
      review: { decisions: [] },
      earlier: [{ attempt: 1, status: 'failed', decisions: [said] }],
    })
  })

  test('a failed task that is held can be tried again or passed over', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await start(native)
    world.runner.endTask('compile', exited(3))
    await world.settled()
    expect(await client.runs.get(id)).toMatchObject({
      status: 'held',
      failure: {
        failure: { kind: 'exit-code', status: 'failed', exit_code: 3, message: 'the process exited with code 3' },
      },
      attention: [{ kind: 'held' }],
    })
    expect(await client.nodes.get(id, 'compile')).toMatchObject({
      kind: 'task',
      held: true,
      allowed: ['retry', 'skip'],
    })
    await client.nodes.act(id, 'compile', 'retry')
    await world.settled()
    expect(await client.nodes.get(id, 'compile')).toMatchObject({
      attempt: 2,
      earlier: [{ attempt: 1, status: 'failed' }],
    })
    world.runner.endTask('compile', exited(4))
    await world.settled()
    await client.nodes.act(id, 'compile', 'skip', { comment: 'known to be broken' })
    await world.settled()
    expect(await client.nodes.get(id, 'make')).toMatchObject({
      kind: 'stage',
      tasks: [{ status: 'skipped', skipped: { because: 'operator', reason: 'known to be broken' } }],
    })
  })

  test('actions, runs and nodes that do not exist are not found', async () => {
    await using native = await openNative()
    const { client, send } = native
    const { id } = await start(native)
    const none = '0'.repeat(32)
    for (const [method, path] of [
      ['POST', `/api/v1/runs/${id}/actions/explode`],
      ['POST', `/api/v1/runs/${id}/nodes/compile/actions/explode`],
      ['POST', `/api/v1/runs/${id}/nodes/nothing/actions/retry`],
      ['POST', `/api/v1/runs/${none}/actions/cancel`],
      ['GET', `/api/v1/runs/${none}`],
      ['GET', '/api/v1/runs/999'],
      ['GET', '/api/v1/runs/latest'],
      ['GET', '/api/v1/runs/%00'],
      ['GET', '/api/v1/runs/%zz'],
      ['GET', `/api/v1/runs/${id}/nodes/nothing`],
      ['GET', `/api/v1/runs/${id}/nodes/__proto__`],
      ['GET', `/api/v1/runs/${id}/nodes/nothing/explain`],
      ['GET', `/api/v1/runs/${id}/nodes/nothing/log`],
      ['GET', `/api/v1/runs/${id}/nodes/make/log`],
    ] as const) {
      expect([path, (await send(method, path)).status]).toEqual([path, 404])
    }
    expect((await client.runs.get(id)).status).toBe('running')
  })

  test('what belongs to cancel is refused with another action', async () => {
    await using native = await openNative()
    const { id } = await start(native)
    await expect(native.client.runs.act(id, 'pause', { force: true })).rejects.toEqual(refusal('invalid_request', 400))
  })
})

describe('reading', () => {
  let shared: NativeServer
  beforeAll(async () => {
    shared = await openNative()
  })
  afterAll(() => shared.server.close())

  test('a list is filtered, and its pages follow each other without loss or double while runs are made', async () => {
    await using native = await openNative()
    const { client, send, world } = native
    const pipeline = await world.pipeline(build)
    const made: string[] = []
    for (let count = 0; count < 7; count += 1) made.push((await client.runs.start(pipeline.id)).id)
    await client.runs.act(made[2] ?? '', 'pause')
    const seen: string[] = []
    for (let path = '/api/v1/runs?limit=3&text=bui'; path !== '';) {
      const response = await send('GET', path)
      const page = (await response.json()) as { items: { id: string }[]; next: string | null }
      seen.push(...page.items.map(({ id }) => id))
      await client.runs.start(pipeline.id)
      const link = /^<([^>]+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1]
      expect(link === undefined).toBe(page.next === null)
      path = link ?? ''
    }
    expect(seen).toEqual(made.toReversed())
    expect((await client.runs.list({ status: ['paused'] })).items.map(({ id }) => id)).toEqual([made[2]])
    expect((await client.runs.list({ status: ['paused', 'succeeded'], needsPerson: true })).items).toHaveLength(1)
    expect((await client.runs.list({ needsPerson: false })).items).toHaveLength(9)
    expect((await client.runs.list({ pipeline: 'build', project: 'default', limit: 100 })).items).toHaveLength(10)
    expect((await client.runs.list({ text: 'deploy' })).items).toEqual([])
    const { cause } = await client.runs.get(made[0] ?? '')
    expect((await client.runs.list({ by: cause.by, cause: ['manual', 'push'], limit: 100 })).items).toHaveLength(10)
    expect((await client.runs.list({ by: `${cause.by}x` })).items).toEqual([])
    expect((await client.runs.list({ by: cause.by, cause: ['schedule'] })).items).toEqual([])
    const now = world.clock.now()
    expect((await client.runs.list({ createdFrom: new Date(now + 1) })).items).toEqual([])
    expect((await client.runs.list({ createdTo: new Date(now - 1) })).items).toEqual([])
    await expect(client.runs.list({ project: 'nowhere' })).rejects.toEqual(refusal('not_found', 404))
  })

  test.each([
    'limit=0',
    'limit=101',
    'limit=ten',
    'limit=1&limit=2',
    'limit=',
    'cursor=-1',
    'cursor=1e3',
    'status=done',
    'status=',
    'needs_person=yes',
    'created_from=yesterday',
    'created_from=2026-01-01',
    'created_to=2026-13-01T00:00:00Z',
    `text=${'x'.repeat(200)}`,
  ])('the query %s is refused with its place', async (query) => {
    const response = await shared.send('GET', `/api/v1/runs?${query}`)
    const { errors } = (await response.json()) as { errors: { path: string }[] }
    expect([response.status, errors[0]?.path.split(/[.[]/).slice(0, 2).join('.')]).toEqual([
      400,
      `query.${query.split('=')[0]}`,
    ])
  })

  test('many runs are read in one call, in the order asked, with the missing ones named', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await world.pipeline(build)
    const [first, second] = [await client.runs.start(id), await client.runs.start(id)]
    const none = 'f'.repeat(32)
    const batch = await client.runs.batch([second.id, none, first.serial])
    expect(batch.items.map((run) => run.id)).toEqual([second.id, first.id])
    expect(batch.missing).toEqual([none])
    await expect(client.runs.batch(Array.from({ length: 101 }, (_, at) => at + 1))).rejects.toEqual(
      refusal('invalid_request', 400),
    )
    await expect(client.runs.batch([])).rejects.toEqual(refusal('invalid_request', 400))
  })

  test('an unchanged run is 304, a changed one is not', async () => {
    await using native = await openNative()
    const { client, send } = native
    const { id } = await start(native)
    const path = `/api/v1/runs/${id}`
    const etag = (await send('GET', path)).headers.get('etag') ?? ''
    const same = await send('GET', path, { headers: { 'if-none-match': etag } })
    expect([same.status, await same.text(), same.headers.get('etag')]).toEqual([304, '', etag])
    await client.runs.act(id, 'pause')
    const changed = await send('GET', path, { headers: { 'if-none-match': etag } })
    expect([changed.status, ((await changed.json()) as Run).status]).toEqual([200, 'paused'])
  })

  test('a run is shown as it was at any of its events', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await start(native)
    world.runner.endTask('compile', succeeded())
    await world.settled()
    const now = await client.runs.get(id)
    const statuses = await Promise.all(
      Array.from({ length: now.seq }, async (_, at) => (await client.runs.get(id, { asOf: at + 1 })).status),
    )
    expect(statuses[0]).toMatch(/waiting|queued/)
    expect(statuses.at(-1)).toBe('reviewing')
    expect(await client.runs.get(id, { asOf: now.seq })).toEqual(now)
    await expect(client.runs.get(id, { asOf: now.seq + 1 })).rejects.toEqual(refusal('invalid_request', 400))
  })

  test('a run explains what it waits for and who could help', async () => {
    await using native = await openNative()
    const { client, world } = native
    const { id } = await start(native)
    expect((await client.runs.explain(id)).items[0]).toMatchObject({ node: null, code: 'running' })
    world.runner.endTask('compile', succeeded())
    await world.settled()
    const { items } = await client.nodes.explain(id, 'gate')
    expect(items).toMatchObject([{ node: { key: 'approve' }, code: 'waiting-for-review' }])
    expect((await client.nodes.explain(id, 'approve')).items).toEqual(items)
  })
})
