import { expect, test } from 'vitest'
import { crashRounds } from '../../../scripts/crash-store.ts'

// Thousands of rounds: node scripts/crash-store.ts 5000
test(
  'what was acknowledged survives kill -9 at any moment, and half of nothing is found',
  { timeout: 120_000 },
  async () => {
    const report = await crashRounds(30, 20_261_121)
    expect(report.rounds).toBe(30)
    expect(report.acknowledgedCommits).toBeGreaterThan(1_000)
    expect(report.acknowledgedNames).toBeGreaterThan(30)
    expect(report.unacknowledgedCommits).toBeGreaterThan(0)
  },
)
