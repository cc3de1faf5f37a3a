import { beforeEach, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { endCheck, finding } from '../../testing/checked-run.ts'
import { exited } from '../../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { codeartsCheck } from './index.ts'

// Shapes as on the pages of 2025-12: CreateJob, CancelPortalServiceJob, ShowLastJobs, UpdateIssueStatus, NextStatus.

const BASE = 'http://127.0.0.1:8080'
const ABSENT = 'f'.repeat(32)
const ISSUES = '/v1/defect/issue-status'

let world: World
let task: string
type Body = ReturnType<typeof JSON.parse>
let call: (method: string, path: string, body?: unknown) => Promise<{ readonly status: number; readonly body: Body }>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const handle = codeartsCheck.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 })
  call = async (method, path, body) => {
    const headers = { 'X-Auth-Token': world.credentials.token, 'Content-Type': 'application/json' }
    const init = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...init }))
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const creation = { git_url: 'https://git.example/team/web.git', git_branch: 'main', language: ['js'] }
  task = (await call('POST', `/v2/${world.project.id}/task`, creation)).body.task_id
})

const runs = async () => need(await world.app.runs.list(world.admin, {}, { before: null, limit: 10 })).items
const start = async (): Promise<string> => (await call('POST', '/v1/jobs', { taskId: task })).body.result.id
async function checked(): Promise<string> {
  const id = await start()
  await endCheck(world, id, [finding('a', 'fatal'), finding('b', 'hint')])
  return id
}

describe('a job', () => {
  test('is a run of its task', async () => {
    const { status, body } = await call('POST', '/v1/jobs', { taskId: task, executor: 'li' })
    await world.settled()
    const [run] = await runs()
    expect({ status, body }).toEqual({
      status: 200,
      body: { httpStatus: 'OK', result: { id: run?.id, taskId: task, finishTime: null }, status: 'success' },
    })
    expect(run?.pipelineId).toBe(task)
  })

  test.each([{}, { taskId: ABSENT }, { taskId: 7 }])('is not started of %j', async (body) => {
    const answer = await call('POST', '/v1/jobs', body)
    expect([answer.status, answer.body.error_code]).toEqual([400, expect.stringMatching(/^CC\.\d{8}$/)])
    expect(await runs()).toEqual([])
  })

  test('is stopped, the newest or the one that is named', async () => {
    const first = await start()
    // A task has one check at once here; its pipeline is started in another way, too.
    const other = { pipeline: { id: task }, params: {} }
    const { id: second } = need(await world.app.runs.start(world.admin, other))
    await world.settled()
    const stopped = { status: 200, body: { httpStatus: 'OK', result: '取消执行成功', status: 'success' } }
    expect(await call('PUT', `/v1/tasks/${task}/stop?job_id=${first}`)).toEqual(stopped)
    await world.settled()
    expect(world.runner.cancelled.map(({ runId }) => runId)).toEqual([first])
    expect(await call('PUT', `/v1/tasks/${task}/stop`)).toEqual(stopped)
    await world.settled()
    expect(world.runner.cancelled.map(({ runId }) => runId)).toEqual([first, second])
    await world.app.runs.act(world.admin, { id: second }, { action: 'cancel', force: true })
    expect((await call('PUT', `/v1/tasks/${task}/stop`)).body.error_code).toBe('CC.00050015')
    expect((await call('PUT', `/v1/tasks/${task}/stop?job_id=${ABSENT}`)).body.error_code).toBe('CC.00050002')
  })

  test('is the last one, or the last that succeeded', async () => {
    const last = () => call('GET', `/v4/tasks/${task}/last-jobs`)
    expect((await last()).body).toEqual({ result: { last_job_id: null, last_success_job_id: null } })
    const good = await checked()
    const bad = await start()
    await world.settled()
    world.runner.endTask('checkout', exited(1))
    await world.settled()
    expect((await last()).body).toEqual({ result: { last_job_id: bad, last_success_job_id: good } })
  })
})

describe('the jobs of a task', () => {
  const jobs = (query = '') => call('GET', `/v4/tasks/${task}/jobs${query}`)

  test('are its executions, newest first, in the words of the page', async () => {
    const good = await checked()
    const bad = await start()
    await world.settled()
    world.runner.endTask('checkout', exited(1))
    await world.settled()
    const last = await start()
    await world.settled()
    const time = '2026-01-02 03:04:05'
    expect((await jobs()).body).toEqual({
      data: [
        { id: last, taskId: task, status: 'running', startTime: time, finishTime: null },
        { id: bad, taskId: task, status: 'failed', startTime: time, finishTime: time },
        { id: good, taskId: task, status: 'success', startTime: time, finishTime: time },
      ],
      total: 3,
    })
    const ids = async (query: string) => (await jobs(query)).body.data.map(({ id }: Body) => id)
    expect(await ids('?page=2&page_size=2')).toEqual([good])
    expect(await ids('?statuses=success&statuses=failed')).toEqual([bad, good])
    expect(await ids('?statuses=success,aborted')).toEqual([good])
    expect(await ids('?begin_start_time=2026-01-02T03:04:05Z&end_start_time=2026-01-02T03:04:05Z')).toHaveLength(3)
    expect(await ids('?end_start_time=2026-01-01T00:00:00Z')).toEqual([])
  })

  test.each(['?page=0', '?page_size=201', '?statuses=done', '?begin_start_time=yesterday'])(
    'are not listed by %s',
    async (query) => {
      expect((await jobs(query)).status).toBe(400)
    },
  )
})

describe('a task of a name of its own', () => {
  const creation = () => ({
    repo_url: 'https://git.example/team/web.git',
    branch: 'release',
    name: '网站.check-1',
    project_id: world.project.id,
    project_name: world.project.name,
    config_template: {
      repo_type: 'GitPub',
      branch: 'release',
      rule_sets: [{ language: 'JAVASCRIPT' }],
      project_id: world.project.id,
    },
  })
  const make = (changes: object = {}) => call('POST', '/v3/task', { ...creation(), ...changes })

  test('is made as a client of the vendor makes it, run, and read to the last finding', async () => {
    const { status, body } = await make()
    expect({ status, body }).toEqual({
      status: 200,
      body: { httpStatus: 'OK', result: { id: expect.stringMatching(/^[0-9a-f]{32}$/) }, status: 'success' },
    })
    task = body.result.id
    const { tasks } = (await call('GET', `/v2/${world.project.id}/tasks?limit=100`)).body
    expect(tasks).toContainEqual(
      expect.objectContaining({
        task_id: task,
        task_name: '网站.check-1',
        git_url: 'https://git.example/team/web.git',
        git_branch: 'release',
      }),
    )
    const { exec_id: run } = (await call('POST', `/v2/tasks/${task}/run`, {})).body
    await endCheck(world, run, [finding('a', 'fatal'), finding('b', 'hint'), finding('c', 'hint')])
    expect((await call('GET', `/v4/tasks/${task}/jobs?page=1&page_size=200`)).body.data).toEqual([
      expect.objectContaining({ id: run, status: 'success' }),
    ])
    const found: string[] = []
    for (let offset = 0; ; offset += 2) {
      const page = (await call('GET', `/v2/tasks/${task}/defects-detail?offset=${offset}&limit=2`)).body
      found.push(...page.defects.map(({ defect_id }: Body) => defect_id[0]))
      if (found.length >= page.total) break
    }
    expect(found).toEqual(['a', 'b', 'c'])
  })

  test('is made in the project of its template, or of a name', async () => {
    expect((await make({ project_id: undefined, project_name: undefined })).status).toBe(200)
    const named = { config_template: { rule_sets: [{ language: 'js' }] }, project_id: '', name: 'other' }
    expect((await make(named)).status).toBe(200)
  })

  test.each<object>([
    { name: 'a b' },
    { name: '' },
    { branch: undefined },
    { repo_url: '--upload-pack=x' },
    { project_id: ABSENT },
    { config_template: undefined },
    { config_template: { rule_sets: [] } },
    { config_template: { rule_sets: [{ language: 'cobol' }] } },
    { config_template: { rule_sets: [{ language: 'js', ruleset_id: ABSENT }] } },
    { project_id: '', project_name: '', config_template: { rule_sets: [{ language: 'js' }] } },
  ])('is not made of %j', async (changes) => {
    const answer = await make(changes)
    expect([answer.status, answer.body.error_code]).toEqual([400, expect.stringMatching(/^CC\.\d{8}$/)])
  })

  test('is made once', async () => {
    await make()
    const again = await make()
    expect([again.status, again.body.error_code]).toEqual([400, expect.stringMatching(/^CC\.\d{8}$/)])
  })
})

describe('the state of an issue', () => {
  const states = async () => {
    const { body } = await call('GET', `/v2/tasks/${task}/defects-detail?status_ids=0,1,2`)
    return body.defects.map((one: Body) => [one.defect_id[0], one.defect_status])
  }

  test('is 2 resolved and 5 ignored here, which are 1 and 2 of the v2 calls', async () => {
    await checked()
    const set = (status: string, mergeKey: string) => call('POST', ISSUES, { taskId: task, status, mergeKey })
    const done = { status: 200, body: { status: 'success', error: null, result: '修改成功' } }
    expect(await set('2', 'a'.repeat(32))).toEqual(done)
    expect(await set('5', 'b'.repeat(32))).toEqual(done)
    expect(await states()).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(await set('0', `${'a'.repeat(32)},${'b'.repeat(32)}`)).toEqual(done)
    expect(await states()).toEqual([
      ['a', '0'],
      ['b', '0'],
    ])
  })

  test('is set of the job that is named, which must be of the task', async () => {
    const job = await checked()
    const body = { taskId: task, mergeId: '7', jobId: job, status: '5', mergeKey: 'a'.repeat(32), comment: 'no' }
    expect((await call('POST', ISSUES, body)).status).toBe(200)
    expect((await call('POST', ISSUES, { ...body, jobId: ABSENT })).status).toBe(400)
  })

  test.each([{ status: '1' }, { mergeKey: ABSENT }, { taskId: ABSENT }, { mergeKey: undefined }])(
    'is not set by %j',
    async (changes) => {
      await checked()
      const body = { taskId: task, status: '5', mergeKey: 'a'.repeat(32), ...changes }
      const answer = await call('POST', ISSUES, body)
      expect([answer.status, answer.body.error_code]).toEqual([400, expect.stringMatching(/^CC\.\d{8}$/)])
      expect((await states())[0]).toEqual(['a', '0'])
    },
  )

  test('may follow every other, but for 1, which nobody sets', async () => {
    const { body } = await call('GET', '/v1/defects/next-status')
    expect(body).toEqual({
      status: 'success',
      error: null,
      result: [
        { id: '0', toStatus: ['2', '5'] },
        { id: '2', toStatus: ['0', '5'] },
        { id: '5', toStatus: ['0', '2'] },
      ],
    })
  })
})
