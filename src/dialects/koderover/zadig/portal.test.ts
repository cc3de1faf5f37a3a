import { expect, test } from 'vitest'
import { koderover } from '../index.ts'
import { DIALECT_OPTIONS } from '../../../testing/dialect-routes.ts'
import type { Body } from '../../../testing/koderover-client.ts'
import { ScriptedRunner, succeeded } from '../../../testing/scripted-runner.ts'
import { need, openWorld } from '../../../testing/world.ts'

// Zadig's portal from its page of sign-in to the log of a task, in the order of its requests: src/api/index.js,
// src/store/modules/login.js and the components of 1.10 to 1.14.

interface Asked {
  readonly status: number
  readonly body: Body
}

async function browser() {
  const world = await openWorld({ runner: new ScriptedRunner(100) })
  need(
    await world.app.users.create(world.admin, { name: 'li', role: 'admin', projects: null, password: 'correct horse' }),
  )
  const handle = koderover.create(world.app, DIALECT_OPTIONS)
  let token = ''
  const send = (method: string, path: string, body?: unknown): Promise<Response> =>
    handle(
      new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, {
        method,
        headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    )
  const ask = async (method: string, path: string, body?: unknown): Promise<Asked> => {
    const response = await send(method, path, body)
    await world.settled()
    return { status: response.status, body: await response.json() }
  }
  /** The first message of a stream. */
  const hear = async (path: string): Promise<string> => {
    const reader = (await send('GET', path)).body?.getReader()
    const first = new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
    return first
  }
  const keep = (given: string): string => (token = given)
  return { world, send, ask, hear, keep }
}

test('signs in, sees projects and workflows, starts one, follows it, reads its log and signs out', async () => {
  const { world, ask, hear, keep } = await browser()
  expect((await ask('GET', '/api/v1/login-enabled')).body).toEqual({ enabled: false })
  expect((await ask('GET', '/api/aslan/workflow/workflow?projectName=')).status).toBe(401)
  const { status, body: user } = await ask('POST', '/api/v1/login', { account: 'li', password: 'correct horse' })
  expect(status).toBe(200)
  expect(user).toEqual({
    uid: expect.stringMatching(/^[0-9a-f]{32}$/),
    token: expect.stringMatching(/^mr_/),
    email: '',
    phone: '',
    name: 'li',
    account: 'li',
    identityType: 'system',
  })
  keep(user.token)
  const roles = (await ask('GET', `/api/v1/userbindings?uid=${user.uid}&projectName=`)).body
  expect(roles.map(({ role }: Body) => role)).toEqual(['admin'])
  const projects = (await ask('GET', '/api/v1/picket/projects?verbosity=detailed')).body
  expect(projects).toEqual([
    {
      name: 'default',
      envs: [],
      alias: 'default',
      desc: expect.any(String),
      updatedAt: expect.any(Number),
      updatedBy: '',
      onboard: false,
      public: false,
      deployType: 'k8s',
    },
  ])
  const at = '/api/aslan/workflow'
  const [{ name: project }] = projects
  const modules = [{ target: { product_name: project, service_name: 'web', service_module: 'web' } }]
  const workflow = { name: 'shop', product_tmpl_name: project, enabled: true, build_stage: { enabled: true, modules } }
  expect((await ask('POST', `${at}/workflow?projectName=${project}`, workflow)).status).toBe(200)
  const [listed] = (await ask('GET', `${at}/workflow?projectName=${project}`)).body
  expect(listed).toMatchObject({ name: 'shop', projectName: project, recentTask: null })
  expect((await ask('GET', `${at}/workflow/find/shop?projectName=${project}`)).body.name).toBe('shop')
  const preset = (await ask('GET', `${at}/workflowtask/preset/dev/shop?projectName=${project}`)).body
  const { task_id } = (await ask('POST', `${at}/workflowtask?projectName=${project}`, preset)).body
  const tasks = `${at}/workflowtask/max/10/start/0/pipelines/shop?projectName=${project}&workflowType=`
  expect((await ask('GET', tasks)).body).toMatchObject({ data: [{ task_id, status: 'running' }], total: 1 })
  expect(await hear(`${at}/sse/tasks/running`)).toContain('"pipeline_name":"shop"')
  const task = `${at}/sse/workflows/id/${task_id}/pipelines/shop?projectName=${project}&workflowType=`
  expect(JSON.parse((await hear(task)).replace(/^event:message\ndata:/, ''))).toMatchObject({
    status: 'running',
    stages: [{ type: 'buildv2', status: 'running', sub_tasks: { web: { service_name: 'web' } } }, {}],
  })
  const run = need(await world.app.runs.get(world.admin, { pipeline: { name: 'shop' }, number: task_id }))
  world.logs.set(`${run.id}/${run.stages[0]?.tasks[0]?.index}/1`, new TextEncoder().encode('built\n'))
  world.runner.endTask('build-1', succeeded())
  await world.settled()
  const log = `/api/aslan/logs/log/workflow/shop/tasks/${task_id}/service/web?type=buildv2&projectName=${project}`
  expect((await ask('GET', log)).body).toBe('built\n')
  expect((await ask('GET', '/api/v1/logout')).body).toEqual({ enable_redirect: false, redirect_url: '' })
  expect((await ask('GET', tasks)).status).toBe(401)
})

test('tells whoever is not let in why, in the form that the page shows', async () => {
  const { ask } = await browser()
  for (const body of [{ account: 'li', password: 'wrong' }, { account: 'nobody', password: '' }, {}]) {
    expect(await ask('POST', '/api/v1/login', body)).toEqual({
      status: 401,
      body: {
        type: 'error',
        message: 'Unauthorized',
        code: 401,
        description: 'user not exist or password is wrong',
        extra: {},
      },
    })
  }
  expect((await ask('POST', '/api/v1/login', { account: 1 })).body.code).toBe(400)
})

test('signing out ends no key that was not made by signing in', async () => {
  const { ask, keep, world } = await browser()
  keep(world.credentials.token)
  await ask('GET', '/api/v1/logout')
  expect((await ask('GET', '/api/v1/picket/projects')).body).toEqual([{ name: 'default' }])
})

test('whoever has one project sees that one, with the role there', async () => {
  const { ask, keep, world } = await browser()
  const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
  const mine = { name: 'wang', role: 'operator', projects: [{ id: other.id }], password: 'another horse' } as const
  need(await world.app.users.create(world.admin, mine))
  const { uid, token } = (await ask('POST', '/api/v1/login', { account: 'wang', password: 'another horse' })).body
  keep(token)
  expect((await ask('GET', '/api/v1/picket/projects?verbosity=brief')).body).toEqual([{ name: 'other', envs: [] }])
  const roles = async (query: string) =>
    (await ask('GET', `/api/v1/userbindings?${query}`)).body.map(({ role }: Body) => role)
  expect(await roles(`uid=${uid}&projectName=`)).toEqual([])
  expect(await roles(`uid=${uid}&projectName=other`)).toEqual(['contributor'])
  expect(await roles(`uid=${uid}&projectName=default`)).toEqual([])
  expect(await roles('uid=somebody&projectName=other')).toEqual([])
})

test('later portals page through projects', async () => {
  const { ask, keep, world } = await browser()
  keep(world.credentials.token)
  need(await world.app.projects.create(world.admin, { name: 'shop', description: '' }))
  const page = async (query: string) => (await ask('GET', `/api/aslan/project/projects?${query}`)).body
  expect(await page('verbosity=minimal')).toEqual({ projects: [{ name: 'default' }, { name: 'shop' }], total: 2 })
  expect(await page('page_size=1&page_num=2')).toEqual({ projects: [{ name: 'shop' }], total: 2 })
  expect(await page('filter=sho')).toEqual({ projects: [{ name: 'shop' }], total: 1 })
  expect((await page('page_size=x')).code).toBe(400)
})
