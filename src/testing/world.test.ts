import { expect, test } from 'vitest'
import { WORKSPACE_KEPT_MS } from '../host/runners/workspaces.ts'
import { exited, succeeded } from './scripted-runner.ts'
import { definition, stageSpec, taskSpec } from './views.ts'
import { openWorld } from './world.ts'

const runner = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' } as const

test('a run goes through its stages: a runner does the work, a person approves, and it succeeds', async () => {
  const world = await openWorld()
  const pipeline = await world.pipeline(
    definition({
      stages: [
        stageSpec({ key: 'build', tasks: [taskSpec({ key: 'compile', work: runner })] }),
        stageSpec({ key: 'gate', tasks: [taskSpec({ key: 'approve', work: review })] }),
        stageSpec({ key: 'end', tasks: [taskSpec({ key: 'join', work: { kind: 'noop' } })] }),
      ],
    }),
  )
  const { id } = await world.start(pipeline)
  await world.settled()
  expect((await world.run(id)).status).toBe('running')
  world.runner.endTask('compile', succeeded({ tag: 'v1' }))
  await world.settled()
  const reviewing = await world.run(id)
  expect(reviewing.status).toBe('reviewing')
  expect(reviewing.stages[0]?.tasks[0]?.outputs).toEqual({ tag: 'v1' })
  await world.app.runs.actOnNode(world.admin, { id }, { key: 'approve' }, { action: 'approve' })
  await world.settled()
  expect((await world.run(id)).status).toBe('succeeded')
  expect(world.runner.cleaned).toEqual([id])
})

test('a run that fails can be retried, and a late report changes nothing', async () => {
  const world = await openWorld()
  const pipeline = await world.pipeline(
    definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'compile', work: runner })] })] }),
  )
  const { id } = await world.start(pipeline)
  await world.settled()
  const [job] = world.runner.jobs
  world.runner.endTask('compile', exited(2))
  await world.settled()
  const failed = await world.run(id)
  expect([failed.status, failed.failure?.failure]).toEqual(['failed', { kind: 'exit-code', code: 2 }])
  await world.app.runs.act(world.admin, { id }, { action: 'retry' })
  await world.settled()
  if (job !== undefined) world.host.dispatcher.ended('scripted', job, succeeded())
  await world.settled()
  expect((await world.run(id)).status).toBe('running')
  world.runner.endTask('compile', succeeded())
  await world.settled()
  expect((await world.run(id)).status).toBe('succeeded')
})

test('all that a command offers is taken at once, without waiting for the clock', async () => {
  const world = await openWorld()
  const tasks = ['compile', 'lint', 'docs'].map((key) => taskSpec({ key, work: runner }))
  const { id } = await world.start(await world.pipeline(definition({ stages: [stageSpec({ key: 'build', tasks })] })))
  await world.settled()
  for (const { key } of tasks) world.runner.endTask(key, exited(1))
  await world.settled()
  await world.app.runs.act(world.admin, { id }, { action: 'retry' })
  await world.settled()
  expect(world.runner.jobs.map(({ env }) => env['MILLRACE_TASK'])).toEqual(['compile', 'lint', 'docs'])
})

test('the files of a failed run stay for a day, so that a retry finds them; those of a success go at once', async () => {
  const world = await openWorld()
  const pipeline = await world.pipeline(
    definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'compile', work: runner })] })] }),
  )
  const { id } = await world.start(pipeline)
  await world.settled()
  world.runner.endTask('compile', exited(1))
  await world.settled()
  world.clock.advance(WORKSPACE_KEPT_MS - 1)
  expect(world.runner.cleaned).toEqual([])
  await world.app.runs.act(world.admin, { id }, { action: 'retry' })
  await world.settled()
  world.clock.advance(2)
  expect(world.runner.cleaned).toEqual([])
  world.runner.endTask('compile', succeeded())
  await world.settled()
  expect(world.runner.cleaned).toEqual([id])
})
