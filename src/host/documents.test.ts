import { expect, test } from 'vitest'
import { openFullStore } from '../testing/full-store.ts'
import { need, openWorld } from '../testing/world.ts'
import { DOCUMENT_BYTES_MAX, type Caller, type DocumentRef } from './app.ts'

const kind = 'dialect/rule-set'

test('a document is read as it was put, and every write gives it another revision', async () => {
  const { app, admin, project, clock } = await openWorld()
  const ref: DocumentRef = { project: { id: project.id }, kind, key: '漢/1' }
  const topics: string[] = []
  app.feed.onChange((changed) => topics.push(...changed))
  const first = need(await app.documents.put(admin, { ...ref, value: { a: [1, null] }, expectedRevision: 0 }))
  expect(first).toEqual({ key: '漢/1', value: { a: [1, null] }, revision: first.revision, updatedAt: clock.now() })
  expect(need(await app.documents.get(admin, ref))).toEqual(first)
  clock.advance(1_000)
  const second = need(await app.documents.put(admin, { ...ref, value: null, expectedRevision: first.revision }))
  expect(second.revision).toBeGreaterThan(first.revision)
  expect(need(await app.documents.get(admin, ref))).toEqual(second)
  expect(need(await app.documents.remove(admin, { ...ref, expectedRevision: second.revision }))).toBeNull()
  expect(await app.documents.get(admin, ref)).toMatchObject({ problem: { code: 'not_found' } })
  expect(topics).toEqual(Array(3).fill(`project:${project.id}`))
})

test('who read an old revision is refused, and so is who expects that there is nothing', async () => {
  const { app, admin, project } = await openWorld()
  const ref: DocumentRef = { project: { name: project.name }, kind, key: 'a' }
  const { revision } = need(await app.documents.put(admin, { ...ref, value: 1 }))
  need(await app.documents.put(admin, { ...ref, value: 2 }))
  for (const expectedRevision of [0, revision]) {
    const put = await app.documents.put(admin, { ...ref, value: 3, expectedRevision })
    expect(put).toMatchObject({ problem: { code: 'conflict' } })
    const removed = await app.documents.remove(admin, { ...ref, expectedRevision })
    expect(removed).toMatchObject({ problem: { code: 'conflict' } })
  }
  expect(need(await app.documents.get(admin, ref)).value).toBe(2)
})

test('viewers read, operators write what is about runs, admins the rest; other projects do not exist', async () => {
  const { app, admin, project } = await openWorld()
  const other = need(await app.projects.create(admin, { name: 'other', description: '' }))
  const as = (role: Caller['role']): Caller => ({ ...admin, role, projectIds: [project.id] })
  const ref = (id: string, of = kind): DocumentRef => ({ project: { id }, kind: of, key: 'a' })
  need(await app.documents.put(admin, { ...ref(project.id), value: 1 }))
  need(await app.documents.put(admin, { ...ref(other.id), value: 1 }))
  const codeOf = (result: Awaited<ReturnType<typeof app.documents.get | typeof app.documents.remove>>) =>
    result.ok ? 'ok' : result.problem.code
  const put = async (role: Caller['role'], where: DocumentRef) =>
    codeOf(await app.documents.put(as(role), { ...where, value: 2 }))
  expect(codeOf(await app.documents.get(as('viewer'), ref(project.id)))).toBe('ok')
  expect(await put('viewer', ref(project.id, 'dialect/run-note'))).toBe('forbidden')
  expect(await put('operator', ref(project.id, 'dialect/run-note'))).toBe('ok')
  expect(await put('operator', ref(project.id))).toBe('forbidden')
  expect(codeOf(await app.documents.remove(as('operator'), ref(project.id)))).toBe('forbidden')
  expect(await put('admin', ref(project.id))).toBe('ok')
  expect(codeOf(await app.documents.get(as('admin'), ref(other.id)))).toBe('not_found')
  expect(await put('admin', ref(other.id))).toBe('not_found')
  expect(codeOf(await app.documents.remove(as('admin'), ref(other.id)))).toBe('not_found')
  const listed = await app.documents.list(as('admin'), { project: { id: other.id }, kind, limit: 10 })
  expect(listed).toMatchObject({ problem: { code: 'not_found' } })
})

test.each([
  ['Dialect/thing', 'a'],
  ['thing', 'a'],
  [`d/${'t'.repeat(63)}`, 'a'],
  [kind, ''],
  [kind, 'k'.repeat(257)],
  [kind, 'a\0'],
  [kind, '\ud800'],
])('a document cannot be called %j %j', async (of, key) => {
  const { app, admin, project } = await openWorld()
  const ref: DocumentRef = { project: { id: project.id }, kind: of, key }
  expect(await app.documents.put(admin, { ...ref, value: 1 })).toMatchObject({ problem: { code: 'invalid_request' } })
  expect(await app.documents.get(admin, ref)).toMatchObject({ problem: { code: 'invalid_request' } })
})

test('a document holds 256 KiB of JSON and no more', async () => {
  const { app, admin, project } = await openWorld()
  const ref: DocumentRef = { project: { id: project.id }, kind, key: 'a' }
  const value = '漢'.repeat(Math.floor((DOCUMENT_BYTES_MAX - 2) / 3))
  expect(need(await app.documents.put(admin, { ...ref, value })).value).toBe(value)
  const more = await app.documents.put(admin, { ...ref, value: `${value}漢` })
  expect(more).toMatchObject({ problem: { code: 'too_large' } })
})

test('documents of a kind are listed in order of their keys, page by page', async () => {
  const { app, admin, project } = await openWorld()
  const home = { project: { id: project.id }, kind }
  for (const key of ['b', 'a/2', 'c', 'a/1']) need(await app.documents.put(admin, { ...home, key, value: key }))
  const first = need(await app.documents.list(admin, { ...home, limit: 3 }))
  expect(first.items.map(({ value }) => value)).toEqual(['a/1', 'a/2', 'b'])
  expect(first.next).toBe('b')
  const rest = need(await app.documents.list(admin, { ...home, after: 'b', limit: 3 }))
  expect([rest.items.map(({ key }) => key), rest.next]).toEqual([['c'], null])
  const some = need(await app.documents.list(admin, { ...home, prefix: 'a/', limit: 0 }))
  expect([some.items.map(({ key }) => key), some.next]).toEqual([['a/1'], 'a/1'])
})

test('a full disk refuses a document and changes nothing', async () => {
  const store = openFullStore()
  const { app, admin, project } = await openWorld({ store })
  const ref: DocumentRef = { project: { id: project.id }, kind, key: 'a' }
  store.refuse(1)
  expect(await app.documents.put(admin, { ...ref, value: 1 })).toMatchObject({ problem: { code: 'unavailable' } })
  expect(await app.documents.get(admin, ref)).toMatchObject({ problem: { code: 'not_found' } })
})
