import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DerivedAKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/DerivedAKSKSigner.js'
import { describe, expect, test } from 'vitest'
import { isSdkHmac, isSignedWith, isSkewed, parseSdkHmac, type SignedRequest } from './auth-sdk-hmac.ts'

/** Requests signed by the official signers (Python and Node core 3.1.211) with AK AKTEST, SK SKTESTSECRET. */
interface Vector {
  readonly name: string
  readonly signer: string
  readonly sk: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly canonicalRequest: string
}
const vectors = JSON.parse(
  readFileSync(`${import.meta.dirname}/fixtures/sdk-hmac-vectors.json`, 'utf8'),
) as readonly Vector[]

const signedAt = Date.UTC(2026, 0, 2, 3, 4, 5)
const [first] = vectors as readonly [Vector]
const byName = (name: string): Vector => vectors.find((vector) => vector.name === name) ?? first

function requestOf(vector: Vector, changes: Partial<Omit<SignedRequest, 'headers'>> = {}): SignedRequest {
  const [path = '', query = ''] = vector.url.split('?')
  const headers = new Headers(vector.headers)
  return { method: vector.method, path, query, headers, body: Buffer.from(vector.body), ...changes }
}

function isGood(request: SignedRequest, secret = 'SKTESTSECRET', unsignedPayload = true): boolean {
  const credential = parseSdkHmac(request.headers)
  return credential !== undefined && isSignedWith(secret, credential, request, { unsignedPayload })
}

/** A signer of our own, for forms that the official ones would not make. */
function sign(canonical: string, signedHeaders: string, extra: Readonly<Record<string, string>> = {}): Headers {
  const hash = createHash('sha256').update(canonical).digest('hex')
  const signature = createHmac('sha256', 'SKTESTSECRET')
    .update(`SDK-HMAC-SHA256\n20260102T030405Z\n${hash}`)
    .digest('hex')
  return new Headers({
    'X-Sdk-Date': '20260102T030405Z',
    Authorization: `SDK-HMAC-SHA256 Access=AKTEST, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    ...extra,
  })
}

describe('what the official signers sign', () => {
  test('there are vectors of both', () => {
    expect(new Set(vectors.map(({ signer }) => signer.split(' ')[0]))).toEqual(new Set(['python', 'node']))
  })

  test.each(vectors.map((vector) => [`${vector.signer}: ${vector.name}`, vector] as const))(
    '%s is good',
    (_, vector) => {
      expect(isGood(requestOf(vector), vector.sk)).toBe(true)
    },
  )

  test.each(vectors.map((vector) => [`${vector.signer}: ${vector.name}`, vector] as const))(
    '%s is bad with another secret, method, path, query or header',
    (_, vector) => {
      expect(isGood(requestOf(vector), 'SKTESTSECREU')).toBe(false)
      expect(isGood(requestOf(vector, { method: 'DELETE' }))).toBe(false)
      expect(isGood(requestOf(vector, { path: '/v3/other' }))).toBe(false)
      expect(isGood(requestOf(vector, { query: 'build_id=3' }))).toBe(false)
      const moved = requestOf(vector)
      moved.headers.set('host', '127.0.0.1:18081')
      expect(isGood(moved)).toBe(false)
    },
  )

  test('a changed body is seen', () => {
    expect(isGood(requestOf(byName('001 start, json body'), { body: Buffer.from('{"build_params": []}') }))).toBe(false)
  })
})

/** Requests and signatures of the SDKs' own tests, of AK AccessKey and SK SecretKey. */
describe('what the SDKs of Java and Go test their signers with', () => {
  const VPCS = '/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs?limit=2&marker=13551d6b-755d-4757-b956-536f674975c0'
  const VPC = '/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpc/123'
  const java = { host: 'service.region.example.com', 'x-sdk-date': '20191115T033655Z', 'head-name': 'head-value' }
  const go = { host: 'example.huaweicloud.com', 'x-sdk-date': '20060102T150405Z' }
  const pair = '{"key":"value"}'
  const plain = (algorithm: string, signed: string, signature: string): string =>
    `${algorithm} Access=AccessKey, SignedHeaders=${signed}, Signature=${signature}`

  test.each([
    [
      'GET',
      VPCS,
      java,
      '',
      'SDK-HMAC-SHA256',
      'host;x-sdk-date',
      'fd95e7da6f695cfb4cabbb9d6b0968aec155bc576b064835282473539ae9ea1d',
    ],
    [
      'POST',
      VPC,
      java,
      pair,
      'SDK-HMAC-SHA256',
      'host;x-sdk-date',
      'b5649aa774f6cac7437631662f08815fc65c70e40e486df6db2436ce68902771',
    ],
    [
      'GET',
      VPCS,
      java,
      '',
      'SDK-HMAC-SM3',
      'head-name;host;x-sdk-date',
      'f3e3163b5eb173f957858427dbec0486c3bf338a3f2b795dab2979bc6724850a',
    ],
    [
      'POST',
      VPC,
      java,
      pair,
      'SDK-HMAC-SM3',
      'head-name;host;x-sdk-date',
      '62c9f0b539fcaa65dcc9acfc6e52c51e5abc6ede158f9fef336b111c8c1db24b',
    ],
    [
      'GET',
      '/path?limit=1',
      go,
      '',
      'SDK-HMAC-SHA256',
      'x-sdk-date',
      '5a2ce64c865e0e6046321c6f3d5a77ba8413eeaf355c3166c03d58d02ac79624',
    ],
    [
      'GET',
      '/path?limit=1',
      go,
      '',
      'SDK-HMAC-SM3',
      'x-sdk-date',
      'acdeecf8061419275127135b54532c2c20b683bf9bbb8a32bee021a8c40befd4',
    ],
    [
      'POST',
      '/path?key=value',
      go,
      '{"Name":"test","Id":1}\n',
      'SDK-HMAC-SM3',
      'x-sdk-date',
      '359e49285fe5a469f82b86fd761b1a4a7ee16e3181de7d643c53a30667cde508',
    ],
  ])('%s %s is good by %s', (method, url, headers, text, algorithm, signed, signature) => {
    const [path = '', query = ''] = url.split('?')
    const authorization = plain(algorithm, signed, signature)
    const request = {
      method,
      path,
      query,
      headers: new Headers({ ...headers, authorization }),
      body: Buffer.from(text),
    }
    expect(isSdkHmac(authorization)).toBe(true)
    expect(isGood(request, 'SecretKey')).toBe(true)
    expect(isGood(request, 'SecretKez')).toBe(false)
    expect(isGood({ ...request, body: Buffer.from(`${text} `) }, 'SecretKey')).toBe(false)
    const other = algorithm.endsWith('SM3') ? 'SDK-HMAC-SHA256' : 'SDK-HMAC-SM3'
    request.headers.set('authorization', plain(other, signed, signature))
    expect(isGood(request, 'SecretKey')).toBe(false)
  })
})

describe('a body that was left out of the signature', () => {
  const yaml = byName('004 yaml body: unsigned payload')

  test('is taken where that is expected, whatever it holds', () => {
    expect(isGood(requestOf(yaml, { body: Buffer.from('id: 1\n') }), 'SKTESTSECRET', true)).toBe(true)
  })

  test('is refused everywhere else', () => {
    expect(isGood(requestOf(yaml), 'SKTESTSECRET', false)).toBe(false)
  })

  test('is no matter when there is none', () => {
    const empty = byName(
      '004 yaml content type without body: header says UNSIGNED-PAYLOAD, hash of empty body is signed',
    )
    expect(isGood(requestOf(empty), 'SKTESTSECRET', false)).toBe(true)
    expect(isGood(requestOf(empty, { body: Buffer.from('id: 1\n') }), 'SKTESTSECRET', false)).toBe(false)
  })
})

describe('forms beside the vectors', () => {
  const emptyHash = createHash('sha256').update('').digest('hex')
  const at = (path: string, query = ''): SignedRequest['headers'] =>
    sign(`GET\n${path}\n${query}\nx-sdk-date:20260102T030405Z\n\nx-sdk-date\n${emptyHash}`, 'x-sdk-date')
  const request = (path: string, query: string, headers: Headers): SignedRequest => ({
    method: 'GET',
    path,
    query,
    headers,
    body: new Uint8Array(),
  })

  test('Go leaves host and content-type out', () => {
    expect(isGood(request('/v3/a', '', at('/v3/a/')))).toBe(true)
  })

  test('a header beyond ASCII is signed as the text that it is', () => {
    const headers = sign(
      `GET\n/v3/a/\n\noperator:王\nx-sdk-date:20260102T030405Z\n\noperator;x-sdk-date\n${emptyHash}`,
      'operator;x-sdk-date',
      { operator: Buffer.from('王').toString('latin1') },
    )
    expect(isGood(request('/v3/a', '', headers))).toBe(true)
  })

  test('a path may be signed as it came', () => {
    expect(isGood(request('/v3/a(b)', '', at('/v3/a(b)/')))).toBe(true)
  })

  test('the query is put in order, and an empty value keeps its =', () => {
    expect(isGood(request('/v3/a', 'b=2&a=%E5%90%8D&b=1&c', at('/v3/a/', 'a=%E5%90%8D&b=1&b=2&c=')))).toBe(true)
    expect(isGood(request('/v3/a', 'q=a+b', at('/v3/a/', 'q=a%20b')))).toBe(true)
  })

  test('the query is in order as it is written, or as it is read, which the SDKs do', () => {
    const query = 'limit=5&%E7%A9%BA=1'
    expect(isGood(request('/v3/a', query, at('/v3/a/', '%E7%A9%BA=1&limit=5')))).toBe(true)
    expect(isGood(request('/v3/a', query, at('/v3/a/', 'limit=5&%E7%A9%BA=1')))).toBe(true)
    expect(isGood(request('/v3/a', 'a=1&b=2', at('/v3/a/', 'b=2&a=1')))).toBe(false)
  })

  test('values of one key may be signed as they came', () => {
    expect(isGood(request('/v3/a', 'n=2&n=10&a=1', at('/v3/a/', 'a=1&n=2&n=10')))).toBe(true)
    expect(isGood(request('/v3/a', 'n=2&n=10&a=1', at('/v3/a/', 'a=1&n=10&n=2')))).toBe(true)
  })

  test('broken escapes are signed as they stand', () => {
    expect(isGood(request('/v3/%zz', 'a=%', at('/v3/%25zz/', 'a=%25')))).toBe(true)
  })

  test('a content hash that is not the body’s is refused', () => {
    const signed = sign(
      `GET\n/v3/a/\n\nx-sdk-content-sha256:${'0'.repeat(64)}\nx-sdk-date:20260102T030405Z\n\nx-sdk-content-sha256;x-sdk-date\n${'0'.repeat(64)}`,
      'x-sdk-content-sha256;x-sdk-date',
      { 'x-sdk-content-sha256': '0'.repeat(64) },
    )
    expect(isGood(request('/v3/a', '', signed))).toBe(false)
  })

  test('a signed header that did not come is refused', () => {
    const signed = sign(
      `GET\n/v3/a/\n\nx-none:\nx-sdk-date:20260102T030405Z\n\nx-none;x-sdk-date\n${emptyHash}`,
      'x-none;x-sdk-date',
    )
    expect(isGood(request('/v3/a', '', signed))).toBe(false)
  })
})

describe('a key that is derived for a day, a region and a service', () => {
  /** Signed now, by the signer of Node's core. */
  const derived = (): SignedRequest => {
    const request = {
      method: 'GET',
      endpoint: 'http://127.0.0.1:18080/v3/pipelines/1/status',
      url: '/v3/pipelines/1/status',
      queryParams: { build_id: '2' },
      headers: { 'content-type': 'application/json' },
    }
    const credential = {
      getAk: () => 'AKTEST',
      getSk: () => 'SKTESTSECRET',
      getRegionId: () => 'cn-north-4',
      getDerivedAuthServiceName: () => 'codeartspipeline',
    }
    const headers: Record<string, string> = DerivedAKSKSigner.sign(request, credential as never)
    const [path, query, body] = ['/v3/pipelines/1/status', 'build_id=2', new Uint8Array()]
    return { method: 'GET', path, query, headers: new Headers(headers), body }
  }

  test('signs as the key itself does', () => {
    expect(isGood(derived())).toBe(true)
    expect(isGood(derived(), 'SKTESTSECREU')).toBe(false)
    expect(isGood({ ...derived(), path: '/v3/pipelines/2/status' })).toBe(false)
  })

  test.each([
    [/\d{8}\/cn/, '20200103/cn'],
    [/cn-north-4/, 'cn-north-1'],
    [/codeartspipeline/, 'iam'],
    [/V11-/, 'V12-'],
    [/\/codeartspipeline/, ''],
  ])('is good for nothing else: %s', (was, is) => {
    const request = derived()
    request.headers.set('authorization', (request.headers.get('authorization') ?? '').replace(was, is))
    expect(isGood(request)).toBe(false)
  })
})

describe('the credential', () => {
  const good = first.headers['Authorization'] ?? ''
  const parse = (authorization: string, date = '20260102T030405Z') =>
    parseSdkHmac(new Headers({ Authorization: authorization, 'X-Sdk-Date': date }))

  test('names key, headers and date', () => {
    expect(parse(good)).toMatchObject({ accessKey: 'AKTEST', date: '20260102T030405Z', at: signedAt })
    expect(isSdkHmac(good)).toBe(true)
    expect(isSdkHmac('Bearer x')).toBe(false)
  })

  test.each([
    ['', '20260102T030405Z'],
    [good, ''],
    [good, '2026-01-02T03:04:05Z'],
    [good, '20260231T030405Z'],
    [good, '20260102T990405Z'],
    [good.replace('x-sdk-date', 'x-other'), '20260102T030405Z'],
    [good.replace(/Signature=.*/, 'Signature=00'), '20260102T030405Z'],
    [good.replace('SDK-HMAC-SHA256', 'SDK-SM4-SM3'), '20260102T030405Z'],
    [good.replace('SignedHeaders=', `SignedHeaders=${'a;'.repeat(200)}`), '20260102T030405Z'],
    [`${good}, Access=OTHER`, '20260102T030405Z'],
  ])('is refused when it is not whole: %j %j', (authorization, date) => {
    expect(parse(authorization, date)).toBeUndefined()
  })

  test('is good for 15 minutes before and after its date', () => {
    const credential = parse(good)
    if (credential === undefined) throw new Error('it should parse')
    const minutes15 = 15 * 60_000
    expect(
      [-minutes15 - 1, -minutes15, 0, minutes15, minutes15 + 1].map((ms) => isSkewed(credential, signedAt + ms)),
    ).toEqual([true, false, false, false, true])
  })
})
