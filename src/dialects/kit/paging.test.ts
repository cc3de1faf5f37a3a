import { expect, test } from 'vitest'
import { pageCount, rowsBeforePage } from './paging.ts'

test('page 0 and page 1 are both the first page', () => {
  expect([0, 1, 2, 10].map((page) => rowsBeforePage(page, 100))).toEqual([0, 0, 100, 900])
})

test('a page that is begun counts as one', () => {
  expect([0, 1, 10, 11].map((total) => pageCount(total, 10))).toEqual([0, 1, 1, 2])
})
