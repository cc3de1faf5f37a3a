// Logins in addresses: sealed as they come, shown to nobody, and put in for the task that needs them.
import { beforeEach, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { swrDocument as document } from '../../testing/swr-documents.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import { swr } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const CREATE = '/v3/manage/pipelinegroups/default/pipelines'

let world: World
let handle: (request: Request) => Promise<Response>
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  handle = swr.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
})

async function call(method: string, path: string, content?: unknown): Promise<ReturnType<typeof JSON.parse>> {
  const body = content === undefined ? {} : { body: JSON.stringify(content) }
  const headers = { 'X-Auth-Token': world.credentials.token, Accept: 'application/json' }
  const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...body }))
  expect([method, response.ok]).toEqual([method, true])
  return response.json()
}
const create = (content: unknown) => call('POST', CREATE, content)
const update = (made: { id: number }, content: unknown) => call('PUT', `/v3/manage/pipelines/${made.id}`, content)

/** The addresses that the tasks of a run get, and what is masked in their logs. */
async function run(serial: number) {
  const got: (readonly [unknown, readonly string[] | undefined])[] = []
  world.runner.script = (job) => {
    got.push([job.with['url'], job.secrets?.map(({ value }) => value)])
    return succeeded()
  }
  need(await world.app.runs.start(world.admin, { pipeline: { serial }, params: {} }))
  await world.settled()
  return got
}

test('in addresses that a pipeline tells of its end are sealed, and clients see stars', async () => {
  const login = 'https://ci:hunter22@hooks.example.com/done?of=${SYS_INCREMENT}'
  const told = { triggers: [{ webhook: { method: 'POST', url: login } }] }
  const named = { triggers: [{ webhook: { method: 'GET', url: 'https://hunter22@hooks.example.com/${note}' } }] }
  const params = [{ name: 'note', value: 'v9' }]
  const [code] = document().stages
  const made = await create({
    name: 'telling',
    params,
    stages: [{ ...code, post_operation: named }],
    post_operation: told,
  })
  const stars = 'https://ci:******@hooks.example.com/done?of=${SYS_INCREMENT}'
  expect(made.post_operation).toEqual({ triggers: [{ webhook: { method: 'POST', url: stars } }] })
  expect(made.stages[0].post_operation.triggers[0].webhook.url).toBe('https://******@hooks.example.com/${note}')
  const definition = async () => need(await world.app.pipelines.get(world.admin, { serial: made.id })).definition
  const sealed = async () => JSON.stringify((await definition()).annotations).match(/sealed\.v1\.[\w-]+\./g)
  const before = await sealed()
  expect(JSON.stringify(await definition())).not.toContain('hunter22')
  // As it was shown, and left out.
  await update(made, { ...made, description: 'edited' })
  await update(made, { id: made.id, group_id: made.group_id, group_name: made.group_name, stages: made.stages })
  expect([await sealed(), before?.length]).toEqual([before, 1])
  expect((await call('GET', `/v3/manage/pipelines/${made.id}`)).post_operation).toEqual(made.post_operation)
  expect(await run(made.id)).toEqual([
    ['https://gitee.com/hwcloudswr/demo-2048.git', undefined],
    ['https://hunter22@hooks.example.com/v9', ['hunter22']],
    ['https://ci:hunter22@hooks.example.com/done?of=1', ['hunter22']],
  ])
})

test('that params give are put in by the run', async () => {
  const url = 'https://ci:${token}@git.example.com/a.git'
  const told = { triggers: [{ webhook: { method: 'POST', url: 'https://${token}@hooks.example.com/' } }] }
  const stage = { ...document().stages[0], params: { git_type: 'gitlab', url, branch: 'main' } }
  const made = await create({
    name: 'given',
    params: [{ name: 'token', value: 'v9' }],
    stages: [stage],
    post_operation: told,
  })
  expect(made.post_operation).toEqual(told)
  await update(made, made)
  expect((await run(made.id)).map(([url]) => url)).toEqual([
    'https://ci:v9@git.example.com/a.git',
    'https://v9@hooks.example.com/',
  ])
})

test('in queries of addresses that a pipeline tells of its end are tokens: sealed, starred, kept, and sent', async () => {
  const robot = 'https://robots.example.com/send?access_token=hunter22&of=${SYS_INCREMENT}&sign=${note}'
  const hook = 'https://hooks.example.com/v1/done?key=hunter33'
  const [code] = document().stages
  const mail = { type: 7, config: { user_id: '1', user_name: 'li', condition: 0, pattern: 1, url: hook } }
  const made = await create({
    name: 'robots',
    params: [{ name: 'note', value: 'v9' }],
    stages: [{ ...code, post_operation: { triggers: [{ webhook: { method: 'POST', url: hook } }] } }],
    post_operation: {
      triggers: [{ webhook: { method: 'POST', url: robot } }],
      notification: { notifications: [mail] },
    },
  })
  const [starred, hidden] = [robot.replace('hunter22', '******'), hook.replace('hunter33', '******')]
  expect(made.post_operation).toEqual({
    triggers: [{ webhook: { method: 'POST', url: starred } }],
    notification: { notifications: [{ ...mail, config: { ...mail.config, url: hidden } }] },
  })
  expect(made.stages[0].post_operation.triggers[0].webhook.url).toBe(hidden)
  expect(JSON.stringify(need(await world.app.pipelines.get(world.admin, { serial: made.id })))).not.toMatch(/hunter/)
  await update(made, { ...made, description: 'edited' })
  expect((await call('GET', `/v3/manage/pipelines/${made.id}`)).post_operation).toEqual(made.post_operation)
  expect((await run(made.id)).slice(1)).toEqual([
    [hook, ['hunter33']],
    ['https://robots.example.com/send?access_token=hunter22&of=1&sign=v9', ['hunter22']],
  ])
})
