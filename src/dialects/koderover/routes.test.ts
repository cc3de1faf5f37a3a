import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunView } from '../../model/view.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { DEPENDS_HEADER, FRESH_HEADER } from '../dialect.ts'
import { koderover } from './index.ts'

const NAME = 'pipeline-1'

interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Parsed, for tests to take apart. */
  readonly body: ReturnType<typeof JSON.parse>
}

interface Setting {
  readonly world: World
  readonly run: RunView
  send(path: string, init?: RequestInit): Promise<Answer>
  /** With a key. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>
}

async function setting(baseUrl = 'http://localhost:8080'): Promise<Setting> {
  const world = await openWorld()
  const handle = koderover.create(world.app, { baseUrl, zoneOffsetMinutes: 480, bodyMaxBytes: 20_000 })
  const work = (uses: string, given: Record<string, string>) => ({ kind: 'runner', uses, with: given }) as const
  const pipeline = await world.pipeline(
    definition({
      name: NAME,
      params: [{ name: 'branch', type: 'string', description: '', required: false, default: 'develop', options: [] }],
      annotations: { 'koderover/service_name': 'service-1', 'koderover/stack_name': 'stack-1' },
      stages: [
        stageSpec({
          key: 'first',
          tasks: [
            taskSpec({ key: 'fetch', role: 'source', work: work('git', { url: 'https://git.example/li/app.git' }) }),
          ],
        }),
        stageSpec({
          key: 'second',
          tasks: [taskSpec({ key: 'deploy', role: 'deploy', work: work('script', { script: 'true' }) })],
        }),
      ],
    }),
  )
  const run = await world.start(pipeline)
  await world.settled()
  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await handle(new Request(`${baseUrl}${path}`, init))
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    send(path, {
      method,
      headers: { Authorization: `X-API-KEY ${world.credentials.token}` },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return { world, run, send, ask }
}

/** One for all tests that change nothing. */
let untouched: Promise<Setting> | undefined
const shared = (): Promise<Setting> => (untouched ??= setting())

const TASK = `/api/tasks/id/1/pipeline/${NAME}`

describe('the seed’s endpoint', () => {
  test('tells where a run is, by its number and its pipeline’s name', async () => {
    const at = await setting()
    at.world.runner.endTask('fetch', succeeded({ commit: '98a663e5a6effc9337a29353acf338d484ae1609' }))
    await at.world.settled()
    at.world.runner.endTask('deploy', exited(1))
    await at.world.settled()
    const { status, headers, body } = await at.ask('GET', TASK)
    expect(status).toBe(200)
    expect(headers.get('Content-Type')).toBe('application/json; charset=utf-8')
    expect(headers.get(DEPENDS_HEADER)).toBe(`run:${at.run.id},pipeline:${at.run.pipeline.id}`)
    expect(headers.get('ETag')).toBe(`"${at.run.id}.${(await at.world.run(at.run.id)).seq}"`)
    // By name: it may mean another pipeline tomorrow.
    expect(headers.get(FRESH_HEADER)).toBe('1000')
    const tag = `${body.created.slice(0, 10).replaceAll('-', '')}-1-develop`
    expect(body).toEqual({
      id: 1,
      task_creator: 'ci',
      pipeline_name: NAME,
      status: 'failed',
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$/),
      updated: expect.stringMatching(/\+08:00$/),
      build_task: {
        repo_owner: 'li',
        repo_name: 'app',
        branch: 'develop',
        commit_id: '98a663e5a6effc9337a29353acf338d484ae1609',
        image_tag: tag,
        status: 'passed',
        project_id: at.run.pipeline.serial,
        build_nubmer: 1,
        jobs: [{ number: 1, status: 'success' }],
      },
      deploy_task: {
        stack_name: 'stack-1',
        service_name: 'service-1',
        image_tag: tag,
        status: 'failed',
        error: 'the process exited with code 1',
      },
    })
  })

  test.each([
    ['/api/tasks/id/9/pipeline/pipeline-1'],
    ['/api/tasks/id/1/pipeline/nobody'],
    ['/api/tasks/id/x/pipeline/pipeline-1'],
    ['/api/tasks/id/-1/pipeline/pipeline-1'],
    ['/api/tasks/id/99999999999999999999/pipeline/pipeline-1'],
    ['/api/tasks/id/1/pipeline/%00'],
    ['/api/tasks/id/1/pipeline/%zz'],
  ])('%s is the vendor’s 6806', async (path) => {
    const { status, body } = await (await shared()).ask('GET', path)
    expect(status).toBe(400)
    expect(body).toEqual({ message: 'Get Pipelines Error', code: '6806', description: expect.any(String) })
  })

  test('a name that two projects have needs the product’s', async () => {
    const at = await setting()
    const other = need(await at.world.app.projects.create(at.world.admin, { name: 'other', description: '' }))
    const text = JSON.stringify(definition({ name: NAME }))
    need(await at.world.app.pipelines.create(at.world.admin, { project: { id: other.id }, text }))
    expect((await at.ask('GET', TASK)).body.code).toBe('6806')
    expect((await at.ask('GET', `${TASK}?product_name=default`)).body.id).toBe(1)
    expect((await at.ask('GET', `${TASK}?product_name=other`)).body.code).toBe('6806')
  })
})

describe('credentials', () => {
  const get = async (at: Setting, headers: Record<string, string>) => await at.send(TASK, { headers })

  test('a key goes by each of its schemes, in any case', async () => {
    const at = await shared()
    const { token } = at.world.credentials
    for (const scheme of ['X-API-KEY', 'X-ROOT-API-KEY', 'Bearer', 'bearer', 'x-api-key']) {
      expect((await get(at, { Authorization: `${scheme} ${token}` })).status, scheme).toBe(200)
    }
  })

  test.each(['', 'X-API-KEY', 'X-API-KEY mr_0_0', 'Basic Y2k6Y2k=', 'X-TIMER-API-KEY x', 'Bearer a b'])(
    'without a good one the answer is 401 and one text: %j',
    async (header) => {
      const { status, body } = await get(await shared(), header === '' ? {} : { Authorization: header })
      expect(status).toBe(401)
      expect(body).toEqual({ message: 'Unauthorized', code: '401', description: expect.any(String) })
    },
  )

  test('a root key is one that may do everything', async () => {
    const at = await setting()
    const { credentials } = at.world.host
    const viewer = await credentials.addUser({ name: 'guest', domain: 'example', password: null, role: 'viewer' })
    const { token } = await credentials.issueToken(viewer, 'test', null)
    expect((await get(at, { Authorization: `X-API-KEY ${token}` })).status).toBe(200)
    expect((await get(at, { Authorization: `X-ROOT-API-KEY ${token}` })).status).toBe(401)
    const denied = await at.send(TASK, { method: 'DELETE', headers: { Authorization: `X-API-KEY ${token}` } })
    expect([denied.status, denied.body.code, denied.body.message]).toEqual([403, '403', 'Forbidden'])
  })

  test('a session: signed in by form, kept in a cookie for a day, gone after signing out', async () => {
    const at = await setting()
    const { user, password } = at.world.credentials
    const form = new URLSearchParams({ username: user, password })
    const signedIn = await at.send('/api/user/signin', { method: 'POST', body: form })
    expect(signedIn.status).toBe(200)
    const cookie = signedIn.headers.get('Set-Cookie') ?? ''
    expect(cookie).toMatch(/^spock_session=mr_\w+; Path=\/api; Max-Age=86400; HttpOnly; SameSite=Strict$/)
    const session = { Cookie: `theme=dark; ${cookie.split(';')[0]}` }
    expect((await get(at, session)).status).toBe(200)
    // A bad key is not mended by a good session.
    expect((await get(at, { ...session, Authorization: 'Bearer x' })).status).toBe(401)

    const signedOut = await at.send('/api/user/signout', { headers: session })
    expect(signedOut.headers.get('Set-Cookie')).toContain('Max-Age=0')
    expect((await get(at, session)).status).toBe(401)
  })

  test('a session ends after 24 hours', async () => {
    const at = await setting()
    const { user, password } = at.world.credentials
    const signedIn = await at.send('/api/user/signin', {
      method: 'POST',
      body: new URLSearchParams({ username: user, password }),
    })
    const session = { Cookie: signedIn.headers.get('Set-Cookie')!.split(';')[0]! }
    at.world.clock.advance(24 * 3_600_000 - 1)
    expect((await get(at, session)).status).toBe(200)
    at.world.clock.advance(1)
    expect((await get(at, session)).status).toBe(401)
  })

  test('behind https the session’s cookie is secure', async () => {
    const at = await setting('https://ci.example')
    const { user, password } = at.world.credentials
    const body = new URLSearchParams({ username: user, password })
    const { headers } = await at.send('/api/user/signin', { method: 'POST', body })
    expect(headers.get('Set-Cookie')).toContain('; Secure')
  })

  test.each([
    ['username=ci&password=wrong', 401],
    ['username=nobody&password=x', 401],
    ['username=ci', 400],
    ['', 400],
    ['{"username":"ci"}', 400],
    [`username=ci&password=${'x'.repeat(9_000)}`, 413],
  ])('signing in with %.40s is refused with %i and no cookie', async (body, status) => {
    const answer = await (await shared()).send('/api/user/signin', { method: 'POST', body })
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({ message: expect.any(String), code: String(status), description: expect.any(String) })
    expect(answer.headers.get('Set-Cookie')).toBeNull()
  })
})

describe('tasks', () => {
  test('are started with values for the params of those names', async () => {
    const at = await setting()
    const started = await at.ask('POST', '/api/tasks', {
      pipeline_name: NAME,
      task_creator: 'somebody',
      repo_owner: 'li',
      repo_name: 'app',
      branch: 'feature/x',
      pull_request_number: 0,
      commit_id: '',
      unknown: true,
    })
    expect([started.status, started.body]).toEqual([200, { pipeline_name: NAME, task_id: 2 }])
    const { body } = await at.ask('GET', `/api/tasks/id/2/pipeline/${NAME}`)
    expect(body).toMatchObject({ id: 2, task_creator: 'ci', build_task: { branch: 'feature/x' } })
  })

  test.each([
    ['', '400'],
    ['[]', '400'],
    ['{"pipeline_name":1}', '400'],
    ['{"pipeline_name":"pipeline-1","branch":1}', '400'],
    ['{"pipeline_name":"pipeline-1","pull_request_number":"62"}', '400'],
    ['{"pipeline_name":"pipeline-1","pull_request_number":62}', '400'],
    ['{"pipeline_name":"pipeline-1","repo_name":"other"}', '400'],
    ['{"pipeline_name":"nobody"}', '6901'],
    ['{', '400'],
    ['\ufeff{"pipeline_name":"nobody"}', '6901'],
  ])('%s starts nothing and is refused with %s', async (body, code) => {
    const at = await shared()
    const answer = await at.ask('POST', '/api/tasks', body)
    expect([answer.status, answer.body.code]).toEqual([400, code])
    expect(need(await at.world.app.runs.count(at.world.admin, {}))).toBe(1)
  })

  test('too much of a body, or a packed one, is refused', async () => {
    const at = await shared()
    expect((await at.ask('POST', '/api/tasks', { pipeline_name: 'x'.repeat(30_000) })).status).toBe(413)
    const headers = { Authorization: `Bearer ${at.world.credentials.token}`, 'Content-Encoding': 'gzip' }
    expect((await at.send('/api/tasks', { method: 'POST', headers, body: '{}' })).status).toBe(415)
  })

  test('are cancelled and restarted; what may not be has its own code', async () => {
    const at = await setting()
    expect((await at.ask('GET', `/api/tasks/restart/id/1/pipeline/${NAME}`)).body.code).toBe('6903')
    expect((await at.ask('DELETE', TASK)).body).toEqual({ message: 'success' })
    at.world.runner.endTask('fetch', { kind: 'cancelled' })
    await at.world.settled()
    expect((await at.ask('GET', TASK)).body).toMatchObject({ status: 'cancelled', build_task: { status: 'cancelled' } })
    // Who cancelled it is told after its end, too.
    expect((await at.ask('GET', '/api/tasks/history')).body).toMatchObject([{ task_revoker: 'ci' }])
    expect((await at.ask('DELETE', TASK)).body).toEqual({ message: 'success' })

    expect((await at.ask('GET', `/api/tasks/restart/id/1/pipeline/${NAME}`)).body).toEqual({ message: 'success' })
    await at.world.settled()
    expect((await at.ask('GET', TASK)).body).toMatchObject({ status: 'running', deploy_task: { status: 'created' } })
  })

  test('are listed by pipeline, and those that run', async () => {
    const at = await setting()
    await at.world.app.runs.start(at.world.admin, { pipeline: { id: at.run.pipeline.id }, params: {}, wait: true })
    const listed = await at.ask('GET', `/api/tasks/pipeline/${NAME}`)
    expect(listed.body.map(({ id, status }: { id: number; status: string }) => [id, status])).toEqual([
      [2, 'created'],
      [1, 'running'],
    ])
    const running = await at.ask('GET', '/api/tasks/running')
    const task = (await at.ask('GET', TASK)).body
    expect(running.body).toEqual([
      {
        ...task,
        task_revoker: '',
        current_status: 'running',
        final_status: 'running',
        deploy_env: '',
        stack_name: 'stack-1',
        service_name: 'service-1',
      },
    ])
    expect((await at.ask('GET', '/api/tasks/pipeline/nobody')).body.code).toBe('6810')
  })
})

describe('pipelines', () => {
  test('are listed, and shown one by one', async () => {
    const at = await shared()
    const { body } = await at.ask('GET', `/api/pipelines/${NAME}`)
    expect(body).toMatchObject({
      pipeline_name: NAME,
      creator: 'ci',
      run_build: true,
      run_test: false,
      repo_name: 'app',
    })
    expect((await at.ask('GET', '/api/pipelines')).body).toEqual([body])
    expect((await at.ask('GET', '/api/pipelines/?product_name=nobody')).body.code).toBe('6802')
    expect((await at.ask('GET', '/api/pipelines/nobody')).body).toMatchObject({
      code: '6803',
      message: 'get pipeline error',
    })
  })
})

describe('what is not there', () => {
  test.each([
    ['GET', '/api/tasks/nobody'],
    ['GET', '/api/cron/other'],
    ['PUT', '/api/pipelines/a/b'],
    ['GET', '/api/builds/li/app'],
  ])('%s %s is a 404 in the vendor’s form', async (method, path) => {
    const { status, body } = await (await shared()).ask(method, path)
    expect(status).toBe(404)
    expect(body).toEqual({ message: 'Not Found', code: '404', description: expect.stringContaining(path) })
  })

  test('a path is read with its escapes resolved, as net/http gives it to gin', async () => {
    const { ask } = await shared()
    const first = await ask('GET', '/api/%74asks/id/1/pipeline/%70ipeline-1')
    expect([first.status, first.body.pipeline_name]).toEqual([200, NAME])
    // Each generation under its own prefix: Zadig's codes are numbers.
    const later = await ask('GET', '/api/w%6frkflow/nothing')
    expect([later.status, later.body.code]).toEqual([404, 404])
    const wrong = await ask('PATCH', '/api/%74asks/running')
    expect([wrong.status, wrong.headers.get('Allow')]).toEqual([405, 'GET, HEAD'])
  })

  // aslan's gin: pkg/microservice/aslan/server/rest/server.go at 1582fd6, `HandleMethodNotAllowed`.
  test.each([
    ['GET', '/api/tasks', 'POST'],
    ['PUT', TASK, 'GET, HEAD, DELETE'],
    ['PATCH', '/api/pipelines/', 'GET, HEAD, POST'],
    ['GET', '/api/user/signin', 'POST'],
    ['POST', '/api/v2/tasks/running', 'GET, HEAD'],
    ['OPTIONS', '/api/aslan/workflow/v2/pipelines', 'GET, HEAD, POST'],
    ['PUT', '/openapi/workflows/custom/task', 'GET, HEAD, POST, DELETE'],
    ['PATCH', '/api/directory/workflowTask/create', 'POST'],
  ])('%s %s is a 405 that says what may be asked', async (method, path, allowed) => {
    const { ask, send } = await shared()
    const { status, headers, body } = await ask(method, path)
    expect([status, String(body.code), body.message, headers.get('Allow')]).toEqual([
      405,
      '405',
      'Method Not Allowed',
      allowed,
    ])
    // Whom nobody knows is not told.
    const stranger = await send(path, { method })
    expect([stranger.status, stranger.headers.get('Allow')]).toEqual([401, null])
  })

  test('and a stranger learns nothing of it', async () => {
    expect((await (await shared()).send('/api/tasks/history')).status).toBe(401)
  })
})

describe('whatever is sent', () => {
  test('gets an answer in the vendor’s form, and never a fault of ours', async () => {
    const at = await setting()
    const id = fc.constantFrom('1', '0', 'x', '%00', '%zz', '%2f', '../1', '9'.repeat(30))
    const name = fc.oneof(
      fc.constantFrom(NAME, '%2e%2e', '%E4%B8%AD', '__proto__'),
      fc.string().map(encodeURIComponent),
    )
    const path = fc.oneof(
      fc.tuple(id, name).map(([number, pipeline]) => `/api/tasks/id/${number}/pipeline/${pipeline}`),
      fc.tuple(id, name).map(([number, pipeline]) => `/api/tasks/restart/id/${number}/pipeline/${pipeline}`),
      name.map((pipeline) => `/api/pipelines/${pipeline}`),
      fc.constantFrom('/api/tasks', '/api/tasks/running', '/api/user/signin', '/api/pipelines'),
    )
    const field = fc.constantFrom(
      'pipeline_name',
      'branch',
      'repo_name',
      'pull_request_number',
      'commit_id',
      '__proto__',
    )
    const body = fc.oneof(
      fc
        .dictionary(field, fc.oneof(fc.constant(NAME), fc.jsonValue({ maxDepth: 3 })))
        .map((value) => JSON.stringify(value)),
      fc.uint8Array({ maxLength: 100 }).map((bytes) => new Uint8Array(bytes)),
    )
    const headers = { Authorization: `X-API-KEY ${at.world.credentials.token}` }
    await fc.assert(
      fc.asyncProperty(
        path,
        body,
        fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH'),
        async (to, content, method) => {
          const init = method === 'GET' ? { method, headers } : { method, headers, body: content }
          const { status, body: answer } = await at.send(to, init)
          expect(status).toBeLessThan(500)
          if (status !== 200) expect(Object.keys(answer)).toEqual(['message', 'code', 'description'])
        },
      ),
      { numRuns: 300 },
    )
    await at.world.settled()
  })
})
