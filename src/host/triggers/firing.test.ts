import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { PipelineDefinition, TriggerSpec } from '../../model/definition.ts'
import type { PipelineView } from '../../model/view.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { IDEMPOTENCY_MS } from '../../store/store.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type Served, type World } from '../../testing/world.ts'
import type { WebhookCall } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const param = (name: string) =>
  ({ name, type: 'string', description: '', required: false, default: '', options: [] }) as const
const build = (changes: Partial<PipelineDefinition> = {}): PipelineDefinition =>
  definition({
    name: 'build',
    params: [param('tag'), param('branch')],
    stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })],
    ...changes,
  })

const webhook = (name: string, secret: string | null = null): TriggerSpec => ({
  kind: 'webhook',
  name,
  secret,
  params: { ref: 'branch' },
})
const channel = (name: string, of = name): TriggerSpec => ({
  kind: 'channel',
  name,
  channel: of,
  params: { image: 'tag' },
})
const triggers = (operator: 'and' | 'or', ...list: readonly TriggerSpec[]): Pick<PipelineDefinition, 'triggers'> => ({
  triggers: { operator, list },
})

const call = (headers: Readonly<Record<string, string>>, body = ''): WebhookCall => ({
  header: (name) => headers[name],
  body,
})

const publish = async (world: World, name: string, idempotencyKey?: string, served: Served = world) =>
  need(
    await served.app.runs.publish(world.admin, {
      project: { id: world.project.id },
      channel: name,
      params: { image: 'web:1', other: 'x' },
      ...(idempotencyKey === undefined ? undefined : { idempotencyKey }),
    }),
  )

const count = async (world: World, served: Served = world): Promise<number> =>
  need(await served.app.runs.count(world.admin, {}))

describe('channels', () => {
  test('fire a new run of every pipeline of the project that listens, with what it passes on', async () => {
    const world = await openWorld()
    await world.pipeline(build({ name: 'one', ...triggers('or', channel('image')) }))
    await world.pipeline(build({ name: 'two', ...triggers('or', channel('ready', 'image')) }))
    await world.pipeline(build({ name: 'deaf', ...triggers('or', channel('other')) }))
    const elsewhere = need(await world.app.projects.create(world.admin, { name: 'elsewhere', description: '' }))
    const text = JSON.stringify(build({ name: 'one', ...triggers('or', channel('image')) }))
    need(await world.app.pipelines.create(world.admin, { project: { id: elsewhere.id }, text }))
    const fired = await publish(world, 'image')
    expect(fired.map(({ run, started }) => [run.pipeline.name, run.cause, started])).toEqual([
      ['one', { kind: 'channel', by: 'image' }, true],
      ['two', { kind: 'channel', by: 'ready' }, true],
    ])
    expect(fired[0]?.run.params).toContainEqual(expect.objectContaining({ name: 'tag', value: 'web:1' }))
    expect(await count(world)).toBe(2)
  })

  test('fire every run that waits, also one of a version that listened to it', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build(triggers('and', channel('image'), webhook('push'))))
    const waiting = async () =>
      need(await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }))
    const ids = [(await waiting()).id, (await waiting()).id]
    const text = JSON.stringify(build(triggers('or', channel('other'))))
    need(await world.app.pipelines.update(world.admin, { id: pipeline.id }, { text, expectedVersion: null }))
    const fired = await publish(world, 'image')
    expect(fired.map(({ run, started }) => [run.id, started])).toEqual(ids.map((id) => [id, false]))
    expect(fired[0]?.run.triggers?.list[0]?.params).toEqual({ image: 'web:1', other: 'x' })
    expect(await publish(world, 'image')).toEqual([])
  })

  test('that fire again before the others give what they give now, and make no second run', async () => {
    const world = await openWorld()
    await world.pipeline(build(triggers('and', channel('image'), webhook('push'))))
    const [first] = await publish(world, 'image')
    const [again] = await publish(world, 'image')
    expect([again?.run.id, again?.started, await count(world)]).toEqual([first?.run.id, false, 1])
  })

  test('twice with one key are once, also when a run that waited was fired and has gone on', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build(triggers('or', channel('image'))))
    need(await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }))
    expect(await publish(world, 'image', 'k')).toHaveLength(1)
    expect(await publish(world, 'image', 'k')).toHaveLength(0)
    const next = await world.restarted()
    expect(await publish(world, 'image', 'k', next)).toHaveLength(0)
    expect(await publish(world, 'image', 'l', next)).toHaveLength(1)
    expect(await count(world, next)).toBe(2)
  })

  test('fire a stage that waits, also after a restart', async () => {
    const world = await openWorld()
    const list = [channel('image')]
    const stages = [stageSpec({ triggers: { operator: 'or', list }, tasks: [taskSpec({ key: 'a', work })] })]
    const { id } = await world.start(await world.pipeline(build({ stages })))
    await world.settled()
    expect((await world.run(id)).status).toBe('waiting')
    const next = await world.restarted()
    expect((await publish(world, 'image', 'k', next)).map(({ run }) => run.id)).toEqual([id])
    await next.settled()
    expect((await next.run(id)).status).toBe('running')
    expect(await publish(world, 'image', 'k', next)).toEqual([])
  })

  test('that nobody hears are heard by nobody; a viewer may not publish', async () => {
    const world = await openWorld()
    expect(await publish(world, 'image')).toEqual([])
    const input = { project: { id: world.project.id }, channel: 'image', params: {} }
    const viewer = { ...world.admin, role: 'viewer' } as const
    expect(await world.app.runs.publish(viewer, input)).toMatchObject({ problem: { code: 'forbidden' } })
    for (const name of ['', 'x'.repeat(129)]) {
      const refused = await world.app.runs.publish(world.admin, { ...input, channel: name })
      expect(refused).toMatchObject({ problem: { code: 'invalid_request' } })
    }
  })
})

/** The address of a webhook. */
const addressOf = (pipeline: PipelineView, name: string): string =>
  pipeline.webhooks.find((one) => one.name === name)?.id ?? ''

describe('deliveries', () => {
  test.each(['webhook-id', 'x-github-delivery', 'x-gitea-delivery', 'idempotency-key', 'x-gitlab-event-uuid'])(
    'that come twice by the name of %s fire once within a day',
    async (header) => {
      const world = await openWorld()
      const id = addressOf(await world.pipeline(build(triggers('or', webhook('push')))), 'push')
      const fire = async (delivery: string) =>
        need(await world.app.runs.fireWebhook(id, { ref: delivery }, call({ [header]: delivery }))).run.id
      const first = await fire('a')
      expect([await fire('a'), await fire('b')]).toEqual([first, expect.not.stringMatching(first)])
      expect(await count(world)).toBe(2)
      world.clock.advance(IDEMPOTENCY_MS + 1)
      expect(await fire('a')).not.toBe(first)
    },
  )

  test('that come twice fire a waiting run once, also across a restart', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build(triggers('or', webhook('push'))))
    const id = addressOf(pipeline, 'push')
    const waiting = need(
      await world.app.runs.start(world.admin, { pipeline: { id: pipeline.id }, params: {}, wait: true }),
    )
    const fire = async (served: Served) =>
      need(await served.app.runs.fireWebhook(id, {}, call({ 'x-github-delivery': 'one' })))
    expect((await fire(world)).run.id).toBe(waiting.id)
    const next = await world.restarted()
    expect(await fire(next)).toMatchObject({ run: { id: waiting.id }, started: true })
    expect(await count(world, next)).toBe(1)
  })

  test('of which a killed server had made the run, but had not fired it, fire it when they come again', async () => {
    const store = openMemoryStore()
    let commits = 0
    const dying = {
      ...store,
      runs: {
        ...store.runs,
        commit: async (commit: Parameters<typeof store.runs.commit>[0]) => {
          commits += 1
          return commits === 2 ? new Promise<never>(() => undefined) : store.runs.commit(commit)
        },
      },
    }
    const world = await openWorld({ store: dying })
    const id = addressOf(await world.pipeline(build(triggers('or', webhook('push')))), 'push')
    void world.app.runs.fireWebhook(id, { ref: 'dev' }, call({ 'x-github-delivery': 'one' }))
    for (let turn = 0; turn < 5; turn += 1) await world.settled()
    const next = await world.restarted()
    const fired = need(await next.app.runs.fireWebhook(id, { ref: 'dev' }, call({ 'x-github-delivery': 'one' })))
    expect([fired.started, fired.run.number, await count(world, next)]).toEqual([true, 1, 1])
  })
})

describe('a signed webhook', () => {
  const openSigned = async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(build(triggers('or', webhook('push', '1'), webhook('open'))))
    const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id: pipeline.id }, 'push'))
    const id = addressOf(pipeline, 'push')
    const body = '{"ref":"dev"}'
    const fire = async (headers: Readonly<Record<string, string>>, sent = body) => {
      const fired = await world.app.runs.fireWebhook(id, {}, call(headers, sent))
      return fired.ok ? 'fired' : fired.problem.code
    }
    const sha256 = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text)
    return { world, pipeline, secret, id, body, fire, sha256 }
  }

  test('takes what GitHub, Gitea, GitLab, Gitee and Standard Webhooks sign', async () => {
    const { body, fire, secret, sha256, world } = await openSigned()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    const hex = sha256(secret, body).digest('hex')
    expect(await fire({ 'x-hub-signature-256': `sha256=${hex}` })).toBe('fired')
    expect(await fire({ 'x-gitea-signature': hex })).toBe('fired')
    expect(await fire({ 'x-gitlab-token': secret })).toBe('fired')
    expect(await fire({ 'x-gitee-token': secret })).toBe('fired')
    const ms = String(world.clock.now())
    const gitee = sha256(secret, `${ms}\n${secret}`).digest('base64')
    for (const token of [gitee, encodeURIComponent(gitee)]) {
      expect(await fire({ 'x-gitee-token': token, 'x-gitee-timestamp': ms })).toBe('fired')
    }
    const later = String(world.clock.now() + 1)
    expect(await fire({ 'x-gitee-token': gitee, 'x-gitee-timestamp': later })).toBe('unauthenticated')
    const seconds = String(Math.floor(world.clock.now() / 1_000))
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    const signature = sha256(key, `msg_1.${seconds}.${body}`).digest('base64')
    const standard = { 'webhook-id': 'msg_1', 'webhook-timestamp': seconds }
    expect(await fire({ ...standard, 'webhook-signature': `v1,AAAA v1,${signature}` })).toBe('fired')
    expect(await fire({ ...standard, 'webhook-signature': `v1,${signature}` }, `${body} `)).toBe('unauthenticated')
    world.clock.advance(5 * 60_000 + 1_000)
    expect(await fire({ ...standard, 'webhook-signature': `v1,${signature}` })).toBe('unauthenticated')
  })

  test.each([
    ['nothing', {}],
    ['another key', { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['half a signature', { 'x-hub-signature-256': 'sha256=' }],
    ['an empty token', { 'x-gitlab-token': '' }],
    ['a token that is none', { 'x-gitee-token': 'x', 'x-gitee-timestamp': '0' }],
    ['a signature without its time', { 'webhook-signature': 'v1,AAAA' }],
    ['a time that is none', { 'webhook-signature': 'v1,A', 'webhook-id': 'a', 'webhook-timestamp': '1e9' }],
    ['one right and one wrong way', { 'webhook-signature': 'v1,A', 'x-gitlab-token': 'x' }],
  ])('takes no call that has %s', async (_name, headers) => {
    const { fire, world } = await openSigned()
    expect([await fire(headers), await count(world)]).toEqual(['unauthenticated', 0])
  })

  test('takes none of an address that tells nothing of the call', async () => {
    const { id, world } = await openSigned()
    expect(await world.app.runs.fireWebhook(id, {})).toMatchObject({ problem: { code: 'unauthenticated' } })
  })

  test('has a secret of its own, another one with another name, which admins read', async () => {
    const { pipeline, secret, world } = await openSigned()
    const secretOf = (name: string, caller = world.admin) =>
      world.app.pipelines.webhookSecret(caller, { id: pipeline.id }, name)
    expect(await secretOf('push', { ...world.admin, role: 'operator' })).toMatchObject({
      problem: { code: 'forbidden' },
    })
    expect(await secretOf('open')).toMatchObject({ problem: { code: 'not_found' } })
    const text = JSON.stringify(build(triggers('or', webhook('push', '2'))))
    need(await world.app.pipelines.update(world.admin, { id: pipeline.id }, { text, expectedVersion: null }))
    expect(need(await secretOf('push'))).not.toBe(secret)
    expect(JSON.stringify(await world.app.pipelines.get(world.admin, { id: pipeline.id }))).not.toContain('whsec_')
  })
})

describe('a webhook whose secret came sealed', () => {
  const openSealed = async (...secrets: readonly string[]) => {
    const world = await openWorld()
    const { sealText } = world.app.secrets
    const sealed = secrets.map((secret) => sealText.call(world.app.secrets, { project: world.project.id }, secret))
    const pipeline = await world.pipeline(build(triggers('or', webhook('push', sealed.join('')))))
    const fire = async (headers: Readonly<Record<string, string>>, sent = '') => {
      const fired = await world.app.runs.fireWebhook(addressOf(pipeline, 'push'), {}, call(headers, sent))
      return fired.ok ? 'fired' : fired.problem.code
    }
    return { world, pipeline, fire }
  }

  test('takes any of several, in every header in which code hosts send one, and what is signed with one', async () => {
    const { fire } = await openSealed('of one host', 'of another')
    for (const header of ['x-repo-token', 'x-gitlab-token', 'x-auth-token', 'x-gitee-token']) {
      for (const token of ['of one host', 'of another']) expect(await fire({ [header]: token }), header).toBe('fired')
      for (const token of ['of one hos', 'of one hostof another', '', '******']) {
        expect(await fire({ [header]: token }), header).toBe('unauthenticated')
      }
    }
    const hub = (secret: string) => `sha256=${createHmac('sha256', secret).update('{}').digest('hex')}`
    expect(await fire({ 'x-hub-signature-256': hub('of another') }, '{}')).toBe('fired')
    expect(await fire({ 'x-hub-signature-256': hub('of nobody') }, '{}')).toBe('unauthenticated')
    expect(await fire({})).toBe('unauthenticated')
  })

  test('takes a token in any letters, as a server reads it from a header', async () => {
    const { fire } = await openSealed('口令-é')
    const sent = Buffer.from('口令-é').toString('latin1')
    for (const header of ['x-repo-token', 'x-gitlab-token', 'x-gitee-token']) {
      expect(await fire({ [header]: sent }), header).toBe('fired')
      expect(await fire({ [header]: `${sent}.` }), header).toBe('unauthenticated')
    }
  })

  test('takes no signature made with what is left of a token that is no key', async () => {
    const { fire, world } = await openSealed('short')
    const seconds = String(Math.floor(world.clock.now() / 1_000))
    const signature = createHmac('sha256', '').update(`1.${seconds}.`).digest('base64')
    const standard = { 'webhook-id': '1', 'webhook-timestamp': seconds, 'webhook-signature': `v1,${signature}` }
    expect(await fire(standard)).toBe('unauthenticated')
  })

  test('is told to nobody, and takes nothing in another project', async () => {
    const { pipeline, world } = await openSealed('of one host')
    const named = await world.app.pipelines.webhookSecret(world.admin, { id: pipeline.id }, 'push')
    expect(named).toMatchObject({ ok: false, problem: { code: 'not_allowed' } })
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const text = JSON.stringify(pipeline.definition)
    const copy = need(await world.app.pipelines.create(world.admin, { project: { id: other.id }, text }))
    const fired = await world.app.runs.fireWebhook(addressOf(copy, 'push'), {}, call({ 'x-repo-token': 'of one host' }))
    expect(fired).toMatchObject({ problem: { code: 'unauthenticated' } })
  })

  test('takes those of its own project beside one that came from another', async () => {
    const { world } = await openSealed('of one host')
    const { sealText } = world.app.secrets
    const other = need(await world.app.projects.create(world.admin, { name: 'other', description: '' }))
    const [strange, own] = [other, world.project].map(({ id }) =>
      sealText.call(world.app.secrets, { project: id }, `of ${id}`),
    )
    const copy = await world.pipeline(build({ ...triggers('or', webhook('push', `${strange}${own}`)), name: 'copy' }))
    const fire = (id: string) =>
      world.app.runs.fireWebhook(addressOf(copy, 'push'), {}, call({ 'x-repo-token': `of ${id}` }))
    expect(await fire(world.project.id)).toMatchObject({ ok: true })
    expect(await fire(other.id)).toMatchObject({ problem: { code: 'unauthenticated' } })
  })
})

describe('triggers of stages', () => {
  const staged = (operator: 'and' | 'or', ...list: readonly TriggerSpec[]) =>
    build({
      stages: [
        stageSpec({ key: 'first', tasks: [taskSpec({ key: 'a', work, onLost: 'rerun' })] }),
        stageSpec({ key: 'second', tasks: [taskSpec({ key: 'b', work })], triggers: { operator, list } }),
      ],
    })
  const addressOf = ({ webhooks }: PipelineView, name: string): string =>
    webhooks.find((one) => one.name === name)?.id ?? ''

  test('have addresses of their own, which stay while stage and trigger have their names', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(staged('or', webhook('go'), channel('image')))
    expect(pipeline.webhooks.map(({ name }) => name)).toEqual(['second/go'])
    const text = JSON.stringify(staged('and', webhook('other'), webhook('go')))
    const changed = need(
      await world.app.pipelines.update(world.admin, { id: pipeline.id }, { text, expectedVersion: null }),
    )
    expect(addressOf(changed, 'second/go')).toBe(addressOf(pipeline, 'second/go'))
  })

  test('make no run, and fire the oldest whose stage still waits for them, before its turn too', async () => {
    const world = await openWorld()
    const pipeline = await world.pipeline(staged('and', webhook('go'), webhook('really')))
    const [go, really] = ['second/go', 'second/really'].map((name) => addressOf(pipeline, name))
    const fire = (id = '') => world.app.runs.fireWebhook(id, { ref: 'dev' })
    expect(await fire(go)).toMatchObject({ ok: false, problem: { code: 'not_allowed' } })
    const [first, second] = [await world.start(pipeline), await world.start(pipeline)]
    expect(need(await fire(go))).toMatchObject({ run: { id: first.id }, stage: 'second', started: false })
    expect(need(await fire(really))).toMatchObject({ run: { id: first.id }, stage: 'second', started: true })
    expect(need(await fire(go)).run.id).toBe(second.id)
    await world.settled()
    const run = await world.run(first.id)
    expect(run.params).toContainEqual(expect.objectContaining({ name: 'branch', value: 'dev' }))
    expect(await fire(go)).toMatchObject({ ok: false, problem: { code: 'not_allowed' } })
  })
})
