import { describe, expect, test } from 'vitest'
import { compile } from '../../engine/compile.ts'
import { asId, type PipelineId, type ProjectId, type RunId } from '../../model/id.ts'
import type { Actor } from '../../model/event.ts'
import type { RunEffect } from '../../model/effect.ts'
import type { RunLog } from '../../store/store.ts'
import { FakeClock } from '../../testing/clock.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { openFullStore } from '../../testing/full-store.ts'
import { runCreated } from '../../testing/run-created.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { LiveRuns, type Committed } from './live.ts'

const PROJECT = asId<ProjectId>('01'.repeat(16))
const PIPELINE = asId<PipelineId>('02'.repeat(16))
const USER: Actor = { kind: 'user', name: 'li' }
const TIMER: Actor = { kind: 'timer', name: 'deadline' }

const runner = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' } as const

/** Live runs without the rest of the host: what they tell and order is written down. */
async function openLive(
  options: { keys?: readonly string[]; work?: typeof runner | typeof review; endedNodesMax?: number } = {},
) {
  const { keys = ['a', 'b', 'c'], work = runner, endedNodesMax } = options
  const store = openFullStore()
  const clock = new FakeClock()
  const plan = compile(definition({ stages: [stageSpec({ tasks: keys.map((key) => taskSpec({ key, work })) })] }))
  const user = { id: asId<never>('03'.repeat(16)), name: 'li' }
  await store.catalog.addProject({ id: PROJECT, name: 'shop', description: '', createdAt: 0 })
  await store.catalog.addPipeline(
    { id: PIPELINE, projectId: PROJECT, name: 'build', createdAt: 0, createdBy: user, updatedAt: 0, webhooks: [] },
    { createdAt: 0, createdBy: user, text: '', plan: JSON.stringify(plan) },
  )
  const told: Committed[] = []
  const ordered: RunEffect[] = []
  const defects: unknown[] = []
  const reads = { count: 0 }
  const log: RunLog = {
    ...store.runs,
    entries: (...args) => {
      reads.count += 1
      return store.runs.entries(...args)
    },
  }
  const entropy = seededEntropy('live')
  const deps = {
    log,
    clock,
    entropy,
    planOf: () => Promise.resolve(plan),
    onCommitted: (committed: Committed) => void told.push(committed),
    perform: (_: unknown, effect: RunEffect) => void ordered.push(effect),
    onDefect: (error: unknown) => void defects.push(error),
  }
  const live = new LiveRuns(deps, endedNodesMax)
  const create = async (key: string | null = null, on = live) => {
    const { number, serial } = await store.runs.reserve(PIPELINE)
    const at = clock.now()
    return on.create(
      {
        id: asId<RunId>(entropy.id(at)),
        plan,
        created: runCreated('build', { projectId: PROJECT, pipelineId: PIPELINE, number, serial }),
        actor: USER,
        at,
        start: true,
        entropy: () => entropy.draw(),
      },
      key === null ? null : { key, fingerprint: '', at },
    )
  }
  return { store, clock, live, told, ordered, defects, reads, deps, create }
}

const cancel = { type: 'cancel', reason: 'enough', mode: 'force' } as const
const lease = (node: number) => ({ type: 'lease-attempt', node, attempt: 1, runner: 'r' }) as const
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('commands of one run', () => {
  test('are taken in order; those that wait while a commit is under way go into the next one together', async () => {
    const { store, live, create } = await openLive()
    const { id } = await create()
    const release = store.hold()
    const outcomes = ['pause', 'resume', 'pause', 'resume'].map((type) =>
      live.submit(id, { type: type as 'pause' | 'resume' }, USER),
    )
    await turn()
    release()
    expect((await Promise.all(outcomes)).map((outcome) => outcome?.ok)).toEqual([true, true, true, true])
    const [, first, second, ...more] = store.commits
    expect(more).toEqual([])
    expect(first?.entries.flatMap(({ events }) => events.map(({ type }) => type))).toEqual(['RunPaused'])
    expect(second?.entries.flatMap(({ events }) => events.map(({ type }) => type))).toEqual([
      'RunResumed',
      'RunPaused',
      'RunResumed',
    ])
    expect(second?.entries.map(({ seq }) => seq)).toEqual([
      (first?.entries[0]?.seq ?? 0) + 1,
      (first?.entries[0]?.seq ?? 0) + 2,
      (first?.entries[0]?.seq ?? 0) + 3,
    ])
  })

  test('that are wanted together go into one commit, those of inner calls too', async () => {
    const { store, live, create } = await openLive()
    const { id } = await create()
    const { id: other } = await create()
    const outcomes: unknown[] = []
    live.together(() => {
      live.report(id, lease(1), USER, (outcome) => outcomes.push(outcome?.ok))
      live.together(() => live.report(id, lease(2), USER, (outcome) => outcomes.push(outcome?.ok)))
      live.report(other, lease(1), USER, (outcome) => outcomes.push(outcome?.ok))
      live.report(id, lease(2), USER, (outcome) => outcomes.push(outcome?.ok))
    })
    await turn()
    await turn()
    const [, , first, second, ...more] = store.commits
    expect([first?.runId, first?.entries.length, second?.runId, second?.entries.length]).toEqual([id, 2, other, 1])
    expect([outcomes, more]).toEqual([[true, true, false, true], []])
  })

  test('that take a run up and end it as it was, in one commit, leave an index row that knows when it ended', async () => {
    const { store, clock, live, create } = await openLive({ work: review })
    const { id } = await create()
    const ended = clock.now()
    const release = store.hold()
    const asked = [live.submit(id, cancel, USER)]
    await turn()
    clock.advance(5_000)
    asked.push(live.submit(id, { type: 'retry' }, USER), live.submit(id, cancel, USER))
    await turn()
    release()
    expect((await Promise.all(asked)).map((outcome) => outcome?.ok)).toEqual([true, true, true])
    expect(store.commits.map(({ entries }) => entries.length)).toEqual([1, 1, 2])
    expect(await store.runs.summary({ by: 'id', id })).toMatchObject({ status: 'cancelled', endedAt: ended + 5_000 })
  })

  test('that are wanted together are taken also when the one who wants them throws', async () => {
    const { live, create } = await openLive()
    const { id } = await create()
    let paused: unknown
    const wants = (): void => {
      paused = live.submit(id, { type: 'pause' }, USER)
      throw new Error('broken')
    }
    expect(() => live.together(wants)).toThrow('broken')
    expect(await paused).toMatchObject({ ok: true })
    expect(await live.submit(id, { type: 'resume' }, USER)).toMatchObject({ ok: true })
  })

  test('are seen by readers only when they are durable, and answered only then', async () => {
    const { store, live, told, create } = await openLive()
    const { id } = await create()
    const release = store.hold()
    let answered = false
    const outcome = live.submit(id, { type: 'pause' }, USER).finally(() => (answered = true))
    await turn()
    expect([live.peek(id)?.pausedAt, answered, told.length]).toEqual([null, false, 1])
    release()
    await outcome
    expect([live.peek(id)?.pausedAt !== null, told.length]).toEqual([true, 2])
  })

  test('that follow a refused one are still taken', async () => {
    const { live, create } = await openLive()
    const { id } = await create()
    const outcomes = await Promise.all([
      live.submit(id, { type: 'resume' }, USER),
      live.submit(id, { type: 'pause' }, USER),
      live.submit(id, { type: 'start' }, USER),
    ])
    expect(outcomes.map((outcome) => outcome?.ok)).toEqual([false, true, false])
  })

  test('of a run that does not exist are answered with nothing', async () => {
    const { live } = await openLive()
    expect(await live.submit(asId('ff'.repeat(16)), { type: 'pause' }, USER)).toBeUndefined()
  })

  test('are answered before what they order is done, so that nothing is cancelled before it was started', async () => {
    const { store, live, deps, create } = await openLive({ keys: ['a'] })
    const order: string[] = []
    Object.assign(deps, { perform: (_: unknown, effect: RunEffect) => void order.push(effect.type) })
    const on = new LiveRuns(deps)
    const { id } = await create(null, on)
    order.length = 0
    const release = store.hold()
    on.report(id, { type: 'check-deadline', node: null }, TIMER)
    const paused = on.submit(id, { type: 'pause' }, USER)
    const resumed = on.submit(id, { type: 'resume' }, USER)
    on.report(id, lease(1), USER, () => order.push('leased'))
    const cancelled = on.submit(id, { ...cancel, mode: 'stop' }, USER)
    release()
    await Promise.all([paused, resumed, cancelled])
    expect(order.indexOf('leased')).toBeGreaterThanOrEqual(0)
    expect(order.indexOf('leased')).toBeLessThan(order.indexOf('cancel-attempt'))
    expect(live.peek(id)).toBeUndefined()
  })
})

describe('a commit that the disk has no room for', () => {
  test('changes nothing that readers see and is told to who asked', async () => {
    const { store, live, told, ordered, create } = await openLive()
    const { id, seq } = await create()
    const before = [told.length, ordered.length]
    store.refuse(1)
    await expect(live.submit(id, cancel, USER)).rejects.toMatchObject({ code: 'full' })
    expect([live.peek(id)?.seq, live.peek(id)?.phase]).toEqual([seq, 'live'])
    expect([told.length, ordered.length]).toEqual(before)
    expect((await live.submit(id, cancel, USER))?.ok).toBe(true)
  })

  test('is tried again for a report of the system until the store takes it', async () => {
    const { store, clock, live, create } = await openLive()
    const { id } = await create()
    store.refuse(3)
    const answers: unknown[] = []
    live.report(id, lease(1), USER, (outcome) => answers.push(outcome?.ok))
    for (let tries = 0; tries < 3; tries += 1) {
      await turn()
      expect(answers).toEqual([])
      clock.advance(1_000)
    }
    await turn()
    expect(answers).toEqual([true])
  })

  test('does not leave a report waiting for ever when its run has ended meanwhile', async () => {
    const { store, clock, live, create } = await openLive()
    const { id } = await create()
    store.refuse(1)
    const answers: unknown[] = []
    live.report(id, lease(1), USER, (outcome) => answers.push(outcome))
    await turn()
    await live.submit(id, cancel, USER)
    expect(live.peek(id)?.phase).toBe('ended')
    clock.advance(1_000)
    await turn()
    expect(answers).toEqual([undefined])
  })

  test('tells a report of the system apart that the store, being closed, never took', async () => {
    const { store, live, create } = await openLive()
    const { id } = await create()
    await store.close()
    const told: string[] = []
    live.report(
      id,
      lease(1),
      USER,
      () => told.push('done'),
      () => told.push('closed'),
    )
    await turn()
    expect(told).toEqual(['closed'])
  })

  test('does not hold up what waits behind it', async () => {
    const { store, live, create } = await openLive()
    const { id } = await create()
    const release = store.hold()
    const first = live.submit(id, { type: 'pause' }, USER)
    const second = live.submit(id, { type: 'pause' }, USER)
    store.refuse(1)
    release()
    await expect(first).rejects.toMatchObject({ code: 'full' })
    expect((await second)?.ok).toBe(true)
  })

  test('makes no run, and the next one is made', async () => {
    const { store, live, told, create } = await openLive()
    const making = create('key')
    // The number is reserved by now; the commit is next.
    store.refuse(1)
    await expect(making).rejects.toMatchObject({ code: 'full' })
    expect(told).toEqual([])
    expect(live.isCreating(PIPELINE)).toBe(false)
    expect((await create('key')).phase).toBe('live')
    await expect(create('key')).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('a broken assumption', () => {
  test('in the making of a run leaves nothing that says it is being made', async () => {
    const { live, create } = await openLive()
    const plan = (await create()).plan
    Object.defineProperty(plan, 'rows', {
      get: () => {
        throw new TypeError('broken')
      },
    })
    await expect(create()).rejects.toThrow('broken')
    expect(live.isCreating(PIPELINE)).toBe(false)
  })

  test('in the engine fails its own command and leaves the run and the others as they are', async () => {
    const { live, defects, create } = await openLive()
    const { id } = await create()
    const broken = Object.defineProperty({ ...cancel }, 'type', {
      get: () => {
        throw new TypeError('broken')
      },
    })
    const outcomes = await Promise.allSettled([
      live.submit(id, { type: 'pause' }, USER),
      live.submit(id, broken, USER),
      live.submit(id, { type: 'resume' }, USER),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(live.peek(id)?.pausedAt).toBeNull()
    const answers: unknown[] = []
    live.report(id, broken, USER, (outcome) => answers.push(outcome))
    expect([answers, defects]).toEqual([[undefined], [new TypeError('broken')]])
  })

  test('of who listens, is answered or ordered keeps nothing from the others', async () => {
    const { deps, defects, create } = await openLive({ keys: ['a', 'b'] })
    const ordered: RunEffect[] = []
    Object.assign(deps, {
      onCommitted: () => {
        throw new Error('listener')
      },
      perform: (_: unknown, effect: RunEffect) => {
        ordered.push(effect)
        throw new Error('performer')
      },
    })
    const live = new LiveRuns(deps)
    const { id } = await create(null, live)
    expect(ordered.map(({ type }) => type)).toEqual(['offer-attempt', 'offer-attempt'])
    live.report(id, lease(1), USER, () => {
      throw new Error('reporter')
    })
    expect((await live.submit(id, { type: 'pause' }, USER))?.ok).toBe(true)
    expect(defects.map((error) => (error as Error).message)).toEqual([
      'listener',
      'performer',
      'performer',
      'listener',
      'reporter',
      'listener',
    ])
  })
})

describe('runs that have ended', () => {
  test('are forgotten when there are many and read again from their log', async () => {
    const { live, reads, create } = await openLive({ endedNodesMax: 20 })
    const runs = []
    for (let count = 0; count < 10; count += 1) {
      const { id } = await create()
      await live.submit(id, cancel, USER)
      runs.push(live.peek(id))
    }
    const [first] = runs
    if (first === undefined) throw new Error('the run was forgotten at once')
    expect(live.peek(first.id)).toBeUndefined()
    expect(reads.count).toBe(0)
    expect(await live.get(first.id)).toEqual(first)
    expect(reads.count).toBeGreaterThan(0)
  })

  test('are read from one snapshot and not from a long log', async () => {
    const { live, deps, create, store } = await openLive({ keys: Array.from({ length: 300 }, (_, at) => `t${at}`) })
    const { id } = await create()
    for (let node = 1; node <= 300; node += 1) {
      const done = Promise.withResolvers<number>()
      live.report(id, lease(node), USER, (outcome) => done.resolve(outcome?.ok === true ? outcome.run.seq : 0))
      live.report(id, { type: 'report-attempt', node, fence: await done.promise, result: succeeded() }, USER)
    }
    await turn()
    const run = live.peek(id)
    expect([run?.phase, (run?.seq ?? 0) > 500]).toEqual(['ended', true])
    expect(await store.runs.snapshot(id)).toMatchObject({ seq: run?.seq })
    const again = new LiveRuns(deps)
    expect(await again.get(id)).toEqual(run)
    expect(await again.fromLog(id, 700)).toMatchObject({ seq: 700, phase: 'live' })
  })

  test('are one and the same for all who ask while they are being read', async () => {
    const { deps, live, reads, create } = await openLive()
    const { id } = await create()
    await live.submit(id, cancel, USER)
    const again = new LiveRuns(deps)
    const found = await Promise.all(Array.from({ length: 20 }, () => again.get(id)))
    expect(new Set(found).size).toBe(1)
    expect(reads.count).toBeLessThanOrEqual(4)
  })

  test('stay in memory while a command takes them up again', async () => {
    const { store, live, create } = await openLive({ endedNodesMax: 1 })
    const { id } = await create()
    await live.submit(id, cancel, USER)
    const release = store.hold()
    const retried = live.submit(id, { type: 'retry' }, USER)
    await turn()
    const others = Promise.all(Array.from({ length: 5 }, async () => live.submit((await create()).id, cancel, USER)))
    const read = live.get(id)
    release()
    await Promise.all([retried, others])
    await read
    expect(live.peek(id)?.phase).toBe('live')
    expect((await live.submit(id, { type: 'pause' }, USER))?.ok).toBe(true)
  })
})

test('a run as of any event is what it was then', async () => {
  const { live, create } = await openLive({ work: review })
  const seen = [await create()]
  const { id } = seen[0] as { id: RunId }
  for (const type of ['pause', 'resume', 'pause', 'resume'] as const) {
    const outcome = await live.submit(id, { type }, USER)
    if (outcome?.ok === true) seen.push(outcome.run)
  }
  for (const run of seen) expect(await live.fromLog(id, run.seq)).toEqual(run)
})

test('a run that a list shows before its maker has heard of it is not read a second time', async () => {
  const { store, live, deps, reads, create } = await openLive()
  let durable: RunId | undefined
  const asked = Promise.withResolvers<unknown>()
  const { commit } = store.runs
  Object.assign(deps.log, {
    commit: async (...args: Parameters<typeof commit>) => {
      const receipt = await commit(...args)
      durable = args[0].runId
      asked.resolve(live.get(durable))
      await turn()
      return receipt
    },
  })
  const made = await create()
  expect(await asked.promise).toBe(made)
  expect(reads.count).toBe(0)
})

describe('where another server writes to the same log', () => {
  /** Two that each have their runs in memory. */
  async function openTwo() {
    const one = await openLive()
    const told: Committed[] = []
    const ordered: RunEffect[] = []
    let last = 0
    const catchUp = async (): Promise<void> => {
      for (const { number, runId, seq, at, actor, event } of await one.store.runs.feed(last, {}, 1_000)) {
        last = number
        await two.follow(runId, [{ v: 1, seq, at, actor, events: [event] }], number)
      }
    }
    const two: LiveRuns = new LiveRuns({
      ...one.deps,
      onCommitted: (committed) => void told.push(committed),
      perform: (_, effect) => void ordered.push(effect),
      catchUp,
    })
    return { ...one, other: { live: two, told, ordered, catchUp } }
  }

  test('what it has committed behind ours is told of alone: ours was told of when it was new', async () => {
    const { store, live, told, other, create } = await openTwo()
    const { id } = await create()
    await other.catchUp()
    await live.submit(id, lease(1), USER)
    await other.catchUp()
    const seq = live.peek(id)?.seq ?? 0
    await other.live.submit(id, { type: 'pause' }, USER)
    const before = told.length
    // As whoever reads the log finds them: both, one behind the other.
    const both = (await store.runs.entries(id, 0, 100)).slice(-2)
    expect(both[0]?.seq).toBe(seq)
    await live.follow(id, both, await store.runs.lastNumber())
    expect(told.slice(before).map(({ entries, foreign }) => [entries.map((entry) => entry.seq), foreign])).toEqual([
      [[other.live.peek(id)?.seq], true],
    ])
  })

  test('its commits are folded and told of, and order nothing here', async () => {
    const { live, other, create } = await openTwo()
    const { id } = await create()
    await live.submit(id, lease(1), USER)
    expect(other.live.peek(id)).toBeUndefined()
    await other.catchUp()
    expect(other.live.peek(id)?.seq).toBe(live.peek(id)?.seq)
    expect(other.told.every(({ foreign }) => foreign === true)).toBe(true)
    expect(other.told.at(-1)?.run.seq).toBe(live.peek(id)?.seq)
    expect(other.ordered).toEqual([])
    const count = other.told.length
    await other.catchUp()
    expect(other.told).toHaveLength(count)
  })

  test('what it was quicker with is folded first, and the command is decided anew', async () => {
    const { live, other, create } = await openTwo()
    const { id } = await create()
    await other.catchUp()
    await live.submit(id, { type: 'pause' }, USER)
    const outcome = await other.live.submit(id, { type: 'resume' }, USER)
    expect(outcome).toMatchObject({ ok: true, events: [{ type: 'RunResumed' }] })
    await live.submit(id, lease(1), USER).catch(() => undefined)
    expect(other.live.peek(id)?.pausedAt).toBeNull()
  })

  test('of two that want the same, one gets it', async () => {
    const { live, other, create } = await openTwo()
    const { id } = await create()
    await other.catchUp()
    const mine = await live.submit(id, lease(1), USER)
    const theirs = await other.live.submit(id, lease(1), USER)
    expect([mine?.ok, theirs?.ok]).toEqual([true, false])
  })

  test('nothing is refused that the log has made possible meanwhile', async () => {
    const { live, other, create } = await openTwo()
    const { id } = await create()
    await other.catchUp()
    await live.submit(id, { type: 'pause' }, USER)
    // As it was here, the run could not be resumed.
    expect(await other.live.submit(id, { type: 'resume' }, USER)).toMatchObject({ ok: true })
  })

  test('a run that was read ahead of the log is told of when the log comes to it', async () => {
    const { other, create } = await openTwo()
    const { id } = await create()
    await other.live.get(id)
    expect(other.told).toEqual([])
    await other.catchUp()
    expect(other.told.length).toBeGreaterThan(0)
  })
})
