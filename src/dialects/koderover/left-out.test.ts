// What a start leaves out is no part of a task of theirs: from the first look on, not only once its turn has come.
import { expect, test } from 'vitest'
import { DIALECT_OPTIONS } from '../../testing/dialect-routes.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld } from '../../testing/world.ts'
import { koderover } from './index.ts'

type Body = ReturnType<typeof JSON.parse>

const DEFINITION = `
name: web
stages:
  - name: build
    tasks:
      - {key: compile, role: build, script: make}
      - {key: docs, role: build, script: make docs}
  - name: deploy
    tasks: [{key: deploy, role: deploy, script: make deploy}]
  - name: test
    tasks: [{key: unit, role: test, script: make test}]
`

async function open() {
  const world = await openWorld()
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text: DEFINITION }))
  const started = need(
    await world.app.runs.start(world.admin, {
      pipeline: { project: { id: world.project.id }, name: 'web' },
      params: {},
      exclude: ['deploy', 'docs'],
    }),
  )
  await world.settled()
  const get = async (path: string): Promise<Body> => {
    const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
    return await (await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { headers }))).json()
  }
  return { world, get, started }
}

test.each(['while it is to come', 'once it was passed over'])('of the first generation: %s', async (when) => {
  const { world, get, started } = await open()
  if (when !== 'while it is to come') {
    world.runner.endTask('compile', succeeded())
    await world.settled()
  }
  const task = await get('/api/tasks/id/1/pipeline/web')
  expect(Object.keys(task).filter((key) => key.endsWith('_task'))).toEqual(['build_task', 'test_task'])
  expect(task.build_task.jobs).toHaveLength(1)
  const { procs } = await get(`/api/builds/team/web/id/${started.serial}`)
  expect(JSON.stringify(procs)).not.toContain('docs')
})

test.each(['while it is to come', 'once it was passed over'])('of V2, Zadig and from 1.13 on: %s', async (when) => {
  const { world, get } = await open()
  if (when !== 'while it is to come') {
    world.runner.endTask('compile', succeeded())
    await world.settled()
  }
  const second = await get('/api/v2/tasks/id/1/pipelines/web')
  expect(second.sub_tasks.map(({ type }: Body) => type)).toEqual(['build', 'testing'])
  const zadig = await get('/api/workflow/v2/tasks/id/1/pipelines/web')
  expect(zadig.stages.map(({ desc }: Body) => desc)).toEqual(['build', 'test'])
  expect(Object.keys(zadig.stages[0].sub_tasks)).toEqual(['compile'])
  const custom = await get('/api/workflow/v4/workflowtask/workflow/web/task/1')
  expect(custom.stages.map(({ name, jobs }: Body) => [name, jobs.map((job: Body) => job.name)])).toEqual([
    ['build', ['compile']],
    ['test', ['unit']],
  ])
})
