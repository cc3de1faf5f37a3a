import { expect, test } from 'vitest'
import { rowsBeforePage } from './paging.ts'

test('page 0 and page 1 are both the first page', () => {
  expect([0, 1, 2, 10].map((page) => rowsBeforePage(page, 100))).toEqual([0, 0, 100, 900])
})
