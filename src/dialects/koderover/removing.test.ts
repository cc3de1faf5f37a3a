// Deleting what is at work: aslan cancels its tasks and deletes it, whoever asks by whichever generation.
import { expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { definition, script, stage } from '../../testing/definitions.ts'
import { need, openWorld } from '../../testing/world.ts'
import { DEPENDS_HEADER } from '../dialect.ts'
import { koderover } from './index.ts'

const CONCURRENCY = { limit: 1, group: null, whenFull: 'queue' } as const

async function open(count = 2) {
  const world = await openWorld()
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const made = await world.pipeline(
    definition({ name: 'web', concurrency: CONCURRENCY, stages: [stage('build', [script('a')])] }),
  )
  const started = Array.from({ length: count }, async () =>
    need(await world.app.runs.start(world.admin, { pipeline: { id: made.id }, params: {} })),
  )
  const runs = await Promise.all(started)
  await world.settled()
  const ask = async (method: string, path: string): Promise<Response> => {
    const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
    const response = await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { method, headers }))
    await world.settled()
    return response
  }
  return { world, ask, made, runs }
}

test.each([
  ['/api/pipelines/web', '/api/tasks/id/1/pipeline/web'],
  ['/api/v2/pipelines/web', '/api/v2/tasks/id/1/pipelines/web'],
  ['/api/workflow/v2/pipelines/web', '/api/workflow/v2/tasks/id/1/pipelines/web'],
  ['/api/aslan/workflow/workflow/web', '/api/aslan/workflow/workflowtask/id/1/pipelines/web'],
  ['/api/aslan/workflow/v4/web', '/api/aslan/workflow/v4/workflowtask/workflow/web/task/1'],
])('DELETE %s cancels what is at work and what waits', async (path, task) => {
  const { world, ask, runs } = await open()
  expect((await ask('GET', task)).status).toBe(200)
  expect((await ask('DELETE', path)).status).toBe(200)
  expect((await ask('GET', task)).status).toBe(400)
  for (const { id } of runs) expect((await world.run(id)).status).toBe('cancelled')
  expect(world.runner.cancelled).toHaveLength(1)
})

test('however many wait, none is left', async () => {
  const { world, ask, runs } = await open(1_002)
  expect((await ask('DELETE', '/api/pipelines/web')).status).toBe(200)
  for (const { id } of runs) expect((await world.run(id)).status).toBe('cancelled')
})

test('who may not delete a pipeline cancels nothing of it', async () => {
  const { world, runs } = await open()
  const person = need(
    await world.app.users.create(world.admin, { name: 'li', password: null, role: 'operator', projects: null }),
  )
  const operator = { ...world.admin, user: { id: person.id, name: 'li' }, role: 'operator' } as const
  const { token } = await world.app.access.issueToken(operator, 'test', null)
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  const headers = { Authorization: `X-API-KEY ${token}` }
  const answer = await handle(
    new Request(`${DIALECT_OPTIONS.baseUrl}/api/pipelines/web`, { method: 'DELETE', headers }),
  )
  await world.settled()
  expect(answer.ok).toBe(false)
  expect((await world.run(runs[0]!.id)).status).toBe('running')
})

test('a kept answer about a task goes with its pipeline, too', async () => {
  const { ask, made, runs } = await open()
  for (const path of ['/api/tasks/id/1/pipeline/web', '/api/workflow/v2/tasks/id/1/pipelines/web']) {
    const topics = (await ask('GET', path)).headers.get(DEPENDS_HEADER)?.split(',')
    expect(topics).toEqual([`run:${runs[0]!.id}`, `pipeline:${made.id}`])
  }
})
