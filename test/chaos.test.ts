import { expect, test } from 'vitest'
import { chaos } from '../scripts/chaos.ts'

test('servers and runners that are killed, stopped and cut off, and a database that is restarted, lose and double nothing', async () => {
  const report = await chaos({ rounds: 10, seed: 3, servers: 3, runners: 3, netns: false, long: false })
  expect(report.wrong).toEqual([])
  expect(report).toMatchObject({ rounds: 10, acked: 10, lost: 0, doubled: 0, stuck: 0, gaps: 0 })
}, 600_000)
