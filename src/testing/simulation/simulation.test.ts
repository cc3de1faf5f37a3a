import { describe, expect, test } from 'vitest'
import type { Store } from '../../store/store.ts'
import { SEEDS } from './seeds.ts'
import { simulate, type Planted } from './simulation.ts'

// A thousand days: npm run simulate -- --days 1000 --json (as .ci/run does).
test(
  'through crashes, full disks and runners that die, nothing is stuck, lost or doubled',
  { timeout: 120_000 },
  async () => {
    const total = { days: 0, runs: 0, crashes: 0, fullDisks: 0, answers: 0 }
    for (let seed = 1_000; seed < 1_006; seed += 1) {
      const one = await simulate(seed, 20)
      expect([seed, one.found]).toEqual([seed, []])
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += one[name]
    }
    expect(total.days).toBe(120)
    expect(total.runs).toBeGreaterThan(500)
    expect(total.crashes).toBeGreaterThan(100)
    expect(total.fullDisks).toBeGreaterThan(30)
    expect(total.answers).toBeGreaterThan(1_000)
  },
)

test('the same seed gives the same days', async () => {
  expect(await simulate(77, 5)).toEqual(await simulate(77, 5))
})

test.each(SEEDS)('$name: seed $seed', { timeout: 60_000 }, async ({ seed, days }) => {
  expect((await simulate(seed, days)).found).toEqual([])
})

describe('what is planted is found', () => {
  const changed = (change: (runs: Store['runs']) => Partial<Store['runs']>): Planted => ({
    store: (store) => ({ ...store, runs: { ...store.runs, ...change(store.runs) } }),
  })
  const findings = async (planted: Planted): Promise<readonly string[]> => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { found } = await simulate(seed, 20, planted)
      if (found.length > 0) return found
    }
    return []
  }

  test('a store that says of a commit that it is durable, and then dies with it', async () => {
    let last = 0
    const hasty = changed((runs) => ({
      lastNumber: async () => (last = await runs.lastNumber()),
      commit: (commit) => {
        last += commit.entries.reduce((count, { events }) => count + events.length, 0)
        runs.commit(commit).catch(() => undefined)
        return Promise.resolve({ lastNumber: last })
      },
    }))
    expect(await findings(hasty)).not.toEqual([])
  })

  test('a store that keeps no idempotency keys', async () => {
    const forgetful = changed((runs) => ({
      commit: (commit) => runs.commit({ ...commit, idempotency: null }),
    }))
    expect((await findings(forgetful)).join()).toMatch(/made two runs/)
  })

  test('a store that names no live run when the server comes back', async () => {
    const blind = changed(() => ({ live: () => Promise.resolve([]) }))
    expect((await findings(blind)).join()).toMatch(/stuck|at the end/)
  })

  test('a store that loses what it refuses to write by half', async () => {
    let count = 0
    const half = changed((runs) => ({
      commit: (commit) => {
        count += 1
        return runs.commit(count % 40 === 0 && commit.summary !== null ? { ...commit, summary: null } : commit)
      },
    }))
    expect(await findings(half)).not.toEqual([])
  })
})
