import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../test/support/native-server.ts'
import { dialects } from '../dialects/index.ts'
import type { Caller } from '../host/app.ts'
import { openLog } from '../host/logs/logs.ts'
import { definition, stageSpec, taskSpec } from '../testing/views.ts'
import { need, openWorld } from '../testing/world.ts'

/** Longer than a machine under load takes for it; a stream that is not cut has no end. */
const SOON_MS = 30_000

let directory: string
let native: NativeServer
let run: string
let pipeline: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-streams-'))
  const path = join(directory, 'log')
  writeFileSync(path, 'begun\n')
  const world = await openWorld({ openLog: (_, __, attempt, ended) => openLog(path, attempt, ended) })
  native = await openNative({ dialects, world })
  const { client } = native
  const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const
  const view = await world.pipeline(
    definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'compile', work })] })] }),
  )
  pipeline = view.name
  const started = await client.runs.start(view.id)
  run = started.id
  await world.settled()
})
afterAll(async () => {
  await native.server.close()
  rmSync(directory, { recursive: true })
})

/** Answers without an end. */
const streams: Readonly<Record<string, () => string>> = {
  'the events of the server': () => '/api/v1/events/stream?after=0',
  'a log that is followed': () => `/api/v1/runs/${run}/nodes/compile/log?follow=true`,
  "a task's state, as Zadig tells it": () => `/api/aslan/workflow/sse/tasks/running?pipeline=${pipeline}`,
}

let count = 0
interface Reader {
  readonly caller: Caller
  readonly token: string
  readonly tokenId: string
  readonly name: string
}

async function reader(expiresAt: number | null = null): Promise<Reader> {
  const { world } = native
  count += 1
  const name = `reader-${count}`
  const caller = await world.host.credentials.addUser({ name, domain: 'd', password: null, role: 'viewer' })
  const { token } = await world.host.credentials.issueToken(caller, '', expiresAt)
  return { caller, token, tokenId: token.split('_')[1] ?? '', name }
}

async function open(
  path: string,
  token: string,
): Promise<{ readonly begun: string; readonly ended: Promise<'ended'> }> {
  const response = await native.send('GET', path, { token })
  expect(response.status).toBe(200)
  const body = response.body!.getReader()
  const { value } = await body.read()
  const rest = async (): Promise<'ended'> => {
    while ((await body.read()).done !== true);
    return 'ended'
  }
  return { begun: Buffer.from(value ?? []).toString(), ended: rest() }
}

const inTime = (ended: Promise<'ended'>): Promise<'ended' | 'open'> =>
  Promise.race([ended, new Promise<'open'>((resolve) => setTimeout(() => resolve('open'), SOON_MS).unref())])

const causes: Readonly<Record<string, (one: Reader) => Promise<unknown>>> = {
  'its user is disabled': ({ name }) => native.world.app.users.change(native.world.admin, name, { disabled: true }),
  'its token is removed': async ({ tokenId }) =>
    need(await native.world.app.access.revokeToken(native.world.admin, tokenId)),
  'its user sees other projects': ({ name }) =>
    native.world.app.users.change(native.world.admin, name, { projects: [] }),
}

describe.each(Object.entries(streams))('%s', (_, path) => {
  test.each(Object.entries(causes))(
    'ends when %s, and those of others go on',
    async (__, cause) => {
      const [one, other] = [await reader(), await reader()]
      const [cut, kept] = [await open(path(), one.token), await open(path(), other.token)]
      expect(cut.begun).not.toBe('')
      await cause(one)
      expect(await inTime(cut.ended)).toBe('ended')
      expect(await Promise.race([kept.ended, new Promise((resolve) => setImmediate(() => resolve('open')))])).toBe(
        'open',
      )
      await causes['its token is removed']?.(other)
      expect(await inTime(kept.ended)).toBe('ended')
    },
    2 * SOON_MS,
  )
})

test(
  'a token that is over ends its streams',
  async () => {
    const { world } = native
    const one = await reader(world.clock.now() + 60_000)
    const stream = await open(streams['the events of the server']?.() ?? '', one.token)
    world.clock.advance(60_000)
    expect(await inTime(stream.ended)).toBe('ended')
  },
  2 * SOON_MS,
)

test(
  'who waits for more of a log is told nothing of it when it is not let in any more',
  async () => {
    const one = await reader()
    const waiting = native.send('GET', `/api/v1/runs/${run}/nodes/compile/log/lines?beyond=6`, { token: one.token })
    // Its stream is open when the other one, which was asked for after it, is.
    await (await native.send('GET', streams['the events of the server']?.() ?? '', { token: one.token })).body?.cancel()
    await causes['its user is disabled']?.(one)
    expect((await waiting).status).toBe(401)
  },
  2 * SOON_MS,
)
