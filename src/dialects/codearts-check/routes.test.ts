import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../../model/definition.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { signed } from '../../testing/sign.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { DEPENDS_HEADER } from '../dialect.ts'
import { codeartsCheck } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const ABSENT = 'f'.repeat(32)
/** Seed 003, the two error samples. */
const seedErrors = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/errors.json`, 'utf8'))

const checking = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({
    name: 'check',
    stages: [stageSpec({ tasks: [taskSpec({ key: 'lint', work: { kind: 'runner', uses: 'script', with: {} } })] })],
    ...changes,
  })

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld()
  handle = codeartsCheck.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 })
})

async function call(
  method: string,
  path: string,
  init: { readonly headers?: Record<string, string>; readonly body?: string; readonly anonymous?: boolean } = {},
) {
  const token = init.anonymous === true ? {} : { 'X-Auth-Token': world.credentials.token }
  const headers = { ...token, ...init.headers }
  const body = init.body === undefined ? {} : { body: init.body }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...body }))
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}
const list = (query = '', project: string = world.project.id) => call('GET', `/v2/${project}/tasks${query}`)
const progress = async (id: string) => (await call('GET', `/v2/tasks/${id}/progress`)).body

describe('GET /v2/{project_id}/tasks', () => {
  test('shows the pipelines of the project, with times in UTC', async () => {
    const pipeline = await world.pipeline(checking())
    world.clock.advance(60_000)
    await world.start(pipeline)
    await world.settled()
    const { status, body, headers } = await list()
    expect(status).toBe(200)
    expect(body).toEqual({
      tasks: [
        {
          task_id: pipeline.id,
          task_name: 'check',
          creator_id: world.admin.user.id,
          git_url: '',
          git_branch: '',
          created_at: '2026-01-02 03:04:05',
          last_check_time: '2026-01-02 03:05:05',
        },
      ],
      total: 1,
    })
    expect(headers.get(DEPENDS_HEADER)).toBe(`project:${world.project.id},pipeline:${pipeline.id}`)
  })

  test('an empty project is an empty list', async () => {
    expect((await list()).body).toEqual({ tasks: [], total: 0 })
  })

  test('what is hidden is neither listed nor counted', async () => {
    const shown = await world.pipeline(checking())
    const seen = { tasks: [{ task_id: shown.id }], total: 1 }
    expect((await list()).body).toMatchObject(seen)
    await world.pipeline(checking({ name: 'one-off', annotations: { hidden: 'true' } }))
    expect((await list()).body).toMatchObject(seen)
    await world.pipeline(checking({ name: 'later' }))
    expect((await list('?offset=2&limit=1')).body).toMatchObject({ tasks: [{ task_name: 'later' }], total: 2 })
  })

  test('offset is a page number, of which 0 and 1 are the first; total counts the project', async () => {
    for (let index = 1; index <= 12; index += 1) await world.pipeline(checking({ name: `p${index}` }))
    const names = async (query: string) => {
      const { body } = await list(query)
      expect(body.total).toBe(12)
      return body.tasks.map((task: { task_name: string }) => task.task_name)
    }
    expect(await names('')).toHaveLength(10)
    expect(await names('?offset=0&limit=5')).toEqual(['p1', 'p2', 'p3', 'p4', 'p5'])
    expect(await names('?offset=1&limit=5')).toEqual(['p1', 'p2', 'p3', 'p4', 'p5'])
    expect(await names('?offset=3&limit=5')).toEqual(['p11', 'p12'])
    expect(await names('?offset=4&limit=5')).toEqual([])
    expect(await names('?offset=999999&limit=100')).toEqual([])
  })

  test.each([
    '?offset=-1',
    '?offset=1000000',
    '?offset=x',
    '?offset=1.5',
    '?limit=0',
    '?limit=101',
    '?limit=ten',
    '?limit=%00',
    '?limit=99999999999999999999',
  ])('%s is the seed’s 400', async (query) => {
    expect(await list(query)).toMatchObject({ status: 400, body: seedErrors['400'] })
    expect((await list(query)).body).toEqual(seedErrors['400'])
  })

  test.each([ABSENT, 'no-id', '%zz', '%ff', 'manage', '..%2f..%2fetc'])(
    'the project %s is not there',
    async (project) => {
      expect(await list('', project)).toMatchObject({ status: 200, body: { error_code: 'CC.00050013' } })
    },
  )

  test('no credential, or a wrong one, is the seed’s 401', async () => {
    for (const headers of [{}, { 'X-Auth-Token': 'mr_x_y' }, { Authorization: '' }]) {
      const answer = await call('GET', `/v2/${world.project.id}/tasks`, {
        headers,
        anonymous: true,
      })
      expect([answer.status, answer.body]).toEqual([401, seedErrors['401']])
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
    }
  })

  test.each([
    [{ ak: 'NOSUCHKEY' }, 'Get secretKey failed,ak:NOSUCHKEY,err:ak not exist'],
    [{ sk: 'wrong' }, 'verify aksk signature fail'],
  ])('a signature with %j is refused by the gateway', async (keys, reason) => {
    const url = `${BASE}/v2/${world.project.id}/tasks`
    const headers = signed({ ...world.credentials, ...keys }, world.clock.now(), { method: 'GET', url })
    const answer = await call('GET', url.slice(BASE.length), { headers, anonymous: true })
    expect(answer).toMatchObject({ status: 401, body: { error_code: 'APIGW.0301' } })
    expect(answer.body.error_msg).toBe(`Incorrect IAM authentication information: ${reason}`)
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
  })

  test('a signature by AK and SK opens', async () => {
    const url = `${BASE}/v2/${world.project.id}/tasks?offset=1&limit=5`
    const headers = signed(world.credentials, world.clock.now(), { method: 'GET', url })
    expect((await call('GET', url.slice(BASE.length), { headers, anonymous: true })).status).toBe(200)
  })
})

describe('a check', () => {
  test('is run, followed and stopped', async () => {
    const pipeline = await world.pipeline(checking())
    expect(await progress(pipeline.id)).toEqual({ task_status: null, progress: { ratio: null, info: null } })
    const started = await call('POST', `/v2/tasks/${pipeline.id}/run`, { body: '{}' })
    expect(started).toMatchObject({ status: 200, body: { exec_id: expect.stringMatching(/^[0-9a-f]{32}$/) } })
    await world.settled()
    expect(await progress(pipeline.id)).toEqual({ task_status: 0, progress: { ratio: '0%', info: 'running' } })
    expect(await call('POST', `/v2/tasks/${pipeline.id}/stop`)).toMatchObject({ status: 200, body: {} })
    await world.app.runs.act(world.admin, { id: started.body.exec_id }, { action: 'cancel', force: true })
    await world.settled()
    expect((await progress(pipeline.id)).task_status).toBe(3)
  })

  test('is one at a time', async () => {
    const pipeline = await world.pipeline(checking())
    const run = () => call('POST', `/v2/tasks/${pipeline.id}/run`, { body: '{}' })
    const refused = { status: 200, body: { error_code: 'CC.00050015', error_msg: expect.stringContaining('running') } }
    const answers = await Promise.all([run(), run()])
    expect(answers.filter(({ body }) => 'exec_id' in body)).toHaveLength(1)
    expect(answers.find(({ body }) => 'error_code' in body)).toMatchObject(refused)
    await world.settled()
    expect(await run()).toMatchObject(refused)
    const job = await call('POST', '/v1/jobs', { body: JSON.stringify({ taskId: pipeline.id }) })
    expect(job).toMatchObject({ status: 400, body: { error_code: 'CC.00050015' } })
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect(await run()).toMatchObject({ status: 200, body: { exec_id: expect.any(String) } })
  })

  test('ends well or badly', async () => {
    const pipeline = await world.pipeline(checking())
    for (const [result, status] of [
      [succeeded(), 2],
      [exited(1), 1],
    ] as const) {
      await call('POST', `/v2/tasks/${pipeline.id}/run`)
      await world.settled()
      world.runner.endTask('lint', result)
      await world.settled()
      expect((await progress(pipeline.id)).task_status).toBe(status)
    }
  })

  test('of another branch needs a param of that name', async () => {
    const param = {
      name: 'ref',
      type: 'string',
      description: '',
      required: false,
      default: 'main',
      options: [],
    } as const
    const [plain, branched] = [
      await world.pipeline(checking()),
      await world.pipeline(checking({ name: 'b', params: [param] })),
    ]
    const body = '{"ref":"dev","username":""}'
    expect(await call('POST', `/v2/tasks/${plain.id}/run`, { body })).toMatchObject({
      status: 400,
      body: { error_code: 'CC.00000000' },
    })
    expect((await call('POST', `/v2/tasks/${branched.id}/run`, { body })).status).toBe(200)
  })

  test.each(['{', '[]', '{"ref":1}', `{"ref":"${'x'.repeat(9_000)}"}`])(
    'the body %.40s is refused and runs nothing',
    async (body) => {
      const pipeline = await world.pipeline(checking())
      expect(await call('POST', `/v2/tasks/${pipeline.id}/run`, { body })).toMatchObject({
        status: 400,
        body: { error_code: 'CC.00000000' },
      })
      expect((await progress(pipeline.id)).task_status).toBeNull()
    },
  )

  test('that does not run cannot be stopped', async () => {
    const pipeline = await world.pipeline(checking())
    const stop = () => call('POST', `/v2/tasks/${pipeline.id}/stop`)
    expect(await stop()).toMatchObject({ status: 200, body: { error_code: 'CC.00050015' } })
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect(await stop()).toMatchObject({ status: 200, body: { error_code: 'CC.00050015' } })
  })

  test('is deleted with its history, but not while it runs', async () => {
    const pipeline = await world.pipeline(checking())
    await world.start(pipeline)
    await world.settled()
    expect(await call('DELETE', `/v2/tasks/${pipeline.id}`)).toMatchObject({
      status: 200,
      body: { error_code: 'CC.00050015' },
    })
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect(await call('DELETE', `/v2/tasks/${pipeline.id}`)).toMatchObject({ status: 200, body: {} })
    expect((await list()).body).toEqual({ tasks: [], total: 0 })
  })

  test.each([
    ['GET', 'progress'],
    ['POST', 'run'],
    ['POST', 'stop'],
  ])('%s %s of a task that is not there', async (method, call_) => {
    expect(await call(method, `/v2/tasks/${ABSENT}/${call_}`)).toMatchObject({
      status: 200,
      body: { error_code: 'CC.00050002' },
    })
  })
})

describe('all else', () => {
  test.each([
    ['GET', '/v2'],
    ['GET', '/v2/tasks'],
    ['POST', '/v2/x/tasks'],
    ['GET', '/v2/x/task'],
    ['GET', '/v2/tasks/x/defects'],
    ['GET', '/v3/task/x'],
  ])('%s %s is the gateway’s 404', async (method, path) => {
    const answer = await call(method, path, { anonymous: true })
    expect(answer).toMatchObject({ status: 404, body: { error_code: 'APIGW.0101' } })
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
  })

  test('a body that is too long is refused', async () => {
    const answer = await call('POST', `/v2/tasks/${ABSENT}/run`, { body: 'x'.repeat(100_001) })
    expect(answer).toMatchObject({ status: 413, body: { error_code: 'APIGW.0201' } })
  })
})
