import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLog } from './logs.ts'

let directory: string
let path: string
let ended: AbortController
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-logs-'))
  path = join(directory, 'run', '1-1.log')
  ended = new AbortController()
})
afterEach(() => rmSync(directory, { recursive: true }))

const open = (): ReturnType<typeof openLog> => openLog(path, 1, ended.signal)
const never = new AbortController().signal

/** Reads pieces one after the other as text; `next` waits. */
function reader(offset = 0, signal: AbortSignal = never) {
  const pieces = open().follow(offset, signal)[Symbol.asyncIterator]()
  return {
    next: async (): Promise<string | undefined> => {
      const { done, value } = await pieces.next()
      return done === true ? undefined : Buffer.from(value).toString()
    },
    stop: () => pieces.return?.(),
  }
}

async function collect(offset = 0): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of open().follow(offset, never)) parts.push(part)
  return Buffer.concat(parts).toString()
}

const write = (text: string): void => {
  mkdirSync(join(directory, 'run'), { recursive: true })
  appendFileSync(path, text)
}

describe('a log that is whole', () => {
  beforeEach(() => {
    write('0123456789')
    ended.abort()
  })

  test('has a size, an end and any part of itself', async () => {
    const log = open()
    expect([log.attempt, log.ended(), await log.size()]).toEqual([1, true, 10])
    const read = async (offset: number, length: number): Promise<string> =>
      Buffer.from(await log.read(offset, length)).toString()
    expect(await read(0, 10)).toBe('0123456789')
    expect(await read(3, 4)).toBe('3456')
    expect(await read(8, 1e12)).toBe('89')
    expect(await read(10, 5)).toBe('')
    expect(await read(1e12, 5)).toBe('')
  })

  test('is followed from any offset to its end', async () => {
    expect([await collect(), await collect(7), await collect(10), await collect(99)]).toEqual([
      '0123456789',
      '789',
      '',
      '',
    ])
  })
})

describe('a log that is being written', () => {
  test('may not exist yet: it is empty, and its first bytes come when they are there', async () => {
    expect(await open().size()).toBe(0)
    expect(await open().read(0, 10)).toEqual(new Uint8Array())
    const log = reader()
    const first = log.next()
    write('hello')
    expect(await first).toBe('hello')
    await log.stop()
  })

  test('gives each piece as it comes, and ends with the attempt', async () => {
    const log = reader()
    for (const text of ['one\n', 'two\n', 'three\n']) {
      const next = log.next()
      write(text)
      expect(await next).toBe(text)
    }
    const last = log.next()
    ended.abort()
    expect(await last).toBeUndefined()
  })

  test('loses nothing that was written before the end was told', async () => {
    const log = reader()
    const first = log.next()
    write('early ')
    await first
    const last = log.next()
    write('late')
    ended.abort()
    expect([await last, await log.next()]).toEqual(['late', undefined])
  })

  test('that never gets a byte ends empty', async () => {
    const log = reader()
    const next = log.next()
    ended.abort()
    expect(await next).toBeUndefined()
  })

  test('is let go when the reader goes', async () => {
    const gone = new AbortController()
    const next = reader(0, gone.signal).next()
    gone.abort()
    expect(await next).toBeUndefined()
  })

  test('followed from beyond its end, begins there', async () => {
    const log = reader(3)
    const next = log.next()
    write('ab')
    write('cdef')
    expect(await next).toBe('def')
    await log.stop()
  })

  test('reaches many readers whole, wherever they begin', async () => {
    const whole = createHash('sha256')
    const readers = Array.from({ length: 20 }, () => {
      const hash = createHash('sha256')
      const done = (async () => {
        for await (const part of open().follow(0, never)) hash.update(part)
        return hash.digest('hex')
      })()
      return done
    })
    const ready = reader()
    const first = ready.next()
    write('begin\n')
    whole.update('begin\n')
    await first
    await ready.stop()
    const fd = openSync(path, 'a')
    for (let round = 0; round < 200; round += 1) {
      const piece = Buffer.alloc(50_000, `${round} `)
      writeSync(fd, piece)
      whole.update(piece)
      if (round % 10 === 0) await new Promise(setImmediate)
    }
    closeSync(fd)
    ended.abort()
    const expected = whole.digest('hex')
    expect(await Promise.all(readers)).toEqual(readers.map(() => expected))
  })
})

test('a follower leaves no watch and no timer behind', async () => {
  const before = process.getActiveResourcesInfo().filter((name) => /FSEvent|Timeout/.test(name)).length
  const log = reader()
  const next = log.next()
  write('x')
  await next
  await log.stop()
  expect(process.getActiveResourcesInfo().filter((name) => /FSEvent|Timeout/.test(name)).length).toBeLessThanOrEqual(
    before,
  )
})
