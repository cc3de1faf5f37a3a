import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { StalledSockets } from './stalled.ts'

/** What the sweep looks at, and nothing else of a socket. */
const socket = (bytesWritten: number, writableLength: number) => ({ bytesWritten, writableLength }) as Socket

test('a socket that sends nothing between two looks, and has something to send, is stalled', () => {
  const sockets = new StalledSockets()
  const one = socket(100, 50)
  expect(sockets.look([one])).toEqual([])
  expect(sockets.look([one])).toEqual([one])
})

test('a socket that sends a little, or has nothing to send, is not', () => {
  const sockets = new StalledSockets()
  const slow = { bytesWritten: 100, writableLength: 50 }
  const silent = { bytesWritten: 100, writableLength: 0 }
  for (let look = 0; look < 3; look += 1) {
    expect(sockets.look([slow, silent] as Socket[])).toEqual([])
    slow.writableLength -= 1
  }
})

test('one that had nothing to send in between begins anew', () => {
  const sockets = new StalledSockets()
  const one = { bytesWritten: 100, writableLength: 50 }
  sockets.look([one] as Socket[])
  one.writableLength = 0
  sockets.look([one] as Socket[])
  Object.assign(one, { bytesWritten: 150, writableLength: 100 })
  expect(sockets.look([one] as Socket[])).toEqual([])
})
