import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockDirectory } from '../../src/store/sqlite/lock.ts'
import { SmallDisk } from '../support/small-disk.ts'

test('a data directory that would be on a read-only disk is said to be just that', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-read-only-'))
  const disk = new SmallDisk(join(directory, 'disk'), 'ro,size=1m')
  onTestFinished(() => {
    disk.remove()
    rmSync(directory, { recursive: true, force: true })
  })
  for (const path of ['data', 'deep/data']) {
    const wanted = join(disk.directory, path)
    await expect(lockDirectory(wanted)).rejects.toMatchObject({
      code: 'full',
      message: expect.stringMatching(new RegExp(`^the data directory ${wanted} cannot be used: EROFS`)),
    })
  }
})
