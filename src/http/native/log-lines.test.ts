import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'
import { LOGS_BEGAN } from '../../testing/world.ts'
import type { LogSource } from '../../host/app.ts'
import { LINE_BYTES_MAX, LogIndex } from './log-index.ts'

const work = { kind: 'runner', uses: 'script', with: { script: 'true' } } as const

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

let count = 0
async function task(): Promise<{
  readonly run: string
  readonly log: (text: string) => void
  readonly end: () => Promise<void>
}> {
  const { client, world } = native
  count += 1
  const stages = [stageSpec({ tasks: [taskSpec({ key: 'compile', work })] })]
  const { id } = await world.pipeline(definition({ name: `lines ${count}`, stages }))
  const run = (await client.runs.start(id)).id
  await world.settled()
  return {
    run,
    log: (text) => world.logs.set(`${run}/1/1`, Buffer.from(text)),
    end: async () => {
      const job = world.runner.jobs.find(({ runId }) => runId === run)
      if (job !== undefined) world.runner.end(job, succeeded())
      await world.settled()
    },
  }
}

const numbered = (to: number): string => Array.from({ length: to }, (_, at) => `line ${at + 1}\n`).join('')

describe('lines of a log', () => {
  test('are given by their numbers, from the beginning, the middle and the end', async () => {
    const { client } = native
    const { run, log } = await task()
    log(numbered(5_000))
    const read = async (from: number, size = 3) => {
      const { lines, total } = await client.logs.lines(run, 'compile', { from, count: size })
      return [total, ...lines.map(({ number, text }) => `${number}: ${text}`)]
    }
    expect(await read(1)).toEqual([5_000, '1: line 1', '2: line 2', '3: line 3'])
    expect(await read(2_345)).toEqual([5_000, '2345: line 2345', '2346: line 2346', '2347: line 2347'])
    expect(await read(-2)).toEqual([5_000, '4999: line 4999', '5000: line 5000'])
    expect(await read(5_001)).toEqual([5_000])
    expect(await read(-9_999, 1)).toEqual([5_000, '1: line 1'])
  })

  test('grow with it: a last line without an end is there, and is then whole', async () => {
    const { client } = native
    const { run, log, end } = await task()
    expect(await client.logs.lines(run, 'compile')).toMatchObject({ total: 0, size: 0, ended: false, lines: [] })
    log('one\ntw')
    expect(await client.logs.lines(run, 'compile')).toMatchObject({
      total: 2,
      lines: [{ text: 'one' }, { text: 'tw', bytes: 2 }],
    })
    log('one\ntwo\r\n')
    await end()
    const { lines, total, ended } = await client.logs.lines(run, 'compile', { beyond: 6 })
    expect([total, ended, lines.map(({ text }) => text)]).toEqual([2, true, ['one', 'two']])
  })

  test('are cut where they are very long, and say how long they are', async () => {
    const { client } = native
    const { run, log } = await task()
    log(`before\n${'x'.repeat(3_000_000)}\nafter`)
    const { lines } = await client.logs.lines(run, 'compile')
    expect(lines.map(({ text, bytes }) => [text.length, bytes])).toEqual([
      [6, 6],
      [LINE_BYTES_MAX, 3_000_000],
      [5, 5],
    ])
  })

  test('say where they begin and when they were written', async () => {
    const { client } = native
    const { run, log } = await task()
    log(`one\r\n${'x'.repeat(300_000)}\n${numbered(5_000)}`)
    const { lines } = await client.logs.lines(run, 'compile', { count: 4 })
    expect(lines.map(({ offset, at }) => [offset, Date.parse(at ?? '') - LOGS_BEGAN])).toEqual(
      [0, 5, 300_006, 300_013].map((offset) => [offset, offset]),
    )
    const { lines: later } = await client.logs.lines(run, 'compile', { from: 3_003, count: 1 })
    expect(later[0]).toMatchObject({ text: 'line 3001', offset: 300_006 + numbered(3_000).length })
  })

  test('hold whatever bytes there are', async () => {
    const { client } = native
    const { run, log } = await task()
    log('\u001b[31mred\u001b[0m <b>构建</b>\u0000\n')
    const { lines } = await client.logs.lines(run, 'compile')
    expect(lines[0]?.text).toBe('\u001b[31mred\u001b[0m <b>构建</b>\u0000')
  })
})

describe('a search', () => {
  test('finds a text in either case with the numbers of its lines, page by page', async () => {
    const { client } = native
    const { run, log } = await task()
    log(`${numbered(3_000)}An ERROR: 失败了\nfine\nerror again`)
    const found = await client.logs.search(run, 'compile', 'error')
    expect(found.items.map(({ number, column }) => [number, column])).toEqual([
      [3_001, 3],
      [3_003, 0],
    ])
    expect((await client.logs.search(run, 'compile', '失败')).items).toMatchObject([
      { number: 3_001, excerpt: 'An ERROR: 失败了' },
    ])
    expect((await client.logs.search(run, 'compile', '.*')).items).toEqual([])
    const { items, next } = await client.logs.search(run, 'compile', 'line 1', { from: 2 })
    expect([items.length, items[0]?.number, next]).toEqual([100, 10, 190])
    const more = await client.logs.search(run, 'compile', 'line 1', { from: next ?? 0 })
    expect(more.items[0]?.number).toBe(190)
  })
})

describe('the index', () => {
  const source = (bytes: Uint8Array, reads: number[] = []): LogSource => ({
    key: 'test',
    attempt: 1,
    size: () => Promise.resolve(bytes.length),
    ended: () => true,
    read: (offset, length) => {
      reads.push(length)
      return Promise.resolve(bytes.subarray(offset, offset + length))
    },
    times: (offsets) => Promise.resolve(offsets.map(() => null)),
    // oxlint-disable-next-line require-yield
    async *follow() {
      await Promise.resolve()
    },
  })
  const never = new AbortController().signal

  test('a million lines are looked at once; a window of them reads little', async () => {
    const bytes = Buffer.from(numbered(1_000_000))
    const reads: number[] = []
    const log = source(bytes, reads)
    const index = new LogIndex()
    await index.extend(log, never)
    expect(index.extent).toEqual({ size: bytes.length, total: 1_000_000 })
    reads.length = 0
    await index.extend(log, never)
    expect(reads).toEqual([])
    for (const from of [1, 2, 255, 256, 257, 65_536, 123_456, 999_801]) {
      reads.length = 0
      const lines = await index.lines(log, from, 200, never)
      expect(lines.map(({ number, text }) => `${number} ${text}`)).toEqual(
        Array.from({ length: 200 }, (_, at) => `${from + at} line ${from + at}`),
      )
      expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(600_000)
    }
  })

  test('a log that became shorter is another one', async () => {
    const index = new LogIndex()
    await index.extend(source(Buffer.from('a\nb\nc\n')), never)
    await index.extend(source(Buffer.from('x\n')), never)
    expect(index.extent).toEqual({ size: 2, total: 1 })
  })

  test('of a line a byte hold up nobody while they are searched', async () => {
    const log = source(Buffer.from('y\n'.repeat(200_000) + 'found\n'))
    const index = new LogIndex()
    await index.extend(log, never)
    let [turns, isOver] = [0, false]
    const others = (): void => {
      turns += 1
      if (!isOver) setImmediate(others)
    }
    setImmediate(others)
    const { items } = await index.search(log, 'found', { from: 1, limit: 10, signal: never })
    isOver = true
    expect(items.map(({ number }) => number)).toEqual([200_001])
    expect(turns).toBeGreaterThan(40)
  })
})
