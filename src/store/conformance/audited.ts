import { describe, expect, test } from 'vitest'
import type { ProjectId, UserId } from '../../model/id.ts'
import type { AuditEntry, KeyRecord, UserRecord } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { freshId, T0 } from './samples.ts'

const entry = (action: string): AuditEntry => ({
  at: T0,
  actor: { kind: 'user', name: '李' },
  action,
  target: 'a target',
  detail: '',
})

const user = (name: string): UserRecord => ({
  id: freshId<UserId>(),
  name,
  domain: '',
  passwordHash: null,
  role: 'viewer',
  projectIds: null,
  createdAt: T0,
  disabledAt: null,
})

const token = (userId: UserId, name: string): KeyRecord => ({
  kind: 'token',
  name,
  secret: 'ab'.repeat(32),
  userId,
  label: '',
  createdAt: T0,
  expiresAt: null,
  revokedAt: null,
})

const project = (name: string) => ({ id: freshId<ProjectId>(), name, description: '', createdAt: T0 })

/** What cannot be written: the column takes no null. */
const broken = { ...entry('broken'), action: null as unknown as string }

/** @param options.durable whether a failure in the middle can leave one without the other at all */
export function describeAudited(open: Open, options: { readonly durable: boolean }): void {
  const actions = async (store: Awaited<ReturnType<typeof openForTest>>['store']): Promise<readonly string[]> =>
    (await store.catalog.audits({}, null, 100)).map(({ action }) => action).toReversed()

  describe('a change and what is written down of it', () => {
    test('are both there, whatever is changed, and it answers as without', async () => {
      const { store } = await openForTest(open)
      const [li, shop] = [user('li'), project('shop')]
      await store.audited(entry('add user')).keys.addUser(li)
      const changed = await store.audited(entry('change user')).keys.changeUser(li.id, { role: 'admin' })
      await store.audited(entry('add key')).keys.addKey(token(li.id, 'a'))
      await store.audited(entry('revoke')).keys.revokeKey('token', 'a', T0 + 1)
      await store.audited(entry('setting')).keys.putSetting('one', 'two')
      const added = await store.audited(entry('add project')).catalog.addProject(shop)
      const renamed = await store
        .audited(entry('change project'))
        .catalog.changeProject(shop.id, { name: 'b', description: '' })
      await store.audited(entry('delete project')).catalog.deleteProject(shop.id, T0)
      expect(await actions(store)).toEqual([
        'add user',
        'change user',
        'add key',
        'revoke',
        'setting',
        'add project',
        'change project',
        'delete project',
      ])
      expect([changed.role, added.serial, renamed.name]).toEqual(['admin', 1, 'b'])
      expect([await store.keys.users(), await store.keys.setting('one')]).toEqual([[{ ...li, role: 'admin' }], 'two'])
      expect((await store.keys.key('token', 'a'))?.revokedAt).toBe(T0 + 1)
    })

    test('are neither when the change is refused', async () => {
      const { store } = await openForTest(open)
      const li = user('li')
      await store.keys.addUser(li)
      const { catalog, keys, secrets } = store.audited(entry('refused'))
      const nobody = freshId<UserId>()
      const nothing = freshId<ProjectId>()
      await expectRefusal('conflict', keys.addUser({ ...user('li') }))
      await expectRefusal('missing', keys.changeUser(nobody, { role: 'admin' }))
      await expectRefusal('missing', keys.addKey(token(nobody, 'a')))
      await expectRefusal('missing', keys.revokeKey('token', 'a', T0))
      await expectRefusal('missing', catalog.changeProject(nothing, { name: 'a', description: '' }))
      await expectRefusal('missing', catalog.deleteProject(nothing, T0))
      await expectRefusal('missing', catalog.deletePipeline(freshId(), T0))
      await expectRefusal('missing', secrets.removeSecret({ projectId: nothing, pipelineId: null, name: 'A' }))
      expect(await actions(store)).toEqual([])
    })

    if (!options.durable) return
    test('are neither when it cannot be written down', async () => {
      const { store } = await openForTest(open)
      const li = user('li')
      await store.keys.addUser(li)
      await store.keys.addKey(token(li.id, 'a'))
      const { catalog, keys } = store.audited(broken)
      // Beside one that is well, in the same turn.
      const ended = await Promise.allSettled([
        keys.addUser(user('wu')),
        keys.changeUser(li.id, { role: 'admin' }),
        store.audited(entry('well')).keys.addUser(user('an')),
        keys.revokeKey('token', 'a', T0),
        catalog.addProject(project('shop')),
      ])
      expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'rejected', 'rejected'])
      expect((await store.keys.users()).map(({ name, role }) => [name, role])).toEqual([
        ['li', 'viewer'],
        ['an', 'viewer'],
      ])
      expect((await store.keys.key('token', 'a'))?.revokedAt).toBeNull()
      expect([await store.catalog.projects(), await actions(store)]).toEqual([[], ['well']])
    })
  })
}
