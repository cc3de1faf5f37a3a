import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../model/definition.ts'
import type { RunView } from '../../model/view.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { DEPENDS_HEADER } from '../dialect.ts'
import { blueking } from './index.ts'

const ESB = '/api/c/compapi/v2/sops'
const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const hold = { policy: 'hold', expireMs: null } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'ship it?' } as const

const queryOf = (params: Readonly<Record<string, string>>): string => new URLSearchParams(params).toString()

interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed, for tests to take apart. */
  readonly body: ReturnType<typeof JSON.parse>
}

interface Setting {
  readonly world: World
  readonly run: RunView
  /** Credentials and the business, as query or body parameters. */
  readonly who: Readonly<Record<string, string>>
  send(path: string, init?: RequestInit): Promise<Answer>
  /** GET by the ESB, everything in the query. */
  get(api: string, params?: Readonly<Record<string, string>>): Promise<Answer>
  /** POST by the ESB, everything in a JSON body. */
  post(api: string, params?: Readonly<Record<string, unknown>>): Promise<Answer>
}

async function setting(tasks: readonly TaskSpec[] = [taskSpec({ key: 'a', work, onFailure: hold })]): Promise<Setting> {
  const world = await openWorld()
  const handle = blueking.create(world.app, {
    baseUrl: 'http://localhost:8080',
    zoneOffsetMinutes: 480,
    bodyMaxBytes: 20_000,
  })
  const pipeline = await world.pipeline(
    definition({
      params: [{ name: 'count', type: 'number', description: '', required: false, default: 1, options: [] }],
      stages: [stageSpec({ tasks })],
    }),
  )
  const run = await world.start(pipeline)
  await world.settled()
  const { appCode, appSecret, user } = world.credentials
  const who = {
    bk_app_code: appCode,
    bk_app_secret: appSecret,
    bk_username: user,
    bk_biz_id: String(world.project.serial),
  }
  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await handle(new Request(`http://localhost:8080${path}`, init))
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  return {
    world,
    run,
    who,
    send,
    get: (api, params = {}) => send(`${ESB}/${api}/?${queryOf({ ...who, ...params })}`),
    post: (api, params = {}) => send(`${ESB}/${api}/`, { method: 'POST', body: JSON.stringify({ ...who, ...params }) }),
  }
}

/** One for all tests that change nothing. */
let untouched: Promise<Setting> | undefined
const shared = (): Promise<Setting> => (untouched ??= setting())

const taskId = ({ run }: Setting) => ({ task_id: String(run.serial) })

describe('get_task_status', () => {
  test('answers the same by every addressing: with result and data, and what the door fills in', async () => {
    const at = await setting()
    at.world.runner.endTask('a', exited(1))
    await at.world.settled()
    const { serial } = at.run
    const params = { ...at.who, ...taskId(at) }
    const query = queryOf(params)
    const { bk_biz_id: bizId, ...credentials } = at.who
    const header = { 'X-Bkapi-Authorization': JSON.stringify(credentials) }
    const json = { method: 'POST', body: JSON.stringify(params) }
    const answers = await Promise.all([
      at.send(`${ESB}/get_task_status/?${query}`),
      at.send(`${ESB}/get_task_status?${query}`),
      at.send(`/api/c/compapi/sops/get_task_status/?${query}`),
      at.send(`${ESB}/get_task_status/`, json),
      at.send(`${ESB}/get_task_status/`, { ...json, headers: { 'Content-Type': 'text/plain' } }),
      at.send(`${ESB}/get_task_status/`, { method: 'POST', body: query }),
      at.send(`${ESB}/get_task_status/?${queryOf({ bk_biz_id: bizId!, ...taskId(at) })}`, {
        headers: header,
      }),
      at.send(`/api/bk-sops/prod/get_task_status/${serial}/${bizId}/`, { headers: header }),
      at.send(`/api/bk-sops/stag/get_task_status/${serial}/${bizId}`, { headers: header }),
      at.send(`/apigw/get_task_status/${serial}/${bizId}/?${query}`),
    ])
    const [first] = answers
    for (const { status, body, headers } of answers) {
      expect(status).toBe(200)
      expect(headers.get('X-Bkapi-Error-Code')).toBeNull()
      expect([body.result, body.code, body.data]).toEqual([true, 0, first.body.data])
    }
    // What may be given again has no number of a request.
    expect(answers.map(({ body }) => Object.keys(body).slice(2).join(' '))).toEqual([
      ...Array.from({ length: 3 }, () => 'message code'),
      ...Array.from({ length: 3 }, () => 'message code request_id'),
      'message code',
      ...Array.from({ length: 3 }, () => 'code'),
    ])
    expect(Object.keys(first.body)).toEqual(['result', 'data', 'message', 'code'])
    expect(first.body).toMatchObject({ result: true, data: { state: 'FAILED', id: at.run.id, finish_time: '' } })
  })

  test('tells what it was made from on GET, and does not on POST', async () => {
    const at = await setting()
    const { headers } = await at.get('get_task_status', taskId(at))
    const { seq } = await at.world.run(at.run.id)
    expect([headers.get(DEPENDS_HEADER), headers.get('ETag')]).toEqual([`run:${at.run.id}`, `"${at.run.id}.${seq}"`])
    expect((await at.post('get_task_status', taskId(at))).headers.get(DEPENDS_HEADER)).toBeNull()
  })

  test('takes the id of the run, or that of one of its nodes, for the task', async () => {
    const at = await setting()
    const whole = (await at.get('get_task_status', taskId(at))).body.data
    expect((await at.get('get_task_status', { task_id: at.run.id })).body.data).toEqual(whole)
    for (const [id, child] of Object.entries(whole.children)) {
      expect((await at.get('get_task_status', { task_id: id })).body.data).toEqual(child)
      expect((await at.get('get_task_status', { ...taskId(at), subprocess_id: id })).body.data).toEqual(child)
    }
  })

  test('says that an unknown task may not have been executed, also of one in another business', async () => {
    const at = await setting()
    const message = (id: string) =>
      `task[id=${id}] get status error: node(${id}) does not exist, may have not by executed`
    for (const id of ['999', 'f'.repeat(32), 'x', '-1', '9'.repeat(40)]) {
      const { status, body } = await at.get('get_task_status', { task_id: id })
      expect(status).toBe(200)
      expect(body).toMatchObject({ result: false, message: message(id), code: 1306000, data: null })
      expect(body.request_id).toMatch(/^[0-9a-f]{32}$/)
    }
    const other = need(await at.world.app.projects.create(at.world.admin, { name: 'other', description: '' }))
    const elsewhere = await at.get('get_task_status', { ...taskId(at), bk_biz_id: String(other.serial) })
    expect(elsewhere.body).toMatchObject({ result: false, message: message(String(at.run.serial)) })
    for (const bizId of ['404', 'x']) {
      const { body } = await at.get('get_task_status', { ...taskId(at), bk_biz_id: bizId })
      expect(body).toMatchObject({ result: false, message: `business: ${bizId} does not exist` })
    }
  })

  test('asks for both ids', async () => {
    const at = await setting()
    const { bk_biz_id: _business, ...who } = at.who
    expect((await at.get('get_task_status')).body).toMatchObject({
      code: 1306406,
      message: 'param task_id is required',
    })
    const { body } = await at.send(`${ESB}/get_task_status/?${queryOf({ ...who, task_id: '1' })}`)
    expect(body).toMatchObject({ result: false, code: 1306406, message: 'param bk_biz_id is required' })
  })

  test('takes the options of later versions, and answers with_ex_data', async () => {
    const at = await setting()
    at.world.runner.endTask('a', exited(3))
    await at.world.settled()
    const options = { with_failed_node_info: '1', with_auto_retry_status: '1', scope: 'project' }
    const plain = await at.get('get_task_status', { ...taskId(at), ...options })
    expect(plain.body.data).not.toHaveProperty('ex_data')
    const { body } = await at.get('get_task_status', { ...taskId(at), with_ex_data: '1' })
    expect(body.data.ex_data).toEqual({ [at.run.stages[0]!.tasks[0]!.id]: 'the process exited with code 3' })
  })
})

describe('credentials', () => {
  const without = (params: Readonly<Record<string, string>>, ...names: string[]) =>
    Object.fromEntries(Object.entries(params).filter(([name]) => !names.includes(name)))
  const CASES = [
    ['no app', { bk_app_code: '' }, 'APP Code [bk_app_code] cannot be empty', 1640101],
    [
      'no secret',
      { bk_app_secret: '' },
      'Signature [bk_signature] and APP Secret [bk_app_secret] cannot be empty at the same time',
      1640101,
    ],
    [
      'an unknown app',
      { bk_app_code: 'nobody' },
      'Invalid APP Code [bk_app_code=nobody], please confirm if the APP Code has been registered',
      1640101,
    ],
    [
      'a wrong secret',
      { bk_app_secret: 'wrong' },
      'APP Secret verification failed, pelase confirm if the APP Secret and APP Code [bk_app_code=esb_test] match',
      1640101,
    ],
    [
      'a bad token',
      { bk_token: 'mr_x_y', bk_username: '' },
      'User authentication failed, please check if the bk_token is valid',
      1640102,
    ],
    [
      'no user',
      { bk_username: '' },
      'User authentication failed, please provide a valid user identity, such as bk_token, bk_username',
      1640102,
    ],
    [
      'an unknown user',
      { bk_username: 'nobody' },
      'User authentication failed, please provide a valid user identity, such as bk_token, bk_username',
      1640102,
    ],
  ] as const

  test.each(CASES)('%s: the ESB says so with HTTP 200', async (_case, wrong, message) => {
    const at = await shared()
    for (const answer of [
      await at.get('get_task_status', { ...taskId(at), ...wrong }),
      await at.post('get_task_status', { ...taskId(at), ...wrong }),
    ]) {
      expect(answer.status).toBe(200)
      expect(answer.body).toMatchObject({ result: false, code: 1306000, data: null, message })
    }
  })

  test.each(CASES)('%s: the gateway says so with HTTP 401', async (_case, wrong, message, code) => {
    const at = await shared()
    const header = JSON.stringify({ ...at.who, ...wrong })
    const { status, headers, body } = await at.send(`/api/bk-sops/prod/get_task_status/1/${at.who['bk_biz_id']}/`, {
      headers: { 'X-Bkapi-Authorization': header },
    })
    expect(status).toBe(401)
    expect(body).toMatchObject({ code, message, result: false, data: null })
    expect(headers.get('X-Bkapi-Error-Code')).toBe(String(code))
    expect(headers.get('X-Bkapi-Error-Message')).toBe(message)
    expect(headers.get('X-Bkapi-Request-Id')).toMatch(/^[0-9a-f]{32}$/)
  })

  test('go by their names of before 2018 too', async () => {
    const at = await shared()
    const { bk_app_code: code, bk_app_secret: secret, bk_username: name } = at.who
    const old = {
      ...without(at.who, 'bk_app_code', 'bk_app_secret', 'bk_username'),
      app_code: code!,
      app_secret: secret!,
      username: name!,
    }
    const { body } = await at.send(`${ESB}/get_task_status/?${queryOf({ ...old, ...taskId(at) })}`)
    expect(body.result).toBe(true)
  })

  test('are a token or a name: one good one is enough', async () => {
    const at = await shared()
    const { token } = at.world.credentials
    const withToken = await at.get('get_task_status', { ...taskId(at), bk_token: token, bk_username: '' })
    expect(withToken.body.result).toBe(true)
    expect((await at.get('get_task_status', { ...taskId(at), bk_token: 'xxx' })).body.result).toBe(true)
  })

  test('may be an access token alone, which is one of ours', async () => {
    const at = await shared()
    const ids = { bk_biz_id: at.who['bk_biz_id']!, ...taskId(at) }
    const ask = async (query: Record<string, string>) =>
      (await at.send(`${ESB}/get_task_status/?${queryOf({ ...ids, ...query })}`)).body
    expect(await ask({ access_token: at.world.credentials.token })).toMatchObject({ result: true })
    expect(await ask({ bk_access_token: at.world.credentials.token })).toMatchObject({ result: true })
    expect(await ask({ access_token: 'mr_0_0' })).toMatchObject({ result: false, code: 1306000 })
    expect(await ask({ access_token: 'mr_0_0', ...at.who })).toMatchObject({ result: true })
  })

  test('of the header are the only ones when it is there', async () => {
    const at = await shared()
    const headers = { 'X-Bkapi-Authorization': '{}' }
    const query = queryOf({ ...at.who, ...taskId(at) })
    const { body } = await at.send(`${ESB}/get_task_status/?${query}`, { headers })
    expect(body.message).toBe('APP Code [bk_app_code] cannot be empty')
  })

  test.each(['', 'x', '[]', '"a"', '{'])('in a header that is no JSON object are refused: %j', async (header) => {
    const at = await shared()
    const headers = { 'X-Bkapi-Authorization': header }
    const message = 'request header X-Bkapi-Authorization is not a valid JSON format string'
    const esb = await at.send(`${ESB}/get_task_status/`, { headers })
    expect([esb.status, esb.body.code, esb.body.message]).toEqual([200, 1306406, message])
    const gateway = await at.send('/api/bk-sops/prod/get_task_status/1/2/', { headers })
    expect([gateway.status, gateway.body.code, gateway.body.message]).toEqual([400, 1640001, message])
  })

  test('of a wrong type are refused, and nothing of them reaches a header unescaped', async () => {
    const at = await shared()
    expect((await at.post('get_task_status', { bk_app_code: { a: 1 } })).body.code).toBe(1306406)
    // As JSON may write any character in ASCII: what it says comes back in the message.
    const header = JSON.stringify({ ...at.who, bk_app_code: 'a\r\nX-Evil: 1 #' }).replace('#', '\\u4e2d')
    const headers = { 'X-Bkapi-Authorization': header }
    const answer = await at.send('/api/bk-sops/prod/get_task_status/1/2/', { headers })
    expect(answer.headers.get('X-Evil')).toBeNull()
    expect(answer.headers.get('X-Bkapi-Error-Message')).toMatch(/^[\x20-\x7e]+$/)
  })
})

describe('commands', () => {
  const two = [taskSpec({ key: 'a', work, onFailure: hold }), taskSpec({ key: 'b', work })]
  const state = async (at: Setting): Promise<string> => (await at.get('get_task_status', taskId(at))).body.data.state

  test('a task is made, waits, is started once, and runs', async () => {
    const at = await setting()
    const template = String(at.run.pipeline.serial)
    const made = await at.post('create_task', {
      template_id: template,
      name: 'release',
      constants: { '${count}': '3' },
    })
    expect(made.body).toMatchObject({ result: true, data: { task_id: expect.any(Number) } })
    // Clients in use index all of them without a look.
    expect(Object.keys(made.body)).toEqual(['result', 'data', 'message', 'code', 'request_id'])
    const task = { task_id: String(made.body.data.task_id) }
    expect((await at.get('get_task_status', task)).body.data).toEqual({
      start_time: null,
      state: 'CREATED',
      retry: 0,
      skip: 0,
      finish_time: null,
      elapsed_time: 0,
      children: {},
    })
    expect((await at.post('start_task', task)).body).toMatchObject({ result: true, data: {}, message: {}, code: 0 })
    await at.world.settled()
    expect((await at.get('get_task_status', task)).body.data.state).toBe('RUNNING')
    const run = need(await at.world.app.runs.get(at.world.admin, { serial: made.body.data.task_id }))
    expect(run.params.find(({ name }) => name === 'count')?.value).toBe(3)
    expect((await at.post('start_task', task)).body).toMatchObject({
      result: false,
      data: 'pipeline instance already started.',
      message: 'pipeline instance already started.',
    })
  })

  test('a task is paused, resumed and revoked; what may not be is refused', async () => {
    const at = await setting()
    const operate = async (action: string) => (await at.post('operate_task', { ...taskId(at), action })).body
    expect(await operate('pause')).toMatchObject({ result: true, data: {}, message: '', code: 0 })
    expect(await state(at)).toBe('SUSPENDED')
    const refused = { result: false, message: 'operate failed, please try again later' }
    expect(await operate('pause')).toMatchObject(refused)
    expect(await operate('resume')).toMatchObject({ result: true, data: {} })
    expect(await operate('start')).toMatchObject(refused)
    expect(await operate('explode')).toMatchObject({ result: false, message: 'task action is invalid' })
    expect(await operate('constructor')).toMatchObject({ result: false, message: 'task action is invalid' })
    expect(await operate('revoke')).toMatchObject({ result: true, data: {} })
    at.world.runner.endTask('a', { kind: 'cancelled' })
    await at.world.settled()
    expect(await state(at)).toBe('REVOKED')
    expect(await operate('revoke')).toMatchObject(refused)
  })

  test('a failed node hides behind a running one, then shows, is retried, fails again and is skipped', async () => {
    const at = await setting(two)
    const node = at.run.stages[0]!.tasks[0]!.id
    const operate = async (action: string, more: object = {}) =>
      (await at.post('operate_node', { ...taskId(at), node_id: node, action, ...more })).body
    const shown = async () => (await at.get('get_task_status', { ...taskId(at), subprocess_id: node })).body.data
    at.world.runner.endTask('a', exited(1))
    await at.world.settled()
    expect(await state(at)).toBe('RUNNING')
    at.world.runner.endTask('b', succeeded())
    await at.world.settled()
    expect(await state(at)).toBe('FAILED')
    const first = await shown()
    expect(first).toMatchObject({ state: 'FAILED', retry: 0, skip: false })

    expect(await operate('retry')).toMatchObject({ result: true, data: 'success', message: 'success', code: 0 })
    await at.world.settled()
    at.world.runner.endTask('a', exited(1))
    await at.world.settled()
    const second = await shown()
    expect(second).toMatchObject({ state: 'FAILED', retry: 1 })
    expect(second.version).not.toBe(first.version)

    expect(await operate('skip')).toMatchObject({ result: true, data: 'success' })
    await at.world.settled()
    expect(await shown()).toMatchObject({ state: 'FINISHED', skip: true, retry: 1, version: second.version })
    expect(await state(at)).toBe('FINISHED')
    expect(await operate('retry')).toMatchObject({ result: false })
  })

  test('a review is answered by callback, as their approval plugin is', async () => {
    const at = await setting([taskSpec({ key: 'a', work: review })])
    const node_id = at.run.stages[0]!.tasks[0]!.id
    expect(await state(at)).toBe('RUNNING')
    const data = { approve_result: false, message: 'not today' }
    expect((await at.post('operate_node', { ...taskId(at), node_id, action: 'callback', data })).body.result).toBe(true)
    await at.world.settled()
    expect((await at.world.run(at.run.id)).failure?.failure).toMatchObject({ kind: 'rejected', comment: 'not today' })
  })

  test('a node operation that we have nothing for is refused, and so is a node of another flow', async () => {
    const at = await setting()
    const operate = async (params: object) => (await at.post('operate_node', { ...taskId(at), ...params })).body
    const node_id = at.run.stages[0]!.tasks[0]!.id
    expect((await operate({ node_id, action: 'skip_exg' })).message).toContain('is not exclusive gateway')
    expect((await operate({ node_id, action: 'pause_subproc' })).message).toContain('type is not SubProcess')
    expect((await operate({ node_id, action: 'x' })).message).toBe('task command is invalid')
    expect((await operate({ node_id: 'f'.repeat(32), action: 'retry' })).message).toBe(
      'node which be operated is not in this flow',
    )
    expect((await operate({ node_id, action: 'retry' })).result).toBe(false)
  })

  test('create_task refuses what it cannot do; constants that a template has not do nothing, as there', async () => {
    const at = await setting()
    const make = async (params: object) =>
      (await at.post('create_task', { template_id: String(at.run.pipeline.serial), name: 'x', ...params })).body
    for (const wrong of [
      { name: '' },
      { name: 'x'.repeat(101) },
      { flow_type: 'other' },
      { exclude_task_nodes_id: ['a'] },
      { callback_url: 'ftp://example.com/' },
      { callback_url: 'http://[' },
      { pipeline_tree: { activities: {} } },
      { template_source: 'common' },
      { constants: [] },
      { constants: { '${count}': 'many' } },
      { template_id: '404' },
      { template_id: 'x' },
    ]) {
      const body = await make(wrong)
      expect([wrong, body.result, typeof body.message]).toEqual([wrong, false, 'string'])
    }
    expect((await make({ exclude_task_nodes_id: [], constants: { '${nobody}': 1 }, flow_type: 'common' })).result).toBe(
      true,
    )
    expect(need(await at.world.app.runs.count(at.world.admin, {}))).toBe(2)
  })

  test('a caller who may only look is told so', async () => {
    const at = await setting()
    const viewer = await at.world.host.credentials.addUser({
      name: 'guest',
      domain: 'example',
      password: null,
      role: 'viewer',
    })
    const { secret } = await at.world.host.credentials.addApp(viewer, 'reader', 'reader')
    const as = { bk_app_code: 'reader', bk_app_secret: secret, bk_username: 'ci' }
    expect((await at.get('get_task_status', { ...taskId(at), ...as })).body.result).toBe(true)
    const { body } = await at.post('operate_task', { ...taskId(at), ...as, action: 'revoke' })
    expect(body.message).toBe(`user: ci does not have perm of business: ${at.who['bk_biz_id']}`)
    expect(await state(at)).toBe('RUNNING')
  })

  test('by GET is refused: a link must not start anything', async () => {
    const at = await setting()
    const { status, body } = await at.get('operate_task', { ...taskId(at), action: 'revoke' })
    expect([status, body.result, body.code]).toEqual([200, false, 1306406])
    expect(await state(at)).toBe('RUNNING')
    const gateway = await at.send(`/api/bk-sops/prod/operate_task/1/2/?${queryOf({ ...at.who, action: 'revoke' })}`)
    expect([gateway.status, gateway.body.code]).toEqual([404, 1640401])
  })
})

describe('lists', () => {
  test('get_tasks_status gives those that are there, bare or with their children', async () => {
    const at = await setting()
    const ask = async (params: Readonly<Record<string, unknown>>) => (await at.post('get_tasks_status', params)).body
    const bare = await ask({ task_id_list: [at.run.serial, 999] })
    expect(bare.data).toHaveLength(1)
    expect(bare.data[0]).toMatchObject({
      id: at.run.serial,
      name: 'build-and-ship #1',
      current_flow: 'execute_task',
      flow_type: 'common',
      is_deleted: false,
      finish_time: '',
      status: { state: 'RUNNING', id: at.run.id },
    })
    expect(bare.data[0].status).not.toHaveProperty('children')
    const full = await ask({ task_id_list: [String(at.run.serial)], include_children_status: true })
    expect(Object.keys(full.data[0].status.children)).toHaveLength(2)
  })

  test.each([['x'], [['x']], [[null]], [Array.from({ length: 51 }, (_, id) => id)], [{}]])(
    'get_tasks_status refuses the list %j',
    async (list) => {
      const at = await shared()
      expect((await at.post('get_tasks_status', { task_id_list: list })).body).toMatchObject({
        result: false,
        code: 3540000,
      })
    },
  )

  test('get_task_list pages by rows, counts and filters', async () => {
    const at = await setting()
    const pipeline = { id: at.run.pipeline.id }
    for (let made = 0; made < 4; made += 1) {
      need(await at.world.app.runs.start(at.world.admin, { pipeline, params: {}, wait: true }))
    }
    const list = async (params: Record<string, string>) => (await at.get('get_task_list', params)).body
    const all = await list({})
    expect(all.count).toBe(5)
    expect(all.data.map(({ id }: { id: number }) => id)).toEqual([5, 4, 3, 2, 1])
    expect(all.data[4]).toMatchObject({
      is_started: true,
      is_finished: false,
      finish_time: null,
      template_id: String(at.run.pipeline.serial),
    })
    expect(all.data[4].create_time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    const page = await list({ limit: '2', offset: '1', without_count: '1' })
    expect([page.data.map(({ id }: { id: number }) => id), page.count]).toEqual([[4, 3], -1])
    expect((await list({ is_started: 'true' })).count).toBe(1)
    expect((await list({ is_started: 'false', is_finished: 'False' })).count).toBe(4)
    // No template is called so: there are no tasks of it.
    for (const strange of [{ template_id: '404' }, { template_id: 'x' }, { template_ids: 'x' }]) {
      expect(await list(strange)).toMatchObject({ result: true, data: [], count: 0 })
    }
    expect((await list({ executor: 'ci', create_method: 'api' })).count).toBe(1)
    expect((await list({ keyword: '#3' })).data.map(({ id }: { id: number }) => id)).toEqual([3])
    expect(
      (await list({ keyword: 'build', limit: '2', offset: '4' })).data.map(({ id }: { id: number }) => id),
    ).toEqual([1])
    expect((await list({ create_time_start: '2100-01-01 00:00:00 +0800' })).count).toBe(0)
    expect(await list({ create_time_end: 'today' })).toMatchObject({
      result: false,
      data: '',
      message: expect.stringContaining('create_time_end: 无法解析日期格式: today'),
      code: 3546100,
    })
    for (const [wrong, why] of [
      [{ limit: '-1' }, 'offset and limit must be greater or equal to 0.'],
      [{ offset: '-1' }, 'offset and limit must be greater or equal to 0.'],
      [{ offset: 'x' }, "invalid literal for int() with base 10: 'x'"],
    ] as const) {
      const message = `[API] pagination error: ${why}`
      expect(await list(wrong)).toMatchObject({ result: false, data: '', message, code: 3545000 })
    }
    const nowhere = { result: false, data: '', message: 'expected_timezone Nope is unknown.', code: 3546100 }
    expect(await list({ expected_timezone: 'Nope' })).toMatchObject(nowhere)
    expect((await list({ limit: '500' })).data).toHaveLength(5)
    expect(await list({ bk_biz_id: '404' })).toMatchObject({
      result: false,
      message: 'project(404) with scope(cmdb_biz) does not exist.',
      code: 3540400,
    })
    // As Django's forms read a flag in a query: any text but `false`.
    for (const is_started of ['yes', '0']) expect((await list({ is_started })).count).toBe(1)
    const abroad = await list({ expected_timezone: 'America/St_Johns' })
    expect(abroad.data[0].create_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d -0[23]30$/)
    expect((await at.get('get_task_count', { keyword: 'build' })).body.data).toEqual({ count: 5 })
    expect((await at.get('get_task_count', { is_started: 'true' })).body.data).toEqual({ count: 1 })
  })

  test('get_template_list gives the pipelines of the business', async () => {
    const at = await setting()
    const list = async (params: Record<string, string>) => (await at.get('get_template_list', params)).body.data
    const [template] = await list({})
    expect(template).toMatchObject({
      id: at.run.pipeline.serial,
      name: 'build-and-ship',
      bk_biz_id: Number(at.who['bk_biz_id']),
      creator: 'ci',
      editor: null,
    })
    expect(template.create_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0800$/)
    expect(await list({ name_keyword: 'nothing' })).toEqual([])
    expect(await list({ id_in: '404, 405' })).toEqual([])
    expect(await list({ template_source: 'common' })).toEqual([])
  })
})

describe('what is not there', () => {
  test.each([
    ['GET', `${ESB}/no_such_api/`],
    ['POST', `${ESB}/constructor/`],
    ['PUT', `${ESB}/get_task_status/`],
    ['GET', '/api/c/compapi/v2/cmdb/get_task_status/'],
    ['GET', '/api/c/compapi/%zz'],
  ])('%s %s is the ESB’s 404', async (method, path) => {
    const { status, body } = await (await shared()).send(path, { method })
    expect(status).toBe(404)
    expect(body).toEqual({ result: false, data: null, message: 'The content does not exist' })
  })

  test.each([
    ['GET', '/api/bk-sops/prod/get_task_status/'],
    ['GET', '/api/bk-sops/prod/get_task_status/1/'],
    ['GET', '/api/bk-sops/prod/get_task_status/x/2/'],
    ['GET', '/api/bk-sops/prod/no_such_api/1/2/'],
    ['POST', '/api/bk-sops/prod/get_task_status/1/2/'],
    ['GET', '/apigw/'],
  ])('%s %s is the gateway’s 404', async (method, path) => {
    const { status, body, headers } = await (await shared()).send(path, { method })
    expect([status, body.code, body.code_name, body.result]).toEqual([404, 1640401, 'API_NOT_FOUND', false])
    expect(headers.get('X-Bkapi-Error-Code')).toBe('1640401')
  })

  test('a body that is too large is refused in both forms', async () => {
    const at = await shared()
    const huge = { method: 'POST', body: JSON.stringify({ ...at.who, x: 'x'.repeat(30_000) }) }
    const esb = await at.send(`${ESB}/start_task/`, huge)
    expect([esb.status, esb.body.result]).toEqual([413, false])
    const gateway = await at.send('/api/bk-sops/prod/start_task/1/2/', huge)
    expect([gateway.status, gateway.body.code]).toEqual([413, 1641301])
  })
})

describe('a defect of ours', () => {
  test('is the vendor’s internal error in both forms, and is reported', async () => {
    const { world } = await shared()
    const broken = new Error('the disk is gone')
    const defects: unknown[] = []
    const access = { ...world.app.access, byApp: () => Promise.reject(broken) }
    const options = {
      baseUrl: '',
      zoneOffsetMinutes: 0,
      bodyMaxBytes: 100,
      onDefect: (error: unknown) => defects.push(error),
    }
    const handle = blueking.create({ ...world.app, access }, options)
    const query = queryOf({ bk_app_code: 'a', bk_app_secret: 'b' })
    for (const [path, code] of [
      [`${ESB}/get_task_status/`, 1306000],
      ['/api/bk-sops/prod/get_task_status/1/2/', 1650001],
    ] as const) {
      const response = await handle(new Request(`http://localhost${path}?${query}`))
      expect(response.status).toBe(500)
      expect(await response.json()).toMatchObject({ result: false, code, message: 'Internal error' })
    }
    expect(defects).toEqual([broken, broken])
  })
})

describe('whatever is sent', () => {
  const name = fc.constantFrom(
    'task_id',
    'bk_biz_id',
    'template_id',
    'node_id',
    'action',
    'name',
    'constants',
    'task_id_list',
    'inputs',
    'limit',
    'subprocess_id',
    'is_started',
    '__proto__',
    'constructor',
  )
  const given = fc.dictionary(
    name,
    fc.oneof(fc.constantFrom('1', '2', 'retry', 'start', '[]', '{'), fc.jsonValue({ maxDepth: 3 })),
  )
  const api = fc.constantFrom(
    'get_task_status',
    'get_tasks_status',
    'get_task_list',
    'get_template_list',
    'create_task',
    'start_task',
    'operate_task',
    'operate_node',
  )
  const base = fc.constantFrom(ESB, '/api/bk-sops/prod', '/apigw')
  const ids = fc.constantFrom('', '/1/2', '/1', '/x/y', '/%2e%2e/1', '/\u4e2d/1')

  test('parameters of any kind get an answer in the vendor’s form, and never a fault of ours', async () => {
    const at = await setting()
    await fc.assert(
      fc.asyncProperty(base, api, ids, given, async (prefix, called, path, params) => {
        const body = JSON.stringify({ ...params, ...at.who })
        const { status, body: answer } = await at.send(`${prefix}/${called}${path}/`, { method: 'POST', body })
        expect(status).toBeLessThan(500)
        expect(typeof answer.result).toBe('boolean')
        if (!answer.result) expect(answer.message).toBeDefined()
      }),
      { numRuns: 300 },
    )
    await at.world.settled()
  })

  test('bodies and headers that are noise are refused', async () => {
    const at = await shared()
    const header = fc.string().filter((text) => /^[\x20-\x7e]*$/.test(text))
    await fc.assert(
      fc.asyncProperty(base, fc.uint8Array({ maxLength: 200 }), header, async (prefix, body, authorization) => {
        const headers = { 'X-Bkapi-Authorization': authorization }
        const { status, body: answer } = await at.send(`${prefix}/start_task/1/2/`, {
          method: 'POST',
          body: new Uint8Array(body),
          headers,
        })
        expect(status).toBeLessThan(500)
        expect(answer.result).toBe(false)
      }),
    )
  })
})
