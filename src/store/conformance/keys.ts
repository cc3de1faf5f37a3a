import { describe, expect, test } from 'vitest'
import type { ProjectId, UserId } from '../../model/id.ts'
import type { KeyKind, KeyRecord, UserRecord } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { freshId, T0 } from './samples.ts'

const user = (name: string, more: Partial<UserRecord> = {}): UserRecord => ({
  id: freshId<UserId>(),
  name,
  domain: `domain of ${name}`,
  passwordHash: 'scrypt:16384:8:1:c2FsdA:aGFzaA',
  role: 'operator',
  projectIds: null,
  createdAt: T0,
  disabledAt: null,
  ...more,
})

const key = (userId: UserId, kind: KeyKind, name: string, more: Partial<KeyRecord> = {}): KeyRecord => ({
  kind,
  name,
  secret: 'ab'.repeat(32),
  userId,
  label: 'for 测试',
  createdAt: T0,
  expiresAt: null,
  revokedAt: null,
  ...more,
})

export function describeKeys(open: Open): void {
  describe('users', () => {
    test('are found by id and name, and come in the order they were added', async () => {
      const { store } = await openForTest(open)
      expect(await store.keys.users()).toEqual([])
      const all = [
        user('wu'),
        user('陈 😀\0', { passwordHash: null, role: 'admin', projectIds: [] }),
        user('an', { role: 'viewer', projectIds: [freshId<ProjectId>(), freshId<ProjectId>()] }),
      ]
      for (const each of all) await store.keys.addUser(each)
      expect(await store.keys.users()).toEqual(all)
      for (const each of all) {
        expect(await store.keys.user({ by: 'id', id: each.id })).toEqual(each)
        expect(await store.keys.user({ by: 'name', name: each.name })).toEqual(each)
      }
      expect(await store.keys.user({ by: 'id', id: freshId() })).toBeUndefined()
      expect(await store.keys.user({ by: 'name', name: 'WU' })).toBeUndefined()
    })

    test('have ids and names of their own', async () => {
      const { store } = await openForTest(open)
      const first = user('wu')
      await store.keys.addUser(first)
      await expectRefusal('conflict', store.keys.addUser(user('wu')))
      await expectRefusal('conflict', store.keys.addUser(user('an', { id: first.id })))
      expect(await store.keys.users()).toEqual([first])
    })
  })

  describe('a changed user', () => {
    test('has what was changed, and the rest as it was', async () => {
      const { store } = await openForTest(open)
      const [first, other] = [user('wu'), user('an')]
      await store.keys.addUser(first)
      await store.keys.addUser(other)
      const projectIds = [freshId<ProjectId>()]
      const changed = { ...first, role: 'viewer', projectIds } as const
      expect(await store.keys.changeUser(first.id, { role: 'viewer', projectIds })).toEqual(changed)
      const disabled = { ...changed, passwordHash: null, disabledAt: T0 + 1 }
      expect(await store.keys.changeUser(first.id, { passwordHash: null, disabledAt: T0 + 1 })).toEqual(disabled)
      expect(await store.keys.users()).toEqual([disabled, other])
      const again = { ...disabled, projectIds: null, disabledAt: null }
      expect(await store.keys.changeUser(first.id, { projectIds: null, disabledAt: null })).toEqual(again)
      await expectRefusal('missing', store.keys.changeUser(freshId(), { role: 'admin' }))
    })
  })

  describe('keys', () => {
    test('are found by kind and name, and come in the order they were added', async () => {
      const { store } = await openForTest(open)
      const owner = user('wu')
      await store.keys.addUser(owner)
      expect(await store.keys.keys()).toEqual([])
      const all = [
        key(owner.id, 'token', 'b', { expiresAt: T0 + 1 }),
        key(owner.id, 'aksk', 'b', { secret: 'v1:iv:tag:sealed' }),
        key(owner.id, 'bk-app', 'a', { revokedAt: T0 + 2 }),
      ]
      for (const each of all) await store.keys.addKey(each)
      expect(await store.keys.keys()).toEqual(all)
      for (const each of all) expect(await store.keys.key(each.kind, each.name)).toEqual(each)
      expect(await store.keys.key('token', 'a')).toBeUndefined()
      expect(await store.keys.key('token', 'B')).toBeUndefined()
    })

    test('have a name of their own in their kind, and a user', async () => {
      const { store } = await openForTest(open)
      const owner = user('wu')
      await store.keys.addUser(owner)
      const first = key(owner.id, 'token', 'a')
      await store.keys.addKey(first)
      await expectRefusal('conflict', store.keys.addKey(key(owner.id, 'token', 'a', { secret: 'other' })))
      await expectRefusal('missing', store.keys.addKey(key(freshId(), 'token', 'b')))
      expect(await store.keys.keys()).toEqual([first])
    })

    test('are revoked once, and stay readable', async () => {
      const { store } = await openForTest(open)
      const owner = user('wu')
      await store.keys.addUser(owner)
      const token = key(owner.id, 'token', 'a')
      const app = key(owner.id, 'bk-app', 'a')
      await store.keys.addKey(token)
      await store.keys.addKey(app)
      await store.keys.revokeKey('token', 'a', T0 + 1)
      await store.keys.revokeKey('token', 'a', T0 + 2)
      expect(await store.keys.keys()).toEqual([{ ...token, revokedAt: T0 + 1 }, app])
      expect(await store.keys.key('token', 'a')).toEqual({ ...token, revokedAt: T0 + 1 })
      await expectRefusal('missing', store.keys.revokeKey('aksk', 'a', T0))
    })
  })

  describe('settings', () => {
    test('are what was put last', async () => {
      const { store } = await openForTest(open)
      expect(await store.keys.setting('a')).toBeUndefined()
      await store.keys.putSetting('a', '1')
      await store.keys.putSetting('__proto__', '')
      await store.keys.putSetting('a', '漢😀\0')
      expect(await store.keys.setting('a')).toBe('漢😀\0')
      expect(await store.keys.setting('__proto__')).toBe('')
      expect(await store.keys.setting('constructor')).toBeUndefined()
    })
  })
}
