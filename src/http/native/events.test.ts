import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { type Client, createClient, type Event } from '../../client/client.ts'
import { readBytes, readMessages } from '../../client/sse.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

let count = 0
/** A pipeline of its own, and runs of it that go through. */
async function runs(howMany: number): Promise<{ readonly pipelineId: string; readonly runIds: readonly string[] }> {
  const { client, world } = native
  count += 1
  const stages = [stageSpec({ tasks: [taskSpec({ key: 'compile', work })] })]
  const { id } = await world.pipeline(definition({ name: `events ${count}`, stages }))
  const runIds: string[] = []
  for (let made = 0; made < howMany; made += 1) {
    runIds.push((await client.runs.start(id)).id)
    await finish(runIds.at(-1))
  }
  return { pipelineId: id, runIds }
}

async function finish(run: string | undefined): Promise<void> {
  const { runner, settled } = native.world
  await settled()
  const job = runner.jobs.find(({ runId }) => runId === run)
  if (job !== undefined) runner.end(job, succeeded())
  await settled()
}

async function take(events: AsyncIterable<Event>, until: number): Promise<Event[]> {
  const taken: Event[] = []
  for await (const event of events) {
    taken.push(event)
    if (event.number >= until) break
  }
  return taken
}

const newest = async ({ events }: Client): Promise<number> => {
  const all = await events.list({ limit: 1_000 })
  return all.items.at(-1)?.number ?? 0
}

describe('a page of events', () => {
  test('tells a run from its beginning to its end, in order and with nothing missing', async () => {
    const { client } = native
    const { runIds } = await runs(1)
    const { items, next } = await client.runs.events(runIds[0] ?? '')
    expect(next).toBeNull()
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_, at) => at + 1))
    expect(items[0]).toMatchObject({ type: 'run_created', node: null, data: { number: 1, cause: { kind: 'manual' } } })
    expect(items.find(({ type }) => type === 'attempt_started')).toMatchObject({
      node: { index: 1 },
      data: { attempt: 1, runner: 'scripted', deadline: null },
    })
    expect(items.at(-1)).toMatchObject({ type: 'run_ended', data: { status: 'succeeded' } })
  })

  test('follows the one before without loss or double', async () => {
    const { client } = native
    const { runIds } = await runs(2)
    const run = runIds[1] ?? ''
    const whole = (await client.runs.events(run)).items
    const pieces: Event[] = []
    for (let after: number | null = 0; after !== null;) {
      const page = await client.runs.events(run, { after, limit: 2 })
      pieces.push(...page.items)
      after = page.next
    }
    expect(pieces).toEqual(whole)
  })

  test('of the server is filtered by project, pipeline and run', async () => {
    const { client } = native
    const { pipelineId, runIds } = await runs(2)
    const of = async (query: Parameters<Client['events']['list']>[0]): Promise<string[]> => {
      const { items } = await client.events.list({ ...query, limit: 1_000 })
      return [...new Set(items.map((event) => event.run_id))]
    }
    expect(await of({ pipeline: pipelineId })).toEqual(runIds)
    expect(await of({ run: runIds[1] ?? '' })).toEqual([runIds[1]])
    expect(await of({ project: 'default' })).toEqual(expect.arrayContaining([...runIds]))
    await client.projects.create({ name: `empty ${count}` })
    expect(await of({ project: `empty ${count}` })).toEqual([])
    for (const query of [{ run: '0' }, { pipeline: 'none' }, { project: 'none' }]) {
      await expect(client.events.list(query)).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})

describe('the stream', () => {
  test('gives what is stored and then what comes, each event once, as the pages have it', async () => {
    const { client } = native
    const { pipelineId } = await runs(2)
    const stored = (await client.events.list({ pipeline: pipelineId, limit: 1_000 })).items
    const followed = take(client.events.follow({ pipeline: pipelineId, after: 0 }), (stored.at(-1)?.number ?? 0) + 1)
    await native.world.start(await native.world.app.pipelines.get(native.world.admin, { id: pipelineId }).then(need))
    const events = await followed
    expect(events.slice(0, stored.length)).toEqual(stored)
    expect(events.at(-1)?.type).toBe('run_created')
  })

  test('without a place to begin gives what comes, and nothing of before', async () => {
    const { client } = native
    await runs(1)
    const before = await newest(client)
    const response = await native.send('GET', '/api/v1/events/stream')
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const messages = readMessages(readBytes(response))
    await messages.next()
    await runs(1)
    const { value } = await messages.next()
    expect([value?.id, (JSON.parse(value?.data ?? '{}') as Event).number]).toEqual([String(before + 1), before + 1])
    await messages.return(undefined)
  })

  test('sends a comment when nothing happens, so that both ends know of each other', async () => {
    const messages = readMessages(readBytes(await native.send('GET', '/api/v1/events/stream')))
    expect(await messages.next()).toMatchObject({ done: false, value: { data: '' } })
    let heartbeat: unknown
    void messages.next().then((next) => (heartbeat = next))
    while (heartbeat === undefined) {
      native.world.clock.advance(15_000)
      await native.client.me()
    }
    expect(heartbeat).toEqual({ done: false, value: undefined })
    await messages.return(undefined)
  })

  test('goes on exactly after Last-Event-ID, which wins over `after`', async () => {
    const { runIds } = await runs(1)
    const { items } = await native.client.runs.events(runIds[0] ?? '')
    const [, second, third] = items
    const response = await native.send('GET', `/api/v1/events/stream?run=${runIds[0]}&after=0`, {
      headers: { 'last-event-id': String(second?.number) },
    })
    const messages = readMessages(readBytes(response))
    await messages.next()
    expect((await messages.next()).value?.id).toBe(String(third?.number))
    await messages.return(undefined)
  })

  test.each(['-1', 'x', '1.5', '1e3x', '99999999', '9'.repeat(30)])(
    'a Last-Event-ID of %s is refused: waiting for it would hide what came before',
    async (id) => {
      const response = await native.send('GET', '/api/v1/events/stream', { headers: { 'last-event-id': id } })
      expect(response.status).toBe(400)
    },
  )

  test('is whole for a reader whose connection is cut again and again', async () => {
    const { server, world } = native
    const { pipelineId } = await runs(5)
    let cuts = 0
    // Cuts every connection after a number of bytes that walks through all places of a message.
    const cutting = async (input: string, init?: RequestInit): Promise<Response> => {
      const response = await fetch(input, init)
      cuts += 1
      let left = 40 + ((cuts * 37) % 900)
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          if (chunk.length <= left) {
            left -= chunk.length
            return controller.enqueue(chunk)
          }
          controller.enqueue(chunk.subarray(0, left))
          controller.error(new Error('cut'))
        },
      })
      return new Response(response.body?.pipeThrough(cut) ?? null, response)
    }
    const { token } = world.credentials
    const reader = createClient({ baseUrl: server.url, token, fetch: cutting, wait: () => Promise.resolve() })
    const whole = (await native.client.events.list({ pipeline: pipelineId, limit: 1_000 })).items
    const read = await take(reader.events.follow({ pipeline: pipelineId, after: 0 }), whole.at(-1)?.number ?? 0)
    expect(read).toEqual(whole)
    expect(cuts).toBeGreaterThan(10)
  })

  test('ends quietly when its reader stops it', async () => {
    const stop = new AbortController()
    const { runIds } = await runs(1)
    const seen: number[] = []
    for await (const { seq } of native.client.events.follow({ run: runIds[0], after: 0, signal: stop.signal })) {
      seen.push(seq)
      if (seq === 2) stop.abort()
    }
    expect(seen).toEqual([1, 2])
  })
})

test('a server gives no more streams at once than it was told, and a place is free again when a reader goes', async () => {
  await using small = await openNative({ streamsMax: 2 })
  const open = (): Promise<Response> => small.send('GET', '/api/v1/events/stream')
  const [first, second] = [await open(), await open()]
  expect([first.status, second.status, (await open()).status]).toEqual([200, 200, 429])
  await first.body?.cancel()
  // The server learns of it when the connection closes.
  let third = await open()
  while (third.status === 429) third = await open()
  expect(third.status).toBe(200)
  expect((await small.send('HEAD', '/api/v1/events/stream')).status).not.toBe(500)
  await Promise.all([second.body?.cancel(), third.body?.cancel()])
})

test('watching a run shows it after everything that happens, and ends with it', async () => {
  const { client, world } = native
  const stages = [stageSpec({ tasks: [taskSpec({ key: 'compile', work })] })]
  const { id } = await world.pipeline(definition({ name: 'watched', stages }))
  const run = await client.runs.start(id)
  await world.settled()
  const statuses: string[] = []
  for await (const { status } of client.runs.watch(run.id)) {
    statuses.push(status)
    if (statuses.length === 1) await finish(run.id)
  }
  expect([statuses[0], statuses.at(-1)]).toEqual(['running', 'succeeded'])
})

function need<Value>(result: { readonly ok: true; readonly value: Value } | { readonly ok: false }): Value {
  if (result.ok) return result.value
  throw new Error('refused')
}
