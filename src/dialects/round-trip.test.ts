// A pipeline that one dialect makes is read, started and steered through the others, by chance; at every step all of
// them must say what their tables say of the run. ROUND_TRIPS=500 for more of them than a suite has time for.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silent } from '../http/logger.ts'
import { nativeMounts } from '../http/native/index.ts'
import type { AttemptResult } from '../model/command.ts'
import type { PipelineView, RunView } from '../model/view.ts'
import { allDialects, type Ask, type Told } from '../testing/all-dialects.ts'
import { makers, type Made } from '../testing/dialect-makers.ts'
import { commandsFor, starters } from '../testing/dialect-commands.ts'
import { disagreements } from '../../test/support/dialect-words.ts'
import { exited, succeeded } from '../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../testing/world.ts'

const TRIPS = Number(process.env['ROUND_TRIPS'] ?? 5)

const failed = (failure: Extract<AttemptResult, { kind: 'failed' }>['failure']): AttemptResult => ({
  kind: 'failed',
  failure,
  outputs: null,
})
const ENDS: Readonly<Record<string, AttemptResult>> = {
  succeed: succeeded(),
  again: succeeded(),
  fail: exited(1),
  error: failed({ kind: 'cannot-start', reason: 'no such image' }),
  timeout: failed({ kind: 'timeout', afterMs: 1_000 }),
  unauthorized: failed({ kind: 'unauthorized', reason: 'the registry' }),
}

const move = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      pick: fc.nat(99),
      how: fc.constantFrom(...Object.keys(ENDS)),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('command' as const), pick: fc.nat(9_999) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 60_000, 4_000_000) }),
  },
)
type Move = typeof move extends fc.Arbitrary<infer One> ? One : never

interface Trip {
  readonly world: World
  readonly ask: Ask
  /** What was done, for people to read when something is wrong. */
  readonly told: string[]
}

async function openTrip(): Promise<Trip> {
  const world = await openWorld()
  const mounts = nativeMounts({ version: '0.0.0', pipelineSchema: {} })({
    app: world.app,
    baseUrl: 'http://127.0.0.1:8080',
    bodyMaxBytes: 1_000_000,
    closing: new AbortController().signal,
    logger: silent,
  })
  const native = mounts.filter(({ name }) => name === 'native')
  const dialects = allDialects(world)
  const own = allDialects(world, native, {
    Authorization: `Bearer ${world.credentials.token}`,
    'Content-Type': 'application/json',
  })
  return {
    world,
    ask: (method, path, body) => (path.startsWith('/api/v1/') ? own : dialects)(method, path, body),
    told: [],
  }
}

const isGood = ({ status, body }: Told): boolean => status < 300 && body?.result !== false

/** Where everything is, a line for each node. */
const brief = (run: RunView): string =>
  [
    `run ${run.status}`,
    ...run.stages.flatMap((stage) => [
      `- ${stage.key} ${stage.status}`,
      ...stage.tasks.map((task) => `  - ${task.key} ${task.status} ${task.work.kind} loop ${task.loop}`),
    ]),
  ].join('\n')

async function checkWords({ world, ask, told }: Trip, pipeline: PipelineView, id: string): Promise<RunView> {
  await world.settled()
  const run = await world.run(id)
  const now = need(await world.app.pipelines.get(world.admin, { id: pipeline.id }))
  const wrong = await disagreements(ask, now, run)
  if (wrong.length > 0) throw new Error(`${told.join('\n')}\n${wrong.join('\n')}\n${brief(run)}`)
  return run
}

async function takeMove(trip: Trip, run: RunView, one: Move): Promise<void> {
  const { world, ask, told } = trip
  switch (one.kind) {
    case 'end': {
      const { jobs } = world.runner
      const job = jobs[one.pick % Math.max(1, jobs.length)]
      const result = ENDS[one.how]
      if (job === undefined || result === undefined) return
      told.push(`${one.how} ${job.env['MILLRACE_TASK']}`)
      return world.runner.end(job, result)
    }
    case 'wait':
      told.push(`wait ${one.ms} ms`)
      return world.clock.advance(one.ms)
    case 'command': {
      const commands = commandsFor(run)
      const command = commands[one.pick % Math.max(1, commands.length)]
      if (command === undefined) return
      const answer = await ask(command.method, command.path, command.body)
      told.push(`${command.name} -> ${answer.status} ${answer.text.slice(0, 200)}`)
      if (!isGood(answer)) throw new Error(`${told.join('\n')}\nrefused although ${command.because}\n${brief(run)}`)
    }
  }
}

async function trip(make: Made, starter: number, moves: readonly Move[]): Promise<void> {
  const journey = await openTrip()
  const { world, ask, told } = journey
  const answer = await ask(make.method, make.path(world.project), make.body)
  told.push(`${make.method} ${make.path(world.project)} ${JSON.stringify(make.body)} -> ${answer.status}`)
  if (!isGood(answer)) throw new Error(`${told.join('\n')}\n${answer.text}`)
  const { items } = need(await world.app.pipelines.slice(world.admin, {}, 0, 10))
  const [pipeline] = items
  if (pipeline === undefined) throw new Error('nothing was made')
  const ways = starters(pipeline)
  const way = ways[starter % ways.length]!
  const started = await ask(way.method, way.path, way.body)
  told.push(`${way.name} -> ${started.status} ${started.text.slice(0, 200)}`)
  if (!isGood(started)) throw new Error(told.join('\n'))
  await world.settled()
  const { latestRun } = need(await world.app.pipelines.get(world.admin, { id: pipeline.id }))
  if (latestRun === null) throw new Error(`${told.join('\n')}\nnothing was started`)
  let run = await checkWords(journey, pipeline, latestRun.id)
  for (const one of moves) {
    await takeMove(journey, run, one)
    run = await checkWords(journey, pipeline, run.id)
  }
}

describe('what all five say of runs by chance, of pipelines made by', () => {
  test.each(Object.entries(makers))(
    '%s',
    (_, arbitrary) =>
      fc.assert(fc.asyncProperty(arbitrary, fc.nat(99), fc.array(move, { minLength: 4, maxLength: 10 }), trip), {
        numRuns: TRIPS,
        seed: Number(process.env['ROUND_TRIPS_SEED'] ?? 20_261_122),
        // What was done is told; shorter trips to the same end are not looked for.
        endOnFailure: true,
      }),
    20_000 + TRIPS * 4_000,
  )

  test('and the comparison sees what is wrong', async () => {
    const journey = await openTrip()
    const { world, ask } = journey
    const text = 'name: web\ntasks: [{name: compile, script: make}]\n'
    const pipeline = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
    const run = await world.start(pipeline)
    const running = await checkWords(journey, pipeline, run.id)
    const wrong = await disagreements(ask, pipeline, { ...running, status: 'timed_out' })
    expect(wrong.map((sentence) => sentence.replace(/ of a run.*/, '')).toSorted()).toEqual([
      'blueking',
      'codearts-check',
      'codearts-pipeline v5',
      'codearts-pipeline, batch',
      'codearts-pipeline, detail',
      'codearts-pipeline, status',
      'koderover',
      'koderover V2',
      'koderover, list',
      'swr',
      'swr, list',
      'the native API',
      'zadig',
      'zadig v4',
      'zadig, public',
    ])
  })
})
