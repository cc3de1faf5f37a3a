import type { SecretPlace, Store } from '../../store/store.ts'
import type { Entropy } from '../entropy.ts'
import { isSealedEarlier, keyIdOf, seal, unseal, unsealEarlier } from './seal.ts'

/** Id of the key that everything in the store is sealed with. */
const KEY_SETTING = 'seal-key'
/** What the secrets of webhooks are made of, sealed; without it, the key itself. */
const WEBHOOK_SETTING = 'webhook-root'

export const accessKeyPlace = (name: string): string => `aksk/${name}`
export const secretPlace = ({ projectId, pipelineId, name }: SecretPlace): string =>
  `secret/${projectId}/${pipelineId ?? ''}/${name}`

/** The store is sealed with a key that nobody gave. */
export class UnknownSealKey extends Error {
  override readonly name = 'UnknownSealKey'
}

/** What the store is sealed with; undefined: with nothing yet, or by a server that did not say. */
export const sealedWith = ({ keys }: Pick<Store, 'keys'>): Promise<string | undefined> => keys.setting(KEY_SETTING)

export interface SealKeys {
  readonly sealKey: Uint8Array
  /** The secrets of webhooks are made of it, so that those who call keep theirs when the key is rotated. */
  readonly webhookRoot: Uint8Array
}

/**
 * Makes `key` the one that everything is sealed with. What is sealed with one of the `earlier` keys is sealed again, all
 * of it in one transaction of the store: killed at any moment, everything is under the one key or under the other.
 * @throws UnknownSealKey when neither key nor one of `earlier` is what the store is sealed with.
 */
export async function adoptSealKey(
  store: Pick<Store, 'keys' | 'secrets'>,
  entropy: Entropy,
  key: Uint8Array,
  earlier: readonly Uint8Array[],
): Promise<SealKeys> {
  const id = await sealedWith(store)
  if (id !== keyIdOf(key)) await resealAll(store, entropy, key, id === undefined ? key : keyOf(id, key, earlier))
  const root = await store.keys.setting(WEBHOOK_SETTING)
  const webhookRoot = root === undefined ? key : Buffer.from(unseal(key, root, WEBHOOK_SETTING), 'base64')
  return { sealKey: key, webhookRoot }
}

function keyOf(id: string, key: Uint8Array, earlier: readonly Uint8Array[]): Uint8Array {
  const found = earlier.find((one) => keyIdOf(one) === id)
  if (found !== undefined) return found
  throw new UnknownSealKey(
    `the secrets in the store are sealed with the key ${id}, and the one given is ${keyIdOf(key)}: restore it from a ` +
      'backup, or give the old one besides',
  )
}

async function resealAll(
  store: Pick<Store, 'keys' | 'secrets'>,
  entropy: Entropy,
  key: Uint8Array,
  old: Uint8Array,
): Promise<void> {
  const opened = (sealed: string, place: string): string =>
    isSealedEarlier(sealed) ? unsealEarlier(old, sealed) : unseal(old, sealed, place)
  const again = (sealed: string, place: string): string => seal(key, opened(sealed, place), place, entropy)
  const [secrets, keys, root] = [
    await store.secrets.secrets(),
    await store.keys.keys(),
    await store.keys.setting(WEBHOOK_SETTING),
  ]
  const settings = [{ name: KEY_SETTING, value: keyIdOf(key) }]
  // Until the first rotation the secrets of webhooks are made of the key: from then on of what it was.
  if (root !== undefined) settings.push({ name: WEBHOOK_SETTING, value: again(root, WEBHOOK_SETTING) })
  else if (keyIdOf(old) !== keyIdOf(key)) {
    const value = seal(key, Buffer.from(old).toString('base64'), WEBHOOK_SETTING, entropy)
    settings.push({ name: WEBHOOK_SETTING, value })
  }
  await store.secrets.reseal({
    secrets: secrets.map((place) => ({
      place,
      was: place.sealed,
      sealed: again(place.sealed, secretPlace(place)),
    })),
    keys: keys
      .filter(({ kind }) => kind === 'aksk')
      .map(({ kind, name, secret }) => ({ kind, name, was: secret, secret: again(secret, accessKeyPlace(name)) })),
    settings,
  })
}
