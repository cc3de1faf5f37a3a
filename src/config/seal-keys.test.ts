import { expect, test } from 'vitest'
import { sealKeysOf } from './seal-keys.ts'

const BYTES = Buffer.from(Array.from({ length: 32 }, (_, place) => place * 7))

test('keys are read as hex or base64, and none is none', () => {
  expect(sealKeysOf({})).toEqual({ ok: true, keys: { key: null, old: null } })
  expect(sealKeysOf({ MILLRACE_SECRET_KEY: ` ${BYTES.toString('hex')}\n`, MILLRACE_SECRET_KEY_OLD: '' })).toEqual({
    ok: true,
    keys: { key: BYTES, old: null },
  })
  for (const form of ['base64', 'base64url'] as const) {
    expect(sealKeysOf({ MILLRACE_SECRET_KEY_OLD: BYTES.toString(form) })).toMatchObject({ keys: { old: BYTES } })
  }
})

test('an error names the variable and shows nothing of what it holds', () => {
  for (const wrong of ['short', BYTES.toString('hex').slice(2), `${BYTES.toString('base64')}A`, 'ü'.repeat(43)]) {
    expect(sealKeysOf({ MILLRACE_SECRET_KEY: BYTES.toString('hex'), MILLRACE_SECRET_KEY_OLD: wrong })).toEqual({
      ok: false,
      error: 'MILLRACE_SECRET_KEY_OLD: expected 32 bytes, as 64 hex digits or as base64',
    })
  }
})
