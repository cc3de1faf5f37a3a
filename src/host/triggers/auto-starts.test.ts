import { describe, expect, test } from 'vitest'
import type { Concurrency, PipelineDefinition, TriggerSpec } from '../../model/definition.ts'
import type { RunSummary } from '../../model/view.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { exited, ScriptedRunner, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type Served, type World, type WorldOptions } from '../../testing/world.ts'
import { DEPTH_MAX } from './auto-starts.ts'

const HOUR = 3_600_000
const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const param = (name: string) =>
  ({ name, type: 'string', description: '', required: false, default: '', options: [] }) as const

const build = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({ name: 'build', stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })], ...changes })

type ScheduleSpec = Extract<TriggerSpec, { kind: 'schedule' }>
type UpstreamSpec = Extract<TriggerSpec, { kind: 'upstream' }>
const schedule = (changes: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  kind: 'schedule',
  name: 'hourly',
  cron: '0 * * * *',
  timezone: 'UTC',
  missed: 'skip',
  params: {},
  ...changes,
})
const after = (pipeline: string, changes: Partial<UpstreamSpec> = {}): UpstreamSpec => ({
  kind: 'upstream',
  name: `after ${pipeline}`,
  pipeline,
  statuses: ['succeeded'],
  params: {},
  ...changes,
})
const or = (...list: readonly TriggerSpec[]): Pick<PipelineDefinition, 'triggers'> => ({
  triggers: { operator: 'or', list },
})

async function settle(served: Served): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await served.settled()
}

/** A world whose jobs end at once, on the hour. */
async function openYard(options: WorldOptions = {}): Promise<World> {
  const runner = new ScriptedRunner()
  runner.script = () => succeeded()
  const world = await openWorld({ runner, ...options })
  world.clock.advance(HOUR - (world.clock.now() % HOUR))
  return world
}

const runsOf = async (world: World, served: Served = world, name = 'build'): Promise<readonly RunSummary[]> =>
  need(await served.app.runs.list(world.admin, { pipeline: { name } }, { before: null, limit: 100 })).items.toReversed()

/** When the runs that a schedule started were due. */
async function dues(world: World, served: Served = world): Promise<readonly string[]> {
  const runs = await Promise.all((await runsOf(world, served)).map(({ id }) => served.run(id)))
  return runs.map(({ cause }) => new Date(cause.due ?? 0).toISOString().slice(11, 19))
}

describe('schedules', () => {
  test('start a run at each of their instants, with the params that they give', async () => {
    const world = await openYard()
    await world.pipeline(build({ params: [param('env')], ...or(schedule({ params: { env: 'night' } })) }))
    for (let hour = 0; hour < 3; hour += 1) {
      world.clock.advance(HOUR)
      await settle(world)
    }
    const [first] = await runsOf(world)
    expect(first).toMatchObject({ cause: { kind: 'schedule', by: 'hourly' }, createdAt: world.clock.now() - 2 * HOUR })
    expect((await world.run(first!.id)).params).toContainEqual(expect.objectContaining({ name: 'env', value: 'night' }))
    expect(await dues(world)).toEqual(['05:00:00', '06:00:00', '07:00:00'])
  })

  test('change with the pipeline and end with it', async () => {
    const world = await openYard()
    const { id } = await world.pipeline(build(or(schedule())))
    const text = JSON.stringify(build(or(schedule({ cron: '30 * * * *' }))))
    need(await world.app.pipelines.update(world.admin, { id }, { text, expectedVersion: null }))
    world.clock.advance(HOUR)
    await settle(world)
    expect(await dues(world)).toEqual(['04:30:00'])
    need(await world.app.pipelines.remove(world.admin, { id }))
    world.clock.advance(3 * HOUR)
    await settle(world)
    expect(world.runner.cleaned).toHaveLength(1)
  })

  test('come due one after the other however the clock jumps, and several that were missed are one run', async () => {
    const world = await openYard()
    await world.pipeline(build(or(schedule({ cron: '@every 1s', name: 'often' }))))
    world.clock.advance(5_000)
    await settle(world)
    expect(await dues(world)).toEqual(['04:00:01', '04:00:02', '04:00:03', '04:00:04', '04:00:05'])
  })

  test('go on when a clock that was ahead is set right, and start nothing twice', async () => {
    const world = await openYard()
    await world.pipeline(build(or(schedule({ cron: '@every 1h', name: 'often' }))))
    world.clock.advance(HOUR)
    await settle(world)
    world.clock.set(2 * HOUR)
    world.clock.advance(HOUR)
    await settle(world)
    expect(await dues(world)).toEqual(['05:00:00', '08:00:00'])
    world.clock.set(-2 * HOUR)
    for (let hour = 0; hour < 3; hour += 1) {
      world.clock.advance(HOUR)
      await settle(world)
    }
    expect(await dues(world)).toEqual(['05:00:00', '08:00:00', '07:00:00', '09:00:00'])
  })

  test.each([
    ['skip', 30_000, 0],
    ['skip', 10 * HOUR, 0],
    ['once', 10 * HOUR, 1],
    ['skip', HOUR + 59_000, 1],
    ['once', HOUR + 59_000, 1],
    ['once', 40 * 24 * HOUR, 1],
  ] as const)('after a time without a server: %s, %i ms, runs: %i', async (missed, downMs, expected) => {
    const world = await openYard()
    await world.pipeline(build(or(schedule({ missed }))))
    await settle(world)
    world.clock.advance(90_000)
    await settle(world)
    // Down until that long after the hour at which it began; 10 h is well past the last of ten hours.
    world.host.close()
    world.clock.advance(downMs - 90_000 + (downMs === 10 * HOUR ? 120_000 : 0))
    const next = await world.restarted()
    await settle(next)
    expect(await runsOf(world, next)).toHaveLength(expected)
    const again = await next.restarted()
    await settle(again)
    expect(await runsOf(world, again)).toHaveLength(expected)
  })

  test('a start that a full disk refused is made when there is room', async () => {
    const store = openFullStore()
    const world = await openYard({ store })
    await world.pipeline(build(or(schedule())))
    store.refuse(1_000)
    world.clock.advance(HOUR)
    await settle(world)
    expect(await dues(world)).toEqual([])
    store.refuse(0)
    world.clock.advance(1_000)
    await settle(world)
    world.clock.advance(2_000)
    await settle(world)
    expect(await dues(world)).toEqual(['05:00:00'])
  })

  test('a start that is refused for good is told by the next fires', async () => {
    const world = await openYard()
    const required = { ...param('env'), required: true, default: null }
    const { id } = await world.pipeline(build({ params: [required], ...or(schedule()) }))
    world.clock.advance(HOUR)
    await settle(world)
    const { fires, refusals } = need(await world.app.pipelines.nextFires(world.admin, { id }, 2))
    const now = world.clock.now()
    expect(fires).toEqual([
      { trigger: 'hourly', at: now + HOUR },
      { trigger: 'hourly', at: now + 2 * HOUR },
    ])
    expect(refusals).toEqual([
      { trigger: 'hourly', at: now, message: expect.stringContaining('env: expected text, found nothing') },
    ])
    expect(await runsOf(world)).toEqual([])
  })

  test('whatever a server had written when it was killed, the next one makes one run of an instant', async () => {
    const writes = await killedAfter(Number.POSITIVE_INFINITY)
    expect(writes.count).toBeGreaterThan(4)
    for (let at = 0; at <= writes.count; at += 1) {
      const { due } = await killedAfter(at)
      expect([at, due]).toEqual([at, ['05:00:00']])
    }
  })
})

/** A server that is killed after so many writes, an hour before 5:00 until a second after it; the next one starts half a minute later. */
async function killedAfter(writes: number): Promise<{ readonly count: number; readonly due: readonly string[] }> {
  const mortal = mortalStore()
  const world = await openYard({ store: mortal.store })
  await world.pipeline(build(or(schedule({ missed: 'once' }))))
  await settle(world)
  mortal.dieAfter(writes)
  world.clock.advance(HOUR + 1_000)
  await settle(world)
  const count = mortal.count()
  mortal.dieAfter(Number.POSITIVE_INFINITY)
  world.clock.advance(30_000)
  const next = await world.restarted()
  await settle(next)
  world.clock.advance(HOUR / 2)
  await settle(next)
  return { count, due: await dues(world, next) }
}

/** A store that hears nothing more of its server from a number of writes on. */
function mortalStore() {
  const store = openMemoryStore()
  let [writes, writesMax] = [0, Number.POSITIVE_INFINITY]
  const dead = new Promise<never>(() => undefined)
  const mortal =
    <Args extends readonly unknown[], Value>(write: (...args: Args) => Promise<Value>) =>
    async (...args: Args): Promise<Value> => {
      if (writes >= writesMax) return dead
      writes += 1
      const value = await write(...args)
      // Durable, but the server dies before it hears of it.
      return writes >= writesMax ? dead : value
    }
  return {
    count: () => writes,
    dieAfter: (more: number): void => {
      writes = 0
      writesMax = more
    },
    store: {
      ...store,
      runs: { ...store.runs, commit: mortal(store.runs.commit), reserve: mortal(store.runs.reserve) },
      keys: { ...store.keys, putSetting: mortal(store.keys.putSetting) },
    },
  }
}

/** Ends what is under way and what comes. */
function endAll({ runner }: Served): void {
  runner.script = () => succeeded()
  for (const job of runner.jobs.slice()) runner.end(job, succeeded())
}

describe('upstreams', () => {
  test('a run that has ended starts one of those that follow it, with what it passes on', async () => {
    const world = await openWorld()
    const first = await world.pipeline(build({ name: 'first', params: [param('branch')] }))
    await world.pipeline(
      build({
        params: ['branch', 'image', 'from', 'id', 'none'].map(param),
        ...or(
          after('first', {
            params: { branch: 'branch', 'a.image': 'image', 'run.number': 'from', 'run.id': 'id', 'a.other': 'none' },
          }),
        ),
      }),
    )
    const upstream = await world.start(first, { branch: 'dev' })
    await world.settled()
    world.runner.endTask('a', succeeded({ image: 'web:1' }))
    await settle(world)
    const [summary] = await runsOf(world)
    const run = await world.run(summary!.id)
    expect(run.cause).toEqual({
      kind: 'upstream',
      by: 'first #1',
      origin: { as: 'upstream', runId: upstream.id, depth: 1 },
    })
    const own = run.params.filter(({ system }) => !system).map(({ name, value }) => [name, value])
    expect(Object.fromEntries(own)).toEqual({ branch: 'dev', image: 'web:1', from: '1', id: upstream.id, none: '' })
  })

  test('only an end that was asked for counts, and each end counts', async () => {
    const world = await openWorld()
    const first = await world.pipeline(build({ name: 'first' }))
    await world.pipeline(build(or(after('first', { statuses: ['failed', 'succeeded'] }))))
    await world.pipeline(build({ name: 'good', ...or(after('first')) }))
    const { id } = await world.start(first)
    await world.settled()
    world.runner.endTask('a', exited(1))
    await settle(world)
    world.clock.advance(1_000)
    need(await world.app.runs.act(world.admin, { id }, { action: 'retry' }))
    await settle(world)
    const index = world.runner.jobs.findIndex(({ runId }) => runId === id)
    world.runner.end(world.runner.jobs[index]!, succeeded())
    await settle(world)
    expect([(await runsOf(world)).length, (await runsOf(world, world, 'good')).length]).toEqual([2, 1])
  })

  test('pipelines that start each other in a circle come to an end, and it is told why', async () => {
    const world = await openYard()
    const ping = await world.pipeline(build({ name: 'ping', ...or(after('pong')) }))
    const pong = await world.pipeline(build({ name: 'pong', ...or(after('ping')) }))
    await world.start(ping)
    for (let turn = 0; turn < 40; turn += 1) await settle(world)
    const count = (await runsOf(world, world, 'ping')).length + (await runsOf(world, world, 'pong')).length
    expect(count).toBe(1 + DEPTH_MAX)
    const { refusals } = need(await world.app.pipelines.nextFires(world.admin, { id: pong.id }, 1))
    expect(refusals.map(({ message }) => message)).toEqual([expect.stringContaining('in a circle')])
  })

  test('an end of which a killed server had told nobody is followed by one run, and only one', async () => {
    for (let writes = 1; writes <= 12; writes += 1) {
      const mortal = mortalStore()
      const world = await openYard({ store: mortal.store })
      const first = await world.pipeline(build({ name: 'first' }))
      await world.pipeline(build(or(after('first'))))
      await settle(world)
      mortal.dieAfter(writes)
      void world.app.runs.start(world.admin, { pipeline: { id: first.id }, params: {} })
      await settle(world)
      mortal.dieAfter(Number.POSITIVE_INFINITY)
      const next = await world.restarted()
      endAll(next)
      await settle(next)
      const ended = (await runsOf(world, next, 'first')).filter(({ status }) => status === 'succeeded')
      expect([writes, (await runsOf(world, next)).length]).toEqual([writes, ended.length])
      next.host.close()
    }
  })
})

test('a schedule of a pipeline that refuses more than one run is refused while one is under way', async () => {
  const world = await openWorld()
  world.clock.advance(HOUR - (world.clock.now() % HOUR))
  const concurrency: Concurrency = { limit: 1, group: null, whenFull: 'abort' }
  const { id } = await world.pipeline(build({ concurrency, ...or(schedule()) }))
  world.clock.advance(HOUR)
  await settle(world)
  world.clock.advance(HOUR)
  await settle(world)
  expect(await runsOf(world)).toHaveLength(1)
  const { refusals } = need(await world.app.pipelines.nextFires(world.admin, { id }, 1))
  expect(refusals[0]?.message).toContain('build #1 is under way')
})

describe('running again', () => {
  test('makes a run of the same version with the same params, or some of them replaced', async () => {
    const world = await openYard()
    const pipeline = await world.pipeline(build({ params: [param('a'), param('b')] }))
    const first = await world.start(pipeline, { a: '1', b: '2' })
    const text = JSON.stringify(build({ params: [param('c')] }))
    need(await world.app.pipelines.update(world.admin, { id: pipeline.id }, { text, expectedVersion: null }))
    const again = need(await world.app.runs.rerun(world.admin, { id: first.id }, { params: { b: '3' } }))
    expect(again).toMatchObject({
      number: 2,
      pipeline: { version: 1 },
      cause: { kind: 'manual', by: 'ci', origin: { as: 'rerun', runId: first.id, depth: 0 } },
    })
    expect(again.params.filter(({ system }) => !system).map(({ value }) => value)).toEqual(['1', '3'])
    const wrong = await world.app.runs.rerun(world.admin, { id: first.id }, { params: { c: '3' } })
    expect(wrong).toMatchObject({ ok: false, problem: { code: 'invalid_request' } })
  })

  test('twice with one key is one run; a viewer may not', async () => {
    const world = await openYard()
    const first = await world.start(await world.pipeline(build()))
    const rerun = (idempotencyKey: string) => world.app.runs.rerun(world.admin, { id: first.id }, { idempotencyKey })
    const [one, two] = [need(await rerun('x')), need(await rerun('x'))]
    expect([one.number, two.id]).toEqual([2, one.id])
    const viewer = { ...world.admin, role: 'viewer' } as const
    expect(await world.app.runs.rerun(viewer, { id: first.id }, {})).toMatchObject({ problem: { code: 'forbidden' } })
  })
})
