import { createHash, createHmac } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { App } from '../../host/app.ts'
import type { PipelineDefinition, TaskSpec, Work } from '../../model/definition.ts'
import type { PipelineView } from '../../model/view.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { DEPENDS_HEADER } from '../dialect.ts'
import { swr } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const OPTIONS = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 }

const script = (key: string, more: Partial<TaskSpec> = {}): TaskSpec =>
  taskSpec({
    key,
    name: key,
    work: { kind: 'runner', uses: 'script', with: { script: 'make' } },
    onFailure: { policy: 'hold', expireMs: null },
    ...more,
  })

const review: Work = { kind: 'review', reviewers: ['ci', 'li'], required: 'all', expireMs: null, question: 'Go?' }

/** Build, review, deploy. */
const staged = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({
    name: 'web',
    description: 'the shop',
    stages: [
      stageSpec({ key: 'build', name: 'Build', tasks: [script('compile'), script('lint')] }),
      stageSpec({ key: 'gate', name: 'Gate', tasks: [taskSpec({ key: 'decide', work: review })] }),
      stageSpec({ key: 'deploy', name: 'Deploy', tasks: [script('ship', { role: 'deploy' })] }),
    ],
    ...changes,
  })

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld()
  handle = swr.create(world.app, OPTIONS)
})

function call(method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  const headers = { 'X-Auth-Token': world.credentials.token, ...init.headers }
  return handle(
    new Request(`${BASE}${path}`, { method, headers, ...(init.body === undefined ? {} : { body: init.body }) }),
  )
}

async function json(method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  const response = await call(method, path, { ...init, headers: { Accept: 'application/json', ...init.headers } })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers }
}

const detail = (pipeline: PipelineView) => json('GET', `/v3/manage/pipelines/${pipeline.serial}`)
const stagePath = (pipeline: PipelineView, index: number | string, rest: string) =>
  `/v3/manage/pipelines/${pipeline.serial}/stages/${index}/${rest}`

const errorOf = (code: string) => [{ errorCode: code, errorMessage: expect.any(String), detail: expect.any(String) }]

describe('the detail of a pipeline', () => {
  test('is YAML unless JSON is asked for, with the same facts', async () => {
    const pipeline = await world.pipeline(staged())
    const path = `/v3/manage/pipelines/${pipeline.serial}`
    for (const headers of [{}, { Accept: '*/*' }, { 'Content-Type': 'application/json;charset=utf8' }]) {
      const yaml = await call('GET', path, { headers })
      expect(yaml.status).toBe(200)
      expect(yaml.headers.get('Content-Type')).toBe('application/yaml;charset=utf8')
      const asJson = await json('GET', path)
      expect(asJson.headers.get('Content-Type')).toBe('application/json;charset=utf8')
      expect(parse(await yaml.text())).toEqual(asJson.body)
    }
  })

  test('says what its bytes depend on', async () => {
    const pipeline = await world.pipeline(staged())
    const before = await detail(pipeline)
    expect(before.headers.get(DEPENDS_HEADER)).toBe(`pipeline:${pipeline.id},project:${pipeline.project.id}`)
    const run = await world.start(pipeline)
    expect((await detail(pipeline)).headers.get(DEPENDS_HEADER)).toContain(`run:${run.id}`)
  })

  test('follows a run from its start over a review to its end', async () => {
    const pipeline = await world.pipeline(staged())
    const state = async () => {
      const { body } = await detail(pipeline)
      return [
        body.status.status,
        body.status.stage_index,
        body.status.stages.map((one: { status: string }) => one.status),
      ]
    }
    expect(await state()).toEqual(['waiting', 0, ['waiting']])
    await world.start(pipeline)
    await world.settled()
    expect(await state()).toEqual(['running', 0, ['running', 'waiting', 'waiting']])
    world.runner.endTask('compile', succeeded())
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect(await state()).toEqual(['running', 1, ['success', 'running', 'waiting']])
    const reviewing = await detail(pipeline)
    expect(reviewing.body.status.stages[1].state.review_results).toEqual([
      { user_name: 'ci', result: 'waiting' },
      { user_name: 'li', result: 'waiting' },
    ])
    const decide = await json('PUT', stagePath(pipeline, 1, 'start_info'), {
      body: '{"mode":"review","review_result":"pass",}',
    })
    expect([decide.status, decide.body]).toEqual([201, {}])
    const half = await detail(pipeline)
    expect(half.body.status.stages[1].state.review_results[0]).toEqual({ user_name: 'ci', result: 'pass' })
    const run = need(await world.app.pipelines.get(world.admin, { id: pipeline.id })).latestRun
    need(
      await world.app.runs.actOnNode(
        world.admin,
        { id: run?.id ?? '' },
        { key: 'decide' },
        { action: 'approve', as: 'li' },
      ),
    )
    await world.settled()
    world.runner.endTask('ship', succeeded())
    await world.settled()
    expect(await state()).toEqual(['success', 2, ['success', 'success', 'success']])
    const { body } = await detail(pipeline)
    expect(body.status.end_time).not.toBe('0001-01-01T00:00:00Z')
    expect(body.params).toEqual([
      { name: 'SYS_TIMESTAMP', description: '流水线时间戳', value: expect.stringMatching(/^\d{18}$/) },
      { name: 'SYS_INCREMENT', description: '流水线自增量', value: '1' },
    ])
  })

  test('shows a failure that is held, and takes a retry of its stage', async () => {
    const pipeline = await world.pipeline(staged())
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', exited(2))
    world.runner.endTask('lint', succeeded())
    await world.settled()
    const held = await detail(pipeline)
    expect([held.body.status.status, held.body.status.stages[0].status]).toEqual(['stage_exception', 'stage_exception'])
    expect((await json('POST', stagePath(pipeline, 2, 'start?mode=retry'))).status).toBe(409)
    const retried = await json('POST', stagePath(pipeline, 0, 'start?mode=retry'))
    expect([retried.status, retried.body]).toEqual([201, {}])
    await world.settled()
    expect((await detail(pipeline)).body.status.status).toBe('running')
    world.runner.endTask('compile', succeeded())
    await world.settled()
    expect((await detail(pipeline)).body.status.stages[0].status).toBe('success')
  })

  test('is refused with the array of the vendor', async () => {
    const unknown = await json('GET', '/v3/manage/pipelines/424242')
    expect([unknown.status, unknown.body]).toEqual([404, errorOf('SVCSTG.SWR.4041123')])
    for (const id of ['abc', '0x1', '-1', '1.5', '%00', '%F0%9F%98%80', '%zz', '9'.repeat(400), 'null', "1'--"]) {
      const wrong = await json('GET', `/v3/manage/pipelines/${id}`)
      expect([wrong.status, wrong.body], id).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    }
  })
})

describe('who calls', () => {
  const path = '/v3/manage/pipelines'

  test('without a credential is told which ones there are', async () => {
    for (const headers of [{ 'X-Auth-Token': '' }, { 'X-Auth-Token': '  ' }]) {
      const { status, body } = await json('GET', path, { headers })
      expect([status, body]).toEqual([401, errorOf('SVCSTG.SWR.4012000')])
    }
  })

  test('with a wrong token is not known', async () => {
    for (const token of ['x', 'mr_1_2', 'x'.repeat(100_001)]) {
      const { status, body } = await json('GET', path, { headers: { 'X-Auth-Token': token } })
      expect([status, body]).toEqual([401, errorOf('SVCSTG.SWR.4010000')])
    }
  })

  test('may sign with a key pair', async () => {
    await world.pipeline(staged())
    const { ak, sk } = world.credentials
    const { status, body } = await json('GET', `${path}?limit=5`, {
      headers: { 'X-Auth-Token': '', ...signature(world.app, 'GET', `${path}/`, 'limit=5', ak, sk) },
    })
    expect([status, body.length]).toEqual([200, 1])
  })

  test('with a wrong signature, or one of an unknown key, is not known', async () => {
    const { ak, sk } = world.credentials
    const wrong = [
      signature(world.app, 'GET', `${path}/`, '', ak, `${sk}x`),
      signature(world.app, 'GET', `${path}/`, '', 'AKNOBODY', sk),
      { Authorization: 'SDK-HMAC-SHA256 nonsense' },
      { Authorization: 'Basic eDp5' },
    ]
    for (const headers of wrong) {
      const { status, body } = await json('GET', path, { headers: { 'X-Auth-Token': '', ...headers } })
      expect([status, body]).toEqual([401, errorOf('SVCSTG.SWR.4010000')])
    }
  })

  test('is told what is wrong with a signature, and that too many were wrong', async () => {
    const { ak, sk } = world.credentials
    const detailOf = async (own: string): Promise<string> => {
      const headers = { 'X-Auth-Token': '', ...signature(world.app, 'GET', `${path}/`, '', ak, own) }
      return (await json('GET', path, { headers })).body[0].detail
    }
    expect(await detailOf('wrong')).toContain('verify aksk signature fail')
    for (let more = 0; more < 5; more += 1) await detailOf('wrong')
    expect(await detailOf(sk)).toContain('AK access failed to reach the limit')
  })

  test('sees nothing of other projects', async () => {
    const pipeline = await world.pipeline(staged())
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const access = Object.create(world.app.access, {
      byToken: { value: () => Promise.resolve({ ...world.admin, projectIds: [other.id] }) },
    }) as App['access']
    handle = swr.create(Object.create(world.app, { access: { value: access } }) as App, OPTIONS)
    expect((await json('GET', `/v3/manage/pipelines/${pipeline.serial}`)).status).toBe(404)
    expect((await json('GET', path)).body).toEqual([])
    expect((await json('GET', '/v3/manage/pipelinegroups')).body).toMatchObject([{ group: 'other' }])
    expect((await json('DELETE', `/v3/manage/pipelines/${pipeline.serial}`)).status).toBe(404)
    expect((await json('POST', stagePath(pipeline, 0, 'start'))).status).toBe(404)
  })

  test('may only look with the role of a viewer', async () => {
    const pipeline = await world.pipeline(staged())
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', exited(1))
    await world.settled()
    const viewer = await world.host.credentials.addUser({
      name: 'viewer',
      password: 'a long enough password',
      domain: 'example',
      role: 'viewer',
    })
    const headers = { 'X-Auth-Token': (await world.host.credentials.issueToken(viewer, 'viewer', null)).token }
    expect((await json('GET', `/v3/manage/pipelines/${pipeline.serial}`, { headers })).status).toBe(200)
    for (const [method, target] of [
      ['DELETE', `/v3/manage/pipelines/${pipeline.serial}`],
      ['POST', stagePath(pipeline, 0, 'start?mode=retry')],
    ] as const) {
      const { status, body } = await json(method, target, { headers })
      expect([status, body]).toEqual([403, errorOf('SVCSTG.S2I.4037013')])
    }
  })
})

describe('the list of pipelines', () => {
  beforeEach(async () => {
    await world.pipeline(staged({ name: 'web-one' }))
    await world.pipeline(staged({ name: 'web-two' }))
    await world.pipeline(staged({ name: 'api' }))
  })
  const list = async (query: string) => {
    const { status, body, headers } = await json('GET', `/v3/manage/pipelines${query}`)
    expect(status).toBe(200)
    return [body.map((one: { name: string }) => one.name), headers.get('Content-Range')]
  }

  test('is paged by rows', async () => {
    expect(await list('')).toEqual([['web-one', 'web-two', 'api'], '0-3/3'])
    expect(await list('?limit=2&offset=1')).toEqual([['web-two', 'api'], '1-2/3'])
    expect(await list('?limit=2&offset=7')).toEqual([[], '7-0/3'])
  })

  test('is whole for who asks for no page, as nothing says that there is more', async () => {
    const many = Array.from({ length: 120 }, (_, index) => `more-${index}`)
    const stages = [stageSpec({ key: 'build', tasks: [taskSpec({ key: 'nothing', work: { kind: 'noop' } })] })]
    for (const name of many) await world.start(await world.pipeline(staged({ name, stages })))
    await world.settled()
    expect(await list('')).toEqual([['web-one', 'web-two', 'api', ...many], '0-123/123'])
    expect(await list('?offset=2')).toEqual([['api', ...many], '2-121/123'])
    expect((await list('?limit=110'))[1]).toBe('0-110/123')
    const { body } = await json('GET', '/v3/manage/pipelines?offset=3')
    expect(new Set(body.map((one: { status: { status: string } }) => one.status.status))).toEqual(new Set(['success']))
  })

  test('is filtered by part of a name and by group', async () => {
    const group = world.project.serial
    expect(await list('?filter=name::web')).toEqual([['web-one', 'web-two'], '0-2/2'])
    expect(await list(`?filter=name%3A%3Atwo%7Cgroup_id%3A%3A${group}`)).toEqual([['web-two'], '0-1/1'])
    expect(await list(`?filter=group_name::default|group_id::${group}`)).toEqual([
      ['web-one', 'web-two', 'api'],
      '0-3/3',
    ])
    expect(await list('?filter=group_name::nowhere')).toEqual([[], '0-0/0'])
    expect(await list(`?filter=group_name::default|group_id::${group + 1}`)).toEqual([[], '0-0/0'])
    need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    expect(await list(`?filter=group_name::other|group_id::${group}`)).toEqual([[], '0-0/0'])
  })

  test('is JSON always, each with its state', async () => {
    const pipeline = need(await world.app.pipelines.get(world.admin, { name: 'api' }))
    await world.start(pipeline)
    await world.settled()
    const response = await call('GET', '/v3/manage/pipelines?filter=name::api')
    expect(response.headers.get('Content-Type')).toContain('application/json')
    expect(await response.json()).toEqual([
      {
        id: pipeline.serial,
        group_id: world.project.serial,
        group_name: 'default',
        name: 'api',
        description: 'the shop',
        status: {
          status: 'running',
          stage_index: 0,
          start_time: expect.stringMatching(/^20.*Z$/),
          end_time: '0001-01-01T00:00:00Z',
          stages: null,
          created_time: expect.stringMatching(/^20.*Z$/),
          updated_time: expect.stringMatching(/^20.*Z$/),
        },
      },
    ])
  })

  test.each(['limit=0', 'limit=1001', 'limit=x', 'offset=-1', 'offset=x', 'filter=x', 'filter=owner::me'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await json('GET', `/v3/manage/pipelines?${query}`)
      expect([status, body]).toEqual([400, errorOf(body[0].errorCode)])
    },
  )

  test('of groups counts what is in each', async () => {
    for (const version of ['v2', 'v3']) {
      const plain = await json('GET', `/${version}/manage/pipelinegroups`)
      expect(plain.body).toEqual([{ id: world.project.serial, group: 'default', description: '', pipeline_count: 3 }])
      expect(plain.headers.get('Content-Range')).toBeNull()
      const paged = await json('GET', `/${version}/manage/pipelinegroups?limit=1&offset=0`)
      expect(paged.headers.get('Content-Range')).toBe('0-1/1')
    }
  })
})

describe('a webhook', () => {
  const triggered = (operator: 'and' | 'or'): PipelineDefinition =>
    staged({
      params: [{ name: 'branch', type: 'string', description: '', required: false, default: 'main', options: [] }],
      triggers: {
        operator,
        list: [
          { kind: 'webhook', name: 'push', params: { ref: 'branch' } },
          { kind: 'webhook', name: 'image', params: {} },
        ],
      },
    })
  const bare = (method: string, url: string) => handle(new Request(url, { method }))

  async function urls(pipeline: PipelineView): Promise<readonly string[]> {
    const { body } = await detail(pipeline)
    return body.pre_operation.triggers.map((one: { webhook: { url: string } }) => one.webhook.url)
  }

  test('starts a run by its bare URL, its query being the parameters', async () => {
    const pipeline = await world.pipeline(triggered('or'))
    const [url = ''] = await urls(pipeline)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:8080\/v2\/manage\/webhooks\/[\w-]+$/)
    const fired = await bare('POST', `${url}?ref=v1`)
    expect([fired.status, await fired.json()]).toEqual([201, {}])
    await world.settled()
    const { body } = await detail(pipeline)
    expect(body.status.status).toBe('running')
    expect(body.params[1]).toEqual({ name: 'branch', description: '', value: 'v1' })
    expect(body.status.pre_operation.triggers_status[0]).toEqual({
      is_satisfied: true,
      webhook: { input_params: { ref: 'v1' } },
    })
    expect((await bare('GET', url.replace('/v2/', '/v3/'))).status).toBe(201)
  })

  test('of an "and" is taken, and open until the others have fired', async () => {
    const pipeline = await world.pipeline(triggered('and'))
    const [push = '', image = ''] = await urls(pipeline)
    const first = await bare('POST', push)
    expect([first.status, await first.json()]).toEqual([202, errorOf('SVCSTG.SWR.2021106')])
    const waiting = await detail(pipeline)
    expect(waiting.body.status.status).toBe('waiting')
    expect(waiting.body.status.stages).toHaveLength(1)
    expect(
      waiting.body.status.pre_operation.triggers_status.map((one: { is_satisfied: boolean }) => one.is_satisfied),
    ).toEqual([true, false])
    expect((await bare('POST', image)).status).toBe(201)
    await world.settled()
    expect((await detail(pipeline)).body.status.status).toBe('running')
  })

  test('of an "and" does not hide an earlier run whose stage can be retried', async () => {
    const held = script('compile', { onFailure: { policy: 'hold', expireMs: null } })
    const stopped = script('compile', { onFailure: { policy: 'stop', expireMs: null } })
    for (const [name, task] of [
      ['held', held],
      ['stopped', stopped],
    ] as const) {
      const stages = [stageSpec({ key: 'build', tasks: [task] })]
      const pipeline = await world.pipeline({ ...triggered('and'), name, stages })
      const [push = '', image = ''] = await urls(pipeline)
      await bare('POST', push)
      await bare('POST', image)
      await world.settled()
      world.runner.endTask('compile', exited(1))
      await world.settled()
      expect((await bare('POST', push)).status).toBe(202)
      expect([name, (await json('POST', stagePath(pipeline, 0, 'start?mode=retry'))).status]).toEqual([name, 201])
      await world.settled()
      world.runner.endTask('compile', succeeded())
      await world.settled()
      const jobs = await json('GET', stagePath(pipeline, 0, 'jobs'))
      expect(jobs.body).toMatchObject([{ state: 'Successful' }])
      expect((await json('POST', stagePath(pipeline, 0, 'start?mode=retry'))).status).toBe(409)
    }
  })

  test('that nobody has is 404', async () => {
    for (const id of ['0'.repeat(32), 'nobody', '%00', '..%2f..', 'x'.repeat(4_000), '%F0%9F%98%80']) {
      const response = await bare('POST', `${BASE}/v2/manage/webhooks/${id}`)
      expect([response.status, await response.json()], id).toEqual([404, errorOf('SVCSTG.SWR.4000139')])
    }
  })

  test('refuses what is no parameter of a trigger', async () => {
    const pipeline = await world.pipeline(triggered('or'))
    const [url = ''] = await urls(pipeline)
    for (const query of [`n=${'v'.repeat(9_000)}`, Array.from({ length: 200 }, (_, at) => `p${at}=1`).join('&')]) {
      const response = await bare('POST', `${url}?${query}`)
      expect([response.status, await response.json()]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    }
    expect((await detail(pipeline)).body.status.status).toBe('waiting')
  })
})

describe('jobs of a stage', () => {
  test('are its executions, newest run first', async () => {
    const pipeline = await world.pipeline(staged())
    for (const result of [exited(1), succeeded()]) {
      const run = await world.start(pipeline)
      await world.settled()
      world.clock.advance(12_000)
      world.runner.endTask('compile', result)
      world.runner.endTask('lint', succeeded())
      await world.settled()
      await world.app.runs.act(world.admin, { id: run.id }, { action: 'cancel', force: true })
      await world.settled()
    }
    const { status, body } = await json('GET', stagePath(pipeline, 0, 'jobs'))
    expect(status).toBe(200)
    expect(body.map((one: { state: string }) => one.state)).toEqual(['Successful', 'Cancel'])
    const { body: shown } = await detail(pipeline)
    expect(body[0]).toEqual({
      id: expect.any(Number),
      service: 'jenkins_build',
      service_id: shown.stages[0].id,
      region_name: '',
      resource_type: 'image',
      resource: '',
      duration: '12',
      state: 'Successful',
      progress: '100',
      pkg: null,
      creator_id: world.admin.user.id,
      creator_name: 'ci',
      created_at: expect.stringMatching(/^20.*Z$/),
      log_num: 2,
    })
    expect((await json('GET', stagePath(pipeline, 2, 'jobs'))).body).toEqual([])
  })

  test('have logs, by id or the latest', async () => {
    const pipeline = await world.pipeline(staged())
    const run = await world.start(pipeline)
    await world.settled()
    const task = run.stages[0]?.tasks[0]
    world.logs.set(`${run.id}/${task?.index}/1`, Buffer.from('cc main.c\r\n错误: "x"\n'))
    world.runner.endTask('compile', exited(2))
    await world.settled()
    const [job] = (await json('GET', stagePath(pipeline, 0, 'jobs'))).body
    const { status, body, headers } = await json('GET', stagePath(pipeline, 0, `jobs/${job.id}/logs`))
    expect([status, headers.get('Content-Range')]).toEqual([200, '0-2/2'])
    const { log, ...rest } = body
    expect(rest).toEqual(job)
    expect(JSON.parse(log[0].content).map((one: { Type: string; Message: string }) => [one.Type, one.Message])).toEqual(
      [
        ['phase', 'compile (1)'],
        ['content', 'cc main.c'],
        ['content', '错误: "x"'],
        ['content', 'the process exited with code 2'],
        ['phase', 'Failed'],
      ],
    )
    expect((await json('GET', stagePath(pipeline, 0, 'jobs/latest/logs'))).body).toEqual(body)
    const page = await json('GET', stagePath(pipeline, 0, 'jobs/latest/logs?limit=1&offset=1'))
    expect([page.body.log.length, page.headers.get('Content-Range')]).toEqual([1, '1-1/2'])
  })

  test('have a record for each of the last attempts, and of each the end only', async () => {
    const retried = script('compile', { retry: { max: 30, delayMs: 0, delayMaxMs: 0, jitter: 0 } })
    const pipeline = await world.pipeline(staged({ stages: [stageSpec({ key: 'build', tasks: [retried] })] }))
    world.runner.script = (job) => {
      world.logs.set(`${job.runId}/${job.node}/${job.attempt}`, Buffer.from('0123456789\n'.repeat(20_000)))
      return exited(1)
    }
    await world.start(pipeline)
    for (let turn = 0; turn < 40; turn += 1) {
      world.clock.advance(1)
      await world.settled()
    }
    const { body, headers } = await json('GET', stagePath(pipeline, 0, 'jobs/latest/logs'))
    expect(headers.get('Content-Range')).toBe('0-20/20')
    expect(body.log_num).toBe(31)
    const lines = JSON.parse(body.log[19].content)
    expect(lines[0].Message).toBe('compile (31)')
    expect(lines).toHaveLength(1_003)
    expect(lines[1].Message).toBe('0123456789')
  })

  test('that are not there are 404, ids that are none 400', async () => {
    const pipeline = await world.pipeline(staged())
    const other = await world.pipeline(staged({ name: 'other' }))
    await world.start(other)
    await world.settled()
    const [foreign] = (await json('GET', stagePath(other, 0, 'jobs'))).body
    for (const job of ['latest', '1', '100001', '99999999999', foreign.id]) {
      const { status, body } = await json('GET', stagePath(pipeline, 0, `jobs/${job}/logs`))
      expect([status, body], job).toEqual([404, errorOf('SVCSTG.SWR.4041124')])
    }
    expect((await json('GET', stagePath(pipeline, 0, 'jobs/abc/logs'))).status).toBe(400)
    expect((await json('GET', stagePath(pipeline, 0, 'jobs/latest/logs?limit=1001'))).status).toBe(400)
    expect((await json('GET', stagePath(pipeline, 3, 'jobs'))).body).toEqual(errorOf('SVCSTG.SWR.4041124'))
    expect((await json('GET', stagePath(pipeline, '-1', 'jobs'))).status).toBe(400)
    expect((await json('GET', stagePath(pipeline, 'x', 'jobs'))).status).toBe(400)
  })
})

describe('a review', () => {
  const decide = (pipeline: PipelineView, body: string, index: number | string = 0) =>
    json('PUT', stagePath(pipeline, index, 'start_info'), { body })

  async function reviewing(): Promise<PipelineView> {
    const pipeline = await world.pipeline(
      staged({ stages: [stageSpec({ key: 'gate', tasks: [taskSpec({ key: 'decide', work: review })] })] }),
    )
    await world.start(pipeline)
    await world.settled()
    return pipeline
  }

  test('that refuses fails the stage', async () => {
    const pipeline = await reviewing()
    expect((await decide(pipeline, '{"mode":"review","review_result":"refuse"}')).status).toBe(201)
    await world.settled()
    const { body } = await detail(pipeline)
    expect(body.status.status).toBe('stage_exception')
    expect(body.status.stages[0].state.review_results[0]).toEqual({ user_name: 'ci', result: 'refuse' })
    const again = await decide(pipeline, '{"mode":"review","review_result":"pass"}')
    expect([again.status, again.body]).toEqual([409, errorOf('SVCSTG.SWR.4091110')])
  })

  test('is given to the run that waits for it, when another has begun since', async () => {
    const tasks = [script('compile')]
    const stages = [
      stageSpec({ key: 'build', tasks }),
      stageSpec({ key: 'gate', tasks: [taskSpec({ key: 'decide', work: review })] }),
    ]
    const pipeline = await world.pipeline(staged({ stages }))
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', succeeded())
    await world.start(pipeline)
    await world.settled()
    expect((await decide(pipeline, '{"mode":"review","review_result":"refuse"}', 1)).status).toBe(201)
    const jobs = await json('GET', stagePath(pipeline, 1, 'jobs'))
    expect(jobs.body).toMatchObject([{ state: 'Failed' }])
    expect((await detail(pipeline)).body.status.status).toBe('running')
  })

  test('is given once by each', async () => {
    const pipeline = await reviewing()
    expect((await decide(pipeline, 'mode: review\nreview_result: pass\n')).status).toBe(201)
    const again = await decide(pipeline, '{"mode":"review","review_result":"pass"}')
    expect([again.status, again.body]).toEqual([409, errorOf('SVCSTG.SWR.4091110')])
  })

  test.each([
    '',
    '[]',
    '"review"',
    '{',
    '{"mode":"review"}',
    '{"mode":"retry","review_result":"pass"}',
    '{"mode":"review","review_result":"yes"}',
    '{"mode":"review","review_result":true}',
    '{"mode":["review"],"review_result":"pass"}',
    '['.repeat(10_000),
    '&a [*a]',
    '\u0000',
  ])('refuses the body %j', async (body) => {
    const pipeline = await reviewing()
    const { status, body: answer } = await decide(pipeline, body)
    expect([status, answer]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
    expect((await detail(pipeline)).body.status.status).toBe('running')
  })

  test('refuses a body that is too long', async () => {
    const pipeline = await reviewing()
    const { status, body } = await decide(pipeline, 'x'.repeat(OPTIONS.bodyMaxBytes + 1))
    expect([status, body]).toEqual([413, errorOf('APIGW.0201')])
  })

  test('is none where none waits', async () => {
    const pipeline = await world.pipeline(staged())
    const good = '{"mode":"review","review_result":"pass"}'
    expect((await decide(pipeline, good, 1)).status).toBe(409)
    await world.start(pipeline)
    await world.settled()
    expect((await decide(pipeline, good, 0)).status).toBe(409)
    expect((await decide(pipeline, good, 1)).status).toBe(409)
    expect((await decide(pipeline, good, 9)).status).toBe(404)
  })
})

describe('a start of a stage', () => {
  test('retries what failed in it when the run is over, too', async () => {
    const pipeline = await world.pipeline(
      staged({
        stages: [
          stageSpec({
            key: 'build',
            tasks: ['compile', 'lint'].map((key) => script(key, { onFailure: { policy: 'stop', expireMs: null } })),
          }),
        ],
      }),
    )
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', exited(1))
    world.runner.endTask('lint', exited(1))
    await world.settled()
    expect((await detail(pipeline)).body.status.status).toBe('stage_exception')
    expect((await json('POST', stagePath(pipeline, 0, 'start'))).status).toBe(201)
    await world.settled()
    world.runner.endTask('compile', succeeded())
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect((await detail(pipeline)).body.status.status).toBe('success')
    expect((await json('POST', stagePath(pipeline, 0, 'start'))).body).toEqual(errorOf('SVCSTG.SWR.4091110'))
  })

  test('does not retry what has failed before another run has begun', async () => {
    const tasks = [script('compile', { onFailure: { policy: 'stop', expireMs: null } })]
    const pipeline = await world.pipeline(staged({ stages: [stageSpec({ key: 'build', tasks })] }))
    for (const end of [exited(1), succeeded()]) {
      await world.start(pipeline)
      await world.settled()
      world.runner.endTask('compile', end)
      await world.settled()
    }
    const { status, body } = await json('POST', stagePath(pipeline, 0, 'start?mode=retry'))
    expect([status, body]).toEqual([409, errorOf('SVCSTG.SWR.4091110')])
  })

  test.each(['rollback&source=rollback::true', 'skip', '%00'])('refuses mode=%s', async (mode) => {
    const pipeline = await world.pipeline(staged())
    const { status, body } = await json('POST', stagePath(pipeline, 0, `start?mode=${mode}`))
    expect([status, body]).toEqual([400, errorOf('SVCSTG.SWR.4000014')])
  })
})

describe('a delete', () => {
  test('takes the pipeline away, with a body or without', async () => {
    const pipeline = await world.pipeline(staged())
    const response = await call('DELETE', `/v3/manage/pipelines/${pipeline.serial}`, { body: '{}' })
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect((await detail(pipeline)).status).toBe(404)
    expect((await json('DELETE', `/v3/manage/pipelines/${pipeline.serial}`)).status).toBe(404)
  })

  test('ends what has failed and is only held: the vendor has no call that would', async () => {
    const pipeline = await world.pipeline(staged())
    await world.start(pipeline)
    await world.settled()
    world.runner.endTask('compile', exited(1))
    await world.settled()
    // The other task of the stage is at work.
    expect((await json('DELETE', `/v3/manage/pipelines/${pipeline.serial}`)).status).toBe(409)
    world.runner.endTask('lint', succeeded())
    await world.settled()
    expect((await detail(pipeline)).body.status.status).toBe('stage_exception')
    expect((await json('DELETE', `/v3/manage/pipelines/${pipeline.serial}`)).status).toBe(204)
    expect((await detail(pipeline)).status).toBe(404)
  })

  test('is refused while a run is under way', async () => {
    const pipeline = await world.pipeline(staged())
    await world.start(pipeline)
    const { status, body } = await json('DELETE', `/v3/manage/pipelines/${pipeline.serial}`)
    expect([status, body]).toEqual([409, errorOf('SVCSTG.SWR.4091105')])
  })
})

describe('everything else', () => {
  test.each([
    ['GET', '/v3/manage'],
    ['GET', '/v3/manage/'],
    ['GET', '/v2/manage/pipelines'],
    ['POST', '/v3/manage/pipelines'],
    ['PATCH', '/v3/manage/pipelines/1'],
    ['PUT', '/v3/manage/pipelinegroups/default'],
    ['PUT', '/v2/manage/namespaces/a/packages/b/versions/1/file_paths/x/y'],
    ['DELETE', '/v2/manage/webhooks/1'],
    ['GET', '/v3/manage/pipelines/1/stages'],
    ['GET', '/v3/manage/pipelines/1/'],
  ])('is the 404 of the vendor: %s %s', async (method, path) => {
    const { status, body, headers } = await json(method, path)
    expect([status, body]).toEqual([404, errorOf('APIGW.0101')])
    expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/)
  })

  test('has a request id of its own', async () => {
    const pipeline = await world.pipeline(staged())
    const answers = await Promise.all([
      detail(pipeline),
      json('GET', '/v3/manage/pipelines', { headers: { 'X-Auth-Token': 'wrong' } }),
      json('GET', '/v3/manage/pipelines/0'),
    ])
    const ids = answers.map(({ headers }) => headers.get('X-Request-Id'))
    expect(new Set(ids).size).toBe(3)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('is a HEAD like its GET, without a body', async () => {
    const pipeline = await world.pipeline(staged())
    const response = await call('HEAD', `/v3/manage/pipelines/${pipeline.serial}`)
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test('that breaks inside is the vendor’s 500 and says nothing of it', async () => {
    const pipelines = Object.create(world.app.pipelines, {
      list: { value: () => Promise.reject(new Error('the disk is on fire')) },
    }) as App['pipelines']
    const broken = Object.create(world.app, { pipelines: { value: pipelines } }) as App
    const response = await swr.create(
      broken,
      OPTIONS,
    )(new Request(`${BASE}/v3/manage/pipelines`, { headers: { 'X-Auth-Token': world.credentials.token } }))
    const text = await response.text()
    expect([response.status, JSON.parse(text)]).toEqual([500, errorOf('SVCSTG.SWR.5000007')])
    expect(text).not.toContain('fire')
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f]{32}$/)
  })
})

/** As the vendor's SDKs sign a request without a body. */
function signature(app: App, method: string, path: string, query: string, ak: string, sk: string) {
  const date = new Date(app.now()).toISOString().replace(/[-:]|\.\d+/g, '')
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const canonical = [method, path, query, `host:127.0.0.1:8080\nx-sdk-date:${date}\n`, 'host;x-sdk-date', sha256('')]
  const toSign = `SDK-HMAC-SHA256\n${date}\n${sha256(canonical.join('\n'))}`
  const signed = createHmac('sha256', sk).update(toSign).digest('hex')
  return {
    'X-Sdk-Date': date,
    Authorization: `SDK-HMAC-SHA256 Access=${ak}, SignedHeaders=host;x-sdk-date, Signature=${signed}`,
  }
}
