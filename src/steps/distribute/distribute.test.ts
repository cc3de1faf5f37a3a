import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { s3Server } from '../../../test/support/s3-server.ts'
import { allowHosts, HttpTarget } from '../../../test/support/http-target.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import { distribute } from './spec.ts'

let runner: TestRunner
let to: string
let runs = 0
const before = process.env['MILLRACE_DISTRIBUTE_TO']
beforeAll(async () => {
  runner = await TestRunner.open()
  to = mkdtempSync(join(tmpdir(), 'millrace-distributed-'))
})
afterAll(async () => {
  rmSync(to, { recursive: true, force: true })
  if (before === undefined) delete process.env['MILLRACE_DISTRIBUTE_TO']
  else process.env['MILLRACE_DISTRIBUTE_TO'] = before
  await runner.close()
})

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex')
const secrets = [
  { name: 'TOKEN', as: 'step', value: 'a token nobody guesses' },
  { name: 'AK', as: 'step', value: 'S3RVER' },
  { name: 'SK', as: 'step', value: 'S3RVER' },
] as const

/** A run whose workspace has these files. */
function withFiles(files: Readonly<Record<string, string | Buffer>>) {
  runs += 1
  const runId = asId<RunId>(runs.toString(16).padStart(32, '0'))
  const workspace = runner.paths.workspace(runId)
  mkdirSync(workspace, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true })
    writeFileSync(join(workspace, name), text)
  }
  process.env['MILLRACE_DISTRIBUTE_TO'] = `${to}:/srv/nothing-there`
  return { workspace, go: (input: JsonObject) => runner.run('distribute', input, { runId, secrets }) }
}

const reasonOf = (result: Awaited<ReturnType<TestRunner['run']>>['result']): string => {
  const failure = result.kind === 'failed' ? result.failure : undefined
  return failure?.kind === 'said-no' || failure?.kind === 'cannot-start' || failure?.kind === 'unauthorized'
    ? `${failure.kind}: ${failure.reason}`
    : result.kind
}

describe('to a directory', () => {
  test('files are there whole, and what they were called before makes way', async () => {
    const { go } = withFiles({ 'dist/web-1.tar.gz': 'one', 'dist/web-1.zip': 'two', 'dist/x.txt': 'x' })
    mkdirSync(join(to, 'web'))
    writeFileSync(join(to, 'web', 'web-1.zip'), 'old')
    const { result, log } = await go({ files: 'dist/web-*', directory: { path: 'web' } })
    expect(result).toEqual({
      kind: 'succeeded',
      outputs: { files: 2, location: join(to, 'web', 'web-1.tar.gz') },
    })
    expect(readdirSync(join(to, 'web')).toSorted()).toEqual(['web-1.tar.gz', 'web-1.zip'])
    expect(readFileSync(join(to, 'web', 'web-1.zip'), 'utf8')).toBe('two')
    expect(log).toContain(`web-1.zip: 3 bytes, sha256 ${sha256('two')}`)
  })

  test('an absolute path may be named that is allowed', async () => {
    const { go } = withFiles({ a: 'a' })
    const { result } = await go({ files: 'a', directory: { path: join(to, 'deep/er') } })
    expect(result).toMatchObject({ outputs: { package_file: 'a', sha256: sha256('a') } })
    expect(readFileSync(join(to, 'deep/er/a'), 'utf8')).toBe('a')
  })

  test.each(['/tmp', '../out', 'web/../../out', 'out/x', '/srv/nothing-there/../x'])('%s is refused', async (path) => {
    const { go } = withFiles({ a: 'a' })
    const outside = mkdtempSync(join(tmpdir(), 'millrace-outside-'))
    onTestFinished(() => rmSync(outside, { recursive: true, force: true }))
    rmSync(join(to, 'out'), { force: true })
    symlinkSync(outside, join(to, 'out'))
    const { result } = await go({ files: 'a', directory: { path } })
    expect(reasonOf(result)).toMatch(/^cannot-start: .* is not below a directory that MILLRACE_DISTRIBUTE_TO/)
    expect(readdirSync(outside)).toEqual([])
    expect(existsSync(join(to, '..', 'out'))).toBe(false)
  })

  test.each([
    ['*.none', 'said-no: no file of the workspace is like *.none'],
    ['dist', 'said-no: expected a regular file, found something else: dist'],
    ['link', 'said-no: expected a regular file, found something else: link'],
    ['**/a.txt', 'said-no: several files are called a.txt, and there is place for one'],
    ['../a', 'cannot-start: expected a path inside the workspace, found "../a"'],
  ])('%s is nothing to distribute', async (files, reason) => {
    const { go, workspace } = withFiles({ 'dist/a.txt': 'a', 'more/a.txt': 'b' })
    symlinkSync('/etc/passwd', join(workspace, 'link'))
    expect(reasonOf((await go({ files, directory: { path: 'web' } })).result)).toBe(reason)
  })
})

describe('to an HTTP server', () => {
  async function target() {
    const server = await HttpTarget.open()
    const forbid = allowHosts(server.host)
    onTestFinished(() => {
      forbid()
      server.close()
    })
    return server
  }

  test('each file is put under its name, with its checksum and credentials that are not logged', async () => {
    const server = await target()
    const large = Buffer.alloc(3_000_000, 'millrace')
    const { go } = withFiles({ 'a b.txt': 'a', 'large.bin': large })
    const { result, log } = await go({
      files: ['*.txt', '*.bin'],
      http: { url: server.url('/files/?key=k'), token: 'TOKEN' },
    })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { files: 2 } })
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /files/a%20b.txt?key=k',
      'PUT /files/large.bin?key=k',
    ])
    expect(server.seen[1]?.headers).toMatchObject({
      authorization: 'Bearer a token nobody guesses',
      'content-length': '3000000',
      'x-checksum-sha256': sha256(large),
    })
    expect(sha256(server.seen[1]!.body)).toBe(sha256(large))
    expect(log).not.toMatch(/nobody guesses|key=k/)
  })

  test('a refusal is one, and one address takes one file', async () => {
    const server = await target()
    const { go } = withFiles({ a: 'a', b: 'b' })
    expect(reasonOf((await go({ files: ['a', 'b'], http: { url: server.url('/x') } })).result)).toMatch(
      /several files were found/,
    )
    server.answer = (_, response) => void response.writeHead(403).end()
    const http = { url: server.url('/x'), user: 'ci', password: 'TOKEN' }
    expect(reasonOf((await go({ files: 'a', http })).result)).toMatch(
      /^unauthorized: .* status 403: the credentials were refused$/,
    )
    expect(server.seen.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from('ci:a token nobody guesses').toString('base64')}`,
    )
    expect(reasonOf((await go({ files: 'a', http: { url: 'http://10.0.0.1/' } })).result)).toMatch(
      /^cannot-start: 10\.0\.0\.1/,
    )
  })

  test.each([
    ['a token', 401, { token: 'TOKEN' }, 'the credentials were refused'],
    ['a user and a password', 403, { user: 'ci', password: 'TOKEN' }, 'the credentials were refused'],
    ['a header', 403, { headers: { 'x-api-key': '1' } }, 'the credentials were refused'],
    ['nothing', 401, {}, 'it wants credentials, and was given none'],
  ])('%s that an HTTP server refuses with %d is not authorized, and not tried again', async (_, status, more, what) => {
    const server = await target()
    server.answer = (__, response) => void response.writeHead(status).end()
    const { go } = withFiles({ a: 'a' })
    const { result, log } = await go({ files: 'a', http: { url: server.url('/x'), ...more } })
    expect(result).toMatchObject({
      failure: { kind: 'unauthorized', reason: expect.stringMatching(new RegExp(`status ${status}: ${what}$`)) },
    })
    expect(log).not.toContain('nobody guesses')
    expect(server.seen).toHaveLength(1)
  })
})

describe('to S3-compatible storage', () => {
  async function storage() {
    const { endpoint, credentials, close } = await s3Server('releases')
    const { host, port } = new URL(endpoint)
    const forbid = allowHosts(host, `localhost:${port}`)
    onTestFinished(async () => {
      forbid()
      await close()
    })
    const client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
    })
    return {
      endpoint,
      port,
      client,
      s3: { bucket: 'releases', prefix: 'web/', endpoint, access_key: 'AK', secret_key: 'SK' },
    }
  }

  test('small and large files arrive as they are', async () => {
    const { s3, client } = await storage()
    const large = Buffer.alloc(20_000_000, 'millrace')
    const { go } = withFiles({ 'small.txt': 'small', 'large.bin': large })
    const { result } = await go({ files: ['small.txt', 'large.bin'], s3 })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { files: 2, location: 's3://releases/web/large.bin' } })
    const kept = await client.send(new GetObjectCommand({ Bucket: 'releases', Key: 'web/large.bin' }))
    expect(sha256(Buffer.from(await kept.Body!.transformToByteArray()))).toBe(sha256(large))
    const small = await client.send(new HeadObjectCommand({ Bucket: 'releases', Key: 'web/small.txt' }))
    expect([small.ContentLength, small.Metadata]).toEqual([5, { sha256: sha256('small') }])
  })

  test.each(['SignatureDoesNotMatch', 'ExpiredToken', 'AccessDenied'])('%s is not authorized', async (code) => {
    const server = await HttpTarget.open()
    const forbid = allowHosts(server.host)
    onTestFinished(() => {
      forbid()
      server.close()
    })
    server.answer = (_, response) =>
      void response
        .writeHead(403, { 'content-type': 'application/xml' })
        .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`)
    const s3 = { bucket: 'releases', endpoint: server.url(), access_key: 'AK', secret_key: 'SK' }
    const { go } = withFiles({ a: 'a' })
    expect(reasonOf((await go({ files: 'a', s3 })).result)).toBe(`unauthorized: the storage refused it: ${code}: no`)
  })

  test('credentials that are wrong, a bucket that is not there and an address that may not be are refused', async () => {
    const { s3, port } = await storage()
    const { go } = withFiles({ a: 'a' })
    expect(reasonOf((await go({ files: 'a', s3: { ...s3, access_key: 'TOKEN' } })).result)).toMatch(
      /^unauthorized: the storage refused it: InvalidAccessKeyId/,
    )
    expect(reasonOf((await go({ files: 'a', s3: { ...s3, bucket: 'nobodys' } })).result)).toMatch(
      /^said-no: the storage refused it: NoSuchBucket/,
    )
    expect(reasonOf((await go({ files: 'a', s3: { ...s3, secret_key: 'OTHER' } })).result)).toBe(
      'cannot-start: the task was not given the secret OTHER',
    )
    onTestFinished(allowHosts(`127.0.0.1:${port}`))
    for (const endpoint of [`http://localhost:${port}`, 'http://169.254.169.254/']) {
      expect(reasonOf((await go({ files: 'a', s3: { ...s3, endpoint } })).result)).toMatch(
        /an address that is not public/,
      )
    }
  })
})

test.each([
  {},
  { files: 'a' },
  { files: 'a', directory: { path: 'x' }, http: { url: 'https://example.com/' } },
  { files: [], directory: { path: 'x' } },
  { files: 'a', http: { url: 'ftp://example.com/' } },
  { files: 'a', http: { url: 'https://example.com/', user: 'ci' } },
  { files: 'a', s3: { bucket: 'Upper', access_key: 'A', secret_key: 'B' } },
  { files: 'a', s3: { bucket: 'good', access_key: '${{ params.a }}', secret_key: 'B' } },
])('%j is wrong', (input) => {
  expect(distribute.schema.safeParse(input).success).toBe(false)
})
