import { expect, test } from 'vitest'
import { jobName, type Job } from '../model/job.ts'
import { openMemoryStore } from '../store/memory/index.ts'
import { openFullStore } from '../testing/full-store.ts'
import { succeeded } from '../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../testing/views.ts'
import { need, openWorld, type Served } from '../testing/world.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: 60_000, question: '' } as const
const noRetry = { max: 0, delayMs: 1_000, delayMaxMs: 1_000, jitter: 0 }

/** Every kind of work, an attempt that is lost and tried again, and one that is given up and passed over. */
const everything = definition({
  name: 'everything',
  timeoutMs: 3_600_000,
  stages: [
    stageSpec({
      key: 'first',
      tasks: [
        taskSpec({ key: 'again', work, onLost: 'rerun', retry: noRetry }),
        taskSpec({ key: 'passed', work, onLost: 'error', onFailure: { policy: 'continue', expireMs: null } }),
        taskSpec({ key: 'noop', work: { kind: 'noop' } }),
        taskSpec({ key: 'sleep', work: { kind: 'sleep', duration: '5s' } }),
      ],
    }),
    stageSpec({ key: 'second', tasks: [taskSpec({ key: 'gate', work: review })] }),
    stageSpec({ key: 'third', tasks: [taskSpec({ key: 'last', work, onLost: 'rerun' })] }),
  ],
})

test('a server that stops at any commit is followed by one that brings the run to its end', async () => {
  const commits = (await throughTo(Number.POSITIVE_INFINITY)).commits
  expect(commits).toBeGreaterThan(6)
  for (let stopAt = 1; stopAt < commits; stopAt += 1) {
    const { status, twice } = await throughTo(stopAt)
    expect([stopAt, status, twice]).toEqual([stopAt, 'succeeded', []])
  }
})

/** Runs `everything`; after this many commits the store hears nothing more of the first server, and a second one goes on. */
async function throughTo(stopAt: number) {
  const memory = openMemoryStore()
  let commits = 0
  const dead = new Promise<never>(() => undefined)
  const store = {
    ...memory,
    runs: {
      ...memory.runs,
      commit: async (...args: Parameters<typeof memory.runs.commit>) => {
        if (commits >= stopAt) return dead
        commits += 1
        const receipt = await memory.runs.commit(...args)
        // Durable, but the server dies before it hears of it.
        return commits === stopAt ? dead : receipt
      },
    },
  }
  const world = await openWorld({ store })
  const pipeline = await world.pipeline(everything)
  const seen = new Map<string, number>()
  void world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {} })
  await drive(world, world.clock, seen, () => commits < stopAt)
  const [id] = await memory.runs.live()
  if (id === undefined) return { commits, status: 'succeeded', twice: [] }
  stopAt = Number.POSITIVE_INFINITY
  const next = await world.restarted()
  await drive(next, world.clock, seen, () => true)
  const twice = [...seen].filter(([, count]) => count > 1).map(([name]) => name)
  return { commits, status: (await next.run(id)).status, twice }
}

/** Writes down which attempts were given to a runner, ends what runs, approves what is asked, moves the clock, until nothing is left to do. */
async function drive(
  served: Served,
  clock: { advance: (ms: number) => void },
  seen: Map<string, number>,
  alive: () => boolean,
): Promise<void> {
  const admin = need(await everybody(served))
  const given = (job: Job): undefined => {
    seen.set(jobName(job), (seen.get(jobName(job)) ?? 0) + 1)
  }
  for (const job of served.runner.jobs) given(job)
  served.runner.script = given
  for (let quiet = 0; quiet < 3 && alive();) {
    await served.settled()
    const [job] = served.runner.jobs
    const [run] = need(await served.app.runs.list(admin, {}, { before: null, limit: 1 })).items
    if (run?.endedAt !== null && run !== undefined) return
    if (job !== undefined) served.runner.end(job, succeeded())
    else if (run?.needsPerson === true)
      void served.app.runs.actOnNode(admin, { id: run.id }, { key: 'gate' }, { action: 'approve' })
    else {
      clock.advance(6_000)
      quiet += 1
      continue
    }
    quiet = 0
  }
}

async function everybody({ host }: Served) {
  const caller = await host.credentials.byPassword('ci', 'correct horse battery staple', 'example')
  return caller === undefined
    ? ({ ok: false, problem: { code: 'unauthenticated', message: '' } } as const)
    : ({ ok: true, value: caller } as const)
}

test('attempts that the dead server’s runner held are lost, each by its own policy, and nothing is offered twice', async () => {
  const world = await openWorld()
  const { id } = await world.start(await world.pipeline(everything))
  await world.settled()
  expect(world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['again', 'passed'])
  const old = [...world.runner.jobs]
  const next = await world.restarted()
  expect(next.recovered).toEqual({ runs: 1, lostAttempts: 2 })
  await next.settled()
  world.clock.advance(0)
  await next.settled()
  const tasks = (await next.run(id)).stages[0]?.tasks ?? []
  expect(tasks.map(({ key, status, attempt }) => [key, status, attempt])).toEqual([
    ['again', 'running', 2],
    ['passed', 'errored', 1],
    ['noop', 'succeeded', 1],
    ['sleep', 'running', 1],
  ])
  expect(next.runner.jobs.map(({ env, attempt }) => [env['MILLRACE_TASK'], attempt])).toEqual([['again', 2]])
  // What the dead one's runner still says changes nothing.
  for (const job of old) next.host.dispatcher.ended('scripted', job, succeeded())
  await next.settled()
  expect((await next.run(id)).stages[0]?.tasks[0]?.status).toBe('running')
})

test('a server goes on also when the disk is full at its start', async () => {
  const store = openFullStore()
  const world = await openWorld({ store })
  const { id } = await world.start(await world.pipeline(everything))
  await world.settled()
  store.refuse(4)
  const next = await world.restarted()
  await next.settled()
  expect((await next.run(id)).stages[0]?.tasks[0]).toMatchObject({ status: 'running', attempt: 1 })
  for (let seconds = 0; seconds < 4; seconds += 1) {
    world.clock.advance(1_000)
    await next.settled()
  }
  expect((await next.run(id)).stages[0]?.tasks[0]).toMatchObject({ status: 'running', attempt: 2 })
})

test('a run that cannot be read keeps no other from going on', async () => {
  const memory = openMemoryStore()
  const broken = { id: '' }
  const store = {
    ...memory,
    runs: {
      ...memory.runs,
      entries: (...args: Parameters<typeof memory.runs.entries>) => {
        if (args[0] === broken.id) return Promise.reject(new Error('a page of it is damaged'))
        return memory.runs.entries(...args)
      },
    },
  }
  const world = await openWorld({ store })
  const pipeline = await world.pipeline(everything)
  const [first, second] = [await world.start(pipeline), await world.start(pipeline)]
  await world.settled()
  broken.id = first.id
  const next = await world.restarted()
  expect(next.recovered).toEqual({ runs: 1, lostAttempts: 2 })
  await expect(next.settled()).rejects.toThrow('the host met a defect')
  expect((await next.run(second.id)).status).toBe('running')
})

test('a run that waits, is paused or is held is so after a restart, and its deadlines still come', async () => {
  const world = await openWorld()
  const hold = { policy: 'hold', expireMs: 60_000 } as const
  const pipeline = await world.pipeline(
    definition({ name: 'held', stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work, onFailure: hold })] })] }),
  )
  const start = async (wait: boolean) =>
    need(await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait }))
  const waiting = await start(true)
  const held = await start(false)
  await world.settled()
  world.runner.endTask('a', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null })
  const paused = await start(false)
  await world.app.runs.act(world.admin, { id: paused.id }, { action: 'pause' })
  await world.settled()
  const next = await world.restarted()
  await next.settled()
  const statuses = () => Promise.all([waiting, held, paused].map(async ({ id }) => (await next.run(id)).status))
  expect(await statuses()).toEqual(['waiting', 'held', 'paused'])
  world.clock.advance(60_000)
  await next.settled()
  expect(await statuses()).toEqual(['waiting', 'timed_out', 'paused'])
})
