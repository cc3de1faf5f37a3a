import { describe, expect, test } from 'vitest'
import type { PipelineDefinition, ParamSpec } from '../../model/definition.ts'
import { IDEMPOTENCY_MS } from '../../store/store.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type WorldOptions } from '../../testing/world.ts'
import type { Caller, RunRef } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: ['chen'], required: 1, expireMs: null, question: '' } as const

const param = (name: string, changes: Partial<ParamSpec> = {}): ParamSpec =>
  ({ name, type: 'string', default: null, required: false, description: '', options: null, ...changes }) as ParamSpec

const build = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({ name: 'build', stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })], ...changes })

async function openShop(changes: Partial<PipelineDefinition> = {}, options: WorldOptions = {}) {
  const world = await openWorld(options)
  const pipeline = await world.pipeline(build(changes))
  const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
  const stranger: Caller = { ...world.admin, projectIds: [other.id] }
  const startWith = (
    params: Parameters<typeof world.app.runs.start>[1]['params'],
    idempotencyKey?: string,
    caller = world.admin,
  ) =>
    world.app.runs.start(caller, {
      pipeline: { id: pipeline.id },
      params,
      ...(idempotencyKey === undefined ? undefined : { idempotencyKey }),
    })
  return { ...world, definition: pipeline, other, stranger, startWith }
}

const codeOf = (result: { readonly ok: boolean; readonly problem?: { readonly code: string } }): string =>
  result.problem?.code ?? 'ok'

describe('starting a run', () => {
  test('of a definition of its own is refused when there is no room for it, and nothing is begun', async () => {
    const store = openFullStore()
    const { app, admin, definition: pipeline } = await openShop({}, { store })
    const start = () =>
      app.runs.start(admin, {
        pipeline: { id: pipeline.id },
        params: {},
        definition: '{name: x, tasks: [{key: b, script: one}]}',
      })
    for (const passed of [0, 1]) {
      store.refuse(1, passed)
      expect(codeOf(await start())).toBe('unavailable')
    }
    expect(need(await start()).number).toBe(1)
  })

  test('of a definition of its own: the same one is one version, and the pipeline is what it was', async () => {
    const concurrency = { limit: 2, group: null, whenFull: 'queue' } as const
    const { app, admin, definition: pipeline, run, settled, runner } = await openShop({ concurrency })
    const text = (script: string): string => `{name: other, priority: high, tasks: [{key: b, script: ${script}}]}`
    const startOf = (script: string, idempotencyKey: string) =>
      app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {}, idempotencyKey, definition: text(script) })
    const [first, again, other] = [
      need(await startOf('one', '1')),
      need(await startOf('one', '2')),
      await startOf('two', '3'),
    ]
    await settled()
    expect([first, again, need(other)].map((one) => [one.pipeline.version, one.number])).toEqual([
      [2, 1],
      [2, 2],
      [3, 3],
    ])
    expect(runner.jobs.map((job) => job.with['script'])).toEqual(['one', 'one'])
    expect(first).toMatchObject({
      pipeline: { name: 'build' },
      priority: 'normal',
      definition: { name: 'build', concurrency },
    })
    expect((await run(need(other).id)).status).toBe('queued')
    expect(need(await app.pipelines.get(admin, { id: pipeline.id }))).toMatchObject({
      version: 1,
      definition: { name: 'build' },
    })
    expect(need(await startOf('two', '3')).number).toBe(3)
    expect(codeOf(await startOf('three', '3'))).toBe('idempotency_reused')
    expect(
      await app.runs.start(admin, { pipeline: { id: pipeline.id }, params: {}, definition: 'tasks: 7' }),
    ).toMatchObject({
      ok: false,
      problem: {
        code: 'invalid_definition',
        message: expect.stringMatching(/^the definition of this start has \d errors, the first/),
      },
    })
  })

  test('takes an operator, and params that the pipeline knows; what is refused takes no number', async () => {
    const shop = await openShop({ params: [param('tag', { required: true }), param('count', { type: 'number' })] })
    expect(codeOf(await shop.startWith({ tag: 'v1' }, undefined, { ...shop.admin, role: 'viewer' }))).toBe('forbidden')
    for (const params of [{}, { tag: 'v1', other: 1 }, { tag: 'v1', count: 'many' }, { tag: 'v1', SYS_INCREMENT: 9 }]) {
      expect(codeOf(await shop.startWith(params))).toBe('invalid_request')
    }
    const run = need(await shop.startWith({ tag: 'v1', count: '3' }))
    expect(run.number).toBe(1)
    expect(run.params.map(({ name, value }) => [name, value])).toEqual(
      expect.arrayContaining([
        ['tag', 'v1'],
        ['count', 3],
        ['SYS_INCREMENT', expect.anything()],
      ]),
    )
  })

  test('takes what is left when the rest is left out, and not nothing', async () => {
    const tasks = ['a', 'b'].map((key) => taskSpec({ key, work }))
    const shop = await openShop({ stages: [stageSpec({ tasks })] })
    const start = (left: { readonly only?: readonly string[]; readonly exclude?: readonly string[] }) =>
      shop.app.runs.start(shop.admin, { pipeline: { id: shop.definition.id }, params: {}, ...left })
    for (const left of [{ only: [] }, { exclude: ['a', 'b'] }, { only: ['a'], exclude: ['a'] }, { only: ['c'] }])
      expect(codeOf(await start(left))).toBe('invalid_request')
    const run = need(await start({ only: ['b'] }))
    expect([run.number, run.stages.flatMap((stage) => stage.tasks.map(({ status }) => status))]).toEqual([
      1,
      ['skipped', 'running'],
    ])
  })

  test('that waits is started by a person', async () => {
    const shop = await openShop()
    const run = need(
      await shop.app.runs.start(shop.admin, { pipeline: { id: shop.definition.id }, params: {}, wait: true }),
    )
    expect([run.status, run.allowed]).toEqual(['waiting', expect.arrayContaining(['start'])])
    expect(need(await shop.app.runs.act(shop.admin, { id: run.id }, { action: 'start' })).status).toBe('queued')
  })
})

describe('an idempotency key', () => {
  test('makes one run of a hundred equal requests at once', async () => {
    const shop = await openShop({ params: [param('a'), param('b')] })
    const requests = Array.from({ length: 100 }, (_, at) =>
      shop.startWith(at % 2 === 0 ? { a: '1', b: '2' } : { b: '2', a: '1' }, 'deploy-7'),
    )
    const runs = (await Promise.all(requests)).map(need)
    expect(new Set(runs.map(({ id }) => id)).size).toBe(1)
    expect(need(await shop.app.runs.count(shop.admin, {}))).toBe(1)
  })

  test('with another body is refused, also while the first is under way; another user’s key is another key', async () => {
    const shop = await openShop({ params: [param('a')] })
    const both = await Promise.all([shop.startWith({ a: '1' }, 'key'), shop.startWith({ a: '2' }, 'key')])
    expect(both.map(codeOf)).toEqual(['ok', 'idempotency_reused'])
    expect(codeOf(await shop.startWith({ a: '2' }, 'key'))).toBe('idempotency_reused')
    const li = await shop.host.credentials.addUser({ name: 'li', domain: '', password: null, role: 'operator' })
    expect(need(await shop.startWith({ a: '2' }, 'key', li)).number).toBe(2)
    for (const key of ['', 'x'.repeat(256)]) expect(codeOf(await shop.startWith({}, key))).toBe('invalid_request')
  })

  test('still stands after a restart, and for a day', async () => {
    const shop = await openShop()
    const run = need(await shop.startWith({}, 'key'))
    const { app } = await shop.restarted()
    const again = () =>
      app.runs.start(shop.admin, { pipeline: { id: shop.definition.id }, params: {}, idempotencyKey: 'key' })
    shop.clock.advance(IDEMPOTENCY_MS - 1)
    expect(need(await again()).id).toBe(run.id)
    shop.clock.advance(1)
    expect(need(await again()).id).not.toBe(run.id)
  })

  test('is free again when its request was refused', async () => {
    const shop = await openShop({ params: [param('a', { required: true })] })
    expect((await Promise.all([shop.startWith({}, 'key'), shop.startWith({}, 'key')])).map(codeOf)).toEqual([
      'invalid_request',
      'invalid_request',
    ])
    expect(codeOf(await shop.startWith({ a: '1' }, 'key'))).toBe('ok')
  })
})

describe('runs of other projects', () => {
  test('do not exist: by no name, in no list, batch, count or feed, for no action', async () => {
    const shop = await openShop()
    const run = await shop.start(shop.definition)
    await shop.settled()
    const { runs, feed } = shop.app
    const refs: readonly RunRef[] = [
      { id: run.id },
      { serial: run.serial },
      { pipeline: { id: shop.definition.id }, number: 1 },
      { pipeline: { name: 'build' }, latest: true },
      { pipeline: { serial: shop.definition.serial }, number: 1 },
    ]
    const { stranger, admin } = shop
    const nobody: Caller = { ...admin, projectIds: [] }
    for (const ref of refs) {
      expect(codeOf(await runs.get(admin, ref))).toBe('ok')
      for (const caller of [stranger, nobody]) {
        for (const asked of [
          await runs.get(caller, ref),
          await runs.act(caller, ref, { action: 'cancel' }),
          await runs.actOnNode(caller, ref, { key: 'a' }, { action: 'skip' }),
          await runs.explain(caller, ref),
          await runs.events(caller, ref, 0, 10),
          await runs.asOf(caller, ref, 1),
          await runs.log(caller, ref, { key: 'a' }, null),
        ]) {
          expect(codeOf(asked)).toBe('not_found')
        }
        expect(need(await runs.batch(caller, [ref]))).toEqual([])
      }
    }
    const page = { before: null, limit: 10 }
    for (const caller of [stranger, nobody]) {
      expect(need(await runs.list(caller, {}, page)).items).toEqual([])
      expect(need(await runs.count(caller, {}))).toBe(0)
      expect(codeOf(await runs.list(caller, { project: { id: shop.project.id } }, page))).toBe('not_found')
      expect(codeOf(await runs.count(caller, { pipeline: { id: shop.definition.id } }))).toBe('not_found')
      expect(need(await feed.read(caller, 0, {}, 10))).toEqual([])
      expect(need(await feed.read(caller, 0, { runId: run.id }, 10))).toEqual([])
      expect(codeOf(await feed.read(caller, 0, { project: { id: shop.project.id } }, 10))).toBe('not_found')
      const end = new AbortController()
      const followed = need(await feed.follow(caller, 0, { runId: run.id }, end.signal))
      const next = followed[Symbol.asyncIterator]().next()
      await shop.settled()
      await runs.act(admin, { id: run.id }, { action: 'pause' })
      await runs.act(admin, { id: run.id }, { action: 'resume' })
      shop.clock.advance(15_000)
      expect((await next).value).toBeUndefined()
      end.abort()
    }
    expect(need(await feed.read(admin, 0, {}, 100)).length).toBeGreaterThan(4)
  })
})

describe('asking for runs', () => {
  test('a batch keeps its order, leaves out what there is not, and has an end', async () => {
    const shop = await openShop()
    const [first, second] = [await shop.start(shop.definition), await shop.start(shop.definition)]
    const found = need(
      await shop.app.runs.batch(shop.admin, [{ id: second.id }, { id: 'nothing' }, { serial: first.serial }]),
    )
    expect(found.map(({ id }) => id)).toEqual([second.id, first.id])
    const many = Array.from({ length: 101 }, () => ({ id: first.id }))
    expect(codeOf(await shop.app.runs.batch(shop.admin, many))).toBe('invalid_request')
  })

  test('a page tells where the next one begins', async () => {
    const shop = await openShop()
    for (let count = 0; count < 5; count += 1) await shop.start(shop.definition)
    const numbers: number[] = []
    for (let before: number | null = null, pages = 0; pages < 3; pages += 1) {
      const { items, next }: { items: readonly { number: number }[]; next: number | null } = need(
        await shop.app.runs.list(shop.admin, {}, { before, limit: 2 }),
      )
      numbers.push(...items.map(({ number }) => number))
      before = next
      expect(next === null).toBe(pages === 2)
    }
    expect(numbers).toEqual([5, 4, 3, 2, 1])
  })

  test('by a name that two projects have is told to be ambiguous', async () => {
    const shop = await openShop()
    await shop.app.pipelines.create(shop.admin, { project: { id: shop.other.id }, text: JSON.stringify(build()) })
    expect(codeOf(await shop.app.runs.get(shop.admin, { pipeline: { name: 'build' }, latest: true }))).toBe('conflict')
  })

  test('as of an event gives the run as it was, and only events that there are', async () => {
    const shop = await openShop()
    const { id } = await shop.start(shop.definition)
    await shop.settled()
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    const run = await shop.run(id)
    const events = need(await shop.app.runs.events(shop.admin, { id }, 0, 100))
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: run.seq }, (_, at) => at + 1))
    expect(need(await shop.app.runs.asOf(shop.admin, { id }, 1)).status).toBe('waiting')
    expect(need(await shop.app.runs.asOf(shop.admin, { id }, run.seq))).toEqual(run)
    for (const seq of [0, -1, 1.5, run.seq + 1, Number.NaN]) {
      expect(codeOf(await shop.app.runs.asOf(shop.admin, { id }, seq))).toBe('invalid_request')
    }
  })
})

describe('acting on a run', () => {
  test('takes an operator; for another person an admin', async () => {
    const shop = await openShop({ stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work: review })] })] })
    const { id } = await shop.start(shop.definition)
    const viewer: Caller = { ...shop.admin, role: 'viewer' }
    const operator: Caller = { ...shop.admin, role: 'operator' }
    const { runs } = shop.app
    for (const action of ['pause', 'resume', 'cancel', 'retry', 'start'] as const) {
      expect(codeOf(await runs.act(viewer, { id }, { action }))).toBe('forbidden')
    }
    for (const action of ['approve', 'reject', 'skip', 'retry'] as const) {
      expect(codeOf(await runs.actOnNode(viewer, { id }, { key: 'a' }, { action }))).toBe('forbidden')
    }
    const approve = (caller: Caller, as?: string) =>
      runs.actOnNode(caller, { id }, { key: 'a' }, { action: 'approve', ...(as === undefined ? undefined : { as }) })
    expect(codeOf(await approve(operator))).toBe('forbidden')
    expect(codeOf(await approve(operator, 'chen'))).toBe('forbidden')
    expect(codeOf(await approve(shop.admin))).toBe('forbidden')
    expect(need(await approve(shop.admin, 'chen')).status).toBe('succeeded')
    expect(await runs.act(operator, { id }, { action: 'pause' })).toMatchObject({
      problem: { code: 'not_allowed', allowed: [] },
    })
  })

  test('on a node goes by id, key or place, and by nothing else', async () => {
    const shop = await openShop()
    const run = await shop.start(shop.definition)
    const task = run.stages[0]?.tasks[0]
    const act = async (node: Parameters<typeof shop.app.runs.actOnNode>[2]) =>
      codeOf(await shop.app.runs.actOnNode(shop.admin, { id: run.id }, node, { action: 'approve' }))
    for (const node of [{ id: task?.id ?? '' }, { key: 'a' }, { index: 1 }]) expect(await act(node)).toBe('not_allowed')
    for (const node of [
      { id: run.id },
      { id: '' },
      { key: '__proto__' },
      { index: 2 },
      { index: -1 },
      { index: 0.5 },
    ]) {
      expect(await act(node)).toBe('not_found')
    }
  })

  test('while the disk is full changes nothing and says so', async () => {
    const store = openFullStore()
    const shop = await openShop({}, { store })
    const { id, seq } = await shop.start(shop.definition)
    await shop.settled()
    const before = await shop.run(id)
    store.refuse(1)
    expect(codeOf(await shop.app.runs.act(shop.admin, { id }, { action: 'pause' }))).toBe('unavailable')
    expect(await shop.run(id)).toEqual(before)
    expect(before.seq).toBeGreaterThan(seq - 1)
    expect(codeOf(await shop.app.runs.act(shop.admin, { id }, { action: 'pause' }))).toBe('ok')
  })
})

describe('webhooks', () => {
  const pushAndTag = (operator: 'and' | 'or'): Partial<PipelineDefinition> => ({
    params: [param('ref'), param('version')],
    triggers: {
      operator,
      list: [
        { kind: 'webhook', name: 'push', params: { branch: 'ref' } },
        { kind: 'webhook', name: 'tag', params: { tag: 'version' } },
      ],
    },
  })
  const idOf = (shop: Awaited<ReturnType<typeof openShop>>, name: string): string =>
    shop.definition.webhooks.find((webhook) => webhook.name === name)?.id ?? ''

  test('with `or`: each call starts a run with what it gives', async () => {
    const shop = await openShop(pushAndTag('or'))
    const fired = await Promise.all([
      shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main', other: 'x' }),
      shop.app.runs.fireWebhook(idOf(shop, 'tag'), { tag: 'v1' }),
    ])
    expect(fired.map(need).map(({ started, run }) => [started, run.number, run.cause.by])).toEqual([
      [true, 1, 'push'],
      [true, 2, 'tag'],
    ])
    const [first] = fired.map(need)
    expect(first?.run.params.filter(({ system }) => !system).map(({ value }) => value)).toEqual(['main', null])
  })

  test('with `and`: calls at once make one run, which starts when all have come', async () => {
    const shop = await openShop(pushAndTag('and'))
    const fired = await Promise.all([
      shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main' }),
      shop.app.runs.fireWebhook(idOf(shop, 'tag'), { tag: 'v1' }),
    ])
    expect(fired.map(need).map(({ started }) => started)).toEqual([false, true])
    expect(need(await shop.app.runs.count(shop.admin, {}))).toBe(1)
    const again = need(await shop.app.runs.fireWebhook(idOf(shop, 'push'), {}))
    expect([again.started, again.run.number]).toEqual([false, 2])
  })

  test('with `and`: one that fires again before the others replaces what it gave, and no second run waits', async () => {
    const shop = await openShop(pushAndTag('and'))
    const push = async (branch: string) => need(await shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch }))
    const [first, second] = [await push('main'), await push('develop')]
    expect([second.started, second.run.id]).toEqual([false, first.run.id])
    const last = need(await shop.app.runs.fireWebhook(idOf(shop, 'tag'), { tag: 'v1' }))
    expect([last.started, last.run.id]).toEqual([true, first.run.id])
    expect(last.run.params.filter(({ system }) => !system).map(({ value }) => value)).toEqual(['develop', 'v1'])
    expect(need(await shop.app.runs.count(shop.admin, {}))).toBe(1)
  })

  test('give a param that is required', async () => {
    const shop = await openShop({
      params: [param('ref', { required: true })],
      triggers: { operator: 'or', list: [{ kind: 'webhook', name: 'push', params: { branch: 'ref' } }] },
    })
    expect(codeOf(await shop.app.runs.fireWebhook(idOf(shop, 'push'), {}))).toBe('invalid_request')
    expect(need(await shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main' })).started).toBe(true)
  })

  test('go by the name of the trigger when a waiting run is of an older version with another order', async () => {
    const shop = await openShop(pushAndTag('and'))
    need(await shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main' }))
    const turned = pushAndTag('and')
    const text = JSON.stringify(
      build({ ...turned, triggers: { operator: 'and', list: (turned.triggers?.list ?? []).toReversed() } }),
    )
    need(await shop.app.pipelines.update(shop.admin, { id: shop.definition.id }, { text, expectedVersion: null }))
    const { run, started } = need(await shop.app.runs.fireWebhook(idOf(shop, 'tag'), { tag: 'v1' }))
    expect([started, run.number, run.triggers?.list.map(({ name, params }) => [name, params])]).toEqual([
      true,
      1,
      [
        ['push', { branch: 'main' }],
        ['tag', { tag: 'v1' }],
      ],
    ])
  })

  test('are unknown by any other address', async () => {
    const shop = await openShop(pushAndTag('or'))
    for (const id of ['', 'x', shop.definition.id, idOf(shop, 'push').toUpperCase()]) {
      expect(codeOf(await shop.app.runs.fireWebhook(id, {}))).toBe('not_found')
    }
  })

  test('while the disk is full make nothing by halves: the next call goes on', async () => {
    const store = openFullStore()
    const shop = await openShop(pushAndTag('or'), { store })
    for (const writes of [1, 2]) {
      store.refuse(writes)
      expect(codeOf(await shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main' }))).toBe('unavailable')
      store.refuse(0)
    }
    const { run, started } = need(await shop.app.runs.fireWebhook(idOf(shop, 'push'), { branch: 'main' }))
    expect([started, need(await shop.app.runs.count(shop.admin, {}))]).toEqual([true, 1])
    expect(run.status).toBe('queued')
  })
})

test('the log of an attempt ends for its readers when the attempt does, and is ended for who comes later', async () => {
  const shop = await openShop()
  const { id } = await shop.start(shop.definition)
  await shop.settled()
  const log = need(await shop.app.runs.log(shop.admin, { id }, { key: 'a' }, null))
  const asking = shop.app.runs.log(shop.admin, { id }, { key: 'a' }, 1)
  expect(log.ended()).toBe(false)
  shop.runner.endTask('a', exited(1))
  const asked = need(await asking)
  await shop.settled()
  expect([log.ended(), asked.ended()]).toEqual([true, true])
  expect(need(await shop.app.runs.log(shop.admin, { id }, { key: 'a' }, null)).ended()).toBe(true)
  for (const attempt of [0, 2, -1]) {
    expect(codeOf(await shop.app.runs.log(shop.admin, { id }, { key: 'a' }, attempt))).toBe('not_found')
  }
  expect(codeOf(await shop.app.runs.log(shop.admin, { id }, { key: 'stage' }, null))).toBe('not_found')
})
