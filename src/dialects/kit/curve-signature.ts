import { createECDH, createHash, createHmac, createPublicKey, getCurves, getHashes, verify } from 'node:crypto'

/**
 * Signatures by a point of a curve instead of an HMAC: `SDK-ECDSA-P256-SHA256` and `SDK-SM2-SM3` of the SDKs' cores. Their
 * private key is made of the key pair (NIST SP 800-108 in counter mode, as `derivePrivateInt` of the cores of Go, Java and
 * Python), so that whoever holds the secret can tell them. Signatures are ASN.1 DER of two numbers.
 */
export type CurveScheme = 'SDK-ECDSA-P256-SHA256' | 'SDK-SM2-SM3'

interface Curve {
  readonly hash: 'sha256' | 'sm3'
  /** OpenSSL's name of it. */
  readonly name: 'prime256v1' | 'SM2'
  /** How many points its base makes. */
  readonly order: bigint
}

const CURVES = {
  'SDK-ECDSA-P256-SHA256': {
    hash: 'sha256',
    name: 'prime256v1',
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'SDK-SM2-SM3': {
    hash: 'sm3',
    name: 'SM2',
    order: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  },
} as const satisfies Record<CurveScheme, Curve>

const SIZE_BYTES = 32
const [KEYS_MAX, FIRST_BLOCK, BITS_256] = [0xff, Buffer.from([0, 0, 0, 1]), Buffer.from([0, 0, 1, 0])]

/** Those that this build of OpenSSL has. */
export const curveHashes: readonly (readonly [scheme: CurveScheme, hash: string])[] = (
  Object.keys(CURVES) as CurveScheme[]
)
  .filter((scheme) => getCurves().includes(CURVES[scheme].name) && getHashes().includes(CURVES[scheme].hash))
  .map((scheme) => [scheme, CURVES[scheme].hash])

/** Tells signatures of the key pair from others. undefined: it is none of these schemes. */
export function curveVerifier(
  scheme: string,
  accessKey: string,
  secret: string,
): ((message: string, signature: Uint8Array) => boolean) | undefined {
  if (scheme === 'SDK-ECDSA-P256-SHA256') return p256Verifier(derivedKey(scheme, accessKey, secret))
  return scheme === 'SDK-SM2-SM3' ? sm2Verifier(derivedKey(scheme, accessKey, secret)) : undefined
}

/** Nearly always the first try; the 256th is for nobody to see. */
function derivedKey(scheme: CurveScheme, accessKey: string, secret: string): bigint {
  const { hash, order } = CURVES[scheme]
  for (let counter = 0; counter <= KEYS_MAX; counter += 1) {
    const context = [FIRST_BLOCK, `${scheme}\0${accessKey}`, Buffer.from([counter]), BITS_256]
    const hmac = createHmac(hash, secret)
    for (const part of context) hmac.update(part)
    const candidate = numberOf(hmac.digest())
    if (candidate <= order - 2n) return candidate + 1n
  }
  throw new Error(`no key of ${scheme} can be made`)
}

function p256Verifier(key: bigint): (message: string, signature: Uint8Array) => boolean {
  const { hash, name } = CURVES['SDK-ECDSA-P256-SHA256']
  const [x, y] = pointOf(name, key).map((part) => part.toString('base64url'))
  if (x === undefined || y === undefined) throw new Error('a point has two parts')
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
  return (message, signature) => verify(hash, Buffer.from(message), publicKey, signature)
}

/** GB/T 32918.2 with the identity that it names for want of another, which is all that the SDKs use. */
const SM2_IDENTITY = Buffer.from('1234567812345678')
/** a and b of the curve, x and y of its base. */
const SM2_PARAMETERS = Buffer.from(
  'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc' +
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7' +
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  'hex',
)

/**
 * OpenSSL would verify with an empty identity, and Node has no way to name one. Whoever has the private key needs no
 * public one: the point sG + tP is (s + td)G.
 */
export function sm2Verifier(key: bigint): (message: string, signature: Uint8Array) => boolean {
  const { name, order } = CURVES['SDK-SM2-SM3']
  const bits = Buffer.alloc(2)
  bits.writeUInt16BE(SM2_IDENTITY.length * 8)
  const about = sm3(bits, SM2_IDENTITY, SM2_PARAMETERS, ...pointOf(name, key))
  return (message, signature) => {
    const numbers = numbersOf(signature)
    if (numbers === undefined || numbers.some((one) => one < 1n || one >= order)) return false
    const [r, s] = numbers
    const t = (r + s) % order
    const place = (s + t * key) % order
    if (t === 0n || place === 0n) return false
    const [x] = pointOf(name, place)
    return (numberOf(sm3(about, Buffer.from(message))) + numberOf(x)) % order === r
  }
}

const sm3 = (...parts: readonly Buffer[]): Buffer => createHash('sm3').update(Buffer.concat(parts)).digest()

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

/** x and y of so many times the base. */
function pointOf(curve: Curve['name'], times: bigint): readonly [Buffer, Buffer] {
  const ecdh = createECDH(curve)
  ecdh.setPrivateKey(times.toString(16).padStart(SIZE_BYTES * 2, '0'), 'hex')
  const point = ecdh.getPublicKey()
  return [point.subarray(1, 1 + SIZE_BYTES), point.subarray(1 + SIZE_BYTES)]
}

/** `SEQUENCE { INTEGER r, INTEGER s }` and nothing behind it; both fit into 33 bytes, so that every length is one byte. */
function numbersOf(der: Uint8Array): readonly [bigint, bigint] | undefined {
  if (der[0] !== 0x30 || der[1] !== der.byteLength - 2) return undefined
  const first = integerAt(der, 2)
  const second = first === undefined ? undefined : integerAt(der, first.end)
  return first === undefined || second?.end !== der.byteLength ? undefined : [first.value, second.value]
}

function integerAt(der: Uint8Array, at: number): { readonly value: bigint; readonly end: number } | undefined {
  const size = der[at + 1] ?? 0
  const end = at + 2 + size
  // A first bit that is set is a minus.
  if (der[at] !== 0x02 || size < 1 || size > SIZE_BYTES + 1 || end > der.byteLength) return undefined
  const bytes = der.subarray(at + 2, end)
  return (bytes[0] ?? 0) >= 0x80 ? undefined : { value: numberOf(bytes), end }
}
