/** Variables and no settings: a flag is read by every user of the machine, and an error would show what was found. */
export const SEAL_KEY_VARIABLES = ['MILLRACE_SECRET_KEY', 'MILLRACE_SECRET_KEY_OLD'] as const

export type SealKeysRead =
  | { readonly ok: true; readonly keys: { readonly key: Uint8Array | null; readonly old: Uint8Array | null } }
  | { readonly ok: false; readonly error: string }

/** Keys of 32 bytes, each as 64 hex digits or as base64. What is set to nothing counts as not set. */
export function sealKeysOf(env: Readonly<Record<string, string | undefined>>): SealKeysRead {
  const [key, old] = SEAL_KEY_VARIABLES.map((name) => keyOf(env[name]?.trim() ?? ''))
  const wrong = SEAL_KEY_VARIABLES.find((_, place) => [key, old][place] === undefined)
  if (wrong !== undefined || key === undefined || old === undefined) {
    return { ok: false, error: `${wrong}: expected 32 bytes, as 64 hex digits or as base64` }
  }
  return { ok: true, keys: { key, old } }
}

function keyOf(text: string): Uint8Array | null | undefined {
  if (text === '') return null
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
  const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
  return bytes?.length === 32 ? bytes : undefined
}
