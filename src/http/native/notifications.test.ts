import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { forgeTrigger } from '../../testing/forge-trigger.ts'
import { definition } from '../../testing/views.ts'
import { sampleMessage } from '../../store/conformance/outbox.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

test('a notification is made, listed without its secret, given another one and removed', async () => {
  const { client, world } = native
  const { notifications } = client
  const made = await notifications.create(world.project.name, {
    name: 'ops',
    events: ['recovered', 'failed'],
    to: { kind: 'webhook', url: 'https://example.com/hook' },
  })
  expect(made).toMatchObject({ name: 'ops', pipeline_id: null, events: ['failed', 'recovered'], disabled: null })
  expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const { secret: _secret, ...rest } = made
  expect((await notifications.list(world.project.id)).items).toEqual([rest])
  const again = { name: 'ops', events: ['ended'], to: { kind: 'webhook', url: 'https://example.com/' } } as const
  await expect(notifications.create(world.project.name, { ...again, events: ['ended'] })).rejects.toMatchObject({
    code: 'conflict',
  })
  await expect(
    notifications.create(world.project.name, {
      ...again,
      name: 'm',
      events: ['ended'],
      to: { kind: 'email', addresses: ['a@b.c'] },
    }),
  ).rejects.toMatchObject({ code: 'invalid_request' })
  expect((await notifications.rotate(made.id)).secret).not.toBe(made.secret)
  expect((await notifications.enable(made.id)).disabled).toBeNull()
  await notifications.remove(made.id)
  await expect(notifications.remove(made.id)).rejects.toMatchObject({ code: 'not_found' })
  expect((await notifications.list(world.project.id)).items).toEqual([])
})

test('a notification is tried with a message that tells of no run, once in ten seconds', async () => {
  const { client, world } = native
  const { notifications } = client
  const made = await notifications.create(world.project.name, {
    name: 'tried',
    events: ['failed'],
    to: { kind: 'webhook', url: 'https://example.com/hook' },
  })
  const first = await notifications.test(made.id)
  expect(first).toMatchObject({ target: made.id, kind: 'webhook', run_id: null })
  expect((await notifications.test(made.id)).id).toBe(first.id)
  const { body } = (await world.store.outbox.message(first.id)) ?? { body: '' }
  expect(JSON.parse(body)).toMatchObject({ type: 'test', data: { notification: { id: made.id, name: 'tried' } } })
  await client.users.create({ name: 'looker', role: 'operator', password: 'only to look' })
  const looker = await world.app.access.byPassword('looker', 'only to look', null)
  if (looker === undefined) throw new Error('the user was just made')
  expect(await world.app.notifications.test(looker, made.id)).toMatchObject({ problem: { code: 'forbidden' } })
  await notifications.remove(made.id)
  await expect(notifications.test(made.id)).rejects.toMatchObject({ code: 'not_found' })
})

test('deliveries are listed, page by page, and sent again', async () => {
  const { client, world } = native
  const { outbox } = world.store
  const at = world.clock.now()
  await outbox.putMessages(['msg_1', 'msg_2'].map((id) => sampleMessage(world.project.id, id, { createdAt: at })))
  await outbox.markMessage('msg_1', { state: 'dead', tries: 10, nextAt: null, error: 'status 500', at })
  const first = await client.notifications.deliveries({ limit: 1 })
  expect(first.items.map(({ id }) => id)).toEqual(['msg_2'])
  const next = await client.notifications.deliveries({ limit: 1, cursor: first.next ?? '' })
  expect(next.items).toMatchObject([{ id: 'msg_1', state: 'dead', tries: 10, error: 'status 500', next_at: null }])
  expect((await client.notifications.deliveries({ state: 'dead' })).items.map(({ id }) => id)).toEqual(['msg_1'])
  expect(await client.notifications.replay('msg_1')).toMatchObject({ state: 'waiting', tries: 0 })
  await expect(client.notifications.replay('msg_9')).rejects.toMatchObject({ code: 'not_found' })
})

test('a forge is answered with the run that it has started, or with why there is none', async () => {
  const { client, world } = native
  const { id } = await world.pipeline(
    definition({
      name: 'web',
      triggers: {
        operator: 'or',
        list: [
          forgeTrigger({
            forge: 'gitea',
            events: ['push'],
            branches: ['main'],
            status: { token: 'TOKEN', api: 'https://git.example.com/api/v1', context: null },
          }),
        ],
      },
    }),
  )
  const [trigger] = (await client.pipelines.get(id)).triggers?.list ?? []
  expect(trigger).toMatchObject({
    kind: 'forge',
    signed: true,
    forge: { forge: 'gitea', branches: ['main'], skip_ci: true },
  })
  const { secret } = await client.triggers.secret(id, 'repository')
  const push = (branch: string): Promise<Response> => {
    const body = JSON.stringify({
      ref: `refs/heads/${branch}`,
      after: 'c'.repeat(40),
      repository: { full_name: 'acme/web' },
      sender: { login: 'li' },
    })
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const headers = { 'x-gitea-event': 'push', 'x-gitea-signature': signature }
    return native.send('POST', trigger?.path ?? '', { token: null, headers, body })
  }
  const ignored = await push('dev')
  expect(ignored.status).toBe(202)
  expect(await ignored.json()).toEqual({ ignored: 'the trigger is not about the branch dev' })
  const started = (await (await push('main')).json()) as { run: { id: string } }
  const run = await client.runs.get(started.run.id)
  expect(run.cause).toMatchObject({
    kind: 'push',
    by: 'li',
    trigger: 'repository',
    change: { branch: 'main', source_branch: null },
  })
})
