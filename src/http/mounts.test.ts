import { expect, test } from 'vitest'
import { dialects } from '../dialects/index.ts'
import { type Mount, mountTable } from './mounts.ts'

const mount = (name: string, ...prefixes: string[]): Mount => ({
  name,
  prefixes,
  handle: () => Promise.resolve(new Response(name)),
})

test.each([
  ['/api/v1', 'native'],
  ['/api/v1/runs', 'native'],
  ['/api/v10', 'foreign'],
  ['/api/tasks/id/1', 'foreign'],
  ['/v2/manage/pipelines', 'manage'],
  ['/v2/manage', 'manage'],
  ['/v2/managed', 'check'],
  ['/v2/abc/tasks', 'check'],
  ['/v2', 'check'],
  ['/', 'pages'],
  ['/v1', 'pages'],
  ['//v2/abc', 'pages'],
  ['/v3/abc/tasks', 'check'],
  ['/v3/abc/tasks/1/branches', 'check'],
  ['/v3/abc/tasksx', 'iam'],
  ['/v3/abc', 'iam'],
  ['/v3//tasks', 'iam'],
  ['/v3/projects/tasks', 'iam'],
  ['/v3/manage/tasks', 'manage'],
])('%s belongs to %s', (path, owner) => {
  const find = mountTable([
    mount('check', '/v2', '/v3/:project/tasks'),
    mount('iam', '/v3', '/v3/projects'),
    mount('manage', '/v2/manage', '/v3/manage'),
    mount('foreign', '/api'),
    mount('native', '/api/v1/'),
    mount('pages', '/'),
  ])
  expect(find(path)?.name).toBe(owner)
})

test('without a mount at the root, other paths belong to nobody', () => {
  expect(mountTable([mount('native', '/api/v1')])('/api')).toBeUndefined()
})

test('a path of many slashes is found at once', () => {
  const find = mountTable([mount('native', '/api/v1'), mount('pages', '/')])
  const begin = performance.now()
  expect(find('/'.repeat(200_000))?.name).toBe('pages')
  expect(find(`/api/v1${'/'.repeat(200_000)}`)?.name).toBe('native')
  // Looking at every slash takes minutes.
  expect(performance.now() - begin).toBeLessThan(2_000)
})

test('two claims on one prefix are refused, and so is a prefix that is no path', () => {
  expect(() => mountTable([mount('a', '/v2'), mount('b', '/v2/')])).toThrow('b and a both claim')
  expect(() => mountTable([mount('a', 'v2')])).toThrow('begins with a slash')
})

test('every dialect has its own prefixes, and what is under them reaches it and not us', () => {
  expect(dialects.length).toBeGreaterThan(0)
  const native = [mount('native', '/api/v1'), mount('pages', '/', '/healthz')]
  const foreign = dialects.map(({ name, prefixes }) => mount(name, ...prefixes))
  const find = mountTable([...native, ...foreign])
  for (const { name, prefixes } of dialects) {
    expect(prefixes.length).toBeGreaterThan(0)
    for (const prefix of prefixes) {
      expect([prefix, find(prefix)?.name]).toEqual([prefix, name])
      expect([prefix, find(`${prefix}/no/such/thing`)?.name]).toEqual([prefix, name])
    }
  }
  expect(find('/api/v1/runs')?.name).toBe('native')
})
