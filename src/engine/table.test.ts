import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Table } from './table.ts'

test.each([0, 1, 31, 32, 33, 1_024, 1_025, 32_768, 32_769])('%i entries are found at their places', (size) => {
  const items = Array.from({ length: size }, (_, at) => at)
  const table = Table.from(items)
  expect(table.size).toBe(size)
  expect(items.map((at) => table.at(at))).toEqual(items)
  expect(table.toArray()).toEqual(items)
})

test('a change makes a new table and leaves the old one as it was', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_000 }),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }),
      (size, changes) => {
        const plain = Array.from({ length: size }, () => -1)
        let table = Table.from(plain)
        for (const [index, item] of changes) {
          const before = table
          const kept = before.toArray()
          table = table.with(index % size, item)
          plain[index % size] = item
          expect(before.toArray()).toEqual(kept)
        }
        expect(table.toArray()).toEqual(plain)
      },
    ),
    { numRuns: 50 },
  )
})

test.each([-1, 40, 64, 0.5 + 40, Number.NaN])('there is no entry %d in a table of 40', (index) => {
  const table = Table.from(Array.from({ length: 40 }, () => 0))
  expect(() => table.at(index)).toThrow(RangeError)
  expect(() => table.with(index, 1)).toThrow(RangeError)
})
