import { expect, onTestFinished, test, vi } from 'vitest'
import { expectRefusal } from '../conformance/open.ts'
import { WorkerLink } from './link.ts'

interface Ops {
  readonly [name: string]: (own: never, ...args: number[]) => number
  /** @returns how many calls came in the same message */
  readonly count: (own: never, ...args: number[]) => number
  /** @returns how many messages came before */
  readonly message: (own: never, ...args: number[]) => number
  readonly fail: (own: never) => number
  readonly die: (own: never) => number
  readonly exit: (own: never) => number
}

const start = { role: 'reader', path: '', sizeMaxBytes: null } as const

/** A worker that is not a store, but speaks as one. */
const script = (atStart: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      let messages = 0
      parentPort.on('message', (calls) => {
        if (calls === null) return parentPort.close()
        const failures = []
        const values = calls.map(([name], index) => {
          if (name === 'die') throw new Error('it broke')
          if (name === 'exit') process.exit(3)
          if (name === 'fail') failures.push([index, { code: 'full', message: 'no room' }])
          return name === 'message' ? messages : calls.length
        })
        messages += 1
        parentPort.postMessage({ kind: 'answers', values, failures })
      })
      ${atStart}
    `)}`,
  )

const ready = script("parentPort.postMessage({ kind: 'ready' })")

async function openLink(onFatal: (error: Error) => void = () => undefined): Promise<WorkerLink<Ops>> {
  const link = await WorkerLink.start<Ops>(ready, start, onFatal)
  onTestFinished(() => link.close())
  return link
}

test('the calls of one turn travel in one message, also those that the answers of the last one wake', async () => {
  const link = await openLink()
  const lanes = Array.from({ length: 50 }, async () => [await link.call('count'), await link.call('count')])
  expect(await Promise.all(lanes)).toEqual(lanes.map(() => [50, 50]))
})

test('a turn tells a part of many answers, and what they wake goes together all the same', async () => {
  const link = await openLink()
  let told = 0
  const inOneTurn: number[] = []
  const count = (): void => {
    inOneTurn.push(told)
    told = 0
    if (inOneTurn.reduce((sum, some) => sum + some, 0) < 60) setImmediate(count)
  }
  const lanes = Array.from({ length: 60 }, async () => {
    await link.call('count')
    told += 1
    return link.call('count')
  })
  setImmediate(count)
  expect(await Promise.all(lanes)).toEqual(lanes.map(() => 60))
  expect(Math.max(...inOneTurn)).toBeLessThanOrEqual(32)
})

test('two messages are under way at once, and what comes meanwhile waits for the third', async () => {
  const link = await openLink()
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const first = link.call('message')
  await turn()
  const second = link.call('message')
  await turn()
  const rest: Promise<number>[] = []
  // In one go, so that no answer can come between.
  for (let call = 0; call < 5; call += 1) rest.push(link.call('message'))
  expect(await Promise.all([first, second, ...rest])).toEqual([0, 1, 2, 2, 2, 2, 2])
})

test('a call that fails rejects with its code, and the others of its message do not', async () => {
  const link = await openLink()
  const [before, failed, after] = await Promise.allSettled([link.call('count'), link.call('fail'), link.call('count')])
  expect([before, after]).toEqual(Array(2).fill({ status: 'fulfilled', value: 3 }))
  expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', code: 'full', message: 'no room' } })
})

test.each(['die', 'exit'] as const)(
  'when the worker dies (%s), all that waits rejects as closed, and so does all that comes',
  async (way) => {
    const onFatal = vi.fn()
    const link = await openLink(onFatal)
    const calls = [link.call('count'), link.call(way), link.call('count')]
    for (const call of calls) await expectRefusal('closed', call)
    await expectRefusal('closed', link.call('count'))
    expect(onFatal).toHaveBeenCalledTimes(1)
    await link.close()
    await expectRefusal('closed', link.call('count'))
  },
)

test('a worker that dies while it closes keeps nobody waiting', async () => {
  const onFatal = vi.fn()
  const link = await openLink(onFatal)
  const last = link.call('die')
  const closing = link.close()
  await expectRefusal('closed', last)
  await closing
  expect(onFatal).toHaveBeenCalledTimes(1)
})

test('a worker that refuses to start tells why', async () => {
  const refusal = `parentPort.postMessage({ kind: 'refused', failure: { code: 'corrupt', message: 'bad file' } })`
  const link = WorkerLink.start<Ops>(script(refusal), start, () => undefined)
  await expect(link).rejects.toMatchObject({ name: 'StoreError', code: 'corrupt', message: 'bad file' })
})

test.each(["throw new Error('it broke')", 'process.exit(0)'])(
  'a worker that ends at once is no start: %s',
  async (how) => {
    await expectRefusal(
      'closed',
      WorkerLink.start<Ops>(script(how), start, () => undefined),
    )
  },
)
