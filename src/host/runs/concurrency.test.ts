import { describe, expect, test } from 'vitest'
import type { Concurrency, PipelineDefinition } from '../../model/definition.ts'
import type { PipelineView } from '../../model/view.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type Served, type World } from '../../testing/world.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const build = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({ name: 'build', stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })], ...changes })

const queue = (limit = 1, group: string | null = null): Concurrency => ({ limit, group, whenFull: 'queue' })

async function openYard(concurrency: Concurrency) {
  const world = await openWorld()
  const pipeline = await world.pipeline(build({ concurrency }))
  return { world, pipeline }
}

/** Starts so many runs; gives their ids. */
async function starts(world: World, pipeline: PipelineView, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  for (let at = 0; at < count; at += 1) ids.push((await world.start(pipeline)).id)
  await settle(world)
  return ids
}

/** Turns are given with commits of their own, each of which is another turn of the event loop. */
async function settle(served: Served): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await served.settled()
}

const statuses = async (served: Served, ids: readonly string[]): Promise<readonly string[]> =>
  Promise.all(ids.map(async (id) => (await served.run(id)).status))

/** Ends the oldest job under way. */
async function endOne(served: Served): Promise<void> {
  served.runner.endTask('a', succeeded())
  await settle(served)
}

describe('queue', () => {
  test('runs wait for their turn, the oldest goes first, and explain tells which one is next', async () => {
    const { world, pipeline } = await openYard(queue())
    const ids = await starts(world, pipeline, 3)
    expect(await statuses(world, ids)).toEqual(['running', 'queued', 'queued'])
    const [why] = need(await world.app.runs.explain(world.admin, { id: ids[2]! }))
    expect(why).toMatchObject({
      code: 'waiting-for-turn',
      position: 2,
      sentence: expect.stringContaining('build #1 is under way'),
    })
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'running', 'queued'])
    await endOne(world)
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'succeeded', 'succeeded'])
  })

  test('a run of a higher priority goes first, and the queue of the group lists who waits', async () => {
    const world = await openWorld()
    const concurrency = queue(1, 'production')
    const first = await world.pipeline(build({ concurrency }))
    const other = await world.pipeline(build({ name: 'other', concurrency, priority: 'low' }))
    const [running] = await starts(world, first, 1)
    const [low] = await starts(world, other, 1)
    const [normal] = await starts(world, first, 1)
    const start = { pipeline: { id: other.id }, params: {}, priority: 'high' } as const
    const { id: high } = need(await world.app.runs.start(world.admin, start))
    await settle(world)
    const view = need(await world.app.runs.queue(world.admin, { id: other.id }))
    expect(view).toMatchObject({ concurrency, runningCount: 1, queuedCount: 3 })
    expect(view.running.map(({ id }) => id)).toEqual([running])
    expect(view.queue.map(({ id, position, priority }) => [position, priority, id])).toEqual([
      [1, 'high', high],
      [2, 'normal', normal],
      [3, 'low', low],
    ])
    const [why] = need(await world.app.runs.explain(world.admin, { id: low! }))
    expect(why?.sentence).toBe(
      'Waiting for its turn, number 3 in the queue (low priority): there is room for 1 run of the group production at once, and build #1 is under way',
    )
    await endOne(world)
    expect(await statuses(world, [high, normal!, low!])).toEqual(['running', 'queued', 'queued'])
  })

  test('a low one has its turn after ten higher ones that came later', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build({ concurrency: queue(1) }))
    await starts(world, pipeline, 1)
    const start = { pipeline: { id: pipeline.id }, params: {}, priority: 'low' } as const
    const { id: low } = need(await world.app.runs.start(world.admin, start))
    await starts(world, pipeline, 12)
    let ended = 0
    while ((await statuses(world, [low]))[0] === 'queued') {
      await endOne(world)
      ended += 1
    }
    expect(ended).toBe(11)
  })

  test('one that is cancelled while it waits leaves the queue', async () => {
    const { world, pipeline } = await openYard(queue())
    const ids = await starts(world, pipeline, 3)
    need(await world.app.runs.act(world.admin, { id: ids[1]! }, { action: 'cancel' }))
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'cancelled', 'running'])
  })

  test('one that is retried after it was cancelled there waits again, behind those that came meanwhile', async () => {
    const { world, pipeline } = await openYard(queue())
    const ids = await starts(world, pipeline, 3)
    need(await world.app.runs.act(world.admin, { id: ids[1]! }, { action: 'cancel' }))
    const retried = need(await world.app.runs.act(world.admin, { id: ids[1]! }, { action: 'retry' }))
    expect([retried.status, retried.number, retried.cancelledBy]).toEqual(['queued', 2, null])
    const [why] = need(await world.app.runs.explain(world.admin, { id: ids[1]! }))
    expect(why).toMatchObject({ code: 'waiting-for-turn', position: 2 })
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'queued', 'running'])
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'running', 'succeeded'])
    await endOne(world)
    expect(await statuses(world, ids)).toEqual(['succeeded', 'succeeded', 'succeeded'])
  })

  test('as many as there is room for go at once, however many wait', async () => {
    const { world, pipeline } = await openYard(queue(3))
    const ids = await starts(world, pipeline, 300)
    const running = async (): Promise<number> =>
      (await statuses(world, ids)).filter((status) => status === 'running').length
    expect(await running()).toBe(3)
    for (let ended = 1; ended <= 300; ended += 1) {
      expect(world.runner.jobs.length).toBe(Math.min(3, 301 - ended))
      world.runner.endTask('a', succeeded())
      for (let turn = 0; turn < 4; turn += 1) await world.settled()
    }
    expect(new Set(await statuses(world, ids))).toEqual(new Set(['succeeded']))
  })

  test('pipelines of one group take turns, those of another project do not', async () => {
    const world = await openWorld()
    const [one, two] = [
      await world.pipeline(build({ name: 'one', concurrency: queue(1, 'production') })),
      await world.pipeline(build({ name: 'two', concurrency: queue(1, 'production') })),
    ]
    const elsewhere = need(await world.app.projects.create(world.admin, { name: 'elsewhere', description: '' }))
    const text = JSON.stringify(build({ name: 'one', concurrency: queue(1, 'production') }))
    const third = need(await world.app.pipelines.create(world.admin, { project: { id: elsewhere.id }, text }))
    const ids = (await Promise.all([one, two, third].map((pipeline) => world.start(pipeline)))).map(({ id }) => id)
    await settle(world)
    expect(await statuses(world, ids)).toEqual(['running', 'queued', 'running'])
  })

  test('a run of an older version without a limit counts, too', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build())
    const first = await world.start(pipeline)
    const text = JSON.stringify(build({ concurrency: queue() }))
    need(await world.app.pipelines.update(world.admin, { id: pipeline.id }, { text, expectedVersion: null }))
    const second = await world.start(pipeline)
    await settle(world)
    expect(await statuses(world, [first.id, second.id])).toEqual(['running', 'queued'])
    await endOne(world)
    expect(await statuses(world, [first.id, second.id])).toEqual(['succeeded', 'running'])
  })

  test('after a restart the same runs go on and the same ones wait, in their order', async () => {
    const { world, pipeline } = await openYard(queue(2))
    const ids = await starts(world, pipeline, 5)
    const next = await world.restarted()
    await settle(next)
    expect(await statuses(next, ids.slice(2))).toEqual(
      // What the first server ran is lost, which makes room for two.
      ['running', 'running', 'queued'],
    )
    expect(next.runner.jobs).toHaveLength(2)
  })
})

describe('abort', () => {
  const abort: Concurrency = { limit: 1, group: null, whenFull: 'abort' }

  test('a run for which there is no room is refused, and the refusal names the one that is in its way', async () => {
    const { world, pipeline } = await openYard(abort)
    const first = await world.start(pipeline)
    const again = await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {} })
    expect(again).toMatchObject({
      ok: false,
      problem: { code: 'conflict', message: 'pipeline build takes 1 run at once: build #1 is under way' },
    })
    await settle(world)
    await endOne(world)
    expect((await world.run(first.id)).status).toBe('succeeded')
    expect((await world.start(pipeline)).number).toBe(2)
  })

  test('of two starts at once one is made', async () => {
    const { world, pipeline } = await openYard(abort)
    const start = () => world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {} })
    const results = await Promise.all([start(), start(), start()])
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false])
  })

  test('a waiting run whose person comes when there is no room is cancelled, and says why', async () => {
    const { world, pipeline } = await openYard(abort)
    const waiting = need(
      await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }),
    )
    await world.start(pipeline)
    await settle(world)
    need(await world.app.runs.act(world.admin, { id: waiting.id }, { action: 'start' }))
    await settle(world)
    const [why] = need(await world.app.runs.explain(world.admin, { id: waiting.id }))
    expect(why?.sentence).toBe('Ended as cancelled: there is no room: build #2 is under way')
  })
})

describe('supersede', () => {
  const supersede: Concurrency = { limit: 1, group: null, whenFull: 'supersede' }

  test('a newer run has the older one cancelled, and begins when it is over', async () => {
    const { world, pipeline } = await openYard(supersede)
    const [first = ''] = await starts(world, pipeline, 1)
    const [second = '', third = ''] = await starts(world, pipeline, 2)
    const old = await world.run(first)
    expect(old.cancelling).toMatchObject({ reason: 'superseded by build #2', by: { kind: 'server' } })
    // Its process is still being stopped; the second has been superseded before it began.
    expect(await statuses(world, [second, third])).toEqual(['cancelled', 'queued'])
    world.runner.endTask('a', { kind: 'cancelled' })
    await settle(world)
    expect(await statuses(world, [first, second, third])).toEqual(['cancelled', 'cancelled', 'running'])
  })

  test('after a restart the newest one is the one that goes on', async () => {
    const { world, pipeline } = await openYard(supersede)
    const ids = await starts(world, pipeline, 3)
    const next = await world.restarted()
    await settle(next)
    expect(await statuses(next, ids)).toEqual(['cancelled', 'cancelled', 'running'])
  })
})
