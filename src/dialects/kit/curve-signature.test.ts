import { describe, expect, test } from 'vitest'
import { isSdkHmac, isSignedWith, parseSdkHmac, type SignedRequest } from './auth-sdk-hmac.ts'
import { sm2Verifier } from './curve-signature.ts'

const STATUS = '/v3/pipelines/8025ba36a87a4dd5af496708c2961817/status'
const START = '/v3/pipelines/8025ba36a87a4dd5af496708c2961817/start'
const PARAMS = '{"build_params":[{"name":"b","value":"1"}]}'
const SECRET = 'SKTESTSECRETSKTESTSECRETSKTESTSECRET0000'

/**
 * Made by the code of P256SHA256Signer and SM2SM3Signer of Java's core (at 614a4d0 and 8db7ecd) with BouncyCastle 1.72. The
 * SDKs' own tests keep no signatures: those of SM2 are never the same twice.
 */
const signed = [
  [
    'SDK-ECDSA-P256-SHA256',
    'GET',
    '3046022100d0656d125cb01553c1e046b04a0dec9a1fa62c7a8d2d4306bc4f26b5ce585444022100c314b609357f607e579c47c969aa76073885e45f9ba60f145bca783c7d94dccc',
  ],
  [
    'SDK-ECDSA-P256-SHA256',
    'POST',
    '3046022100856f13d4dfe50ba1ae05a1014ace22cd1b1a928cc56e3ff2696207e646393dbd022100899328a475019987c8134e2312aed818809dc585cd78ad0f438aa771b0d71273',
  ],
  [
    'SDK-SM2-SM3',
    'GET',
    '3046022100d6e3fd4db2f05325c06876e68e77339e101eb98a796649f09258ecfc204fcfed0221009ae12cf3ccc3123fbb1a46c9808f9bc308baa7c9ffe63a6913b40b7679162925',
  ],
  [
    'SDK-SM2-SM3',
    'POST',
    '3045022001b13c267e189b80cee73ab9968a4d7546f71e1081d6c7da3573617741e6dba1022100c8c009ad9d1f0c16c4230bfda5c39ff4cd2824d823e9cc7e9fa92849730d2ae7',
  ],
] as const

function requestOf(algorithm: string, method: string, signature: string): SignedRequest {
  const authorization = `${algorithm} Access=ABCDEFGHIJKLMNOPQRST, SignedHeaders=host;x-sdk-date, Signature=${signature}`
  const headers = new Headers({ host: '127.0.0.1:18080', 'X-Sdk-Date': '20260102T030405Z', authorization })
  return method === 'GET'
    ? { method, path: STATUS, query: 'build_id=2', headers, body: new Uint8Array() }
    : { method, path: START, query: '', headers, body: Buffer.from(PARAMS) }
}

function isGood(request: SignedRequest, secret = SECRET): boolean {
  const credential = parseSdkHmac(request.headers)
  return credential !== undefined && isSignedWith(secret, credential, request, { unsignedPayload: false })
}

describe.each(signed)('%s, %s', (algorithm, method, signature) => {
  const request = requestOf(algorithm, method, signature)

  test('what the SDK signs is good', () => {
    expect(isSdkHmac(request.headers.get('authorization') ?? '')).toBe(true)
    expect(isGood(request)).toBe(true)
  })

  test('it is bad with another secret, path, query, body, or under the name of another scheme', () => {
    expect(isGood(request, SECRET.replace('0', '1'))).toBe(false)
    expect(isGood({ ...request, path: '/v3/other' })).toBe(false)
    expect(isGood({ ...request, query: 'build_id=3' })).toBe(false)
    expect(isGood({ ...request, body: Buffer.from('{}') })).toBe(false)
    const other = algorithm === 'SDK-SM2-SM3' ? 'SDK-ECDSA-P256-SHA256' : 'SDK-SM2-SM3'
    expect(isGood(requestOf(other, method, signature))).toBe(false)
  })

  test.each([
    '00'.repeat(70),
    '3006020100020100',
    `3046022100${'ff'.repeat(32)}022100${'ff'.repeat(32)}`,
    signature.slice(0, -2),
    `${signature}00`,
    signature.replace(/^30../, '3010'),
    signature.replace('0221', '0321'),
    '30'.repeat(72),
  ])('what is no signature is none: %s', (broken) => {
    expect(isGood(requestOf(algorithm, method, broken))).toBe(false)
  })
})

test('SM2 by the example of its standard (GM/T 0003.5, appendix A)', () => {
  const key = 0x3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8n
  const r = 'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3'
  const s = 'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa'
  const signature = Buffer.from(`3046022100${r}022100${s}`, 'hex')
  expect(sm2Verifier(key)('message digest', signature)).toBe(true)
  expect(sm2Verifier(key)('message digesu', signature)).toBe(false)
  expect(sm2Verifier(key + 1n)('message digest', signature)).toBe(false)
})
