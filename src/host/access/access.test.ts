import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../testing/clock.ts'
import { openWorld } from '../../testing/world.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { openFullStore } from '../../testing/full-store.ts'
import type { Role } from '../../store/store.ts'
import { refuse } from '../../model/problem.ts'
import { Credentials } from './access.ts'
import { auditTrail } from './audit.ts'
import { Lockout } from './lockout.ts'
import { hashPassword, isPassword, seal, unseal } from '../secrets/seal.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 3_600_000

async function openAccess() {
  const clock = new FakeClock()
  const store = openFullStore()
  const changes = { count: 0 }
  const entropy = seededEntropy('access')
  const open = () =>
    Credentials.open({
      keys: store.keys,
      clock,
      entropy,
      sealKey: new Uint8Array(32).fill(5),
      audit: auditTrail({
        store,
        clock,
        onDefect: (error) => {
          throw error
        },
      }),
      projectId: async () => refuse('not_found', 'no project here'),
      onChange: () => (changes.count += 1),
    })
  const access = await open()
  const user = (name: string, role: Role = 'operator', password: string | null = null) =>
    access.addUser({ name, domain: 'example', password, role })
  return { clock, store, access, changes, open, user }
}

describe('a token', () => {
  test('lets in as its user, with the role and the end that it has', async () => {
    const { access, clock, user } = await openAccess()
    const viewer = await user('chen', 'viewer')
    const { token } = await access.issueToken(viewer, 'ci', clock.now() + DAY_MS)
    expect(token).toMatch(/^mr_[0-9a-f]{16}_[0-9a-f]{64}$/)
    expect(await access.byToken(token)).toEqual({ ...viewer, expiresAt: clock.now() + DAY_MS })
    clock.advance(DAY_MS - 1)
    expect(await access.byToken(token)).toBeDefined()
    clock.advance(1)
    expect(await access.byToken(token)).toBeUndefined()
  })

  test.each<[string, (token: string) => string]>([
    ['nothing', () => ''],
    ['another id', (token) => token.replace(/_[0-9a-f]/, '_g')],
    ['another secret', (token) => token.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['a cut one', (token) => token.slice(0, -1)],
    ['only the id', (token) => token.slice(0, 19)],
    ['an extra part', (token) => `${token}_`],
    ['an extra part with text', (token) => `${token}_00`],
    ['spaces around', (token) => ` ${token} `],
    ['upper case', (token) => token.toUpperCase()],
    ['another prefix', (token) => token.replace('mr_', 'mx_')],
    ['a name of every object', () => 'mr___proto___00'],
    ['100,000 characters', (token) => token + 'a'.repeat(100_000)],
  ])('that is not whole does not let in: %s', async (_, change) => {
    const { access, user } = await openAccess()
    const { token } = await access.issueToken(await user('chen'), 'ci', null)
    expect(await access.byToken(change(token))).toBeUndefined()
    expect(await access.byToken(token)).toBeDefined()
  })

  test('that is revoked lets nobody in, caches are told, and the store remembers', async () => {
    const { access, changes, open, user } = await openAccess()
    const operator = await user('chen')
    const { token } = await access.issueToken(operator, 'ci', null)
    const tokenId = token.split('_')[1] ?? ''
    expect(await access.revokeToken(operator, tokenId)).toEqual({ ok: true, value: null })
    expect([await access.byToken(token), await access.tokens(operator), changes.count]).toEqual([undefined, [], 1])
    expect(await (await open()).byToken(token)).toBeUndefined()
  })

  test('of another user is neither seen nor revoked but by an admin', async () => {
    const { access, user } = await openAccess()
    const [owner, other, admin] = [await user('chen'), await user('li'), await user('root', 'admin')]
    const { token } = await access.issueToken(owner, 'ci', null)
    const tokenId = token.split('_')[1] ?? ''
    expect(await access.tokens(other)).toEqual([])
    expect(await access.revokeToken(other, tokenId)).toMatchObject({ problem: { code: 'not_found' } })
    expect((await access.tokens(admin)).map(({ id }) => id)).toEqual([tokenId])
    expect(await access.revokeToken(admin, tokenId)).toMatchObject({ ok: true })
  })

  test('that has expired leaves the memory as others come', async () => {
    const { access, clock, store, open, user } = await openAccess()
    const operator = await user('chen')
    for (let count = 0; count < 1_500; count += 1) await access.issueToken(operator, 'iam', clock.now() + DAY_MS)
    clock.advance(DAY_MS)
    await access.issueToken(operator, 'ci', null)
    expect((await access.tokens(operator)).map(({ label }) => label)).toEqual(['ci'])
    expect((await store.keys.keys()).length).toBe(1_501)
    expect((await (await open()).tokens(operator)).length).toBe(1)
  })

  test('is not revoked while the disk is full', async () => {
    const { access, store, user } = await openAccess()
    const operator = await user('chen')
    const { token } = await access.issueToken(operator, 'ci', null)
    store.refuse(1)
    const refused = await access.revokeToken(operator, token.split('_')[1] ?? '')
    expect(refused).toMatchObject({ ok: false, problem: { code: 'unavailable' } })
    expect(await access.byToken(token)).toBeDefined()
    store.refuse(1)
    await expect(access.issueToken(operator, 'ci', null)).rejects.toMatchObject({ code: 'full' })
    expect((await access.tokens(operator)).length).toBe(1)
  })
})

describe('an access key', () => {
  test('gives its secret back and is known after a restart', async () => {
    const { access, open, user } = await openAccess()
    const operator = await user('chen')
    const { ak, sk } = await access.addAccessKey(operator, 'sdk')
    expect([ak, sk.length]).toEqual([expect.stringMatching(/^[0-9A-Z]{20}$/) as string, 40])
    expect(await access.byAccessKey(ak)).toEqual({ secret: sk, caller: operator })
    expect(await (await open()).byAccessKey(ak)).toEqual({ secret: sk, caller: operator })
    expect(await access.byAccessKey(ak.toLowerCase())).toBe('unknown')
  })

  test('is locked for five minutes by the sixth failure within five minutes', async () => {
    const { access, clock, user } = await openAccess()
    const { ak } = await access.addAccessKey(await user('chen'), 'sdk')
    for (let count = 0; count < 5; count += 1) access.failedSignature(ak)
    expect(await access.byAccessKey(ak)).not.toBe('locked')
    clock.advance(4 * MINUTE_MS)
    access.failedSignature(ak)
    expect(await access.byAccessKey(ak)).toBe('locked')
    clock.advance(5 * MINUTE_MS - 1)
    expect(await access.byAccessKey(ak)).toBe('locked')
    clock.advance(1)
    expect(await access.byAccessKey(ak)).not.toBe('locked')
  })
})

test('failures that are five minutes apart lock nothing, and a lock is one name’s only', () => {
  const clock = new FakeClock()
  const lockout = new Lockout(clock)
  for (let count = 0; count < 12; count += 1) {
    lockout.failed('a')
    if (count % 5 === 4) clock.advance(5 * MINUTE_MS)
  }
  expect(lockout.isLocked('a')).toBe(false)
  for (let count = 0; count < 6; count += 1) lockout.failed('b')
  expect([lockout.isLocked('a'), lockout.isLocked('b'), lockout.isLocked('c')]).toEqual([false, true, false])
})

describe('a temporary key pair', () => {
  test('is known with its security token until it ends, and after a restart too', async () => {
    const { access, clock, open, user } = await openAccess()
    const operator = await user('chen')
    const { ak, sk, securityToken } = await access.issueAccessKey(operator, 'iam', clock.now() + MINUTE_MS)
    const expiresAt = clock.now() + MINUTE_MS
    for (const each of [access, await open()]) {
      expect(await each.byAccessKey(ak, securityToken)).toEqual({ secret: sk, caller: { ...operator, expiresAt } })
      for (const wrong of [undefined, null, '', `${securityToken}x`])
        expect(await each.byAccessKey(ak, wrong)).toBe('unknown')
    }
    clock.advance(MINUTE_MS)
    expect(await access.byAccessKey(ak, securityToken)).toBe('unknown')
  })

  test('a pair without an end needs no token, whatever comes with it', async () => {
    const { access, user } = await openAccess()
    const operator = await user('chen')
    const { ak, sk } = await access.addAccessKey(operator, 'sdk')
    expect(await access.byAccessKey(ak, 'anything')).toEqual({ secret: sk, caller: operator })
  })
})

describe('an app', () => {
  test('is known by its code and let in by its secret', async () => {
    const { access, user } = await openAccess()
    const operator = await user('chen')
    const { secret } = await access.addApp(operator, 'esb', 'gateway')
    expect(await access.byApp('esb', secret)).toEqual(operator)
    expect(await access.byApp('esb', `${secret}0`)).toBe('wrong')
    expect(await access.byApp('esb', '')).toBe('wrong')
    expect(await access.byApp('other', secret)).toBe('unknown')
  })
})

describe('a password', () => {
  test('lets in with the right name and, where it is asked for, the right domain', async () => {
    const { access, user } = await openAccess()
    const operator = await user('chen', 'operator', 'swordfish')
    await user('li')
    expect(await access.byPassword('chen', 'swordfish', null)).toEqual(operator)
    expect(await access.byPassword('chen', 'swordfish', 'example')).toEqual(operator)
    for (const [name, password, domain] of [
      ['chen', 'swordfish', 'other'],
      ['chen', 'Swordfish', null],
      ['li', '', null],
      ['nobody', '', null],
      ['chen', 'x'.repeat(2_000), null],
      ['x'.repeat(2_000), 'swordfish', null],
    ] as const) {
      expect(await access.byPassword(name, password, domain)).toBeUndefined()
    }
  })

  test('that one source guesses at is not locked for another, until there are very many', async () => {
    // The world's user has a hash that costs nothing.
    const { app, clock, credentials } = await openWorld()
    const guess = (password: string, source: string) => app.access.byPassword(credentials.user, password, null, source)
    for (let count = 0; count < 6; count += 1) await guess('wrong', '192.0.2.1')
    expect(await guess(credentials.password, '192.0.2.1')).toBeUndefined()
    expect(await guess(credentials.password, '192.0.2.2')).toBeDefined()
    for (let count = 6; count <= 100; count += 1) await guess('wrong', `192.0.2.${100 + (count % 50)}`)
    expect(await guess(credentials.password, '192.0.2.2')).toBeUndefined()
    clock.advance(5 * MINUTE_MS)
    expect(await guess(credentials.password, '192.0.2.1')).toBeDefined()
  })

  test('cannot be guessed by many tries at once', async () => {
    const { access, clock, user } = await openAccess()
    await user('chen', 'operator', 'swordfish')
    const guesses = Array.from({ length: 20 }, (_, at) => (at === 10 ? 'swordfish' : `guess ${at}`))
    const found = await Promise.all(guesses.map((guess) => access.byPassword('chen', guess, null)))
    expect(found.every((caller) => caller === undefined)).toBe(true)
    clock.advance(5 * MINUTE_MS)
    expect(await access.byPassword('chen', 'swordfish', null)).toBeDefined()
  })
})

test('nothing secret is in the store', async () => {
  const { access, store, user } = await openAccess()
  const operator = await user('chen', 'operator', 'swordfish')
  const { token } = await access.issueToken(operator, 'ci', null)
  const { sk } = await access.addAccessKey(operator, 'sdk')
  const { secret } = await access.addApp(operator, 'esb', 'gateway')
  const kept = JSON.stringify([await store.keys.users(), await store.keys.keys()])
  const tokenSecret = token.split('_')[2] ?? ''
  for (const text of ['swordfish', token, tokenSecret, sk, secret]) {
    expect(text.length).toBeGreaterThan(8)
    for (const form of [text, Buffer.from(text).toString('base64'), Buffer.from(text).toString('hex')]) {
      expect(kept.includes(form.replace(/=+$/, ''))).toBe(false)
    }
    if (/^[0-9a-f]+$/.test(text)) expect(kept.includes(Buffer.from(text, 'hex').toString('base64'))).toBe(false)
  }
  expect(kept).toContain('esb')
})

describe('what is sealed', () => {
  const entropy = seededEntropy('seal')
  const key = new Uint8Array(32).fill(9)

  test('is read with the same key and in the same place only, and looks different every time', () => {
    const sealed = seal(key, 'geheim 秘密', 'secret/a', entropy)
    expect(unseal(key, sealed, 'secret/a')).toBe('geheim 秘密')
    expect(seal(key, 'geheim 秘密', 'secret/a', entropy)).not.toBe(sealed)
    expect(() => unseal(new Uint8Array(32), sealed, 'secret/a')).toThrow(
      /sealed with the key [0-9a-f]{16}, and the key/,
    )
    expect(() => unseal(key, sealed, 'secret/b')).toThrow()
    expect(sealed).not.toContain('geheim')
  })

  test('is not read when any byte of it was changed, or some are missing', () => {
    const [version = '', id = '', text = ''] = seal(key, 'secret', 'p', entropy).split('.')
    const bytes = Buffer.from(text, 'base64')
    for (let place = 0; place < bytes.length; place += 1) {
      const changed = Buffer.from(bytes)
      changed[place] = (changed[place] ?? 0) ^ 1
      const again = (part: Buffer): string => `${version}.${id}.${part.toString('base64')}`
      expect(() => unseal(key, again(changed), 'p')).toThrow()
      expect(() => unseal(key, again(bytes.subarray(0, place)), 'p')).toThrow()
    }
    // Without its place, as earlier servers sealed.
    expect(() => unseal(key, text, 'p')).toThrow('it is not sealed as this server seals')
  })

  test('a hash of a password tells it from others, and no password fits nobody', async () => {
    const stored = await hashPassword('swordfish', entropy)
    expect(await isPassword('swordfish', stored)).toBe(true)
    expect(await isPassword('swordfish ', stored)).toBe(false)
    expect(await isPassword('', null)).toBe(false)
    expect(await hashPassword('swordfish', entropy)).not.toBe(stored)
  })
})
