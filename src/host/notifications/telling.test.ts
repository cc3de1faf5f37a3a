import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHmac } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RunStatus } from '../../model/status.ts'
import { poster } from '../../outbound/http.ts'
import { guard } from '../../steps/kit/guard.ts'
import { dice } from '../../testing/dice.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { forgeTrigger } from '../../testing/forge-trigger.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { need, openWorld, type World, type WorldOptions } from '../../testing/world.ts'
import type { NewNotification } from '../app.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
const build = (name = 'build') => definition({ name, stages: [stageSpec({ tasks: [taskSpec({ key: 'a', work })] })] })

const outbound: NonNullable<WorldOptions['outbound']> = {
  post: poster(guard('127.0.0.0/8')),
  mail: null,
  runUrl: (id) => `https://ci.example.com/runs/${id}`,
}

interface Call {
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
type Answer = (call: Call, response: ServerResponse) => void

/** A real server. What it is told is in `calls`. */
async function receiver(answer: Answer): Promise<{ url: string; calls: Call[]; server: Server }> {
  const calls: Call[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const call = { headers: request.headers, body: Buffer.concat(parts).toString('utf8') }
      calls.push(call)
      answer(call, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, server }
}
const say =
  (status: number, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_call, response) =>
    void response.writeHead(status, headers).end('{}')

async function subscribed(
  world: World,
  url: string,
  events: NewNotification['events'] = ['ended', 'failed', 'recovered', 'needs_person'],
): Promise<{ id: string; secret: string }> {
  const made = need(
    await world.app.notifications.create(world.admin, {
      name: 'ops',
      project: { id: world.project.id },
      pipeline: null,
      events,
      to: { kind: 'webhook', url },
    }),
  )
  return { id: made.notification.id, secret: made.secret ?? '' }
}

async function ended(world: World, status: 'succeeded' | 'failed' = 'succeeded'): Promise<string> {
  const pipeline = need(await world.app.pipelines.list(world.admin, {}, { after: null, limit: 1 })).items[0]
  const run = await world.start(pipeline ?? (await world.pipeline(build())))
  await world.settled()
  if (status === 'succeeded') world.runner.endTask('a', succeeded())
  else world.runner.endTask('a', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null })
  await world.settled()
  return run.id
}

/** Lets time pass until nothing waits to be sent any more. */
async function told(world: World, beforeEach: () => void = () => undefined): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    await world.host.told()
    beforeEach()
    const next = await world.store.outbox.nextDue()
    if (next === undefined) return
    // What is due already waits for a receiver that has asked for a pause.
    world.clock.advance(Math.max(10_000, next - world.clock.now()))
  }
  throw new Error('it never ends')
}

const typesOf = (calls: readonly Call[]): readonly string[] =>
  calls.map(({ body }) => (JSON.parse(body) as { type: string }).type)

describe('notifications', () => {
  test('tell what has become of runs, signed as Standard Webhooks are', async () => {
    const world = await openWorld({ outbound })
    const { url, calls } = await receiver(say(204))
    const { secret } = await subscribed(world, `${url}/hook`)
    const failed = await ended(world, 'failed')
    await told(world)
    expect(typesOf(calls).toSorted()).toEqual(['run.ended', 'run.failed'])
    await ended(world)
    await told(world)
    expect(typesOf(calls).slice(2).toSorted()).toEqual(['run.ended', 'run.recovered'])
    await ended(world)
    await told(world)
    expect(typesOf(calls).slice(4)).toEqual(['run.ended'])
    // The library looks at the real clock.
    const [first] = calls
    const stamp = String(first?.headers['webhook-timestamp'])
    expect(Number(stamp) * 1_000).toBeLessThanOrEqual(world.clock.now())
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
    const signature = createHmac('sha256', key).update(
      `${String(first?.headers['webhook-id'])}.${stamp}.${first?.body}`,
    )
    expect(first?.headers['webhook-signature']).toBe(`v1,${signature.digest('base64')}`)
    expect(JSON.parse(first?.body ?? '')).toMatchObject({
      data: {
        run: { id: failed, number: 1, status: 'failed', url: `https://ci.example.com/runs/${failed}` },
        failure: { task: 'Task', reason: expect.any(String) },
      },
    })
    expect(Math.max(...calls.map(({ body }) => body.length))).toBeLessThan(20_000)
  })

  test('go to whom the definition of the run names, signed by a secret of the project, and by e-mail', async () => {
    const mails: Parameters<NonNullable<typeof outbound.mail>>[0][] = []
    const mail = (message: (typeof mails)[number]): Promise<void> => {
      mails.push(message)
      return Promise.resolve()
    }
    const world = await openWorld({ outbound: { ...outbound, mail } })
    const { url, calls } = await receiver(say(204))
    const gone = await receiver(say(410))
    await world.pipeline({
      ...build(),
      notify: [
        { on: ['failed', 'recovered'], to: { kind: 'webhook', url: `${url}/hook`, secret: 'HOOK' } },
        { on: ['ended'], to: { kind: 'webhook', url: gone.url, secret: null } },
        { on: ['failed'], to: { kind: 'email', addresses: ['ops@example.org', 'li@example.org'] } },
      ],
    })
    const failed = await ended(world, 'failed')
    // Without its secret it waits; with it, it is sent.
    await world.host.told()
    expect(calls).toEqual([])
    const key = Buffer.from('a key of twenty-four byt').toString('base64')
    need(await world.app.secrets.set(world.admin, { project: { id: world.project.id } }, 'HOOK', `whsec_${key}\n`))
    await told(world)
    expect(typesOf(calls)).toEqual(['run.failed'])
    const [first] = calls
    const signed = `${String(first?.headers['webhook-id'])}.${String(first?.headers['webhook-timestamp'])}.${first?.body}`
    expect(first?.headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', Buffer.from(key, 'base64')).update(signed).digest('base64')}`,
    )
    expect(mails).toEqual([
      {
        to: ['ops@example.org', 'li@example.org'],
        subject: 'build #1 failed',
        text: expect.stringContaining(`https://ci.example.com/runs/${failed}`),
      },
    ])
    expect(gone.calls).toHaveLength(1)
    expect(gone.calls[0]?.headers['webhook-signature']).toBeUndefined()
    await ended(world)
    await told(world)
    expect(typesOf(calls)).toEqual(['run.failed', 'run.recovered'])
  })

  test('are verified by the library, also while the secret is changed', async () => {
    const world = await openWorld({ outbound })
    world.clock.advance(Date.now() - world.clock.now())
    const { url, calls } = await receiver(say(200))
    const { id, secret } = await subscribed(world, url, ['ended'])
    const verify = (by: string, call: Call | undefined): unknown =>
      new Webhook(by).verify(call?.body ?? '', call?.headers as Record<string, string>)
    await ended(world)
    await told(world)
    expect(verify(secret, calls[0])).toMatchObject({ type: 'run.ended' })
    const next = need(await world.app.notifications.rotate(world.admin, id)).secret
    await ended(world)
    await told(world)
    expect(verify(secret, calls[1])).toMatchObject({ type: 'run.ended' })
    expect(verify(next, calls[1])).toMatchObject({ type: 'run.ended' })
    expect(() => verify(next, calls[0])).toThrow()
    const flipped = { headers: calls[1]?.headers ?? {}, body: calls[1]?.body.replace('ended', 'endex') ?? '' }
    expect(() => verify(next, flipped)).toThrow()
    world.clock.advance(25 * 3_600_000)
    await ended(world)
    await told(world)
    const signatures = String(calls[2]?.headers['webhook-signature']).split(' ')
    expect(signatures).toHaveLength(1)
  })

  test('say when a person is needed, once for each thing', async () => {
    const world = await openWorld({ outbound })
    const { url, calls } = await receiver(say(200))
    await subscribed(world, url, ['needs_person'])
    const review = (key: string) =>
      taskSpec({ key, work: { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' } })
    const pipeline = await world.pipeline(
      definition({ name: 'two', stages: [stageSpec({ tasks: [review('x'), review('y')] })] }),
    )
    const run = await world.start(pipeline)
    await told(world)
    expect(
      calls.map(({ body }) => (JSON.parse(body) as { data: { attention: { name: string } } }).data.attention.name),
    ).toEqual(expect.arrayContaining([expect.any(String), expect.any(String)]))
    expect(calls).toHaveLength(2)
    need(await world.app.runs.actOnNode(world.admin, { id: run.id }, { key: 'x' }, { action: 'approve' }))
    await told(world)
    expect(calls).toHaveLength(2)
  })

  test('that are not taken are sent again over days, given up, listed and sent again', async () => {
    const world = await openWorld({ outbound })
    const answer = { status: 302 }
    const { url, calls } = await receiver((call, response) =>
      say(answer.status, answer.status === 302 ? { location: '/elsewhere' } : {})(call, response),
    )
    await subscribed(world, url, ['ended'])
    const before = world.clock.now()
    await ended(world)
    await told(world)
    expect(calls).toHaveLength(10)
    expect(new Set(calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    const days = (world.clock.now() - before) / 86_400_000
    expect(days).toBeGreaterThan(2.4)
    expect(days).toBeLessThan(4)
    const { notifications } = world.app
    const [dead] = need(
      await notifications.deliveries(world.admin, { state: 'dead' }, { before: null, limit: 9 }),
    ).items
    expect(dead).toMatchObject({ state: 'dead', tries: 10, error: 'status 302', kind: 'webhook' })
    answer.status = 200
    const again = need(await notifications.replay(world.admin, dead?.id ?? ''))
    expect(again).toMatchObject({ state: 'waiting', tries: 0 })
    await told(world)
    expect(calls).toHaveLength(11)
    expect(need(await notifications.deliveries(world.admin, {}, { before: null, limit: 9 })).items).toMatchObject([
      { state: 'delivered', tries: 1, error: null },
    ])
  })

  test('whose receiver says that it is gone are disabled until somebody enables them', async () => {
    const world = await openWorld({ outbound })
    const { url, calls } = await receiver(say(410))
    const { id } = await subscribed(world, url, ['ended'])
    await ended(world)
    await told(world)
    await ended(world)
    await told(world)
    expect(calls).toHaveLength(1)
    const { app, admin, project } = world
    expect(need(await app.notifications.list(admin, { id: project.id }))).toMatchObject([
      { disabled: { reason: expect.stringContaining('410') } },
    ])
    expect(need(await app.notifications.enable(admin, id)).disabled).toBeNull()
  })

  test('wait for as long as the receiver asks', async () => {
    const world = await openWorld({ outbound })
    let isFirst = true
    const times: number[] = []
    const { url } = await receiver((call, response) => {
      times.push(world.clock.now())
      say(isFirst ? 429 : 200, isFirst ? { 'retry-after': '600' } : {})(call, response)
      isFirst = false
    })
    await subscribed(world, url, ['ended'])
    await ended(world)
    await told(world)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(600_000)
  })

  test('a receiver that hangs holds up no run and no other receiver', async () => {
    const world = await openWorld({ outbound })
    const hung: ServerResponse[] = []
    const { promise: isHanging, resolve: hangs } = Promise.withResolvers<void>()
    const slow = await receiver((_call, response) => {
      hung.push(response)
      hangs()
    })
    const { promise: isTold, resolve: tell } = Promise.withResolvers<void>()
    const quick = await receiver((call, response) => {
      say(200)(call, response)
      if (quick.calls.length === 20) tell()
    })
    await subscribed(world, slow.url, ['ended'])
    need(
      await world.app.notifications.create(world.admin, {
        name: 'quick',
        project: { id: world.project.id },
        pipeline: null,
        events: ['ended'],
        to: { kind: 'webhook', url: quick.url },
      }),
    )
    for (let round = 0; round < 20; round += 1) {
      const id = await ended(world)
      expect((await world.run(id)).status).toBe('succeeded')
    }
    await isHanging
    await isTold
    expect(hung.length).toBeLessThanOrEqual(2)
    slow.server.closeAllConnections()
  })

  test('go to no address that is not public, unless the operator allows it', async () => {
    const world = await openWorld({ outbound: { ...outbound, post: poster(guard('')) } })
    const { url, calls } = await receiver(say(200))
    await subscribed(world, url, ['ended'])
    await ended(world)
    await told(world)
    expect(calls).toEqual([])
    const [one] = need(await world.app.notifications.deliveries(world.admin, {}, { before: null, limit: 9 })).items
    expect(one).toMatchObject({ state: 'dead', error: expect.stringContaining('not public') })
  })

  test('that a server was killed before it noted are made by the next one, once', async () => {
    const world = await openWorld({ outbound })
    const { url, calls } = await receiver(say(200))
    await subscribed(world, url, ['ended'])
    await ended(world)
    await told(world)
    // As if it had died between the commit and the outbox, with the mark far back.
    await world.store.keys.putSetting('notices', '0')
    const other = await world.restarted()
    await other.host.told()
    expect(calls).toHaveLength(1)
    // It notes once a minute up to where all is told.
    world.clock.advance(61_000)
    await world.store.outbox.pruneMessages(world.clock.now() + 1)
    const third = await other.restarted()
    await third.host.told()
    expect(calls).toHaveLength(1)
    await world.store.keys.putSetting('notices', '0')
    await (await third.restarted()).host.told()
    expect(calls).toHaveLength(2)
    expect(calls[1]?.headers['webhook-id']).toBe(calls[0]?.headers['webhook-id'])
  })

  test('are set by admins, seen by operators of the project, and in no other', async () => {
    const world = await openWorld({ outbound })
    const { id } = await subscribed(world, 'https://example.com/')
    const { notifications } = world.app
    const operator = { ...world.admin, role: 'operator' as const }
    const stranger = { ...world.admin, projectIds: [] }
    const input = {
      name: 'x',
      project: { id: world.project.id },
      pipeline: null,
      events: ['ended'],
      to: { kind: 'webhook', url: 'https://x/' },
    } as const
    expect(await notifications.create(operator, input)).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await notifications.create(stranger, input)).toMatchObject({ problem: { code: 'not_found' } })
    expect(await notifications.rotate(operator, id)).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await notifications.remove(stranger, id)).toMatchObject({ problem: { code: 'not_found' } })
    for (const url of ['ftp://x/', 'x', 'https://user:pass@x/', '']) {
      expect(await notifications.create(world.admin, { ...input, to: { kind: 'webhook', url } })).toMatchObject({
        problem: { code: 'invalid_request' },
      })
    }
    expect(need(await notifications.list(operator, { id: world.project.id }))).toHaveLength(1)
    expect(JSON.stringify(need(await notifications.list(operator, { id: world.project.id })))).not.toContain(
      'generation',
    )
    need(await notifications.remove(world.admin, id))
    expect(need(await notifications.list(operator, { id: world.project.id }))).toEqual([])
  })
})

describe('commit statuses', () => {
  const sha = 'c'.repeat(40)

  async function forgeWorld(api: string): Promise<{ world: World; push: (sha: string) => Promise<string> }> {
    const world = await openWorld({ outbound })
    const pipeline = await world.pipeline({
      ...build(),
      triggers: {
        operator: 'or',
        list: [forgeTrigger({ events: ['push'], status: { token: 'TOKEN', api, context: null } })],
      },
    })
    need(await world.app.secrets.set(world.admin, { project: { id: world.project.id } }, 'TOKEN', 'forge-token'))
    const secret = need(await world.app.pipelines.webhookSecret(world.admin, { id: pipeline.id }, 'repository'))
    const push = async (after: string): Promise<string> => {
      const body = JSON.stringify({
        ref: 'refs/heads/main',
        after,
        head_commit: { id: after, message: String(Math.random()) },
        repository: { full_name: 'acme/web' },
        sender: { login: 'li' },
      })
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
      const header = (name: string): string | undefined =>
        ({ 'x-github-event': 'push', 'x-hub-signature-256': signature })[name]
      const fired = need(await world.app.runs.deliver(pipeline.webhooks[0]?.id ?? '', {}, { header, body }))
      if ('ignored' in fired) throw new Error(fired.ignored)
      await world.settled()
      return fired.run.id
    }
    return { world, push }
  }

  test('follow the run to its end, each word once', async () => {
    const { url, calls } = await receiver(say(201))
    const { world, push } = await forgeWorld(url)
    await push(sha)
    await told(world)
    world.runner.endTask('a', succeeded())
    await world.settled()
    await told(world)
    const states = calls.map(({ body }) => (JSON.parse(body) as { state: string }).state)
    expect(states.at(-1)).toBe('success')
    expect(states.slice(0, -1).every((state) => state === 'pending')).toBe(true)
    expect(states.length).toBeLessThanOrEqual(3)
    expect(calls[0]?.headers.authorization).toBe('Bearer forge-token')
    expect(JSON.parse(calls.at(-1)?.body ?? '')).toMatchObject({
      context: 'millrace/build',
      target_url: expect.stringContaining('https://ci.example.com/runs/'),
    })
    expect(JSON.stringify(await world.store.outbox.messages({}, null, 100))).not.toContain('forge-token')
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'a forge that limits, delays, reorders and dies holds the truth in the end (%i)',
    async (seed) => {
      const draw = dice(seed)
      /** What the forge holds: by commit, the state that was written last. */
      const held = new Map<string, string>()
      /** What it was sent and does later, in any order. */
      let late: (() => void)[] = []
      let bad = 40
      const forge = createServer((request, response) => {
        const parts: Buffer[] = []
        request.on('data', (part: Buffer) => parts.push(part))
        request.on('end', () => {
          const commit = request.url?.split('/').at(-1) ?? ''
          const { state } = JSON.parse(Buffer.concat(parts).toString('utf8')) as { state: string }
          const write = (): void => void held.set(commit, state)
          bad -= 1
          switch (bad > 0 ? Math.floor(draw() * 8) : 7) {
            case 0:
              return void response.writeHead(429, { 'retry-after': '30' }).end()
            case 1:
              return void response
                .writeHead(403, {
                  'x-ratelimit-remaining': '0',
                  'x-ratelimit-reset': String(Math.ceil(world.clock.now() / 1_000) + 90),
                })
                .end('rate limit')
            case 2:
              return void response.writeHead(502).end()
            case 3:
              return void request.socket.destroy()
            case 4:
              write()
              return void request.socket.destroy()
            case 5:
              late.push(write)
              return void request.socket.destroy()
            default:
              write()
              return void response.writeHead(201).end('{}')
          }
        })
      })
      await new Promise<void>((resolve) => forge.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => {
        forge.closeAllConnections()
        forge.close()
      })
      const { world, push } = await forgeWorld(`http://127.0.0.1:${(forge.address() as AddressInfo).port}`)
      const doLate = (): void => {
        const [now, rest] = [late.filter(() => draw() < 0.7), late]
        late = rest.filter((one) => !now.includes(one))
        for (const write of now.toSorted(() => draw() - 0.5)) write()
      }
      const truth = new Map<string, RunStatus>()
      for (let round = 0; round < 6; round += 1) {
        const commit = 'abc'.charAt(Math.floor(draw() * 3)).repeat(40)
        await push(commit)
        if (draw() < 0.5) await world.host.told()
        if (draw() < 0.5) doLate()
        const isGood = draw() < 0.5
        const result = isGood
          ? succeeded()
          : ({ kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null } as const)
        world.runner.endTask('a', result)
        truth.set(commit, isGood ? 'succeeded' : 'failed')
        await world.settled()
      }
      await told(world, doLate)
      for (const [commit, status] of truth) {
        expect(held.get(commit), commit.slice(0, 3)).toBe(status === 'succeeded' ? 'success' : 'failure')
      }
    },
  )
})
