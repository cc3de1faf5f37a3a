import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import { remotePaths, type RunnerPaths } from '../paths.ts'
import { Begun } from './begun.ts'

const [A, B] = [asId<RunId>('0a'.repeat(16)), asId<RunId>('0b'.repeat(16))]
const ref = (runId: RunId, attempt: number) => ({ runId, node: 0, attempt, fence: attempt * 10 })

let directory: string
let paths: RunnerPaths
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-begun-'))
  paths = remotePaths(directory)
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('nothing is begun twice, by this process or the next', () => {
  const begun = new Begun(paths)
  expect([begun.claim(ref(A, 1)), begun.claim(ref(A, 2)), begun.claim(ref(B, 1))]).toEqual([true, true, true])
  expect(begun.claim(ref(A, 1))).toBe(false)
  const next = new Begun(paths)
  expect([next.claim(ref(A, 1)), next.claim(ref(A, 2)), next.claim(ref(B, 1)), next.claim(ref(B, 2))]).toEqual([
    false,
    false,
    false,
    true,
  ])
})

test('it lives as long as the workspace of its run', () => {
  const begun = new Begun(paths)
  begun.claim(ref(A, 1))
  rmSync(paths.run(A), { recursive: true })
  expect(begun.claim(ref(A, 1))).toBe(false)
  begun.forget(A)
  expect(begun.claim(ref(A, 1))).toBe(true)
})

test('what cannot be written down is not begun', () => {
  writeFileSync(join(directory, 'work'), '')
  expect(() => new Begun(paths).claim(ref(A, 1))).toThrow(/ENOTDIR|EEXIST/)
})
