import {
  chmodSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import { waitUntil } from '../../test/support/wait-until.ts'
import { runnerPaths } from './paths.ts'
import { Slot } from './slot.ts'

describe('a slot', () => {
  let directory: string
  let slot: Slot
  let script: string
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-slot-'))
    await TestRunner.open({ slots: 1, directory }).then((runner) => runner.agent.stop(0))
    slot = new Slot(runnerPaths(directory), 0)
    script = join(slot.scratch, 'script')
    await slot.take('before')
    writeFileSync(script, 'echo what nobody else shall read', { mode: 0o600 })
  })
  afterEach(() => {
    slot.close()
    rmSync(directory, { recursive: true })
  })

  const names = (): readonly string[] => readdirSync(slot.scratch).toSorted()

  test('keeps the file of a script, and nothing of what was in it', async () => {
    const { ino } = statSync(script)
    chmodSync(script, 0o700)
    await slot.leave()
    const after = statSync(script)
    expect([after.ino, after.size, after.mode & 0o777]).toEqual([ino, 0, 0o600])
    await slot.take('next')
    expect([names(), statSync(script).ino]).toEqual([['script', 'tmp'], ino])
  })

  test('removes a link in its place, and leaves alone what it leads to', async () => {
    const target = join(directory, 'target')
    writeFileSync(target, 'not ours')
    rmSync(script)
    symlinkSync(target, script)
    await slot.leave()
    expect([existsSync(script), readFileSync(target, 'utf8')]).toEqual([false, 'not ours'])
    linkSync(target, script)
    await slot.leave()
    expect([existsSync(script), readFileSync(target, 'utf8')]).toEqual([false, 'not ours'])
  })

  test('makes everything anew when another has written into it since', async () => {
    await slot.leave()
    writeFileSync(script, 'echo from elsewhere')
    await slot.take('next')
    expect(names()).toEqual(['tmp'])
    writeFileSync(join(slot.temporary, 'file'), '')
    await slot.take('one more')
    expect([names(), readdirSync(slot.temporary)]).toEqual([['tmp'], []])
  })

  test('finds what was left in it however long nothing was, and whatever time it bears', async () => {
    for (const path of [slot.temporary, slot.scratch]) {
      const attempt = async (work: () => void = () => {}): Promise<void> => {
        await slot.take('attempt')
        writeFileSync(script, 'true', { mode: 0o600 })
        work()
        await slot.leave()
      }
      await attempt()
      await waitUntil(() => [slot.scratch, path].every((one) => Date.now() - statSync(one).ctimeMs > 150))
      await attempt()
      await attempt(() => {
        const { atime, mtime } = statSync(path)
        writeFileSync(join(path, 'left'), 'behind')
        utimesSync(path, atime, mtime)
      })
      expect(existsSync(join(path, 'left'))).toBe(false)
    }
  })
})

test('a shorter script in the place of a longer one is run without the end of that', async () => {
  const runner = await TestRunner.open({ slots: 1 })
  try {
    expect((await runner.run('script', { script: 'echo one\necho two\necho three' })).log).toBe('one\ntwo\nthree\n')
    expect((await runner.run('script', { script: 'echo 1' })).log).toBe('1\n')
    expect((await runner.run('script', { script: '#!/bin/sh\necho "$0" | sed s,.*/,,' })).log).toBe('script\n')
  } finally {
    await runner.close()
  }
})
