import { expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import { FakeClock } from '../../testing/clock.ts'
import { Standby, STANDBY_MS } from './standby.ts'

const RUN = asId<RunId>('0a'.repeat(16))

function open() {
  const clock = new FakeClock()
  const looked: RunId[] = []
  const standby = new Standby(clock, (id) => void looked.push(id))
  return { clock, looked, standby }
}

test('a run that another server has moved is looked at a moment later, and once', () => {
  const { clock, looked, standby } = open()
  standby.moved(RUN)
  standby.moved(RUN)
  clock.advance(STANDBY_MS)
  expect(looked).toEqual([])
  clock.advance(STANDBY_MS)
  expect(looked).toEqual([RUN])
  clock.advance(10 * STANDBY_MS)
  expect(looked).toEqual([RUN])
})

test('a run that is moved again and again is looked at all the same', () => {
  const { clock, looked, standby } = open()
  for (let count = 0; count < 12; count += 1) {
    standby.moved(RUN)
    clock.advance(STANDBY_MS / 2)
  }
  expect(looked.length).toBeGreaterThanOrEqual(2)
})

test('after its end nothing is looked at', () => {
  const { clock, looked, standby } = open()
  standby.moved(RUN)
  standby.close()
  clock.advance(10 * STANDBY_MS)
  expect(looked).toEqual([])
})
