import { expect, test } from 'vitest'
import { repositoryName } from './contexts.ts'

test.each([
  ['https://codehub.example.com/group/web.git', 'web'],
  ['git@codehub.example.com:group/web.git/', 'web'],
  ['file:///srv/git/web', 'web'],
  ['host:web.git', 'web'],
  ['web', 'web'],
  ['.git', ''],
  ['///', ''],
  ['', ''],
])('the repository of %j is %j', (url, name) => {
  expect(repositoryName(url)).toBe(name)
})

test.each(['/', 'a', ':'])('an address costs what it is long: %s', (piece) => {
  expect(repositoryName(`${piece.repeat(500_000)}:web`)).toBe('web')
})
