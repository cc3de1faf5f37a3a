import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { HELPERS, PRETENURING } from './heap.ts'

test.each([PRETENURING, HELPERS])('V8 knows the flag %s: it passes over one that it does not know', (flag) => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(`  ${flag} `)
})
