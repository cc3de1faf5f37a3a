import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { asId, type UserId } from '../../model/id.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import type { Store } from '../../store/store.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { openSealKeys, rotateSealKey } from './key-file.ts'
import { accessKeyPlace, adoptSealKey, secretPlace } from './seal-key.ts'
import { keyIdOf, seal, unseal } from './seal.ts'

const entropy = seededEntropy('seal-key')
const NONE = { key: null, old: null }
const directory = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return made
}
const AK = 'A'.repeat(20)

/** A store with one of everything that is sealed. */
async function filled(key: Uint8Array) {
  const store = openMemoryStore()
  const by = { id: asId<UserId>('1'.repeat(32)), name: 'wu' }
  await store.keys.addUser({
    ...by,
    domain: 'd',
    passwordHash: null,
    role: 'admin',
    projectIds: null,
    createdAt: 1,
    disabledAt: null,
  })
  const project = await store.catalog.addProject({ id: asId('2'.repeat(32)), name: 'p', description: '', createdAt: 1 })
  const place = { projectId: project.id, pipelineId: null, name: 'TOKEN' }
  await store.secrets.putSecret({ ...place, sealed: seal(key, 'the value', secretPlace(place), entropy), at: 1, by })
  await store.keys.addKey({
    kind: 'aksk',
    name: AK,
    secret: seal(key, 'the secret key', accessKeyPlace(AK), entropy),
    userId: by.id,
    label: '',
    createdAt: 1,
    expiresAt: null,
    revokedAt: null,
  })
  return store
}

async function opens(store: Store, key: Uint8Array): Promise<readonly string[]> {
  const [secret] = await store.secrets.secrets()
  const accessKey = await store.keys.key('aksk', AK)
  return [unseal(key, secret!.sealed, secretPlace(secret!)), unseal(key, accessKey!.secret, accessKeyPlace(AK))]
}
const VALUES = ['the value', 'the secret key']

test('a rotation seals everything again, and the secrets of webhooks stay what they are', async () => {
  const data = directory()
  const { sealKey: first } = await openSealKeys(openMemoryStore(), entropy, data, NONE)
  const store = await filled(first)
  const { webhookRoot } = await openSealKeys(store, entropy, data, NONE)
  const { before, after } = await rotateSealKey(store, entropy, data)
  expect([before, existsSync(join(data, 'secret.key.next'))]).toEqual([keyIdOf(first), false])
  expect(statSync(join(data, 'secret.key')).mode & 0o777).toBe(0o600)
  const now = await openSealKeys(store, entropy, data, NONE)
  expect(keyIdOf(now.sealKey)).toBe(after)
  expect(await opens(store, now.sealKey)).toEqual(VALUES)
  await expect(opens(store, first)).rejects.toThrow(/sealed with the key/)
  expect(Buffer.from(now.webhookRoot)).toEqual(Buffer.from(webhookRoot))
  await rotateSealKey(store, entropy, data)
  expect(Buffer.from((await openSealKeys(store, entropy, data, NONE)).webhookRoot)).toEqual(Buffer.from(webhookRoot))
})

test.each(['before anything was sealed again', 'after everything was sealed again'])(
  'a rotation that is cut off %s leaves a server that opens everything',
  async (when) => {
    const data = directory()
    const { sealKey: first } = await openSealKeys(openMemoryStore(), entropy, data, NONE)
    const store = await filled(first)
    await openSealKeys(store, entropy, data, NONE)
    const fresh = entropy.bytes(32)
    writeFileSync(join(data, 'secret.key.next'), fresh, { mode: 0o600 })
    const done = when.startsWith('after')
    if (done) await adoptSealKey(store, entropy, fresh, [first])
    const { sealKey } = await openSealKeys(store, entropy, data, NONE)
    expect(keyIdOf(sealKey)).toBe(keyIdOf(done ? fresh : first))
    expect(await opens(store, sealKey)).toEqual(VALUES)
    expect(existsSync(join(data, 'secret.key.next'))).toBe(false)
    expect(keyIdOf(readFileSync(join(data, 'secret.key')))).toBe(keyIdOf(sealKey))
  },
)

test('a key that is given takes the place of that of the file, and then of the one given before', async () => {
  const data = directory()
  const { sealKey: ofFile } = await openSealKeys(openMemoryStore(), entropy, data, NONE)
  const store = await filled(ofFile)
  await openSealKeys(store, entropy, data, NONE)
  const [key, next] = [entropy.bytes(32), entropy.bytes(32)]
  await openSealKeys(store, entropy, data, { key, old: null })
  expect(await opens(store, key)).toEqual(VALUES)
  await openSealKeys(store, entropy, data, { key: next, old: key })
  expect(await opens(store, next)).toEqual(VALUES)
  await expect(openSealKeys(store, entropy, data, { key, old: null })).rejects.toThrow(/restore it from a backup/)
  await expect(openSealKeys(store, entropy, data, NONE)).rejects.toThrow(/restore it from a backup/)
  await expect(openSealKeys(store, entropy, directory(), NONE)).rejects.toThrow(/there is no .*secret\.key/)
  expect(await opens(store, next)).toEqual(VALUES)
})

test('what earlier servers sealed is bound to its place at the first start', async () => {
  const data = directory()
  const { sealKey: key } = await openSealKeys(openMemoryStore(), entropy, data, NONE)
  const store = openMemoryStore()
  const id = asId<UserId>('1'.repeat(32))
  await store.keys.addUser({
    id,
    name: 'wu',
    domain: 'd',
    passwordHash: null,
    role: 'admin',
    projectIds: null,
    createdAt: 1,
    disabledAt: null,
  })
  const earlier = await sealedEarlier(key, 'the secret key')
  await store.keys.addKey({
    kind: 'aksk',
    name: AK,
    secret: earlier,
    userId: id,
    label: '',
    createdAt: 1,
    expiresAt: null,
    revokedAt: null,
  })
  await openSealKeys(store, entropy, data, NONE)
  const { secret = '' } = (await store.keys.key('aksk', AK)) ?? {}
  expect(unseal(key, secret, accessKeyPlace(AK))).toBe('the secret key')
  expect(() => unseal(key, secret, accessKeyPlace('B'))).toThrow()
})

/** AES-256-GCM without a place: base64 of nonce, tag, text. */
async function sealedEarlier(key: Uint8Array, text: string): Promise<string> {
  const { createCipheriv } = await import('node:crypto')
  const nonce = entropy.bytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')
}
