import { createHash, createHmac, getHashes, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../../model/time.ts'
import { curveHashes, curveVerifier } from './curve-signature.ts'

/**
 * Verification of requests signed with a key pair by the scheme `SDK-HMAC-SHA256`. The official signers differ in
 * how they write the path and which body hash they sign, so every form that one of them makes is tried; the checks
 * stay exact, as each form is a full canonical request under the same key. `V11-HMAC-SHA256` ("derived auth" of the SDKs)
 * is the same, but for a key that is derived for a day, a region and a service; `SDK-HMAC-SM3` is the same, but for
 * the hash; the two of curve-signature.ts, but for how the last text is signed.
 */

const DERIVED = 'V11-HMAC-SHA256'
/** Name of the scheme -> its hash, both of 32 bytes. A build of OpenSSL may lack SM3. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ...(
    [
      ['SDK-HMAC-SHA256', 'sha256'],
      ['SDK-HMAC-SM3', 'sm3'],
      [DERIVED, 'sha256'],
    ] as const
  ).filter(([, hash]) => getHashes().includes(hash)),
  ...curveHashes,
])
const CREDENTIAL =
  /^(SDK-HMAC-(?:SHA256|SM3)) +Access=([^,\s]{1,128}), *SignedHeaders=([^,\s]{1,4096}), *Signature=([0-9a-fA-F]{64})$/
/** ASN.1 DER of two numbers of 32 bytes is 72 bytes at most. */
const CURVE_CREDENTIAL =
  /^(SDK-(?:ECDSA-P256-SHA256|SM2-SM3)) +Access=([^,\s]{1,128}), *SignedHeaders=([^,\s]{1,4096}), *Signature=((?:[0-9a-fA-F]{2}){8,72})$/
/** `Credential=<key>/<yyyyMMdd>/<region>/<service>`. */
const DERIVED_CREDENTIAL =
  /^V11-HMAC-SHA256 +Credential=([^,/\s]{1,128})\/(\d{8}\/[^,/\s]{1,64}\/[^,/\s]{1,64}), *SignedHeaders=([^,\s]{1,4096}), *Signature=([0-9a-fA-F]{64})$/
const SKEW_MAX_MS = 15 * 60_000
const SIGNED_HEADERS_MAX = 100
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
const DATE_HEADER = 'x-sdk-date'

export interface SignedRequest {
  readonly method: string
  /** Path as received, escapes untouched. */
  readonly path: string
  /** Query as received, without `?`. */
  readonly query: string
  readonly headers: Headers
  readonly body: Uint8Array
}

export interface SdkHmacCredential {
  /** `SDK-HMAC-SHA256` and so on. */
  readonly algorithm: string
  readonly accessKey: string
  /** What the key is derived for: day, region and service. null: it is used as it is. */
  readonly scope: string | null
  /** As received: the names, joined with `;`. */
  readonly signedHeaders: string
  readonly signature: Uint8Array
  readonly date: string
  readonly at: Instant
}

/** Whether a header is of this scheme at all; a malformed one of it is a wrong credential, not a missing one. */
export const isSdkHmac = (authorization: string): boolean =>
  HASHES.has(authorization.slice(0, Math.max(authorization.indexOf(' '), 0)))

/** @returns undefined when `Authorization` or `X-Sdk-Date` is not as the scheme has it, or the date is not signed. */
export function parseSdkHmac(headers: Headers): SdkHmacCredential | undefined {
  const parts = partsOf(headers.get('authorization')?.trim() ?? '')
  const date = headers.get(DATE_HEADER)?.trim() ?? ''
  const at = parseDate(date)
  if (parts === undefined || at === undefined) return undefined
  const { algorithm, scope, signedHeaders } = parts
  if (!HASHES.has(algorithm)) return undefined
  // A key of another day is none.
  if (scope !== null && !date.startsWith(scope.slice(0, 8))) return undefined
  const names = signedHeaders.toLowerCase().split(';')
  if (!names.includes(DATE_HEADER) || names.length > SIGNED_HEADERS_MAX) return undefined
  return { ...parts, date, at }
}

function partsOf(authorization: string): Omit<SdkHmacCredential, 'date' | 'at'> | undefined {
  const plain = CREDENTIAL.exec(authorization) ?? CURVE_CREDENTIAL.exec(authorization)
  if (plain !== null) {
    const [, algorithm = '', accessKey = '', signedHeaders = '', signature = ''] = plain
    return { algorithm, accessKey, scope: null, signedHeaders, signature: Buffer.from(signature, 'hex') }
  }
  const derived = DERIVED_CREDENTIAL.exec(authorization)
  if (derived === null) return undefined
  const [, accessKey = '', scope = '', signedHeaders = '', signature = ''] = derived
  return { algorithm: DERIVED, accessKey, scope, signedHeaders, signature: Buffer.from(signature, 'hex') }
}

/** More than 15 minutes before or after `now`: replayed, or a wrong clock. */
export const isSkewed = (credential: SdkHmacCredential, now: Instant): boolean =>
  Math.abs(now - credential.at) > SKEW_MAX_MS

/**
 * Whether the request was signed with `secret`. With `unsignedPayload`, a client may have left the body out of the
 * signature (header `X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD`), as the signers do for all that is not JSON.
 */
export function isSignedWith(
  secret: string,
  credential: SdkHmacCredential,
  request: SignedRequest,
  options: { readonly unsignedPayload: boolean },
): boolean {
  const headers = canonicalHeaders(credential.signedHeaders, request.headers)
  if (headers === undefined) return false
  const { method } = request
  const { signedHeaders, signature } = credential
  const algorithm = HASHES.get(credential.algorithm) ?? 'sha256'
  const fits = verifierOf(secret, credential, algorithm)
  const preamble = preambleOf(credential)
  let matches = false
  for (const path of canonicalPaths(request.path)) {
    for (const query of canonicalQueries(request.query)) {
      for (const hash of bodyHashes(algorithm, request, options.unsignedPayload)) {
        const canonical = [method.toUpperCase(), path, query, headers, signedHeaders, hash].join('\n')
        const toSign = `${preamble}\n${hashOf(algorithm, canonical)}`
        // No early end: every form is made and compared, whichever fits.
        if (fits(toSign, signature)) matches = true
      }
    }
  }
  return matches
}

function verifierOf(
  secret: string,
  credential: SdkHmacCredential,
  hash: string,
): (toSign: string, signature: Uint8Array) => boolean {
  const byCurve = curveVerifier(credential.algorithm, credential.accessKey, secret)
  if (byCurve !== undefined) return byCurve
  const key = keyOf(secret, credential)
  return (toSign, signature) => timingSafeEqual(createHmac(hash, key).update(toSign).digest(), signature)
}

const preambleOf = ({ algorithm, scope, date }: SdkHmacCredential): string =>
  `${algorithm}\n${date}${scope === null ? '' : `\n${scope}`}`

/** RFC 5869 with the key's name for salt; what comes of it is used as text. */
const keyOf = (secret: string, { accessKey, scope }: SdkHmacCredential): string =>
  scope === null ? secret : Buffer.from(hkdfSync('sha256', secret, accessKey, scope, 32)).toString('hex')

/** `20260102T030405Z`, strictly. */
function parseDate(text: string): Instant | undefined {
  const parts = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second] = parts
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const at = Date.parse(iso)
  return Number.isNaN(at) || new Date(at).toISOString() !== iso ? undefined : at
}

/** Decoded and written anew (Python), written with its `%` escaped once more (Node, Go), as it came; always with `/` at the end. */
function canonicalPaths(path: string): ReadonlySet<string> {
  const closed = path.endsWith('/') ? path : `${path}/`
  const segments = (bytes: Uint8Array): string => encode(bytes, true)
  return new Set([segments(decode(closed)), segments(Buffer.from(closed)), closed])
}

interface Pair {
  readonly key: Uint8Array
  readonly value: Uint8Array
}
interface Written {
  readonly key: string
  readonly value: string
}

/**
 * Pairs decoded as the handlers will read them (`+` is a space), written anew, in order of key and value. The page on
 * signatures puts them in order as they are written; the SDKs do before that, where `空` comes behind `z`. Java leaves
 * the values of one key as they came, and Python has 10 behind 2.
 */
function canonicalQueries(query: string): ReadonlySet<string> {
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const cut = pair.includes('=') ? pair.indexOf('=') : pair.length
      const bytes = (text: string): Uint8Array => decode(text.replaceAll('+', ' '))
      return { key: bytes(pair.slice(0, cut)), value: bytes(pair.slice(cut + 1)) }
    })
  const write = ({ key, value }: Pair): Written => ({ key: encode(key, false), value: encode(value, false) })
  const byKey = pairs.toSorted((a, b) => Buffer.compare(a.key, b.key))
  const forms = [
    pairs.map(write).toSorted((a, b) => compare(a.key, b.key) || compare(a.value, b.value)),
    byKey.toSorted((a, b) => Buffer.compare(a.key, b.key) || Buffer.compare(a.value, b.value)).map(write),
    byKey.map(write),
  ]
  return new Set(forms.map((form) => form.map(({ key, value }) => `${key}=${value}`).join('&')))
}

/** One `name:value` line for each signed header. undefined: one of them did not come. */
function canonicalHeaders(signedHeaders: string, headers: Headers): string | undefined {
  const lines: string[] = []
  for (const name of signedHeaders.split(';')) {
    const value = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? headers.get(name) : null
    if (value === null) return undefined
    // A server hands bytes on as Latin-1; what was signed is the text that they are.
    lines.push(`${name}:${Buffer.from(value.trim(), 'latin1').toString()}\n`)
  }
  return lines.join('')
}

function bodyHashes(algorithm: string, request: SignedRequest, unsignedPayload: boolean): readonly string[] {
  const actual = hashOf(algorithm, request.body)
  const claimed = request.headers.get(`x-sdk-content-${algorithm}`)?.trim()
  if (claimed === undefined || claimed === actual) return [actual]
  if (claimed === UNSIGNED_PAYLOAD) {
    // With no body there is nothing left unprotected; Python signs the hash of nothing then.
    if (request.body.byteLength === 0) return [claimed, actual]
    return unsignedPayload ? [claimed] : []
  }
  return claimed.toLowerCase() === actual ? [claimed] : []
}

const hashOf = (algorithm: string, data: string | Uint8Array): string =>
  createHash(algorithm).update(data).digest('hex')
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** Percent escapes to bytes; what is no escape stays as it is. */
function decode(text: string): Uint8Array {
  const bytes = Buffer.from(text)
  const out = Buffer.allocUnsafe(bytes.length)
  let size = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const value = bytes[at] === 0x25 ? hexPair(bytes, at + 1) : undefined
    out[size] = value ?? bytes[at] ?? 0
    size += 1
    if (value !== undefined) at += 2
  }
  return out.subarray(0, size)
}

function hexPair(bytes: Uint8Array, at: number): number | undefined {
  const text = String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0)
  return /^[0-9a-fA-F]{2}$/.test(text) ? Number.parseInt(text, 16) : undefined
}

/** RFC 3986 unreserved characters stay, all else becomes `%XX` in upper case; `/` stays in a path. */
function encode(bytes: Uint8Array, isPath: boolean): string {
  let text = ''
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    if (/[A-Za-z0-9\-_.~]/.test(char) || (isPath && char === '/')) text += char
    else text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
