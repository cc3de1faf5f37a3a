import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Run } from '../../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../../engine/snapshot.ts'
import { viewOf } from '../../engine/view.ts'
import type { RunView } from '../../model/view.ts'
import { definition, flow, gateway, on, script, stage, subflow } from '../../testing/definitions.ts'
import { playMoves } from '../../testing/engine-moves.ts'
import { EngineWorld } from '../../testing/engine-world.ts'
import { pipelineView, projectView } from '../../testing/views.ts'
import { formatPlainWithOffset } from '../kit/time.ts'
import { answer } from './errors.ts'
import { presentLarge } from './large-status.ts'
import { presentStatus, type Style } from './present.ts'
import type { Engine } from './status.ts'

const crowd = Array.from({ length: 40 }, (_, place) => script(`n${place}`, on('hold')))
const wide = flow(
  [gateway('p', 'parallel'), ...crowd, gateway('m', 'converge')],
  ['start -> p', ...crowd.map(({ key }) => `p -> ${key} -> m`), 'm -> end'],
)
const styleOf = (engine: Engine, now: number, zoneOffsetMinutes = 480): Style => ({
  engine,
  time: (at) => (at === null ? '' : formatPlainWithOffset(at, zoneOffsetMinutes)),
  zoneOffsetMinutes,
  now,
})
const shown = ({ run }: Pick<EngineWorld, 'run'>): RunView => viewOf(run, projectView(), pipelineView(), 0)

async function look(w: EngineWorld): Promise<void> {
  const fresh = shown({ run: runOfSnapshot(w.run.id, w.run.plan, snapshotOf(w.run)) as Run })
  for (const engine of [1, 2] as const) {
    for (const [now, zone] of [
      [w.now, 480],
      [w.now + 5_000, 0],
    ] as const) {
      const style = styleOf(engine, now, zone)
      const large = presentLarge(shown(w), style)
      const { children = [], status } = large ?? {}
      const response = answer('gateway', { result: true, data: status }, 'id', children)
      expect(await response.json()).toEqual({ result: true, data: presentStatus(fresh, style) })
    }
  }
}

test('the status of a large flow is the one that is made of it node by node, after every change, in both words', async () => {
  const w = new EngineWorld(definition({ stages: [wide] }))
  await look(w)
  w.wait(1_000)
  w.lease('n3')
  for (const step of [
    () => w.succeed('n3', 'n30'),
    () => w.fail('n8'),
    () => w.pause(),
    () => w.resume(),
    () => w.retry('n8'),
    () => w.succeed(...crowd.map(({ key }) => key).filter((key) => key !== 'n3' && key !== 'n30')),
  ]) {
    w.wait(1_000)
    step()
    await look(w)
  }
  expect(w.status()).toBe('succeeded')
})

test('after a change of one node only what stands beside it is written anew', () => {
  const w = new EngineWorld(definition({ stages: [wide] }))
  const children = (): readonly Buffer[] => presentLarge(shown(w), styleOf(1, w.now))?.children ?? []
  const before = children()
  w.lease('n3')
  w.succeed('n3')
  const after = children()
  expect(after).toHaveLength(3)
  expect(after.map((bytes, place) => bytes === before[place])).toEqual([false, true, false])
})

test('whatever people and runners do, what is kept of it is what would be made anew', async () => {
  // What is asked of the whole run comes first among the moves.
  const places = fc.array(fc.oneof(fc.nat({ max: 4 }), fc.nat()), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(places, async (moves) => {
      const w = new EngineWorld(definition({ stages: [wide] }))
      for (const move of moves) {
        playMoves(w, [move])
        await look(w)
      }
    }),
    { numRuns: 20, seed: 1 },
  )
})

test('what is small, has stages or sub-processes or has not begun is made node by node', () => {
  const inside = subflow('s', [gateway('p', 'parallel'), ...crowd, gateway('m', 'converge')])
  const ways = ['s-start -> p', ...crowd.map(({ key }) => `p -> ${key} -> m`), 'm -> s-end']
  for (const stages of [
    [flow([script('a')], ['start -> a -> end'])],
    [wide, stage('more', [script('b')])],
    [stage('rows', crowd)],
    [flow(inside, ['start -> s -> end', ...ways])],
  ]) {
    expect(presentLarge(shown(new EngineWorld(definition({ stages }))), styleOf(1, 0))).toBeUndefined()
  }
  const waits = new EngineWorld(definition({ stages: [wide] }), { start: false })
  expect(presentLarge(shown(waits), styleOf(1, 0))).toBeUndefined()
})
