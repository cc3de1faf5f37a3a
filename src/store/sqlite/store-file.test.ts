import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { storeFileIn } from './store-file.ts'

test('a directory without a store is told from one that cannot be looked into', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-store-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const missing = (path: string) => ({ code: 'missing', message: `there is no store in ${path}` })
  expect(() => storeFileIn(directory)).toThrow(expect.objectContaining(missing(directory)))
  expect(() => storeFileIn(join(directory, 'none'))).toThrow(expect.objectContaining({ code: 'missing' }))
  await writeFile(join(directory, 'millrace.db'), '')
  expect(storeFileIn(directory)).toBe(join(directory, 'millrace.db'))
  // Whoever may look everywhere is not stopped by modes; a link to itself stops anybody.
  const loop = join(directory, 'loop')
  await symlink('loop', loop)
  expect(() => storeFileIn(loop)).toThrow(
    expect.objectContaining({ code: 'full', message: expect.stringMatching(/^the store in .* cannot be read: ELOOP/) }),
  )
})
