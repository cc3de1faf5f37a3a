import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PRETENURING } from './heap.ts'

test('V8 knows the flag that keeps it from putting new objects into the old heap: it passes over one it does not know', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(`  ${PRETENURING} `)
})
