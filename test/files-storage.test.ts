import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Depot } from '../src/host/keeping/depot.ts'
import { openArtifact } from '../src/host/reports/artifact-file.ts'
import { sweepArtifacts } from '../src/host/keeping/kept-files.ts'
import { openLog } from '../src/host/logs/logs.ts'
import { MovedFiles } from '../src/host/keeping/moved-files.ts'
import { asId, type RunId } from '../src/model/id.ts'
import { timeRecord } from '../src/model/log-times.ts'
import { s3Depot } from '../src/outbound/s3-depot.ts'
import { artifactPath } from '../src/runner/paths.ts'
import { type S3Server, s3Server } from './support/s3-server.ts'

const DAY = 24 * 3_600_000
const one = asId<RunId>('01'.repeat(16))
const two = asId<RunId>('02'.repeat(16))
const ended = AbortSignal.abort()
const never = new AbortController().signal

let server: S3Server
let directory: string
let depot: Depot
let now: number
let files: MovedFiles
let count = 0

beforeAll(async () => {
  server = await s3Server('millrace')
})
afterAll(() => server.close())
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-moved-'))
  // A prefix of its own: the tests share the bucket.
  count += 1
  depot = s3Depot(url(server.endpoint), { credentials: server.credentials })
  now = Date.now()
  files = new MovedFiles({ depot, logs: join(directory, 'logs'), artifact, now: () => now })
  return () => rmSync(directory, { recursive: true, force: true })
})

const url = (endpoint: string): string => `s3://millrace/test-${count}/files?endpoint=${endpoint}`
const artifact = (sha256: string): string => artifactPath(join(directory, 'artifacts'), sha256)
const write = (path: string, bytes: string | Uint8Array): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}
const logPath = (run: RunId, name: string): string => join(directory, 'logs', run, name)

/** An attempt that kept these bytes. */
function keeps(run: RunId, attempt: string, bytes: Uint8Array): string {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  write(artifact(sha256), bytes)
  write(logPath(run, `${attempt}.artifacts.json`), JSON.stringify([{ name: 'a', sha256, sizeBytes: bytes.length }]))
  return sha256
}

async function read(pieces: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces ?? []) all.push(piece)
  return Buffer.concat(all)
}

async function named(prefix: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const name of depot.list(prefix)) names.push(name)
  return names
}

describe('a depot in S3', () => {
  test('gives back what was put, in ranges, also what is larger than one part', async () => {
    const bytes = randomBytes(17 * 1_024 * 1_024)
    const path = join(directory, 'large')
    write(path, bytes)
    await depot.put('artifacts/00/large', { path })
    const file = await depot.open('artifacts/00/large')
    expect(file?.sizeBytes).toBe(bytes.length)
    expect((await read(file?.read(0, bytes.length, never))).equals(bytes)).toBe(true)
    expect((await read(file?.read(16_777_210, 20, never))).equals(bytes.subarray(16_777_210, 16_777_230))).toBe(true)
    expect(await read(file?.read(5, 0, never))).toHaveLength(0)
  })

  test('knows nothing of what is not there, and empty files are there', async () => {
    write(join(directory, 'empty'), '')
    await depot.put('empty', { path: join(directory, 'empty') })
    expect((await depot.open('empty'))?.sizeBytes).toBe(0)
    expect(await depot.open('another')).toBeUndefined()
    await depot.remove(['empty', 'another'])
    expect(await depot.open('empty')).toBeUndefined()
  })

  test('lists and removes all names below a prefix, and folders once each', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `many/${10 + Math.floor(index / 2)}/${index}`)
    for (const name of names) await depot.put(name, { text: 'x' })
    expect(await named('many/')).toEqual(names)
    const folders: string[] = []
    for await (const folder of depot.folders('many/')) folders.push(folder)
    expect(folders).toEqual([...new Set(names.map((name) => name.slice(5, 7)))])
    const paged = s3Depot(url(server.endpoint), { credentials: server.credentials, page: 10 })
    await paged.remove(names)
    expect(await named('many')).toEqual([])
  })

  test('asks on where the storage lists only some at once', async () => {
    // The server of these tests cannot: it makes its tokens with DES, which Node no longer has.
    const asked: (string | null)[] = []
    const lists = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://s3')
      const token = searchParams.get('continuation-token')
      asked.push(token)
      const key = `test-${count}/files/logs/${token ?? 'a'}`
      const next = { a: 'b', b: 'c' }[token ?? 'a']
      const more = next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`
      const truncated = `<IsTruncated>${next !== undefined}</IsTruncated>${more}`
      response.setHeader('content-type', 'application/xml')
      response.end(`<ListBucketResult><Contents><Key>${key}</Key></Contents>${truncated}</ListBucketResult>`)
    })
    await new Promise<void>((resolve) => lists.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => lists.close(() => resolve())))
    const { port } = lists.address() as AddressInfo
    const other = s3Depot(url(`http://127.0.0.1:${port}`), { credentials: server.credentials })
    const names: string[] = []
    for await (const name of other.list('logs/')) names.push(name)
    expect(names).toEqual(['logs/a', 'logs/b', 'logs/c'])
    expect(asked).toEqual([null, 'b', 'c'])
    lists.closeAllConnections()
  })

  test('says so when the storage says no', async () => {
    const other = s3Depot(`s3://nobodys-bucket?endpoint=${server.endpoint}`, { credentials: server.credentials })
    await expect(other.put('a', { text: 'x' })).rejects.toThrow()
    await expect(named('x').then(() => other.list('x')[Symbol.asyncIterator]().next())).rejects.toThrow()
  })
})

describe('files of a run that has ended', () => {
  test('are moved whole, and logs, reports and artifacts are read as before', async () => {
    const text = Array.from({ length: 50_000 }, (_, line) => `line ${line} 行\n`).join('')
    write(logPath(one, '3-1.log'), text)
    write(logPath(one, '3-1.log.times'), Buffer.concat([1, 2].map((at) => timeRecord({ size: at * 1_000, at }))))
    write(logPath(one, '3-1.tests.json'), '{"cases":[]}')
    const bytes = randomBytes(300_000)
    const sha256 = keeps(one, '3-1', bytes)
    await files.move(one)
    expect(existsSync(join(directory, 'logs', one))).toBe(false)
    expect(await files.runs()).toEqual([one])
    expect(await files.names(one)).toEqual(['3-1.artifacts.json', '3-1.log', '3-1.log.times', '3-1.tests.json'])
    expect(await files.report(one, 3, 1, 'tests')).toBe('{"cases":[]}')
    expect(await files.report(one, 3, 2, 'tests')).toBeUndefined()

    const log = files.log(openLog(logPath(one, '3-1.log'), 1, ended), one, 3)
    const whole = Buffer.from(text)
    expect(await log.size()).toBe(whole.length)
    expect((await read(log.follow(0, never))).equals(whole)).toBe(true)
    expect((await read(log.follow(400_001, never))).equals(whole.subarray(400_001))).toBe(true)
    expect(Buffer.from(await log.read(100, 50)).equals(whole.subarray(100, 150))).toBe(true)
    expect(await log.read(whole.length, 50)).toHaveLength(0)
    expect(await log.times([0, 999, 1_000, 5_000])).toEqual([1, 1, 2, null])
    // Nobody who reads makes a directory again.
    expect(existsSync(join(directory, 'logs', one))).toBe(false)

    // On disk until nothing there names it for a day.
    expect(await openArtifact(artifact(sha256))).toBeDefined()
    expect(await sweepArtifacts(join(directory, 'logs'), join(directory, 'artifacts'), now + 2 * DAY)).toBe(1)
    expect((await read((await files.artifact(sha256))?.read(0, bytes.length, never))).equals(bytes)).toBe(true)
  })

  test('are read to their end by who follows them while they are moved', async () => {
    const text = 'x'.repeat(700_000)
    write(logPath(one, '1-1.log'), text)
    const log = files.log(openLog(logPath(one, '1-1.log'), 1, ended), one, 1)
    const pieces = log.follow(0, never)[Symbol.asyncIterator]()
    const first = await pieces.next()
    await files.move(one)
    let size = first.done === true ? 0 : first.value.length
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) size += piece.value.length
    expect(size).toBe(text.length)
  })

  test('moved twice, after a crash in between or with what a retry has left, are there once', async () => {
    write(logPath(one, '1-1.log'), 'first')
    await files.move(one)
    write(logPath(one, '1-1.log'), 'first')
    write(logPath(one, '1-2.log'), 'second')
    await files.move(one)
    await files.move(one)
    expect(await files.names(one)).toEqual(['1-1.log', '1-2.log'])
    expect(readdirSync(join(directory, 'logs'))).toEqual([])
  })

  test('stay on disk when the storage cannot take them', async () => {
    write(logPath(one, '1-1.log'), 'kept')
    const nowhere = s3Depot(`s3://nobodys-bucket?endpoint=${server.endpoint}`, { credentials: server.credentials })
    const broken = new MovedFiles({ depot: nowhere, logs: join(directory, 'logs'), artifact, now: () => now })
    await expect(broken.move(one)).rejects.toThrow()
    expect(readdirSync(join(directory, 'logs', one))).toEqual(['1-1.log'])
  })

  test('go with their run, artifacts with the last run that names them', async () => {
    const bytes = randomBytes(1_000)
    const sha256 = keeps(one, '1-1', bytes)
    keeps(two, '1-1', bytes)
    const own = keeps(two, '2-1', randomBytes(1_000))
    await files.move(one)
    await files.move(two)
    now += 2 * DAY
    await files.remove(one)
    expect(await named('logs/')).toEqual([`logs/${two}/1-1.artifacts.json`, `logs/${two}/2-1.artifacts.json`])
    expect(await files.artifact(sha256)).toBeDefined()
    await files.remove(two)
    await files.remove(two)
    expect([...(await named('logs/')), ...(await named('named/')), ...(await named('artifacts/'))]).toEqual([])
    expect(await files.artifact(own)).toBeUndefined()
  })

  test('an artifact that was named just now is left alone', async () => {
    const sha256 = keeps(one, '1-1', randomBytes(10))
    await files.move(one)
    await files.remove(one)
    expect(await files.artifact(sha256)).toBeDefined()
  })
})
