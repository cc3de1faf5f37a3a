// What a code host shows when it calls: `security_token` of CodePipelineTrigger.
import { beforeEach, expect, test } from 'vitest'
import { parseDefinition } from '../../definition/parse-definition.ts'
import { stepSpecs } from '../../steps/index.ts'
import { type Body, type CodeartsClient, codeartsClient } from '../../testing/codearts-client.ts'
import { job, shell, stage } from '../../testing/codearts-documents.ts'
import { need, openWorld, type World } from '../../testing/world.ts'

const simple = [stage('One', [job('JOB_A', [shell('true')])])]
const trigger = (name: string, more: object = {}) => ({
  git_type: 'gitlab',
  git_url: `https://example.com/${name}.git`,
  repo_id: name,
  events: [{ type: 'push', enable: true }],
  ...more,
})

let world: World
let client: CodeartsClient
beforeEach(async () => {
  world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  client = codeartsClient(world)
})

/** Calls the address that the vendor's clients are told, as a code host does. */
async function called(id: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { webhookUrl } = await client.good('GET', `/pipelines/${id}/webhook`)
  const answer = await post(webhookUrl, headers)
  return answer.status === 200 ? 'fired' : answer.body.error_code
}
async function post(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Body> {
  const response = await client.handle(new Request(url, { method: 'POST', body: '{}', headers }))
  return { status: response.status, body: await response.json() }
}
const UNKNOWN = 'APIGW.0301'
const edit = async (id: string, change: (shown: Body) => object) =>
  client.good('PUT', `/pipelines/${id}`, change(await client.good('GET', `/pipelines/${id}`)))

test('a trigger with a security_token takes calls that show it, one without takes all', async () => {
  const open = await client.create(simple, { name: 'open', triggers: [trigger('web', { security_token: '' })] })
  expect(await called(open, {})).toBe('fired')
  const id = await client.create(simple, { triggers: [trigger('web', { security_token: 'hook-1' })] })
  expect(await called(id, {})).toBe(UNKNOWN)
  expect(await called(id, { 'x-repo-token': 'hook-2' })).toBe(UNKNOWN)
  for (const name of ['x-repo-token', 'x-gitlab-token', 'x-gitee-token', 'x-auth-token']) {
    expect(await called(id, { [name]: 'hook-1' }), name).toBe('fired')
  }
  await edit(id, (shown) => ({ ...shown, triggers: [trigger('web')] }))
  expect(await called(id, {})).toBe('fired')
})

test('tokens that come back as stars stay those of their triggers, also where triggers come or go', async () => {
  const triggers = [trigger('a', { security_token: 'of-a' }), trigger('b', { security_token: 'of-b' })]
  const id = await client.create(simple, { triggers })
  expect([await called(id, { 'x-repo-token': 'of-a' }), await called(id, { 'x-repo-token': 'of-b' })]).toEqual([
    'fired',
    'fired',
  ])
  await edit(id, ({ triggers: [, b], ...shown }) => ({ ...shown, triggers: [b] }))
  expect(await called(id, { 'x-repo-token': 'of-b' })).toBe('fired')
  expect(await called(id, { 'x-repo-token': 'of-a' })).toBe(UNKNOWN)
  // Another address of the same place.
  const moved = { ...trigger('moved'), security_token: '******' }
  await edit(id, (shown) => ({ ...shown, triggers: [moved] }))
  expect(await called(id, { 'x-repo-token': 'of-b' })).toBe('fired')
})

test('a copy of another pipeline has no token that could be guessed', async () => {
  const id = await client.create(simple, { triggers: [trigger('a', { security_token: 'of-a' })] })
  const shown = await client.good('GET', `/pipelines/${id}`)
  const copy = (await client.good('POST', '/pipelines', { ...shown, name: 'copy' })).pipeline_id as string
  expect([await called(copy, {}), await called(copy, { 'x-repo-token': '******' })]).toEqual([UNKNOWN, UNKNOWN])
  const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id: copy }, 'code-events'))
  expect(await called(copy, { 'x-gitlab-token': secret })).toBe('fired')
})

test('only triggers that are switched on ask for theirs, and one that no token could be is refused', async () => {
  const off = trigger('a', { security_token: 'of-a', events: [{ type: 'push', enable: false }] })
  const id = await client.create(simple, { triggers: [off, trigger('b')] })
  expect(await called(id, {})).toBe('fired')
  for (const security_token of ['not-to-be-told'.repeat(100), 31_415_926, { is: 'not-to-be-told' }]) {
    const triggers = [trigger('a', { security_token })]
    const body = { ...(await client.good('GET', `/pipelines/${id}`)), name: 'wrong', triggers }
    const refused = await client.call('POST', '/pipelines', body)
    expect(refused).toMatchObject({ status: 400, body: { error_msg: expect.stringContaining('security_token') } })
    expect(JSON.stringify(refused.body)).not.toMatch(/not-to-be-told|31415926/)
  }
})

test('the address of a webhook answers with the run that it has started, and takes what its trigger passes on', async () => {
  const text =
    'name: web\nparams: {branch: main}\ntriggers: [{webhook: push, params: {ref: branch}}]\ntasks: [{key: t, script: make}]'
  const { id } = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
  const { webhookUrl } = await client.good('GET', `/pipelines/${id}/webhook`)
  const answer = await post(`${webhookUrl}&ref=dev&other=1`)
  expect(answer).toEqual({ status: 200, body: { pipeline_run_id: expect.stringMatching(/^[0-9a-f]{32}$/) } })
  const run = await world.run(answer.body.pipeline_run_id)
  expect([run.pipeline.id, run.cause.kind, run.params[0]]).toMatchObject([
    id,
    'webhook',
    { name: 'branch', value: 'dev' },
  ])
  const [address = ''] = String(webhookUrl).split('?')
  for (const url of [address, `${address}?access_token=`, `${address}?access_token=${id}`]) {
    expect(await post(url), url).toMatchObject({ status: 404, body: { error_code: 'DEVPIPE.00011401' } })
  }
  expect(await post(`${webhookUrl}&ref=${'x'.repeat(8_193)}`)).toMatchObject({ status: 400 })
  expect(need(await world.app.runs.count(world.admin, { pipeline: { id } }))).toBe(1)
})
