import { expect, test } from 'vitest'
import { cut } from '../scripts/cut.ts'

test('a line that is cut, slow or reset, and sides that are killed, make no attempt end twice or be done twice', async () => {
  const report = await cut({ rounds: 12, seed: 7, lanes: 3, leaseMs: 3_000, netns: false })
  expect(report.wrong).toEqual([])
  expect([report.rounds, report.runs]).toEqual([12, 24])
}, 300_000)
