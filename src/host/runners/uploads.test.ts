import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SmallDisk } from '../../../test/support/small-disk.ts'
import { asId, type RunId } from '../../model/id.ts'
import { runnerPaths, type RunnerPaths } from '../../runner/paths.ts'
import { Uploads } from './uploads.ts'

const REF = { runId: asId<RunId>('0c'.repeat(16)), node: 1, attempt: 1, fence: 3 }
const OWNER = 'far'
const PIECE = 300_000
const bytes = randomBytes(PIECE * 3)
const sha256 = createHash('sha256').update(bytes).digest('hex')

let disk: SmallDisk
let paths: RunnerPaths
let uploads: Uploads
let defects: string[]
beforeEach(() => {
  disk = new SmallDisk(mkdtempSync(join(tmpdir(), 'millrace-uploads-')), 'size=1m')
  paths = runnerPaths(disk.directory)
  defects = []
  uploads = new Uploads(paths, 10_000_000, (error) => defects.push(String(error)))
})
afterEach(() => disk.remove())

const piece = (at: number) => bytes.subarray(at, at + PIECE)
const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)

test('an artifact that finds no room is told so by its name, goes on where it was, and is whole', async () => {
  disk.fill(PIECE + 100_000)
  const send = (at: number) => uploads.artifact(OWNER, sha256, { offset: at, total: bytes.length, bytes: piece(at) })
  expect(await send(0)).toEqual({ ok: true, value: { size: PIECE } })
  for (const _ of [1, 2, 3]) {
    expect(await send(PIECE)).toMatchObject({
      refusal: { code: 'unavailable', message: expect.stringContaining(`no room for the artifact ${sha256}: ENOSPC`) },
    })
  }
  // Operators are told once.
  expect(defects).toEqual([expect.stringContaining(`no room for the artifact ${sha256}`)])
  expect(uploads.artifactSize(OWNER, sha256)).toBe(PIECE)
  disk.makeRoom()
  expect(await send(PIECE)).toEqual({ ok: true, value: { size: PIECE * 2 } })
  expect(await send(PIECE * 2)).toEqual({ ok: true, value: { size: bytes.length } })
  expect(readFileSync(paths.artifact(sha256)).equals(bytes)).toBe(true)
  expect(filesIn(paths.parts)).toEqual([])
})

test('a report that finds no room leaves nothing behind, and has its place when there is some', async () => {
  const report = Buffer.from(JSON.stringify([]).padEnd(PIECE * 2))
  const send = (at: number) =>
    uploads.report(OWNER, REF, 'artifacts', {
      offset: at,
      total: report.length,
      bytes: report.subarray(at, at + PIECE),
    })
  disk.fill(PIECE - 100_000)
  expect((await send(0)).ok).toBe(false)
  disk.makeRoom()
  expect(await send(0)).toEqual({ ok: true, value: { size: PIECE } })
  expect(await send(PIECE)).toEqual({ ok: true, value: { size: report.length } })
  expect(readFileSync(paths.report(REF, 'artifacts')).equals(report)).toBe(true)
})

test('a log that finds no room goes on from the last byte that did', async () => {
  disk.fill(PIECE + 100_000)
  let size = 0
  const send = async (): Promise<string> => {
    const answer = await uploads.log(REF, size, piece(size))
    if (answer.ok) size = answer.value.size
    else if (answer.refusal.code === 'offset') size = answer.refusal.size ?? 0
    return answer.ok ? 'taken' : answer.refusal.code
  }
  expect(await send()).toBe('taken')
  expect([await send(), await send()]).toEqual(['unavailable', 'unavailable'])
  expect(await uploads.finishLog(REF, bytes.length)).toMatchObject({ refusal: { code: 'incomplete' } })
  disk.makeRoom()
  while (size < bytes.length) expect(['taken', 'offset']).toContain(await send())
  expect(await uploads.finishLog(REF, bytes.length)).toEqual({ ok: true, value: null })
  expect(readFileSync(paths.log(REF)).equals(bytes)).toBe(true)
})

test('a log whose end was lost is sent again from there', async () => {
  for (const at of [0, PIECE]) await uploads.log(REF, at, piece(at))
  truncateSync(paths.log(REF), 1_000)
  expect(await uploads.log(REF, PIECE * 2, piece(PIECE * 2))).toMatchObject({
    refusal: { code: 'offset', size: 1_000 },
  })
  expect(await uploads.finishLog(REF, bytes.length)).toMatchObject({ refusal: { code: 'incomplete', size: 1_000 } })
  expect(await uploads.log(REF, 1_000, bytes.subarray(1_000))).toEqual({ ok: true, value: { size: bytes.length } })
  expect(readFileSync(paths.log(REF)).equals(bytes)).toBe(true)
})
