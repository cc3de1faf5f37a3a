import { expect, test } from 'vitest'
import { definition } from '../testing/definitions.ts'
import { compile } from './compile.ts'
import { upcastEntry, upcastPlan } from './upcast.ts'

const entry = { v: 1, seq: 1, at: 0, actor: { kind: 'user', name: 'li' }, events: [{ type: 'RunStarted' }] }

test('what this release writes is read as it is', () => {
  expect(upcastEntry(entry)).toBe(entry)
  const plan = compile(definition())
  expect(upcastPlan(plan)).toBe(plan)
})

test.each([[{ ...entry, v: 2 }], [{ ...entry, v: '1' }], [{}], [null], ['text']])(
  'what a later release wrote is not guessed at: %j',
  (stored) => {
    expect(() => upcastEntry(stored)).toThrow(/expected a log entry of version 1/)
    expect(() => upcastPlan(stored)).toThrow(/expected a plan of version 1/)
  },
)
