import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../../store/store.ts'
import type { Entropy } from '../entropy.ts'
import { adoptSealKey, sealedWith, UnknownSealKey, type SealKeys } from './seal-key.ts'
import { keyIdOf } from './seal.ts'

/** Keys that were not read from a file: of 32 bytes. */
export interface GivenKeys {
  /** Instead of the file. */
  readonly key: Uint8Array | null
  /** What the store may still be sealed with. */
  readonly old: Uint8Array | null
}

const KEY_BYTES = 32

/** Beside the data, for the server's user only. */
const fileOf = (dataDirectory: string): string => join(dataDirectory, 'secret.key')
/** While a rotation is under way. */
const nextOf = (dataDirectory: string): string => join(dataDirectory, 'secret.key.next')

/**
 * The key that the store is sealed with: the one given, or that of the file, which is made on the first start. Finishes a
 * rotation that was cut off, and seals everything again when another key is given than before.
 * @throws UnknownSealKey when the store is sealed with a key that is neither given nor in the file.
 */
export async function openSealKeys(
  store: Pick<Store, 'keys' | 'secrets'>,
  entropy: Entropy,
  dataDirectory: string,
  { key, old }: GivenKeys,
): Promise<SealKeys> {
  const given = old === null ? [] : [old]
  if (key !== null) {
    const inFiles = [fileOf(dataDirectory), nextOf(dataDirectory)].filter((path) => existsSync(path)).map(readKey)
    return adoptSealKey(store, entropy, key, [...given, ...inFiles])
  }
  const id = await sealedWith(store)
  if (existsSync(nextOf(dataDirectory))) {
    if (id === keyIdOf(readKey(nextOf(dataDirectory)))) renameSync(nextOf(dataDirectory), fileOf(dataDirectory))
    else rmSync(nextOf(dataDirectory))
  }
  const path = fileOf(dataDirectory)
  if (!existsSync(path)) {
    // A fresh key would open nothing of what is there.
    if (id !== undefined && old === null) {
      throw new UnknownSealKey(`there is no ${path}, and the secrets in the store are sealed: restore it from a backup`)
    }
    writeKey(`${path}.new`, dataDirectory, entropy.bytes(KEY_BYTES))
    renameSync(`${path}.new`, path)
  }
  return adoptSealKey(store, entropy, readKey(path), given)
}

/**
 * A new key in the file, everything sealed with it. The new key is on disk before anything is sealed with it, and the
 * store says which of the two counts: cut off at any moment, the next start finds the right one.
 * @returns the ids of the key before and of the new one.
 */
export async function rotateSealKey(
  store: Pick<Store, 'keys' | 'secrets'>,
  entropy: Entropy,
  dataDirectory: string,
): Promise<{ readonly before: string; readonly after: string }> {
  const { sealKey } = await openSealKeys(store, entropy, dataDirectory, { key: null, old: null })
  const fresh = entropy.bytes(KEY_BYTES)
  writeKey(nextOf(dataDirectory), dataDirectory, fresh)
  await adoptSealKey(store, entropy, fresh, [sealKey])
  renameSync(nextOf(dataDirectory), fileOf(dataDirectory))
  return { before: keyIdOf(sealKey), after: keyIdOf(fresh) }
}

function readKey(path: string): Uint8Array {
  const key = readFileSync(path)
  if (key.length === KEY_BYTES) return key
  throw new UnknownSealKey(`expected ${KEY_BYTES} bytes in ${path}, found ${key.length}: restore it from a backup`)
}

/** On disk with its name when it returns. */
function writeKey(path: string, directory: string, key: Uint8Array): void {
  writeFileSync(path, key, { mode: 0o600, flush: true })
  const fd = openSync(directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
