import { expect, test } from 'vitest'
import { definition, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { fold, foldOnto } from './evolve.ts'

const world = (): EngineWorld => {
  const w = new EngineWorld(definition({ stages: [stage('build', [script('a'), script('b')])] }))
  w.succeed('a')
  w.succeed('b')
  return w
}

test('a log tells of a run from its creation on, and of nothing before it', () => {
  const { run, log } = world()
  expect(() => fold(run.id, run.plan, [])).toThrow('begins with nothing')
  expect(() => fold(run.id, run.plan, log.slice(1))).toThrow(/begins with \w+, expected RunCreated/)
})

test('a log in which something is missing is not read on', () => {
  const { run, log } = world()
  const gap = [...log.slice(0, 1), ...log.slice(2)]
  expect(() => fold(run.id, run.plan, gap)).toThrow('has a gap')
  const begun = fold(run.id, run.plan, log.slice(0, 1))
  expect(() => foldOnto(begun, log.slice(2))).toThrow(`after ${begun.seq}`)
})

test('a run is created once', () => {
  const { run, log } = world()
  const [first] = log
  const again = { ...first!, seq: run.seq + first!.events.length }
  expect(() => foldOnto(run, [again])).toThrow('created twice')
})

test('as of an event in the middle of an entry, what came with it is not there yet', () => {
  const { run, log } = world()
  const [first] = log
  expect(first!.events.length).toBeGreaterThan(2)
  for (let seq = 1; seq <= run.seq; seq += 1) expect(fold(run.id, run.plan, log, seq).seq).toBe(seq)
})
