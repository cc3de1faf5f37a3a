// Calls that no SDK has, by the vendor's pages (support.huaweicloud.com/api-pipeline, 2025-11 to 2025-12).
import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type Body, type CodeartsClient, codeartsClient } from '../../testing/codearts-client.ts'
import { job, shell, stage } from '../../testing/codearts-documents.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'

const ABSENT = 'f'.repeat(32)
const simple = [stage('One', [job('JOB_A', [shell('true')])])]

let world: World
let client: CodeartsClient
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  client = codeartsClient(world)
})

describe('BatchDeletePipeline', () => {
  const remove = (ids: readonly string[]) => client.good('POST', '/pipelines/batch-delete', { pipeline_ids: ids })

  test('deletes what it can, and says of each what became of it', async () => {
    const [idle, busy] = [await client.create(simple, { name: 'idle' }), await client.create(simple, { name: 'busy' })]
    await client.start(busy)
    expect(await remove([idle, busy, ABSENT])).toEqual({
      result: [
        { pipeline_id: idle, pipeline_name: 'idle', status: 'DELETE_SUCCESS', reason: null },
        { pipeline_id: busy, pipeline_name: 'busy', status: 'DELETE_FAILED', reason: expect.stringContaining('busy') },
        { pipeline_id: ABSENT, pipeline_name: null, status: 'DELETE_FAILED', reason: 'The pipeline does not exist.' },
      ],
    })
    expect(await client.call('GET', `/pipelines/${idle}`)).toMatchObject({ status: 404 })
    world.runner.endTask('JOB_A', succeeded())
    await world.settled()
    expect(await remove([busy])).toMatchObject({ result: [{ status: 'DELETE_SUCCESS' }] })
  })

  test('leaves those of other projects alone, and wants one at least', async () => {
    const id = await client.create(simple)
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const elsewhere = await client.call('POST', '/pipelines/batch-delete', { pipeline_ids: [id] }, other.id)
    expect(elsewhere.body).toMatchObject({ result: [{ pipeline_name: null, status: 'DELETE_FAILED' }] })
    expect(await client.call('GET', `/pipelines/${id}`)).toMatchObject({ status: 200 })
    for (const body of [{}, { pipeline_ids: [] }, { pipeline_ids: id }]) {
      expect(await client.call('POST', '/pipelines/batch-delete', body)).toMatchObject({ status: 400 })
    }
  })
})

test('DisablePipeline and EnablePipeline answer true, and nothing else', async () => {
  const id = await client.create(simple)
  expect(await client.good('PUT', `/pipelines/${id}/ban`)).toBe(true)
  expect(await client.good('PUT', `/pipelines/${id}/unban`)).toBe(true)
})

test('ListPipelineQueue tells whose each record is, CancelPipelineQueue which run has left', async () => {
  const concurrency_control = { concurrency_number: 1, exceed_action: 'QUEUE', enable: true }
  const id = await client.create(simple, { concurrency_control })
  await client.start(id)
  const second = await client.start(id)
  const { queuedPipelines: queue } = await client.good('GET', `/pipelines/${id}/queued-pipeline?limit=0&offset=0`)
  expect(queue).toEqual([
    {
      id: expect.any(Number),
      pipeline_id: id,
      pipeline_run_id: second,
      region: 'millrace',
      enqueue_time: expect.any(Number),
      trigger_type: 'Manual',
      creator_id: world.admin.user.id,
      creator_name: 'ci',
      status: 'QUEUED',
    },
  ])
  const left = await client.good('POST', `/pipelines/${id}/${second}/cancel-queuing/${queue[0].id}`, {})
  expect(left).toEqual({ pipeline_run_id: second })
})

describe('ShowPipelineCount', () => {
  const counts = (query = '') => client.good('GET', `/dashboard/pipeline-count${query}`)

  test('counts the pipelines of each project of the caller', async () => {
    need(await world.app.projects.create(world.admin, { name: 'empty', description: '' }))
    for (const name of ['a', 'b', 'c']) await client.create(simple, { name })
    const here = { projectName: 'default', projectId: world.project.id, pipelineCount: '3', deleted: false }
    expect(await counts()).toEqual({
      total: 2,
      pageSize: 10,
      pageNo: 1,
      projectCountList: [here, expect.objectContaining({ projectName: 'empty', pipelineCount: '0' })],
      allCount: 3,
    })
    expect(await counts('?order=asc&pageNo=2&pageSize=1&_=1763949971018')).toMatchObject({
      total: 2,
      pageNo: 2,
      projectCountList: [here],
    })
    expect(await counts('?order=desc&pageSize=1')).toMatchObject({ projectCountList: [here], allCount: 3 })
    expect(await counts('?pageNo=9')).toMatchObject({ total: 2, projectCountList: [] })
  })

  test.each(['?order=up', '?pageNo=0', '?pageSize=x'])('refuses %s', async (query) => {
    expect(await client.call('GET', `/dashboard/pipeline-count${query}`)).toMatchObject({ status: 400 })
  })
})

test('a limit of 0 is none, one that is too large is the largest, in a query as in a body', async () => {
  const id = await client.create(simple)
  const path = `/pipelines/${id}/list-runtime-vars`
  for (const [limit, shown] of [
    ['0', 10],
    ['', 10],
    ['500', 100],
  ] as const) {
    expect(await client.good('GET', `${path}?limit=${limit}`)).toMatchObject({ limit: shown })
  }
  expect(await client.good('POST', '/pipelines/list', { limit: 0 })).toMatchObject({ limit: 10 })
  expect(await client.call('GET', `${path}?limit=-1`)).toMatchObject({ status: 400 })
})

test('what is published is so wherever it is shown, also when it was given as text', async () => {
  const id = await client.create(simple, { is_publish: 'True' })
  const list = await client.good('POST', '/pipelines/list', { is_publish: true })
  expect(list).toMatchObject({ total: 1, pipelines: [{ is_publish: true }] })
  expect(await client.good('GET', `/pipelines/${id}`)).toMatchObject({ is_publish: true })
  await client.start(id)
  expect(await client.detail(id)).toMatchObject({ is_publish: true })
})

test('the end of a period is in it, with all of the second that it names', async () => {
  const id = await client.create(simple)
  world.clock.advance(500)
  await client.start(id)
  const runs = async (period: object) =>
    (await client.good('POST', `/pipelines/${id}/pipeline-runs/list`, period)) as {
      total: number
      pipeline_runs: Body[]
    }
  const { start_time: at } = (await runs({})).pipeline_runs[0]
  expect(await runs({ start_time: at, end_time: at })).toMatchObject({ total: 1 })
  expect(await runs({ end_time: String(at - 1) })).toMatchObject({ total: 0 })
  for (const list of [`/pipelines/${id}/pipeline-runs/list`, '/pipelines/list']) {
    const total = async (end_time: string) => (await client.good('POST', list, { end_time })).total
    expect([await total('2026-01-02 11:04:05'), await total('2026-01-02 11:04:04')], list).toEqual([1, 0])
  }
})

test('tokens of triggers and logins in any address are sealed, shown as stars, and stay when they come back so', async () => {
  const token = 'not-for-everyone'
  const params = { git_type: 'gitlab', ssh_git_url: `ssh://git:${token}@example.com/a.git`, alias: 'web' }
  const trigger = {
    git_url: `https://ci:${token}@example.com/a.git`,
    git_type: 'gitlab',
    callback_url: `https://example.com/hook?access_token=${token}`,
    security_token: token,
    events: [{ type: 'push', enable: true }],
  }
  const id = await client.create(simple, { sources: [{ type: 'code', params }], triggers: [trigger] })
  const kept = async () => need(await world.app.pipelines.get(world.admin, { id })).definition.annotations
  const before = await kept()
  expect(JSON.stringify(before)).not.toContain(token)
  const shown = await client.good('GET', `/pipelines/${id}`)
  expect(shown.sources).toMatchObject([{ params: { ...params, ssh_git_url: 'ssh://git:******@example.com/a.git' } }])
  const callback_url = 'https://example.com/hook?access_token=******'
  const stars = { git_url: 'https://ci:******@example.com/a.git', callback_url, security_token: '******' }
  expect(shown.triggers).toMatchObject([{ ...trigger, ...stars }])
  await client.good('PUT', `/pipelines/${id}`, { ...shown, description: 'edited' })
  const sealed = (annotations: object) => JSON.stringify(annotations).match(/sealed\.v1\.[\w-]+\./g)
  expect(sealed(await kept())).toEqual(sealed(before))
  expect((await client.good('GET', `/pipelines/${id}`)).triggers).toEqual(shown.triggers)
})

test('logins in addresses that steps are given are sealed, shown as stars, and name the source that has them', async () => {
  const token = 'not-for-everyone'
  const source = (alias: string, url: string) => ({
    type: 'code',
    params: { git_type: 'gitlab', git_url: url, default_branch: 'main', alias },
  })
  const address = `https://ci:${token}@example.com/b.git`
  const clone = (url: string) => ({
    name: 'Clone',
    task: 'official_git_clone',
    business_type: 'Normal',
    inputs: [{ key: 'git_url', value: url }],
  })
  const given = 'https://ci:${TOKEN}@example.com/c.git'
  const stages = [stage('One', [job('JOB_A', [clone(address), clone(given)])])]
  const sources = [source('a', 'https://example.com/a.git'), source('b', address)]
  const id = await client.create(stages, { sources })
  const kept = async () => need(await world.app.pipelines.get(world.admin, { id })).definition
  const before = JSON.stringify((await kept()).annotations)
  expect(JSON.stringify(await kept())).not.toContain(token)
  const shown = await client.good('GET', `/pipelines/${id}`)
  const stars = 'https://ci:******@example.com/b.git'
  expect(JSON.parse(shown.definition).stages[0].jobs[0].steps.map((one: Body) => one.inputs[0].value)).toEqual([
    stars,
    given,
  ])
  // Something else of the definition is edited, and what came as stars stays.
  const edited = shown.definition.replace('"name":"One"', '"name":"First"')
  await client.good('PUT', `/pipelines/${id}`, { ...shown, definition: edited })
  const sealed = (text: string) => [...new Set(text.match(/sealed\.v1\.[\w-]+\./g))]
  const now = JSON.stringify((await kept()).annotations)
  expect([now.includes('First'), sealed(now)]).toEqual([true, sealed(before)])
  const run = await client.start(id)
  await world.settled()
  expect(world.runner.jobs.map((one) => one.with['url'])).toEqual([address])
  const detail = await client.good('GET', `/pipelines/${id}/pipeline-runs/detail?pipeline_run_id=${run}`)
  expect(detail.stages[0].jobs[0].steps[0].inputs).toEqual([{ key: 'git_url', value: stars }])

  const template = { name: 'clones', language: 'none', definition: JSON.stringify({ stages }), variables: [] }
  const { templateId } = await client.good('POST', '/pipeline-templates', template)
  const documents = { project: { id: world.project.id }, kind: 'codearts-pipeline/template', limit: 10 }
  expect(JSON.stringify(need(await world.app.documents.list(world.admin, documents)))).not.toContain(token)
  const whole = await client.good('GET', `/pipeline-templates/${templateId}`)
  expect(whole.definition).toContain(stars)
  await client.good('PUT', `/pipeline-templates/${templateId}`, { ...template, definition: whole.definition })
  const made = await client.good('POST', `/pipeline-templates/${templateId}/create-pipeline`, { name: 'made', sources })
  expect(JSON.parse((await client.good('GET', `/pipelines/${made.pipeline_id}`)).definition)).toEqual(
    JSON.parse(whole.definition),
  )
})

test('a step names its source by the address, also where the address asks something', async () => {
  const source = (alias: string, git_url: string) => ({ type: 'code', params: { git_type: 'gitlab', git_url, alias } })
  const asked = 'https://example.com/b.git?access_token=of-it'
  const clone = { name: 'Clone', task: 'official_git_clone', inputs: [{ key: 'git_url', value: asked }] }
  const sources = [source('a', 'https://example.com/a.git'), source('b', asked)]
  await client.start(await client.create([stage('One', [job('JOB_A', [clone])])], { sources }))
  expect(world.runner.jobs.map((one) => one.with['url'])).toEqual([asked])
})
