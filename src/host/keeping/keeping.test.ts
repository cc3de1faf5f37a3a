import { describe, expect, test } from 'vitest'
import { asId, type PipelineId, type RunId } from '../../model/id.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { FakeClock } from '../../testing/clock.ts'
import { openWorld } from '../../testing/world.ts'
import { Histories } from '../runs/history.ts'
import { Line } from '../dispatch/line.ts'
import { LogEnds } from '../logs/log-ends.ts'
import { Lru } from '../lru.ts'
import { Turns } from '../turns.ts'
import type { Clock } from '../clock.ts'
import { WORKSPACE_KEPT_MS, Workspaces } from '../runners/workspaces.ts'

// The small parts that keep something for a while, each by itself.

const runId = (digit: number): RunId => asId(digit.toString(16).padStart(32, '0'))

describe('what was used last', () => {
  test('is kept up to the most there may be, and what was not used goes', () => {
    const lru = new Lru<number, string>(100)
    for (let key = 0; key < 1_000; key += 1) {
      lru.set(key, `value ${key}`)
      expect(lru.get(7) ?? 'value 7').toBe('value 7')
    }
    const kept = Array.from({ length: 1_000 }, (_, key) => key).filter((key) => lru.get(key) !== undefined)
    expect(kept).toContain(7)
    expect(kept.length).toBeGreaterThanOrEqual(50)
    expect(kept.length).toBeLessThanOrEqual(101)
    expect(kept.at(-1)).toBe(999)
  })

  test('is kept by weight, and one that is too heavy alone', () => {
    const lru = new Lru<string, number>(100)
    lru.set('light', 1, 10)
    lru.set('heavy', 2, 1_000)
    lru.set('last', 3, 10)
    expect(lru.get('last')).toBe(3)
    expect(lru.get('light')).toBeUndefined()
    lru.set('last', 4, 10)
    lru.delete('heavy')
    lru.delete('nothing')
    expect([lru.get('last'), lru.get('heavy')]).toEqual([4, undefined])
  })
})

describe('turns', () => {
  test('of one key come one after the other, those of different keys at once; a failure is only its own', async () => {
    const turns = new Turns<string>()
    const said: string[] = []
    const gate = Promise.withResolvers<void>()
    const work = (name: string, wait: Promise<void> | null) => async () => {
      said.push(`${name} begins`)
      await wait
      said.push(`${name} ends`)
      if (name === 'a1') throw new Error(name)
      return name
    }
    const all = Promise.allSettled([
      turns.take('a', work('a1', gate.promise)),
      turns.take('a', work('a2', null)),
      turns.take('b', work('b1', null)),
      turns.take('a', work('a3', null)),
    ])
    await new Promise((resolve) => setImmediate(resolve))
    expect(said).toEqual(['a1 begins', 'b1 begins', 'b1 ends'])
    gate.resolve()
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
    expect(said.slice(3)).toEqual(['a1 ends', 'a2 begins', 'a2 ends', 'a3 begins', 'a3 ends'])
    expect(await turns.take('a', work('a4', null))).toBe('a4')
  })
})

describe('a line of offers', () => {
  const offer = (run: number, node: number, attempt = 1) => ({ runId: runId(run), node, attempt, since: 0 })
  const taken = (line: Line): number[] => {
    const nodes: number[] = []
    for (let first = line.first(); first !== undefined; first = line.first()) {
      nodes.push(first.node)
      line.withdraw(first)
    }
    return nodes
  }

  const kind = { labels: [], homes: [], priority: 'normal', project: 'p' } as const

  test('is taken in order; what is withdrawn is passed over, what comes again stays where it was', () => {
    const line = new Line(kind)
    for (const node of [1, 2, 3, 4]) line.add(offer(1, node))
    expect(line.first()?.node).toBe(1)
    line.withdraw(offer(1, 1))
    line.withdraw(offer(1, 3))
    line.add(offer(1, 2))
    line.add(offer(1, 4, 2))
    line.add(offer(1, 5))
    expect([...line].map(({ node }) => node)).toEqual([2, 4, 5])
    expect(taken(line)).toEqual([2, 4, 5])
    line.add(offer(1, 6))
    line.add(offer(1, 7))
    expect(taken(line)).toEqual([6, 7])
    expect(line.size).toBe(0)
  })
})

describe('workspaces', () => {
  const opened = (): { clock: FakeClock; cleaned: RunId[]; workspaces: Workspaces } => {
    const clock = new FakeClock(0)
    const cleaned: RunId[] = []
    const workspaces = new Workspaces(
      clock,
      (id) => cleaned.push(id),
      () => true,
    )
    return { clock, cleaned, workspaces }
  }

  test('of a run that failed again after a retry are kept a day from its last end', () => {
    const { clock, cleaned, workspaces } = opened()
    workspaces.ended(runId(1), 'failed', 0)
    clock.advance(WORKSPACE_KEPT_MS - 1_000)
    workspaces.ended(runId(1), 'failed', clock.now())
    clock.advance(WORKSPACE_KEPT_MS - 1)
    expect(cleaned).toEqual([])
    clock.advance(1)
    expect(cleaned).toEqual([runId(1)])
    workspaces.ended(runId(2), 'errored', clock.now())
    workspaces.ended(runId(2), 'succeeded', clock.now())
    clock.advance(WORKSPACE_KEPT_MS * 2)
    expect(cleaned).toEqual([runId(1), runId(2)])
    workspaces.ended(runId(3), 'running', clock.now())
    workspaces.ended(runId(4), 'cancelled', clock.now())
    workspaces.close()
    clock.advance(WORKSPACE_KEPT_MS * 2)
    expect(cleaned.length).toBe(2)
  })

  test('of many runs wait for one timer, and of one that is gone for none', () => {
    const clock = new FakeClock(0)
    const waiting = new Set<() => void>()
    const counted: Clock = {
      now: () => clock.now(),
      at: (instant, callback) => {
        const due = (): void => {
          waiting.delete(due)
          callback()
        }
        const stop = clock.at(instant, due)
        waiting.add(due)
        return () => {
          waiting.delete(due)
          stop()
        }
      },
    }
    let cleaned = 0
    const workspaces = new Workspaces(
      counted,
      () => (cleaned += 1),
      () => true,
    )
    for (let run = 1; run <= 1_000; run += 1) workspaces.ended(runId(run), 'failed', 1_000 - run)
    expect(waiting.size).toBe(1)
    workspaces.forget(runId(1))
    clock.advance(WORKSPACE_KEPT_MS + 1_000)
    expect([waiting.size, cleaned]).toEqual([0, 999])
  })

  test('are kept as their pipeline says', () => {
    const { clock, cleaned, workspaces } = opened()
    workspaces.ended(runId(1), 'failed', 0, { keep: 'never', forMs: 1_000 })
    expect(cleaned).toEqual([runId(1)])
    workspaces.ended(runId(2), 'succeeded', 0, { keep: 'always', forMs: 2_000 })
    workspaces.ended(runId(3), 'failed', 0, { keep: 'on-failure', forMs: 3_000 })
    workspaces.ended(runId(4), 'succeeded', 0, { keep: 'on-failure', forMs: 3_000 })
    expect(cleaned).toEqual([runId(1), runId(4)])
    clock.advance(2_000)
    expect(cleaned).toEqual([runId(1), runId(4), runId(2)])
    clock.advance(1_000)
    expect(cleaned).toEqual([runId(1), runId(4), runId(2), runId(3)])
  })

  test('of a run that retention removes go with it, however long they would be kept, and nobody comes back for them', async () => {
    const world = await openWorld({
      retention: {
        policy: { runs: null, forMs: WORKSPACE_KEPT_MS },
        files: {
          runs: () => Promise.resolve([]),
          remove: () => Promise.resolve(),
          sweepArtifacts: () => Promise.resolve(),
        },
      },
    })
    const work = { kind: 'runner', uses: 'script', with: { script: 'false' } } as const
    const plan = definition({
      stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })],
      workspace: { keep: 'always', forMs: 5 * WORKSPACE_KEPT_MS },
    })
    const pipeline = await world.pipeline(plan)
    for (let count = 0; count < 3; count += 1) {
      await world.start(pipeline)
      await world.settled()
      world.runner.endTask('a', succeeded())
      await world.settled()
    }
    world.clock.advance(2 * WORKSPACE_KEPT_MS)
    expect(await world.host.sweepRuns()).toBe(2)
    const gone = [...world.runner.cleaned]
    expect(gone).toHaveLength(2)
    world.clock.advance(2.5 * WORKSPACE_KEPT_MS)
    expect(world.runner.cleaned).toEqual(gone)
    world.clock.advance(WORKSPACE_KEPT_MS)
    expect(world.runner.cleaned).toHaveLength(3)
  })

  test('are no matter of runners when nothing of the run needs one', async () => {
    const world = await openWorld()
    const plan = definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work: { kind: 'noop' } })] })] })
    const run = await world.start(await world.pipeline(plan))
    await world.settled()
    expect(world.host.live.peek(run.id)?.outcome).toBe('succeeded')
    expect(world.runner.cleaned).toEqual([])
  })

  test('that an earlier server left go when their run is unknown, or has ended long enough ago', async () => {
    const world = await openWorld()
    const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
    const pipeline = await world.pipeline(
      definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })] }),
    )
    const [live, failed, done] = [await world.start(pipeline), await world.start(pipeline), await world.start(pipeline)]
    await world.settled()
    await world.app.runs.act(world.admin, { id: failed.id }, { action: 'cancel', force: true })
    const job = world.runner.jobs.find(({ runId: id }) => id === done.id)
    if (job !== undefined) world.runner.end(job, succeeded())
    await world.settled()
    const next = await world.restarted()
    await next.host.sweep([live.id, failed.id, done.id, runId(99)])
    expect(next.runner.cleaned).toEqual([done.id, runId(99)])
    // The live one was lost with its runner, so it has ended, too.
    world.clock.advance(WORKSPACE_KEPT_MS)
    expect(next.runner.cleaned.slice(0, 2)).toEqual([done.id, runId(99)])
    expect(next.runner.cleaned.slice(2).toSorted()).toEqual([live.id, failed.id].toSorted())
  })
})

test('the end of an attempt is told once to all its readers, and nothing stays behind', async () => {
  const world = await openWorld()
  const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
  const tasks = ['a', 'b'].map((key) => taskSpec({ key, work }))
  const { id } = await world.start(await world.pipeline(definition({ stages: [stageSpec({ tasks })] })))
  const runOf = () => {
    const run = world.host.live.peek(id)
    if (run === undefined) throw new Error('the run is not in memory')
    return run
  }
  await world.settled()
  const ends = new LogEnds()
  const signals = [ends.signal(runOf(), 1, 1), ends.signal(runOf(), 1, 1), ends.signal(runOf(), 2, 1)]
  expect(signals[0]).toBe(signals[1])
  ends.changed(runOf())
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false])
  world.runner.endTask('a', succeeded())
  await world.settled()
  ends.changed(runOf())
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
  expect(ends.signal(runOf(), 1, 1).aborted).toBe(true)
  world.runner.endTask('b', succeeded())
  await world.settled()
  ends.changed(runOf())
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
})

describe('what a pipeline tells of its runs', () => {
  test('counts each run once, whenever it is asked while they are made', async () => {
    const store = openFullStore()
    const world = await openWorld({ store })
    const pipeline = await world.pipeline(definition())
    await world.start(pipeline)
    // The next run is durable, but its maker has not heard of it, when the pipeline is read for the first time.
    const { commit } = store.runs
    const heard = Promise.withResolvers<void>()
    Object.assign(store.runs, {
      commit: async (...args: Parameters<typeof commit>) => {
        const receipt = await commit(...args)
        await heard.promise
        return receipt
      },
    })
    const next = await world.restarted()
    const starting = next.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {} })
    await new Promise((resolve) => setImmediate(resolve))
    const read = async () => {
      const found = await next.app.pipelines.get(world.admin, { id: pipeline.id })
      return found.ok ? [found.value.runCount, found.value.latestRun?.number ?? 0] : []
    }
    expect(await read()).toEqual([2, 2])
    heard.resolve()
    await starting
    expect(await read()).toEqual([2, 2])
  })

  test('is not kept when it was read while a commit passed', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(definition())
    const run = await world.start(pipeline)
    const committed = world.host.live.peek(run.id)
    if (committed === undefined) throw new Error('the run is not in memory')
    const log = { ...world.store.runs }
    let reads = 0
    const histories: Histories = new Histories(
      {
        ...log,
        count: (filter) => {
          reads += 1
          if (reads === 1) histories.committed({ run: committed, entries: [], lastNumber: 1, summaryChanged: true })
          return log.count(filter)
        },
      },
      () => false,
    )
    const id: PipelineId = pipeline.id
    expect((await histories.of(id)).runCount).toBe(1)
    expect(reads).toBe(2)
    await Promise.all([histories.of(id), histories.of(id)])
    expect(reads).toBe(2)
  })
})
