import { expect, test } from 'vitest'
import { definition, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { runOfSnapshot, snapshotOf } from './snapshot.ts'

const nodesIn = (snapshot: string): readonly object[] => (JSON.parse(snapshot) as { nodes: object[] }).nodes

test('a snapshot says of each node only what is not as it was at first', () => {
  const whole = definition({ stages: [stage('s', [script('a'), script('b')])] })
  expect(nodesIn(snapshotOf(new EngineWorld(whole, { start: false }).run))).toEqual([{}, {}, {}])
  const w = new EngineWorld(whole)
  w.lease('a')
  w.succeed('a')
  const [, a, b] = nodesIn(snapshotOf(w.run))
  expect(a).toMatchObject({ status: 'succeeded', attempt: 1 })
  expect(Object.keys(a ?? {})).not.toContain('failure')
  expect(b).toMatchObject({ status: 'queued' })
})

test('a snapshot of another form, run or plan is none', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a')])] }))
  const other = new EngineWorld(definition({ stages: [stage('s', [script('a'), script('b')])] }))
  const text = snapshotOf(w.run)
  const { id, plan } = w.run
  expect(snapshotOf(runOfSnapshot(id, plan, text) ?? other.run)).toBe(text)
  expect(runOfSnapshot(id, plan, text.replace(/"form":\d+/, '"form":4'))).toBeUndefined()
  expect(runOfSnapshot(id, other.run.plan, text)).toBeUndefined()
  expect(runOfSnapshot(id, plan, text.replace(id, '0'.repeat(32)))).toBeUndefined()
})
