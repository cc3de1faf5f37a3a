import { describe, expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import type { Run } from '../../engine/run.ts'
import type { Job } from '../../model/job.ts'
import type { Priority } from '../../model/priority.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { exited, ScriptedRunner, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World, type WorldOptions } from '../../testing/world.ts'
import type { Runner } from './runner.ts'
import { Lines } from './lines.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const

/** A world with few slots, and a pipeline of tasks that all begin at once. */
async function openShop(
  keys: readonly string[],
  options: WorldOptions & { slots?: number; labels?: readonly string[] } = {},
) {
  const world = await openWorld({ runner: new ScriptedRunner(options.slots ?? 1), ...options })
  const tasks = keys.map((key) => taskSpec({ key, work, labels: options.labels ?? [], onLost: 'error' }))
  const pipeline = await world.pipeline(definition({ stages: [stageSpec({ tasks })] }))
  const start = async () => {
    const { id } = await world.start(pipeline)
    await world.settled()
    return id
  }
  return { ...world, start }
}

const keysOf = ({ runner }: Pick<World, 'runner'>): readonly (string | undefined)[] =>
  runner.jobs.map(({ env }) => env['MILLRACE_TASK'])
/** Ends whatever the one slot is at, until nothing waits; gives the keys in the order in which they were taken. */
async function takenOneByOne(world: Pick<World, 'runner' | 'settled'>): Promise<readonly unknown[]> {
  const order: unknown[] = []
  while (world.runner.jobs.length > 0) {
    const [key] = keysOf(world)
    order.push(key)
    world.runner.endTask(key ?? '', succeeded())
    await world.settled()
  }
  return order
}

const runId = (number: number): RunId => asId<RunId>(String(number).padStart(32, '0'))
const busyOf = ({ host }: Pick<World, 'host'>): readonly number[] => host.dispatcher.runners().map(({ busy }) => busy)

class NamedRunner extends ScriptedRunner {
  override readonly name: 'scripted'
  constructor(name: string, slots: number, labels: readonly string[]) {
    super(slots, labels)
    this.name = name as 'scripted'
  }
}

describe('work goes to runners', () => {
  test('first come, first served, and never more at once than a runner has slots', async () => {
    const shop = await openShop(['a', 'b', 'c', 'd', 'e'], { slots: 2 })
    await shop.start()
    const order: unknown[] = []
    while (shop.runner.jobs.length > 0) {
      expect(shop.runner.jobs.length).toBeLessThanOrEqual(2)
      const [key] = keysOf(shop)
      order.push(key)
      shop.runner.endTask(key ?? '', succeeded())
      await shop.settled()
    }
    expect(order).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(busyOf(shop)).toEqual([0])
  })

  test('and the end of one and the lease of the next that gets its slot are one commit', async () => {
    const store = openFullStore()
    const shop = await openShop(['a', 'b'], { store })
    await shop.start()
    const before = store.commits.length
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    expect(keysOf(shop)).toEqual(['b'])
    const types = store.commits
      .slice(before)
      .map(({ entries }) => entries.flatMap(({ events }) => events.map((e) => e.type)))
    expect(types).toEqual([['AttemptSucceeded', 'AttemptStarted']])
  })

  test('only when they have all the labels that it asks for', async () => {
    const shop = await openShop(['a'], { labels: ['arm', 'linux'] })
    const id = await shop.start()
    const [runner, other] = [new NamedRunner('big', 1, ['linux', 'arm', 'gpu']), new NamedRunner('arm', 1, ['arm'])]
    shop.host.addRunner(other)
    await shop.settled()
    expect([shop.runner.jobs.length, other.jobs.length]).toEqual([0, 0])
    shop.host.addRunner(runner)
    await shop.settled()
    expect(runner.jobs.map(({ runId }) => runId)).toEqual([id])
  })

  test('oldest first also when it waits in lines of different labels', async () => {
    const world = await openWorld({ runner: new ScriptedRunner(1, ['linux', 'gpu']) })
    const pipelineOf = (name: string, labels: readonly string[]) =>
      world.pipeline(definition({ name, stages: [stageSpec({ tasks: [taskSpec({ key: name, work, labels })] })] }))
    const pipelines = [
      await pipelineOf('first', []),
      await pipelineOf('second', ['gpu']),
      await pipelineOf('third', ['linux']),
      await pipelineOf('fourth', []),
      await pipelineOf('fifth', ['gpu']),
    ]
    for (const pipeline of pipelines) {
      await world.start(pipeline)
      await world.settled()
      world.clock.advance(1)
    }
    const order: unknown[] = []
    while (world.runner.jobs.length > 0) {
      order.push(keysOf(world)[0])
      world.runner.endTask(String(keysOf(world)[0]), succeeded())
      await world.settled()
    }
    expect(order).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
  })

  test('in turn among the projects, so that many tasks of one do not hold up the one of another', async () => {
    const world = await openWorld({ runner: new ScriptedRunner(1) })
    const many = ['a', 'b', 'c', 'd'].map((key) => taskSpec({ key, work }))
    const large = await world.pipeline(definition({ name: 'large', stages: [stageSpec({ tasks: many })] }))
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const one = definition({ name: 'small', stages: [stageSpec({ tasks: [taskSpec({ key: 'small', work })] })] })
    const input = { project: { id: other.id }, text: JSON.stringify(one) }
    const small = need(await world.app.pipelines.create(world.admin, input))
    await world.start(large)
    await world.settled()
    world.clock.advance(1_000)
    const { id } = await world.start(small)
    await world.settled()
    const why = need(await world.app.runs.explain(world.admin, { id }))
    expect(why.find(({ node }) => node !== null)).toMatchObject({ code: 'waiting-for-runner', position: 1 })
    expect(await takenOneByOne(world)).toEqual(['a', 'small', 'b', 'c', 'd'])
  })

  test('of the highest priority first, and explain says so', async () => {
    const world = await openWorld({ runner: new ScriptedRunner(1) })
    const pipelineOf = (name: string, priority: Priority) =>
      world.pipeline(definition({ name, priority, stages: [stageSpec({ tasks: [taskSpec({ key: name, work })] })] }))
    const [first, low, high] = [
      await pipelineOf('first', 'normal'),
      await pipelineOf('low', 'low'),
      await pipelineOf('high', 'high'),
    ]
    await world.start(first)
    await world.settled()
    const { id } = await world.start(low)
    await world.start(high)
    const start = { pipeline: { id: low.id }, params: {}, priority: 'high' } as const
    const raised = need(await world.app.runs.start(world.admin, start))
    expect(raised.priority).toBe('high')
    await world.settled()
    const why = need(await world.app.runs.explain(world.admin, { id }))
    expect(why.map(({ sentence }) => sentence)).toContain(
      'Waiting for a free runner, number 3 in the queue (low priority)',
    )
    expect(need(await world.app.runs.rerun(world.admin, { id: raised.id }, {})).priority).toBe('high')
    await world.settled()
    expect(await takenOneByOne(world)).toEqual(['first', 'high', 'low', 'low', 'low'])
  })

  test('and what it costs to find the next one does not grow with how many wait', () => {
    const lines = new Lines()
    const kind = { labels: [], homes: [], priority: 'normal', project: 'large' } as const
    const line = lines.of(kind)
    for (let node = 0; node < 10_000; node += 1) line.add({ runId: runId(1), node, attempt: 1, since: node })
    lines.of({ ...kind, project: 'small' }).add({ runId: runId(2), node: 0, attempt: 1, since: 0 })
    for (let home = 0; home < 100; home += 1) {
      const pinned = lines.of({ ...kind, homes: [`runner ${home}`] })
      pinned.add({ runId: runId(3), node: home, attempt: 1, since: 0 })
    }
    // One look at the first of each line that is for anybody or for this runner, whatever waits for others.
    expect([...lines.for('runner 7')].map(({ size }) => size)).toEqual([10_000, 1, 1])
    expect([...lines.for('another')].map(({ size }) => size)).toEqual([10_000, 1])
  })

  test('and a place is told that counts what can still be taken', async () => {
    const shop = await openShop(['a', 'b'])
    const [first, second, third] = [await shop.start(), await shop.start(), await shop.start()]
    const places = async (id: string) => {
      const found = await shop.app.runs.explain(shop.admin, { id })
      if (!found.ok) throw new Error(found.problem.message)
      return found.value.filter(({ node }) => node !== null).map(({ position }) => position)
    }
    expect([await places(first), await places(second), await places(third)]).toEqual([
      [null, 1],
      [2, 3],
      [4, 5],
    ])
    await shop.app.runs.act(shop.admin, { id: second }, { action: 'pause' })
    expect(await places(third)).toEqual([2, 3])
    await shop.app.runs.act(shop.admin, { id: second }, { action: 'cancel' })
    expect([await places(first), await places(third)]).toEqual([
      [null, 1],
      [2, 3],
    ])
  })
})

/** Two tasks, one after the other, and a runner besides the world's own, both with two slots. */
async function openTwo(otherLabels: readonly string[] = ['linux'], labels: readonly string[] = []) {
  const world = await openWorld({ runner: new ScriptedRunner(2) })
  const other = new NamedRunner('other', 2, otherLabels)
  other.report = (job, result) => world.host.dispatcher.ended('other', job, result)
  world.host.addRunner(other)
  const tasks = [
    taskSpec({ key: 'first', work, onLost: 'rerun' }),
    taskSpec({ key: 'second', work, labels, needs: ['first'] }),
    taskSpec({ key: 'third', work, needs: ['first'] }),
  ]
  const pipeline = await world.pipeline(definition({ stages: [stageSpec({ tasks })] }))
  const start = async () => {
    const { id } = await world.start(pipeline)
    await world.settled()
    return id
  }
  const explained = async (id: string) => {
    const found = await world.app.runs.explain(world.admin, { id })
    if (!found.ok) throw new Error(found.problem.message)
    return found.value.flatMap(({ node, sentence }) => (node === null ? [] : [`${node.key}: ${sentence}`]))
  }
  return { ...world, other, start, explained }
}

describe('the tasks of a run stay with the runner that has its workspace', () => {
  test('also when another one has nothing to do, and explain says so', async () => {
    const { runner, other, start, settled, explained } = await openTwo()
    const [first] = [await start(), await start(), await start(), await start()]
    expect([runner.jobs.length, other.jobs.length]).toEqual([2, 2])
    const name = runner.jobs.some(({ runId }) => runId === first) ? 'scripted' : 'other'
    const home = name === 'scripted' ? runner : other
    const mine = home.jobs.find(({ runId }) => runId === first)
    if (mine === undefined) throw new Error('the first run was given to nobody')
    home.end(mine, succeeded())
    await settled()
    expect((name === 'scripted' ? other : runner).jobs.every(({ runId }) => runId !== first)).toBe(true)
    expect(await explained(first)).toEqual([
      `second: Running on ${name}`,
      `third: Waiting for runner ${name}, which has the workspace of this run, number 1 in the queue`,
    ])
  })

  test('but one that it cannot do goes to a runner that can', async () => {
    const { runner, other, host, start, settled } = await openTwo(['gpu'], ['gpu'])
    host.dispatcher.let('other', 'paused')
    await start()
    runner.endTask('first', succeeded())
    host.dispatcher.let('other', 'all')
    await settled()
    expect(keysOf({ runner })).toEqual(['third'])
    expect(other.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['second'])
  })

  test('while it is there: paused it is waited for, gone or going away it is not', async () => {
    const { runner, other, host, start, settled, explained } = await openTwo()
    host.dispatcher.let('other', 'paused')
    const id = await start()
    host.dispatcher.let('scripted', 'paused')
    host.dispatcher.let('other', 'all')
    runner.endTask('first', succeeded())
    await settled()
    expect([runner.jobs.length, other.jobs.length]).toEqual([0, 0])
    expect(await explained(id)).toEqual([
      'second: Waiting for runner scripted, which is paused, number 1 in the queue',
      'third: Waiting for runner scripted, which is paused, number 2 in the queue',
    ])
    host.dispatcher.let('scripted', 'draining')
    await settled()
    expect(other.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['second', 'third'])
  })

  test('and what was lost with it is done elsewhere, as all that follows', async () => {
    const { runner, other, host, start, settled, clock } = await openTwo()
    host.dispatcher.let('other', 'paused')
    const id = await start()
    host.dispatcher.let('other', 'all')
    const [job] = runner.jobs
    if (job === undefined) throw new Error('nothing was given to the runner')
    host.dispatcher.remove('scripted')
    host.dispatcher.lost('scripted', job, 'it went silent')
    await settled()
    clock.advance(60_000)
    await settled()
    expect(other.jobs.map(({ runId, attempt }) => [runId, attempt])).toEqual([[id, 2]])
    host.addRunner(runner)
    other.endTask('first', succeeded())
    await settled()
    expect(other.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['second', 'third'])
  })
})

describe('a slot is never leaked', () => {
  test('when a run is cancelled while it waits', async () => {
    const shop = await openShop(['a', 'b'])
    const [first, second] = [await shop.start(), await shop.start()]
    await shop.app.runs.act(shop.admin, { id: second }, { action: 'cancel' })
    await shop.settled()
    expect(shop.host.dispatcher.waiting()).toBe(1)
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    expect(shop.runner.jobs.map(({ runId }) => runId)).toEqual([first])
    shop.runner.endTask('b', succeeded())
    await shop.settled()
    expect([busyOf(shop), shop.host.dispatcher.waiting()]).toEqual([[0], 0])
  })

  test('when a run is paused while it waits, and it has its turn after it was resumed', async () => {
    const shop = await openShop(['a', 'b'])
    const id = await shop.start()
    await shop.app.runs.act(shop.admin, { id }, { action: 'pause' })
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    expect([busyOf(shop), keysOf(shop)]).toEqual([[0], []])
    for (const action of ['resume', 'pause', 'resume'] as const) {
      await shop.app.runs.act(shop.admin, { id }, { action })
    }
    await shop.settled()
    expect([busyOf(shop), keysOf(shop)]).toEqual([[1], ['b']])
    shop.runner.endTask('b', succeeded())
    await shop.settled()
    expect([(await shop.run(id)).status, busyOf(shop)]).toEqual(['succeeded', [0]])
  })

  test('when a run is paused and resumed again and again while it waits: it waits once', async () => {
    const shop = await openShop(['a', 'b', 'c'])
    const id = await shop.start()
    for (let times = 0; times < 10; times += 1) {
      await shop.app.runs.act(shop.admin, { id }, { action: 'pause' })
      await shop.app.runs.act(shop.admin, { id }, { action: 'resume' })
    }
    expect(shop.host.dispatcher.waiting()).toBe(2)
  })

  test('when the disk is full while an attempt is leased and its run is cancelled meanwhile', async () => {
    const store = openFullStore()
    const shop = await openShop(['a', 'b'], { store })
    const id = await shop.start()
    store.refuse(2)
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    expect(busyOf(shop)).toEqual([1])
    store.refuse(0)
    await shop.app.runs.act(shop.admin, { id }, { action: 'cancel', force: true })
    await shop.settled()
    shop.clock.advance(1_000)
    await shop.settled()
    expect([(await shop.run(id)).status, busyOf(shop), keysOf(shop)]).toEqual(['cancelled', [0], []])
  })

  test('when a runner says twice that an attempt has ended', async () => {
    const shop = await openShop(['a', 'b', 'c'], { slots: 2 })
    const id = await shop.start()
    const [job] = shop.runner.jobs as [Job]
    shop.runner.endTask('a', succeeded())
    shop.host.dispatcher.ended('scripted', job, exited(1))
    shop.host.dispatcher.lost('scripted', job, 'it died')
    await shop.settled()
    expect([busyOf(shop), keysOf(shop)]).toEqual([[2], ['b', 'c']])
    for (const key of ['b', 'c']) shop.runner.endTask(key, succeeded())
    await shop.settled()
    expect([(await shop.run(id)).status, busyOf(shop)]).toEqual(['succeeded', [0]])
  })

  test('when a runner dies with what it held', async () => {
    const shop = await openShop(['a'])
    const [first, second] = [await shop.start(), await shop.start()]
    const [job] = shop.runner.jobs.splice(0) as [Job]
    shop.host.dispatcher.lost('scripted', job, 'it died')
    await shop.settled()
    expect((await shop.run(first)).failure?.failure).toEqual({ kind: 'lost', reason: 'it died' })
    expect([busyOf(shop), shop.runner.jobs.map(({ runId }) => runId)]).toEqual([[1], [second]])
  })

  test('when a runner cannot take a job: the attempt fails, and the next one has its turn', async () => {
    const shop = await openShop(['a'])
    const start = shop.runner.start.bind(shop.runner)
    Object.assign(shop.runner, {
      start: () => {
        Object.assign(shop.runner, { start })
        throw new Error('no such channel')
      },
    })
    const [first, second] = [await shop.start(), await shop.start()]
    expect((await shop.run(first)).failure?.failure).toEqual({
      kind: 'internal',
      reason: 'it could not be given to scripted: no such channel',
    })
    expect([busyOf(shop), shop.runner.jobs.map(({ runId }) => runId)]).toEqual([[1], [second]])
  })

  test('when thousands that wait were cancelled: the next free slot goes past them all', async () => {
    const keys = Array.from({ length: 5_000 }, (_, at) => `t${at}`)
    const shop = await openShop(keys)
    const id = await shop.start()
    await shop.app.runs.act(shop.admin, { id }, { action: 'pause' })
    shop.runner.endTask('t0', succeeded())
    await shop.settled()
    expect([busyOf(shop), shop.host.dispatcher.waiting()]).toEqual([[0], 0])
    await shop.app.runs.act(shop.admin, { id }, { action: 'resume' })
    await shop.settled()
    expect([keysOf(shop), shop.host.dispatcher.waiting()]).toEqual([['t1'], 4_998])
  })
})

describe('a cancel', () => {
  test('reaches the runner with the attempt that it holds', async () => {
    const shop = await openShop(['a'])
    const id = await shop.start()
    const [job] = shop.runner.jobs as [Job]
    await shop.app.runs.act(shop.admin, { id }, { action: 'cancel' })
    expect(shop.runner.cancelled).toEqual([{ runId: id, node: job.node, attempt: 1, fence: job.fence }])
    expect((await shop.run(id)).cancelling).not.toBeNull()
    shop.runner.endTask('a', { kind: 'cancelled' })
    await shop.settled()
    expect((await shop.run(id)).status).toBe('cancelled')
  })

  test('comes after the start when both are in one commit', async () => {
    const store = openFullStore()
    const shop = await openShop(['a'], { store })
    const said: string[] = []
    const [start, cancel] = [shop.runner.start.bind(shop.runner), shop.runner.cancel.bind(shop.runner)]
    Object.assign(shop.runner, {
      start: (job: Job) => {
        said.push('start')
        start(job)
      },
      cancel: (attempt: Parameters<Runner['cancel']>[0]) => {
        said.push('cancel')
        cancel(attempt)
      },
    })
    const release = store.hold()
    const starting = shop.start()
    release()
    const id = await starting
    expect(said).toEqual(['start'])
    const again = store.hold()
    const acts = Promise.all([
      shop.app.runs.act(shop.admin, { id }, { action: 'cancel', force: true }),
      shop.app.runs.act(shop.admin, { id }, { action: 'retry' }),
      shop.app.runs.act(shop.admin, { id }, { action: 'cancel', force: true }),
    ])
    again()
    await acts
    await shop.settled()
    expect(said).toEqual(['start', 'cancel'])
    expect([shop.runner.cancelled[0]?.attempt, busyOf(shop)]).toEqual([1, [1]])
    shop.runner.endTask('a', { kind: 'cancelled' })
    await shop.settled()
    expect(busyOf(shop)).toEqual([0])
  })

  test('of what a runner held that is gone ends the attempt', async () => {
    const shop = await openShop(['a'])
    const id = await shop.start()
    shop.host.dispatcher.remove('scripted')
    await shop.app.runs.act(shop.admin, { id }, { action: 'cancel' })
    await shop.settled()
    expect((await shop.run(id)).status).toBe('cancelled')
  })

  test('does not overrule an end that the disk had no room for yet', async () => {
    const store = openFullStore()
    const shop = await openShop(['a'], { store })
    const id = await shop.start()
    store.refuse(1)
    shop.runner.endTask('a', succeeded())
    await shop.settled()
    await shop.app.runs.act(shop.admin, { id }, { action: 'cancel' })
    await shop.settled()
    expect((await shop.run(id)).stages[0]?.tasks[0]?.status).toBe('running')
    shop.clock.advance(1_000)
    await shop.settled()
    expect((await shop.run(id)).stages[0]?.tasks[0]?.status).toBe('succeeded')
  })
})

test('a runner that was removed gets nothing more, and the report of what it held counts', async () => {
  const shop = await openShop(['a', 'b'])
  const id = await shop.start()
  const [job] = shop.runner.jobs as [Job]
  shop.host.dispatcher.remove('scripted')
  const other = new NamedRunner('other', 1, [])
  shop.host.addRunner(other)
  await shop.settled()
  expect([shop.runner.jobs.length, other.jobs.length]).toEqual([1, 1])
  shop.host.dispatcher.ended('scripted', job, succeeded())
  shop.host.dispatcher.ended('other', other.jobs[0] as Job, succeeded())
  await shop.settled()
  expect((await shop.run(id)).status).toBe('succeeded')
})

test('a runner that goes away while an attempt is leased to it loses it', async () => {
  const store = openFullStore()
  const shop = await openShop(['a'], { store })
  const other = new NamedRunner('other', 1, [])
  shop.host.dispatcher.remove('scripted')
  const id = await shop.start()
  const release = store.hold()
  shop.host.addRunner(other)
  shop.host.dispatcher.remove('other')
  release()
  await shop.settled()
  const run = await shop.run(id)
  expect([run.failure?.failure, other.jobs]).toEqual([{ kind: 'lost', reason: 'its runner went away' }, []])
})

test('a runner that comes back while an attempt is being leased to it gets it, and once', async () => {
  const store = openFullStore()
  const shop = await openShop(['a'], { store })
  shop.host.dispatcher.remove('scripted')
  const id = await shop.start()
  const release = store.hold()
  const [before, after] = [new NamedRunner('other', 1, []), new NamedRunner('other', 1, [])]
  shop.host.addRunner(before)
  shop.host.dispatcher.remove('other')
  shop.host.addRunner(after)
  release()
  await shop.settled()
  expect([before.jobs.length, after.jobs.length, (await shop.run(id)).status]).toEqual([0, 1, 'running'])
})

test('what a runner has ended it is not given again by a log that does not say so yet', async () => {
  const store = openFullStore()
  const shop = await openShop(['a', 'b'], { store })
  const id = asId<RunId>(await shop.start())
  const entries = await store.runs.entries(id, 0, 100)
  const [job] = shop.runner.jobs
  const given: unknown[] = []
  shop.runner.script = (next) => void given.push(next.node)
  const release = store.hold()
  shop.host.dispatcher.ended('scripted', job as Job, succeeded())
  shop.host.dispatcher.followed(shop.host.live.peek(id) as Run, entries)
  expect(given).toEqual([])
  release()
  await shop.settled()
  expect(given).toHaveLength(1)
  expect(given).not.toContain(job?.node)
})
