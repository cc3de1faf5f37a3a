import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import type { AttemptResult } from '../../model/command.ts'
import { exited, succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

let count = 0
interface Logged {
  readonly run: string
  readonly log: (bytes: Uint8Array, attempt?: number) => void
  readonly end: (result: AttemptResult) => Promise<void>
}

/** A task that is running, in a run of its own. */
async function task(): Promise<Logged> {
  const { client, world } = native
  count += 1
  const stages = [stageSpec({ tasks: [taskSpec({ key: 'compile', work })] })]
  const { id } = await world.pipeline(definition({ name: `logs ${count}`, stages }))
  const run = (await client.runs.start(id)).id
  await world.settled()
  return {
    run,
    log: (bytes, attempt = 1) => world.logs.set(`${run}/1/${attempt}`, bytes),
    end: async (result) => {
      const job = world.runner.jobs.find(({ runId }) => runId === run)
      if (job !== undefined) world.runner.end(job, result)
      await world.settled()
    },
  }
}

const all = async (bytes: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Every byte there is, in an order that shows a lost or doubled one. */
const odd = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) % 256)

test('a log is given byte for byte, from any offset, with its size and attempt', async () => {
  const { client, send } = native
  const { run, log } = await task()
  log(odd(700_000))
  const read = await client.logs.read(run, 'compile')
  expect([read.attempt, read.offset, read.size, read.ended]).toEqual([1, 0, 700_000, false])
  expect(Buffer.compare(await all(read.bytes), odd(700_000))).toBe(0)
  for (const offset of [1, 262_144, 699_999, 700_000, 900_000]) {
    const bytes = await all((await client.logs.read(run, 'compile', { offset })).bytes)
    expect([offset, Buffer.compare(bytes, odd(700_000).subarray(offset))]).toEqual([offset, 0])
  }
  const tail = await client.logs.read(run, 'compile', { offset: -100 })
  expect([tail.offset, (await all(tail.bytes)).length]).toEqual([699_900, 100])
  expect((await client.logs.read(run, 'compile', { offset: -10_000_000 })).offset).toBe(0)
  const response = await send('GET', `/api/v1/runs/${run}/nodes/compile/log`)
  expect(response.headers.get('content-length')).toBe('700000')
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain('sandbox')
  await response.body?.cancel()
})

test('following gives everything and ends when the attempt has ended', async () => {
  const { client } = native
  const { run, log, end } = await task()
  log(odd(10_000))
  await end(succeeded())
  expect(Buffer.compare(await all(client.logs.follow(run, 'compile')), odd(10_000))).toBe(0)
  expect((await all(client.logs.follow(run, 'compile', { offset: 9_990 }))).length).toBe(10)
})

test('a follower comes back until the last byte is there, and takes each byte once', async () => {
  const { client } = native
  const { run, log, end } = await task()
  log(odd(100))
  const followed: Buffer[] = []
  for await (const bytes of client.logs.follow(run, 'compile')) {
    followed.push(Buffer.from(bytes))
    if (followed.length === 1) {
      log(odd(250))
      await end(succeeded())
    }
  }
  expect(Buffer.compare(Buffer.concat(followed), odd(250))).toBe(0)
})

test('earlier attempts keep their own log', async () => {
  const { client, world } = native
  const { run, log, end } = await task()
  log(Buffer.from('first'))
  await end(exited(1))
  await client.runs.act(run, 'retry')
  await world.settled()
  log(Buffer.from('second'), 2)
  const text = async (attempt?: number): Promise<string> =>
    (await all((await client.logs.read(run, 'compile', { attempt })).bytes)).toString()
  expect([await text(1), await text(2), await text()]).toEqual(['first', 'second', 'second'])
  await expect(client.logs.read(run, 'compile', { attempt: 3 })).rejects.toMatchObject({ code: 'not_found' })
})

test.each(['offset=x', 'offset=1.5', 'attempt=0', 'attempt=-1', 'follow=maybe'])(
  'the query %s is refused',
  async (query) => {
    const { run } = await task()
    expect((await native.send('GET', `/api/v1/runs/${run}/nodes/compile/log?${query}`)).status).toBe(400)
  },
)

test('a log that is empty is an empty answer', async () => {
  const { client } = native
  const { run } = await task()
  const { bytes, size } = await client.logs.read(run, 'compile')
  expect([size, (await all(bytes)).length]).toEqual([0, 0])
})
