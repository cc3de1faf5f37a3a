import { createCipheriv, createDecipheriv, createHash, scrypt, timingSafeEqual } from 'node:crypto'
import type { Entropy } from '../entropy.ts'

/** Secrets at rest: hashed where they only have to be recognised, sealed where they must be read again. */

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What a key is known by; nothing of the key can be told from it. */
export const keyIdOf = (key: Uint8Array): string =>
  createHash('sha256').update('millrace seal key ').update(key).digest('hex').slice(0, 16)

/**
 * AES-256-GCM under the server's key: `2.<id of the key>.<base64 of nonce, tag, text>`.
 * @param place where it will be kept, e.g. `aksk/<name>`: sealed for one place it is opened nowhere else.
 */
export function seal(key: Uint8Array, text: string, place: string, entropy: Entropy): string {
  const nonce = entropy.bytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `2.${keyIdOf(key)}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`
}

/** @throws Error when the key or the place is another one, or the text was changed. */
export function unseal(key: Uint8Array, sealed: string, place: string): string {
  const [version, id, text] = sealed.split('.')
  if (version !== '2' || text === undefined) throw new Error('it is not sealed as this server seals')
  if (id !== keyIdOf(key)) throw new Error(`it is sealed with the key ${id}, and the key here is ${keyIdOf(key)}`)
  return open(key, text, place)
}

/** What servers before 0.2 sealed: bound to no place, and known by no key. Only for sealing it again. */
export const unsealEarlier = (key: Uint8Array, sealed: string): string => open(key, sealed, undefined)
export const isSealedEarlier = (sealed: string): boolean => !sealed.startsWith('2.')

function open(key: Uint8Array, text: string, place: string | undefined): string {
  const bytes = Buffer.from(text, 'base64')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    // Without it a tag that was cut to four bytes would do.
    authTagLength: TAG_BYTES,
  })
  if (place !== undefined) decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
}

/** SHA-256, hex: enough for secrets of 256 random bits. */
export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex')

/** Takes the same time wherever they differ. */
export function isSameSecret(given: string, expectedHash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(given), 'hex'), Buffer.from(expectedHash, 'hex'))
}

/** Costs of scrypt for passwords that people choose: about 50 ms and 16 MiB. */
const SCRYPT = { N: 16_384, r: 8, p: 1 } as const
const SCRYPT_BYTES = 32

export async function hashPassword(password: string, entropy: Entropy): Promise<string> {
  const salt = entropy.bytes(16)
  const hash = await derive(password, salt, SCRYPT)
  return ['scrypt', SCRYPT.N, SCRYPT.r, SCRYPT.p, salt.toString('base64'), hash.toString('base64')].join(':')
}

/** Takes its time for an unknown user, too (`stored` null), so that names cannot be told from the delay. */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  const [, n, r, p, salt, hash] = (stored ?? NOBODY).split(':')
  const expected = Buffer.from(hash ?? '', 'base64')
  const costs = { N: Number(n), r: Number(r), p: Number(p) }
  const found = await derive(password, Buffer.from(salt ?? '', 'base64'), costs)
  return found.length === expected.length && timingSafeEqual(found, expected) && stored !== null
}

const NOBODY = ['scrypt', SCRYPT.N, SCRYPT.r, SCRYPT.p, 'bm9ib2R5', Buffer.alloc(SCRYPT_BYTES).toString('base64')].join(
  ':',
)

const derive = (password: string, salt: Uint8Array, costs: { N: number; r: number; p: number }): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, SCRYPT_BYTES, costs, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
