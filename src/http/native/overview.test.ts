import { expect, test } from 'vitest'
import { openNative } from '../../../test/support/native-server.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const script = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const review = (expireMs: number | null) =>
  ({ kind: 'review', reviewers: [], required: 1, expireMs, question: 'ship it?' }) as const
const one = (name: string, task: Parameters<typeof taskSpec>[0]) =>
  definition({ name, stages: [stageSpec({ key: 'make', tasks: [taskSpec(task)] })] })

test('an overview tells what needs somebody, what runs, what waits and why, and what has failed', async () => {
  await using native = await openNative()
  const { client, world } = native
  const start = async (made: ReturnType<typeof definition>): Promise<string> => {
    const { id } = await client.runs.start((await world.pipeline(made)).id)
    await world.settled()
    world.clock.advance(1_000)
    return id
  }
  const patient = await start(one('patient', { key: 'gate', work: review(null) }))
  const urgent = await start(one('urgent', { key: 'gate', work: review(3_600_000) }))
  const held = await start(one('held', { key: 'mend', work: script, onFailure: { policy: 'hold', expireMs: null } }))
  world.runner.endTask('mend', exited(3))
  const failed = await start(one('failing', { key: 'break', work: script }))
  world.runner.endTask('break', exited(1))
  const done = await start(one('done', { key: 'finish', work: script }))
  world.runner.endTask('finish', succeeded())
  const running = await start(one('moving', { key: 'move', work: script }))
  const queued = await start(one('nowhere', { key: 'far', work: script, labels: ['moon'] }))
  await world.settled()

  const overview = await client.overview()
  expect(overview.needs_person.map(({ run, kind }) => [run.id, kind])).toEqual([
    [urgent, 'review'],
    [patient, 'review'],
    [held, 'held'],
  ])
  expect(overview.needs_person[0]).toMatchObject({
    node: { key: 'gate' },
    review: { question: 'ship it?', required: 1 },
    allowed: expect.arrayContaining(['approve', 'reject']),
    failure: null,
  })
  expect(overview.needs_person[2]).toMatchObject({
    failure: { exit_code: 3 },
    allowed: expect.arrayContaining(['retry', 'skip']),
    run_allowed: expect.arrayContaining(['cancel']),
  })
  expect(overview.running).toMatchObject([
    { run: { id: running }, done: 0, total: 1, nodes: [{ key: 'move', status: 'running' }] },
  ])
  expect(overview.queued).toMatchObject([{ run: { id: queued }, reason: { code: 'no-runner-with-labels' } }])
  expect(overview.failed).toMatchObject([{ run: { id: failed }, failure: { failure: { exit_code: 1 } } }])
  expect(overview.counters).toEqual({ needs_person: 3, running: 1, queued: 1, failed_24h: 1, succeeded_24h: 1 })
  expect(done).not.toBe(failed)

  const found = await client.overview({ text: 'mov' })
  expect(found.running).toHaveLength(1)
  expect([...found.needs_person, ...found.queued, ...found.failed]).toEqual([])
  expect(found.counters.running).toBe(1)
})
