import { beforeEach, describe, expect, test } from 'vitest'
import type { Caller } from '../../host/app.ts'
import type { PipelineDefinition } from '../../model/definition.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { signed } from '../../testing/sign.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { DEPENDS_HEADER, FRESH_HEADER } from '../dialect.ts'
import { codeartsPipeline } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const ABSENT = 'f'.repeat(32)
const param = { type: 'string', description: '', required: false, options: [] } as const
const gated = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({
    name: 'web',
    params: [{ ...param, name: 'tag', default: 'latest' }],
    stages: [
      stageSpec({
        key: 'build',
        name: 'Build',
        tasks: [taskSpec({ key: 'compile', name: 'Compile', work: { kind: 'runner', uses: 'script', with: {} } })],
      }),
      stageSpec({
        key: 'gate',
        name: 'Gate',
        tasks: [
          taskSpec({
            key: 'decide',
            name: 'Decide',
            work: { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'Go?' },
          }),
        ],
      }),
    ],
    ...changes,
  })

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld()
  handle = codeartsPipeline.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 })
})

interface Init {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly anonymous?: boolean
}
async function call(method: string, path: string, { headers = {}, body, anonymous = false }: Init = {}) {
  const token = anonymous ? {} : { 'X-Auth-Token': world.credentials.token }
  const init = { method, headers: { ...token, ...headers }, ...(body === undefined ? {} : { body }) }
  const response = await handle(new Request(`${BASE}${path}`, init))
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}
const status = (id: string, query = '') => call('GET', `/v3/pipelines/${id}/status${query}`)
const post = (path: string, body?: unknown) =>
  call('POST', path, body === undefined ? {} : { body: JSON.stringify(body) })

describe('GET /v3/pipelines/{pipeline_id}/status', () => {
  test('follows a run from before it to its end', async () => {
    const pipeline = await world.pipeline(gated())
    expect((await status(pipeline.id)).body).toMatchObject({
      status: null,
      outcome: null,
      executor: null,
      build_id: null,
      parameters: [{ name: 'tag', value: 'latest' }],
      states: [{ id: 'state_1', name: 'Build', status: null, children: [{ id: 'Task_1', name: 'Compile' }] }, {}],
    })

    const { id } = await world.start(pipeline, { tag: 'v1' })
    await world.settled()
    world.clock.advance(3_500)
    expect((await status(pipeline.id)).body).toMatchObject({
      status: 'running',
      outcome: null,
      executor: 'ci',
      build_id: '1',
      elapsed_time: '3',
      end_time: null,
      parameters: [{ name: 'tag', value: 'v1' }],
      states: [{ status: 'running', children: [{ status: 'running', elapsed_time: '3' }] }, { status: null }],
    })

    world.runner.endTask('compile', succeeded())
    await world.settled()
    expect((await status(pipeline.id)).body).toMatchObject({
      status: 'verifying',
      states: [{ outcome: 'success' }, { status: 'verifying', children: [{ status: 'verifying' }] }],
    })

    await world.app.runs.actOnNode(world.admin, { id }, { key: 'decide' }, { action: 'approve' })
    await world.settled()
    expect((await status(pipeline.id)).body).toMatchObject({ status: 'completed', outcome: 'success' })
  })

  test('shows the run of a build_id, the newest without', async () => {
    const pipeline = await world.pipeline(gated())
    const first = await world.start(pipeline, { tag: 'one' })
    await world.start(pipeline, { tag: 'two' })
    await world.settled()
    expect((await status(pipeline.id, '?build_id=1')).body).toMatchObject({
      build_id: '1',
      parameters: [{ value: 'one' }],
    })
    expect((await status(pipeline.id, `?build_id=${first.id}`)).body).toMatchObject({ build_id: '1' })
    expect((await status(pipeline.id)).body).toMatchObject({ build_id: '2' })
    expect((await status(pipeline.id, '?build_id=')).body).toMatchObject({ build_id: '2' })
  })

  test('says which task failed, and why', async () => {
    const pipeline = await world.pipeline(gated())
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', exited(3))
    await world.settled()
    expect((await status(pipeline.id)).body).toMatchObject({
      status: 'completed',
      outcome: 'error',
      states: [{ outcome: 'error', children: [{ error_msg: 'the process exited with code 3' }] }, { status: null }],
    })
  })

  test('says what its bytes depend on, and for how long they are true', async () => {
    const pipeline = await world.pipeline(gated())
    const before = await status(pipeline.id)
    expect(before.headers.get(DEPENDS_HEADER)).toBe(`pipeline:${pipeline.id}`)
    expect(before.headers.has(FRESH_HEADER)).toBe(false)
    expect(before.headers.get('etag')).toBe((await status(pipeline.id)).headers.get('etag'))
    const run = await world.start(pipeline)
    await world.settled()
    world.clock.advance(250)
    const { headers } = await status(pipeline.id)
    expect(headers.get(DEPENDS_HEADER)).toBe(`run:${run.id},pipeline:${pipeline.id}`)
    expect(headers.get(FRESH_HEADER)).toBe('750')
    expect(headers.get('etag')).not.toBe(before.headers.get('etag'))
  })

  test.each([
    ['an unknown pipeline', ABSENT, '', 404, 'DEVPIPE.00011401'],
    ['an unknown pipeline and a run', ABSENT, '?build_id=1', 404, 'DEVPIPE.00011401'],
    ['an id that is none', 'no-id', '', 404, 'DEVPIPE.00011401'],
    ['an id in percent escapes that are none', '%zz', '', 404, 'DEVPIPE.00011401'],
    ['a broken escape of half a character', '%ff', '', 404, 'DEVPIPE.00011401'],
  ])('%s is not found', async (_, id, query, code, errorCode) => {
    const answer = await status(id, query)
    expect(answer.status).toBe(code)
    expect(answer.body).toEqual({ error_code: errorCode, error_msg: expect.any(String) })
  })

  test.each([
    ['?build_id=2', 404, 'DEVPIPE.00011404'],
    [`?build_id=${ABSENT}`, 404, 'DEVPIPE.00011404'],
    ['?build_id=0', 404, 'DEVPIPE.00011404'],
    ['?build_id=latest', 400, 'DEVPIPE.00010400'],
    ['?build_id=-1', 400, 'DEVPIPE.00010400'],
    ['?build_id=%00', 400, 'DEVPIPE.00010400'],
    ['?build_id=1%20', 400, 'DEVPIPE.00010400'],
    [`?build_id=${'9'.repeat(400)}`, 400, 'DEVPIPE.00010400'],
  ])('%s of a pipeline with one run is refused', async (query, code, errorCode) => {
    const pipeline = await world.pipeline(gated())
    await world.start(pipeline)
    const answer = await status(pipeline.id, query)
    expect([answer.status, answer.body.error_code]).toEqual([code, errorCode])
  })

  test('a run of another pipeline is not this one’s', async () => {
    const [one, two] = [await world.pipeline(gated()), await world.pipeline(gated({ name: 'api' }))]
    const run = await world.start(two)
    expect((await status(one.id, `?build_id=${run.id}`)).status).toBe(404)
  })
})

describe('credentials', () => {
  test('none, or a wrong one, is the gateway’s 401', async () => {
    const pipeline = await world.pipeline(gated())
    const path = `/v3/pipelines/${pipeline.id}/status`
    for (const headers of [
      {},
      { 'X-Auth-Token': 'mr_x_y' },
      { Authorization: 'Basic eA==' },
      { 'X-Auth-Token': 'x'.repeat(100_001) },
    ]) {
      const answer = await call('GET', path, { headers, anonymous: true })
      expect(answer.status).toBe(401)
      expect(answer.body).toEqual({
        error_code: 'APIGW.0301',
        error_msg: expect.stringContaining('Incorrect IAM authentication information'),
        request_id: answer.headers.get('x-request-id'),
      })
    }
  })

  test('a signature by AK and SK opens', async () => {
    const pipeline = await world.pipeline(gated())
    const url = `${BASE}/v3/pipelines/${pipeline.id}/status?build_id=`
    const headers = signed(world.credentials, world.clock.now(), { method: 'GET', url })
    const answer = await call('GET', url.slice(BASE.length), { headers, anonymous: true })
    expect(answer.status).toBe(200)
  })

  test('a signature covers the body', async () => {
    const pipeline = await world.pipeline(gated())
    const path = `/v3/pipelines/${pipeline.id}/start`
    const body = '{"build_params":[]}'
    const headers = signed(world.credentials, world.clock.now(), { method: 'POST', url: `${BASE}${path}`, body })
    expect((await call('POST', path, { headers, body: `${body} `, anonymous: true })).status).toBe(401)
    expect((await call('POST', path, { headers, body, anonymous: true })).status).toBe(200)
  })

  test('an old signature, an unknown key and a wrong secret each say so, and guessing ends', async () => {
    const path = '/v3/pipelines/x/status'
    const ask = async (keys: { ak: string; sk: string }, at: number) => {
      const headers = signed(keys, at, { method: 'GET', url: `${BASE}${path}` })
      const { status: code, body } = await call('GET', path, { headers, anonymous: true })
      return [code, body.error_code, body.error_msg]
    }
    const now = world.clock.now()
    const { ak } = world.credentials
    expect(await ask(world.credentials, now - 901_000)).toEqual([401, 'APIGW.0303', expect.stringContaining('expired')])
    expect(await ask({ ak: 'NOBODY', sk: 'x' }, now)).toEqual([
      401,
      'APIGW.0301',
      expect.stringContaining('ak not exist'),
    ])
    for (let attempt = 0; attempt <= 5; attempt += 1) {
      expect(await ask({ ak, sk: 'x' }, now)).toEqual([401, 'APIGW.0301', expect.stringContaining('verify aksk')])
    }
    expect(await ask(world.credentials, now)).toEqual([401, 'APIGW.0301', expect.stringContaining('reach the limit')])
  })

  test('who may only look may not start, stop or delete', async () => {
    const pipeline = await world.pipeline(gated())
    await world.start(pipeline)
    const viewer: Caller = await world.host.credentials.addUser({
      name: 'guest',
      domain: 'example',
      password: null,
      role: 'viewer',
    })
    const { token } = await world.app.access.issueToken(viewer, 'test', null)
    const headers = { 'X-Auth-Token': token }
    for (const [method, path] of [
      ['POST', `/v3/pipelines/${pipeline.id}/start`],
      ['POST', `/v3/pipelines/${pipeline.id}/stop?build_id=1`],
      ['DELETE', `/v3/pipelines/${pipeline.id}`],
    ] as const) {
      expect(await call(method, path, { headers })).toMatchObject({
        status: 403,
        body: { error_code: 'DEVPIPE.30011011' },
      })
    }
    expect((await call('GET', `/v3/pipelines/${pipeline.id}/status`, { headers })).status).toBe(200)
  })
})

describe('start and stop', () => {
  test('a run is started with its params and stopped by its number', async () => {
    const pipeline = await world.pipeline(gated())
    const started = await post(`/v3/pipelines/${pipeline.id}/start`, { build_params: [{ name: 'tag', value: 'v2' }] })
    expect(started).toMatchObject({ status: 200, body: { pipeline_id: pipeline.id, build_id: '1' } })
    await world.settled()
    expect((await status(pipeline.id)).body.parameters).toEqual([{ name: 'tag', value: 'v2' }])
    const stopped = await post(`/v3/pipelines/${pipeline.id}/stop?build_id=1`)
    expect(stopped).toMatchObject({ status: 200, body: { pipeline_id: pipeline.id, pipeline_name: 'web' } })
  })

  test('the older calls do the same, with their own envelope', async () => {
    const pipeline = await world.pipeline(gated())
    expect((await post(`/v3/pipelines/start?pipeline_id=${pipeline.id}`, {})).body).toEqual({
      pipeline_id: pipeline.id,
      build_id: '1',
    })
    await world.settled()
    expect((await post(`/v3/pipelines/stop?pipeline_id=${pipeline.id}`)).body).toEqual({
      result: { name: 'web', pipelineId: pipeline.id },
      error: null,
      status: 'success',
    })
  })

  test.each([
    [9, 'found 9'],
    ['9', 'found "9"'],
    [[9], 'found an array'],
  ])('a limit of %j is refused as it was written', async (limit, found) => {
    const { body } = await post('/v3/pipelines/list', { limit })
    expect(body.error_msg).toBe(`limit: expected an integer from 10 to 50, ${found}`)
  })

  test('the older call without its pipeline, and results without a project, are refused as bad parameters', async () => {
    expect(await post('/v3/pipelines/start', {})).toMatchObject({
      status: 400,
      body: { error_code: 'DEVPIPE.00010400', error_msg: 'pipeline_id: expected a value, found none' },
    })
    const period = 'start_date=2026-01-01&end_date=2026-01-02&offset=0&limit=10'
    expect(await call('GET', `/v3/pipelines/build-result?${period}`)).toMatchObject({
      status: 400,
      body: { error_code: 'DEVPIPE.00010400', error_msg: 'project_id: expected a value, found none' },
    })
  })

  test.each([undefined, {}, { build_params: [] }, { build_params: null }])(
    '%j starts with the defaults',
    async (body) => {
      const pipeline = await world.pipeline(gated())
      expect((await post(`/v3/pipelines/${pipeline.id}/start`, body)).status).toBe(200)
    },
  )

  test.each([
    ['{', 'PARSE_REQUEST_DATA_EXCEPTION'],
    ['[]', 'PARSE_REQUEST_DATA_EXCEPTION'],
    ['"x"', 'PARSE_REQUEST_DATA_EXCEPTION'],
    ['a=1', 'PARSE_REQUEST_DATA_EXCEPTION'],
    [`{"build_params":${'['.repeat(100)}${']'.repeat(100)}}`, 'PARSE_REQUEST_DATA_EXCEPTION'],
    ['{"build_params":{}}', 'DEVPIPE.00010400'],
    ['{"build_params":"x"}', 'DEVPIPE.00010400'],
    ['{"build_params":[1]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"tag"}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":1,"value":"x"}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"tag","value":1}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"tag","value":"x","more":1}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"tag","value":"a"},{"name":"tag","value":"b"}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"none","value":"x"}]}', 'DEVPIPE.00010400'],
    ['{"build_params":[{"name":"constructor","value":"x"}]}', 'DEVPIPE.00010400'],
    [`{"build_params":[{"name":"tag","value":"${'x'.repeat(8_193)}"}]}`, 'DEVPIPE.00010400'],
    ['{"params":[]}', 'DEVPIPE.00010400'],
  ])('the body %s is refused and starts nothing', async (body, code) => {
    const pipeline = await world.pipeline(gated())
    const answer = await call('POST', `/v3/pipelines/${pipeline.id}/start`, { body })
    expect([answer.status, answer.body.error_code]).toEqual([400, code])
    expect((await status(pipeline.id)).body.build_id).toBeNull()
  })

  test('a body that is too long, packed or not in UTF-8 is refused', async () => {
    const pipeline = await world.pipeline(gated())
    const path = `/v3/pipelines/${pipeline.id}/start`
    expect(await call('POST', path, { body: 'x'.repeat(100_001) })).toMatchObject({
      status: 413,
      body: { error_code: 'APIGW.0201' },
    })
    const gzip = { 'Content-Encoding': 'gzip' }
    expect((await call('POST', path, { body: '{}', headers: gzip })).status).toBe(400)
    expect((await call('POST', path, { body: new Uint8Array([0x7b, 0xff, 0x7d]) })).status).toBe(400)
  })

  test('a run that is over cannot be stopped, and stop must say which', async () => {
    const pipeline = await world.pipeline(gated())
    const { id } = await world.start(pipeline)
    await world.app.runs.act(world.admin, { id }, { action: 'cancel', force: true })
    await world.settled()
    const path = `/v3/pipelines/${pipeline.id}/stop`
    expect(await post(`${path}?build_id=1`)).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010409' } })
    expect(await post(`${path}?build_id=9`)).toMatchObject({ status: 404 })
    expect(await post(path)).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010400' } })
  })
})

describe('delete', () => {
  test('answers 200 with what was deleted, and then it is gone', async () => {
    const pipeline = await world.pipeline(gated())
    expect(await call('DELETE', `/v3/pipelines/${pipeline.id}`)).toMatchObject({
      status: 200,
      body: { pipeline_id: pipeline.id, pipeline_name: 'web' },
    })
    expect((await status(pipeline.id)).status).toBe(404)
    expect((await call('DELETE', `/v3/pipelines/${pipeline.id}`)).status).toBe(404)
  })

  test('is refused while it runs', async () => {
    const pipeline = await world.pipeline(gated())
    await world.start(pipeline)
    await world.settled()
    expect((await call('DELETE', `/v3/pipelines/${pipeline.id}`)).status).toBe(400)
  })
})

describe('many at once', () => {
  test('batch gives those that are there, in the order asked', async () => {
    const [one, two] = [await world.pipeline(gated()), await world.pipeline(gated({ name: 'api' }))]
    await world.start(two)
    await world.settled()
    const { body } = await call(
      'GET',
      `/v3/pipelines/status?pipeline_ids=${two.id}%2C${ABSENT}%2C${one.id}%2C${two.id}`,
    )
    expect(body).toMatchObject([
      { pipeline_id: two.id, status: 'running', build_id: '1', stages: [{ order: 0 }, { order: 1 }] },
      { pipeline_id: one.id, status: null, build_id: null },
    ])
    for (const ids of [`${two.id},%20${one.id}`, `${two.id}&pipeline_ids=${one.id}`]) {
      expect((await call('GET', `/v3/pipelines/status?pipeline_ids=${ids}`)).body, ids).toEqual(body)
    }
    expect((await call('GET', '/v3/pipelines/status')).status).toBe(400)
    expect((await call('GET', `/v3/pipelines/status?pipeline_ids=${'a,'.repeat(101)}`)).status).toBe(400)
  })

  test('list finds by name, project, creator, executor, state and repository', async () => {
    const git = taskSpec({ work: { kind: 'runner', uses: 'git', with: { url: 'https://example.org/a.git' } } })
    const one = await world.pipeline(gated())
    const two = await world.pipeline(gated({ name: 'web-api', stages: [stageSpec({ tasks: [git] })] }))
    await world.start(two)
    await world.settled()
    const names = async (query: object) => {
      const { status: code, body } = await post('/v3/pipelines/list', query)
      expect(code).toBe(200)
      expect(body.total).toBe(body.result.length)
      return body.result.map((row: { pipeline_name: string }) => row.pipeline_name)
    }
    const me = world.admin.user.id
    expect(await names({})).toEqual(['web', 'web-api'])
    expect(await names({ pipeline_name: 'API' })).toEqual(['web-api'])
    expect(await names({ project_ids: world.project.id, sort_key: 'pipeline_name', sort_dir: 'desc' })).toEqual([
      'web-api',
      'web',
    ])
    expect(await names({ creator_ids: `${ABSENT},${me}` })).toEqual(['web', 'web-api'])
    expect(await names({ creator_ids: ABSENT })).toEqual([])
    expect(await names({ executor_ids: me })).toEqual(['web-api'])
    expect(await names({ status: 'running' })).toEqual(['web-api'])
    expect(await names({ outcome: 'success' })).toEqual([])
    expect(await names({ git_url: 'https://example.org/a.git' })).toEqual(['web-api'])
    const { body } = await post('/v3/pipelines/list', {})
    expect(body).toMatchObject({ offset: 0, limit: 10, total: 2 })
    expect(body.result[0]).toEqual({
      project_id: world.project.id,
      project_name: 'default',
      pipeline_id: one.id,
      pipeline_name: 'web',
      creator_id: me,
      creator_name: 'ci',
      executor_id: null,
      executor_name: null,
      start_time: null,
      create_time: '2026-01-02 11:04:05',
      watched: 'false',
    })
  })

  test.each([
    { limit: 9 },
    { limit: 51 },
    { limit: '10' },
    { offset: -1 },
    { offset: 1.5 },
    { status: 'done' },
    { sort_key: 'constructor' },
    { sort_dir: 'up' },
    { pipeline_name: 7 },
    { project_ids: 'a,'.repeat(11) },
    { status: 'running,done' },
  ])('list refuses %j', async (query) => {
    expect(await post('/v3/pipelines/list', query)).toMatchObject({
      status: 400,
      body: { error_code: 'DEVPIPE.00010400' },
    })
  })

  test('list of a project that is not there is 404', async () => {
    expect(await post('/v3/pipelines/list', { project_ids: ABSENT })).toMatchObject({
      status: 404,
      body: { error_code: 'DEVPIPE.00011412' },
    })
  })
})

describe('history', () => {
  test('runs of a project in a period, newest first, by rows', async () => {
    const pipeline = await world.pipeline(gated())
    for (const tag of ['a', 'b', 'c']) await world.start(pipeline, { tag })
    await world.settled()
    const period = 'start_date=2026-01-01&end_date=2026-01-02'
    const { body } = await call(
      'GET',
      `/v3/pipelines/build-result?project_id=${world.project.id}&${period}&offset=1&limit=1`,
    )
    expect(body).toMatchObject({ offset: 1, limit: 1, total: 3, build_results: [{ build_id: '2', status: 'running' }] })
    // The Node SDK names the project in a header only.
    const headers = { 'X-Project-Id': world.project.id }
    const month = 'start_date=2026-01-01&end_date=2026-02-01&offset=0&limit=10'
    expect((await call('GET', `/v3/pipelines/build-result?${month}`, { headers })).body).toMatchObject({ total: 3 })
    const later = 'start_date=2026-01-03&end_date=2026-01-04&offset=0&limit=10'
    expect((await call('GET', `/v3/pipelines/build-result?${later}`, { headers })).body).toMatchObject({
      total: 0,
      build_results: [],
    })
    // The last millisecond of the last day, too.
    world.clock.advance(Date.parse('2026-01-02T23:59:59.999+08:00') - world.clock.now())
    await world.start(pipeline, { tag: 'd' })
    expect((await call('GET', `/v3/pipelines/build-result?${period}`, { headers })).body).toMatchObject({ total: 4 })
  })

  test.each([
    'offset=0&limit=10',
    'start_date=2026-01-01&offset=0&limit=10',
    'start_date=2026-01-01&end_date=2026-02-02',
    'start_date=2026-01-02&end_date=2026-01-01',
    'start_date=2026-02-30&end_date=2026-03-01',
    'start_date=yesterday&end_date=today',
    'start_date=2026-01-01&end_date=2026-01-02&limit=0',
    'start_date=2026-01-01&end_date=2026-01-02&offset=x',
  ])('build-result refuses %s', async (query) => {
    const answer = await call('GET', `/v3/pipelines/build-result?project_id=${world.project.id}&${query}`)
    expect(answer).toMatchObject({ status: 400, body: { error_code: 'DEVPIPE.00010400' } })
  })

  test('runs of a pipeline, filtered by the vendor’s words', async () => {
    const pipeline = await world.pipeline(gated())
    await world.start(pipeline)
    await world.settled()
    const records = async (query: string) =>
      (await call('GET', `/v3/pipelines/${pipeline.id}/build-records${query}`)).body
    expect(await records('')).toMatchObject({ total: 1, records: [{ build_id: '1', status: 'running' }] })
    expect(await records('?status=running')).toMatchObject({ total: 1 })
    expect(await records('?status=completed')).toEqual({ total: 0, records: [] })
    expect(await records('?status=running&outcome=success')).toEqual({ total: 0, records: [] })
  })

  test('detail is the state and what the pipeline is', async () => {
    const pipeline = await world.pipeline(gated())
    const detail = async (query = '') => (await call('GET', `/v3/pipelines/${pipeline.id}/detail${query}`)).body
    expect(await detail()).toMatchObject({ workflow: { build_id: null, execute_type: null }, states: [{}, {}] })
    await world.start(pipeline)
    await world.settled()
    expect(await detail('?build_id=1')).toMatchObject({
      workflow: { build_id: '1', execute_type: 'Manual', executor_id: world.admin.user.id, project_name: 'default' },
    })
  })
})

describe('all else', () => {
  test.each([
    ['GET', '/v3/pipelines'],
    ['GET', '/v3/pipelines/x'],
    ['PUT', '/v3/pipelines/x'],
    ['GET', '/v3/pipelines/x/nothing'],
    ['PUT', '/v3/templates'],
    ['GET', '/v5/x/api/pipelines'],
    ['GET', '/v5/x'],
    ['POST', '/v3/pipelines/x/status'],
  ])('%s %s is the gateway’s 404, with or without a credential', async (method, path) => {
    for (const anonymous of [true, false]) {
      const answer = await call(method, path, { anonymous })
      expect(answer.status).toBe(404)
      expect(answer.body).toEqual({
        error_code: 'APIGW.0101',
        error_msg: expect.any(String),
        request_id: answer.headers.get('x-request-id'),
      })
    }
  })

  test('a defect of ours is the vendor’s 500', async () => {
    const defects: unknown[] = []
    const onDefect = (error: unknown) => defects.push(error)
    const broken = { ...world.app, runs: undefined } as unknown as World['app']
    const request = new Request(`${BASE}/v3/pipelines/x/status`, {
      headers: { 'X-Auth-Token': world.credentials.token },
    })
    const options = { baseUrl: BASE, zoneOffsetMinutes: 0, bodyMaxBytes: 10, onDefect }
    const response = await codeartsPipeline.create(broken, options)(request)
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error_code: 'DEVPIPE.00010500', error_msg: 'Internal server error' })
    expect(defects).toHaveLength(1)
  })
})
