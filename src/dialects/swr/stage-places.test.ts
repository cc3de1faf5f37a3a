import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { swr } from './index.ts'

// A pipeline is edited, and what has run of it is of another list of stages.

const BASE = 'http://127.0.0.1:8080'
let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  handle = swr.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
})

type Body = ReturnType<typeof JSON.parse>
async function call(method: string, path: string, content?: unknown): Promise<{ status: number; body: Body }> {
  const body = content === undefined ? {} : { body: JSON.stringify(content) }
  const headers = { 'X-Auth-Token': world.credentials.token, Accept: 'application/json' }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...body }))
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const build = (name: string) => ({
  name,
  service_name: 'jenkins_build',
  params: { basic_env: 'go', jenkins_shell: `make ${name}` },
})
const gate = {
  name: 'gate',
  service_name: 'test_review',
  params: { review_mode: 'one', review_users: [{ user_name: 'ci', email: 'ci@example.com' }] },
}

/** A pipeline of a build, a review and another build, whose run waits for the review. */
async function reviewing() {
  const { body } = await call('POST', '/v3/manage/pipelinegroups/default/pipelines', {
    name: 'edited',
    pre_operation: { operator: 'or', triggers: [{ webhook: {} }] },
    stages: [build('one'), gate, build('two')],
  })
  await call('POST', body.pre_operation.triggers[0].webhook.url.slice(BASE.length))
  await world.settled()
  world.runner.endTask('stage_1', succeeded())
  await world.settled()
  return { body, path: `/v3/manage/pipelines/${body.id}` }
}

async function edit({ path, body }: { path: string; body: Body }, stages: readonly object[]): Promise<void> {
  const { id, group_id, group_name, name } = body
  const { status } = await call('PUT', path, { id, group_id, group_name, name, stages })
  expect(status).toBe(201)
}

async function told(path: string) {
  const { stages, status } = (await call('GET', path)).body
  const words = status.stages.map(({ status: word }: Body, place: number) => `${stages[place]?.name} ${word}`)
  return [status.status, status.stage_index, words]
}

const jobs = async (path: string, stage: number) => (await call('GET', `${path}/stages/${stage}/jobs`)).body
const decide = (path: string, stage: number) =>
  call('PUT', `${path}/stages/${stage}/start_info`, { mode: 'review', review_result: 'pass' })

describe('after an edit the state of a run is told of the stages that are listed', () => {
  test('a stage before them moves them', async () => {
    const one = await reviewing()
    const { path, body } = one
    expect(await told(path)).toEqual(['running', 1, ['one success', 'gate running', 'two waiting']])
    const [before] = await jobs(path, 1)
    await edit(one, [build('new'), ...body.stages])
    const after = ['running', 2, ['new waiting', 'one success', 'gate running', 'two waiting']]
    expect(await told(path)).toEqual(after)
    expect(await jobs(path, 0)).toEqual([])
    expect(await jobs(path, 2)).toEqual([before])
    const log = await call('GET', `${path}/stages/2/jobs/${before.id}/logs`)
    expect([log.status, log.body.id]).toEqual([200, before.id])
    expect((await call('GET', `${path}/stages/1/jobs/${before.id}/logs`)).status).toBe(404)
    expect((await call('GET', `${path}/stages/1/jobs/latest/logs`)).body.service).toBe('jenkins_build')
    expect((await decide(path, 1)).status).toBe(409)
    expect((await decide(path, 2)).status).toBe(201)
    await world.settled()
    world.runner.endTask('stage_3', exited(1))
    await world.settled()
    expect(await told(path)).toMatchObject(['stage_exception', 3, [{}, {}, {}, 'two stage_exception']])
    expect((await call('POST', `${path}/stages/2/start?mode=retry`)).status).toBe(409)
    expect((await call('POST', `${path}/stages/3/start?mode=retry`)).status).toBe(201)
  })

  test('one that is gone is not told of', async () => {
    const one = await reviewing()
    const { path, body } = one
    await edit(one, [body.stages[0], build('new')])
    expect(await told(path)).toEqual(['running', 0, ['one success', 'new waiting']])
    await edit(one, [build('other')])
    expect(await told(path)).toEqual(['running', 0, ['other waiting']])
  })

  test('ids may be left out: they are known by their names', async () => {
    const one = await reviewing()
    const { path } = one
    await edit(one, [gate, build('two'), build('one')])
    expect(await told(path)).toEqual(['running', 0, ['gate running', 'two waiting', 'one success']])
    expect((await decide(path, 0)).status).toBe(201)
  })
})
