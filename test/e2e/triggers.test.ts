import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'

interface Run {
  readonly id: string
  readonly status: string
  readonly cause: { readonly kind: string; readonly due?: string; readonly origin?: { readonly run: string } }
}
interface Runs {
  readonly items: readonly Run[]
}
interface Pipeline {
  readonly id: string
  readonly triggers: { readonly list: readonly { readonly path: string }[] }
}

let directory: string
let server: ServerProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-triggers-'))
})
afterEach(async () => {
  await server?.kill()
  rmSync(directory, { recursive: true, force: true })
})

const create = (of: ServerProcess, token: string, ...lines: readonly string[]) =>
  api<Pipeline>(of, token, 'POST', '/pipelines', { project: 'default', definition: lines.join('\n') })

/** Reads the server's stream from its beginning until so many of these runs have ended well. */
async function untilEnded(of: ServerProcess, token: string, pipeline: string, count: number): Promise<readonly Run[]> {
  const stop = new AbortController()
  const stream = await fetch(`${of.url}/api/v1/events/stream`, {
    headers: { authorization: `Bearer ${token}`, 'last-event-id': '0' },
    signal: stop.signal,
  })
  try {
    for await (const part of stream.body ?? []) {
      if (!Buffer.from(part).includes('run_ended')) continue
      const { items } = await api<Runs>(of, token, 'GET', `/runs?pipeline=${pipeline}&status=succeeded&limit=100`)
      if (items.length < count) continue
      return await Promise.all(items.map(({ id }) => api<Run>(of, token, 'GET', `/runs/${id}`)))
    }
    throw new Error('the stream ended')
  } finally {
    stop.abort()
  }
}

test('a schedule starts runs and they start those that follow, across kill -9, each instant and each end once', async () => {
  server = await startServerProcess(directory)
  const token = server.token ?? ''
  const clock = await create(
    server,
    token,
    'name: tick',
    'triggers: [{schedule: "@every 1s", name: often}]',
    'concurrency: 1',
    'tasks: [{key: tick, uses: noop}]',
  )
  const after = await create(
    server,
    token,
    'name: tock',
    'triggers: [{upstream: tick}]',
    'tasks: [{key: tock, script: "true"}]',
  )
  for (const wanted of [1, 2]) {
    await untilEnded(server, token, after.id, wanted)
    await server.kill()
    server = await startServerProcess(directory)
  }
  const upstreams = await untilEnded(server, token, clock.id, 3)
  const dues = upstreams.map(({ cause }) => cause.due)
  expect(new Set(dues).size).toBe(dues.length)
  expect(dues.every((due) => due !== undefined && Date.parse(due) % 1_000 === 0)).toBe(true)
  const followers = await untilEnded(server, token, after.id, 3)
  const origins = followers.map(({ cause }) => cause.origin?.run)
  expect(new Set(origins).size).toBe(origins.length)
}, 60_000)

test('a signed webhook takes what is signed with its secret, once for each delivery', async () => {
  server = await startServerProcess(directory)
  const token = server.token ?? ''
  const pipeline = await create(
    server,
    token,
    'name: hooked',
    'params: {branch: main}',
    'triggers: [{webhook: push, signed: true, params: {ref: branch}}]',
    'tasks: [{key: a, uses: noop}]',
  )
  const { secret } = await api<{ secret: string }>(
    server,
    token,
    'GET',
    `/pipelines/${pipeline.id}/webhooks/push/secret`,
  )
  const body = '{"ref":"dev","zen":"水"}'
  const send = (headers: Readonly<Record<string, string>>) =>
    fetch(`${server?.url}${pipeline.triggers.list[0]?.path}`, { method: 'POST', body, headers })
  const signed = { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }
  expect((await send({})).status).toBe(401)
  const first = await send({ ...signed, 'x-github-delivery': 'one' })
  expect(first.status).toBe(202)
  const { run } = (await first.json()) as { run: { id: string } }
  await server.kill()
  server = await startServerProcess(directory)
  const again = await send({ ...signed, 'x-github-delivery': 'one' })
  expect(await again.json()).toMatchObject({ run: { id: run.id } })
  expect((await api<Runs>(server, token, 'GET', `/runs?pipeline=${pipeline.id}`)).items).toHaveLength(1)
})
