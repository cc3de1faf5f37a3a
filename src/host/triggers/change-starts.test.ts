import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ForgeName } from '../../model/change.ts'
import type { ForgeTrigger, PipelineDefinition, TriggerSpec } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import { forgeTrigger } from '../../testing/forge-trigger.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
import type { WebhookCall } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const param = { name: 'where', type: 'string', description: '', required: false, default: '', options: [] } as const
const aboutBranch = (more: Partial<ForgeTrigger> = {}): TriggerSpec => ({
  ...forgeTrigger(more),
  params: { branch: 'where' },
})
const build = (trigger: TriggerSpec, ...others: readonly TriggerSpec[]): PipelineDefinition =>
  definition({
    name: 'build',
    params: [param],
    triggers: { operator: 'or', list: [trigger, ...others] },
    stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work, env: { TITLE: '${{ trigger.title }}' } })] })],
  })

const sha = 'c'.repeat(40)
const push: JsonObject = {
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: sha,
  head_commit: { id: sha, message: 'mend it\n\nas it was broken', url: 'https://example.com/c' },
  commits: [{ id: sha, message: 'mend it', added: ['src/a.ts'], modified: [], removed: [] }],
  repository: { full_name: 'acme/web' },
  sender: { login: 'octocat' },
}
const pull = (headId: number, action = 'opened'): JsonObject => ({
  action,
  number: 5,
  pull_request: {
    number: 5,
    title: 'Add a thing',
    html_url: 'https://example.com/5',
    user: { login: 'visitor' },
    head: { ref: 'thing', sha, repo: { id: headId } },
    base: { ref: 'main', sha: 'b'.repeat(40), repo: { id: 1 } },
  },
  repository: { full_name: 'acme/web' },
})

const call = (headers: Readonly<Record<string, string>>, body: string): WebhookCall => ({
  header: (name) => headers[name],
  body,
})

async function opened(
  trigger: TriggerSpec = aboutBranch(),
  ...others: readonly TriggerSpec[]
): Promise<{ world: World; pipeline: PipelineView; secret: string; id: string }> {
  const world = await openWorld()
  const pipeline = await world.pipeline(build(trigger, ...others))
  const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id: pipeline.id }, 'repository'))
  return { world, pipeline, secret, id: pipeline.webhooks[0]?.id ?? '' }
}
type Opened = Awaited<ReturnType<typeof opened>>

/** As GitHub sends it. */
function send({ world, id, secret }: Opened, body: JsonObject | string, more: Readonly<Record<string, string>> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const signature = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`
  const event = text.includes('pull_request') ? 'pull_request' : 'push'
  const headers = { 'x-github-event': event, 'x-github-delivery': '1', 'x-hub-signature-256': signature, ...more }
  return world.app.runs.deliver(id, {}, call(headers, text))
}
async function started(at: Opened, body: JsonObject): Promise<RunView> {
  const answer = need(await send(at, body))
  if ('ignored' in answer) throw new Error(answer.ignored)
  return answer.run
}
const count = async ({ world }: Opened): Promise<number> => need(await world.app.runs.count(world.admin, {}))

test('a push starts a run that knows what it is of', async () => {
  const at = await opened()
  const run = await started(at, push)
  expect(run).toMatchObject({
    status: expect.not.stringContaining('waiting'),
    annotations: { title: 'mend it' },
    cause: {
      kind: 'push',
      by: 'octocat',
      trigger: 'repository',
      change: { branch: 'main', sha, repository: 'acme/web' },
    },
  })
  expect(run.params.find(({ name }) => name === 'where')?.value).toBe('main')
  await at.world.settled()
  expect(at.world.runner.jobs[0]?.env).toMatchObject({
    TITLE: '',
    MILLRACE_CHANGE_SHA: sha,
    MILLRACE_CHANGE_BRANCH: 'main',
    MILLRACE_CHANGE_FORK: 'false',
  })
  expect(at.world.runner.jobs[0]?.env).not.toHaveProperty('MILLRACE_CHANGE_NUMBER')
})

test('a delivery starts one run, however often and under whatever id it comes', async () => {
  const at = await opened()
  const [first, ...others] = await Promise.all(
    Array.from({ length: 20 }, (_, index) => send(at, push, { 'x-github-delivery': String(index % 2) })),
  )
  expect(others.every((other) => JSON.stringify(other) === JSON.stringify(first))).toBe(true)
  expect(await count(at)).toBe(1)
  at.world.clock.advance(20 * 86_400_000)
  await send(at, push)
  expect(await count(at)).toBe(1)
  await send(at, { ...push, after: 'd'.repeat(40), head_commit: null })
  expect(await count(at)).toBe(2)
})

test('what is not signed with the secret of this webhook, by a way of this forge, starts nothing', async () => {
  const at = await opened()
  const { app } = at.world
  const body = JSON.stringify(push)
  const wrong = [
    {},
    { 'x-hub-signature-256': 'sha256=00' },
    { 'x-hub-signature-256': `sha256=${createHmac('sha256', 'guess').update(body).digest('hex')}` },
    { 'x-gitlab-token': at.secret },
    { 'x-gitea-signature': createHmac('sha256', at.secret).update(body).digest('hex') },
  ]
  for (const headers of wrong) {
    const answer = await app.runs.deliver(at.id, {}, call({ 'x-github-event': 'push', ...headers }, body))
    expect(answer).toMatchObject({ ok: false, problem: { code: 'unauthenticated' } })
  }
  // One character of the body.
  const signature = `sha256=${createHmac('sha256', at.secret).update(body).digest('hex')}`
  const flipped = body.replace('main', 'mait')
  const answer = await app.runs.deliver(at.id, {}, call({ 'x-hub-signature-256': signature }, flipped))
  expect(answer).toMatchObject({ ok: false, problem: { code: 'unauthenticated' } })
  expect(await app.runs.fireWebhook(at.id, {})).toMatchObject({ ok: false, problem: { code: 'unauthenticated' } })
  expect(await count(at)).toBe(0)
})

describe('ways of signing', () => {
  const body = JSON.stringify({ ref: 'refs/heads/main', sha, repository: 'a/b' })
  const seconds = (at: Opened, offsetMs = 0): string => String(Math.floor((at.world.clock.now() + offsetMs) / 1_000))
  const standard = (at: Opened, offsetMs = 0): Readonly<Record<string, string>> => {
    const timestamp = seconds(at, offsetMs)
    const key = Buffer.from(at.secret.slice('whsec_'.length), 'base64')
    const signature = createHmac('sha256', key).update(`m1.${timestamp}.${body}`).digest('base64')
    return { 'webhook-id': 'm1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
  }
  const gitee = (at: Opened, offsetMs = 0): Readonly<Record<string, string>> => {
    const timestamp = String(at.world.clock.now() + offsetMs)
    const token = createHmac('sha256', at.secret).update(`${timestamp}\n${at.secret}`).digest('base64')
    return { 'x-gitee-timestamp': timestamp, 'x-gitee-token': token }
  }
  const old = -10 * 60_000
  test.each<[ForgeName, string, (at: Opened) => Readonly<Record<string, string>>, boolean]>([
    ['generic', 'Standard Webhooks', (at) => standard(at), true],
    ['generic', 'Standard Webhooks of ten minutes ago', (at) => standard(at, old), false],
    ['gitlab', 'its signing token', (at) => standard(at), true],
    ['gitlab', 'its token', (at) => ({ 'x-gitlab-token': at.secret }), true],
    ['gitlab', 'another token', () => ({ 'x-gitlab-token': 'x' }), false],
    [
      'gitea',
      'its HMAC',
      (at) => ({ 'x-gitea-signature': createHmac('sha256', at.secret).update(body).digest('hex') }),
      true,
    ],
    ['gitee', 'its HMAC of the time', (at) => gitee(at), true],
    ['gitee', 'its HMAC of ten minutes ago', (at) => gitee(at, old), false],
  ])('%s, %s: %s', async (forge, _way, headers, isTaken) => {
    const at = await opened(aboutBranch({ forge }))
    const answer = await at.world.app.runs.deliver(at.id, {}, call(headers(at), body))
    if (isTaken) expect(answer).not.toMatchObject({ problem: { code: 'unauthenticated' } })
    else expect(answer).toMatchObject({ ok: false, problem: { code: 'unauthenticated' } })
  })
})

test('what the trigger is not about is answered with why', async () => {
  const at = await opened(aboutBranch({ branches: ['release/**'] }))
  expect(await send(at, push)).toEqual({ ok: true, value: { ignored: 'the trigger is not about the branch main' } })
  expect(await send(at, { zen: 'x' }, { 'x-github-event': 'ping' })).toMatchObject({
    ok: true,
    value: { ignored: expect.any(String) },
  })
  expect(await send(at, 'payload=%7B', {})).toMatchObject({ ok: false, problem: { code: 'invalid_request' } })
  expect(await count(at)).toBe(0)
})

test('a form that holds the payload is read as it is', async () => {
  const at = await opened()
  const form = new URLSearchParams({ payload: JSON.stringify(push) }).toString()
  expect(await send(at, form)).toMatchObject({ ok: true, value: { run: { cause: { change: { sha } } } } })
})

describe('a merge request from a fork', () => {
  test('waits for a person, and nothing of it runs before', async () => {
    const at = await opened()
    const { app, admin, runner } = at.world
    const run = await started(at, pull(2))
    expect(run).toMatchObject({
      status: 'waiting',
      cause: { kind: 'merge_request', by: 'visitor', trusted: false, change: { fork: true, number: 5 } },
      attention: [{ kind: 'start' }],
    })
    await at.world.settled()
    expect(runner.jobs).toEqual([])
    const [reason] = need(await app.runs.explain(admin, { id: run.id }))
    expect(reason).toMatchObject({ code: 'waiting-for-start', sentence: expect.stringContaining('visitor') })
    const viewer = { ...admin, role: 'viewer' as const }
    expect(await app.runs.act(viewer, { id: run.id }, { action: 'start' })).toMatchObject({ ok: false })
    need(await app.runs.act(admin, { id: run.id }, { action: 'start' }))
    await at.world.settled()
    expect(runner.jobs).toHaveLength(1)
    expect(runner.jobs[0]?.env).toMatchObject({ TITLE: 'Add a thing', MILLRACE_CHANGE_FORK: 'true' })
  })

  test('is not started by another trigger of the pipeline, nor by being run again', async () => {
    const at = await opened(
      aboutBranch(),
      { kind: 'webhook', name: 'open', secret: null, params: {} },
      { kind: 'channel', name: 'channel', channel: 'channel', params: {} },
    )
    const { app, admin, project, runner } = at.world
    const run = await started(at, pull(2))
    expect(run.attention).toEqual([{ kind: 'start', since: run.createdAt }])
    const open = at.pipeline.webhooks.find(({ name }) => name === 'open')?.id ?? ''
    need(await app.runs.fireWebhook(open, {}))
    need(await app.runs.publish(admin, { project: { id: project.id }, channel: 'channel', params: {} }))
    const again = need(await app.runs.rerun(admin, { id: run.id }, {}))
    expect(again).toMatchObject({ status: 'waiting', cause: { kind: 'manual', trusted: false, change: { sha } } })
    await at.world.settled()
    expect(runner.jobs.map(({ runId }) => runId)).not.toContain(run.id)
    expect(await at.world.run(run.id)).toMatchObject({ status: 'waiting' })
  })

  test('is left out, or runs as any other, where the trigger says so', async () => {
    expect(await send(await opened(aboutBranch({ forks: 'ignore' })), pull(2))).toMatchObject({
      value: { ignored: 'the trigger is not about forks' },
    })
    const run = await started(await opened(aboutBranch({ forks: 'run' })), pull(2))
    expect(run.status).not.toBe('waiting')
    expect(run.cause).not.toHaveProperty('trusted')
  })

  test('is one of a repository that is the same for none but those that say so', async () => {
    expect((await started(await opened(), pull(1))).status).not.toBe('waiting')
    const gone = pull(2)
    const request = gone['pull_request'] as JsonObject
    const noRepository = { ...gone, pull_request: { ...request, head: { ref: 'x', sha, repo: null } } }
    expect((await started(await opened(), noRepository)).status).toBe('waiting')
  })
})

test('one that was closed starts nothing unless the trigger asks for it', async () => {
  expect(await send(await opened(), pull(1, 'closed'))).toMatchObject({ value: { ignored: expect.any(String) } })
  const run = await started(await opened(aboutBranch({ actions: ['closed'] })), pull(1, 'closed'))
  expect(run.cause.change?.action).toBe('closed')
})
