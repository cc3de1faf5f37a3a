import { expect, test } from 'vitest'
import { suggestion } from './suggest.ts'

const known = ['name', 'timeout', 'on_failure', 'needs', 'env', 'when']

test.each([
  ['tiemout', 'timeout'],
  ['timeot', 'timeout'],
  ['on-failure', 'on_failure'],
  ['onFailure', 'on_failure'],
  ['Name', 'name'],
  ['need', 'needs'],
  ['envs', 'env'],
])('%s is taken for %s', (found, meant) => {
  expect(suggestion(found, known)).toBe(` (did you mean "${meant}"?)`)
})

test.each(['x', 'environment', 'steps', '', 'x'.repeat(1_000)])('%s is taken for nothing', (found) => {
  expect(suggestion(found, known)).toBe('')
})
