import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fold, foldOnto } from '../engine/evolve.ts'
import type { Run } from '../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../engine/snapshot.ts'
import { viewOf } from '../engine/view.ts'
import { brokenCommands } from './command-laws.ts'
import { brokenAdmissions, brokenByStep, brokenLaws } from './engine-laws.ts'
import { movesOf, playMoves } from './engine-moves.ts'
import { EngineWorld } from './engine-world.ts'
import { explore } from './engine-explorer.ts'
import { flow, shaped } from './engine-shapes.ts'
import { definitions } from './random-plans.ts'
import { brokenByEvents } from './step-laws.ts'
import { projectView } from './views.ts'

/** A short round of what laws.test.ts and `npm run prove` do at length: what mutants of the engine are tried against. */
test('no law is broken, and what is named as allowed is taken, in a few runs', () => {
  fc.assert(
    fc.property(definitions, fc.array(fc.nat(10_000), { minLength: 20, maxLength: 40 }), (definition, places) => {
      const w = new EngineWorld(definition, { start: definition.triggers === null })
      for (const [turn, place] of places.entries()) {
        const [before, from] = [w.run, w.log.length]
        playMoves(w, [place])
        const entries = w.log.slice(from)
        const events = entries.flatMap((entry) => entry.events)
        expect([...brokenLaws(w.run), ...brokenByStep(before, w.run, events), ...brokenAdmissions(w.run)]).toEqual([])
        // They take as long as all other laws.
        const commands = turn % 8 === 0 ? brokenCommands(w.run) : []
        expect([...brokenByEvents(before, entries), ...commands]).toEqual([])
      }
    }),
    { numRuns: 15, seed: 1 },
  )
})

const plain = ({ nodes, ...rest }: Run): unknown => ({ ...rest, nodes: nodes.toArray() })

test('a few logs fold to the run that wrote them, whole and in parts, and so do snapshots', () => {
  fc.assert(
    fc.property(definitions, fc.array(fc.nat(10_000), { minLength: 20, maxLength: 40 }), (definition, places) => {
      const w = new EngineWorld(definition, { start: definition.triggers === null })
      const half = places.length / 2
      playMoves(w, places.slice(0, half))
      const past = w.run
      playMoves(w, places.slice(half))
      const { id, plan, seq } = w.run
      expect(plain(fold(id, plan, w.log))).toEqual(plain(w.run))
      const asOf = fold(id, plan, w.log, past.seq)
      expect(plain(asOf)).toEqual(plain(past))
      expect(plain(foldOnto(asOf, w.log))).toEqual(plain(w.run))
      expect(foldOnto(w.run, w.log, seq)).toBe(w.run)
      expect(plain(runOfSnapshot(id, plan, snapshotOf(w.run)) as Run)).toEqual(plain(w.run))
    }),
    { numRuns: 20, seed: 1 },
  )
})

test('what is kept of views is what would be made anew, in a few runs', () => {
  const shown = (run: Run) => viewOf(run, projectView(), {} as never, 0)
  fc.assert(
    fc.property(definitions, fc.array(fc.nat(10_000), { minLength: 20, maxLength: 40 }), (definition, places) => {
      const w = new EngineWorld(definition, { start: definition.triggers === null })
      for (const place of places) {
        playMoves(w, [place])
        expect(shown(w.run)).toEqual(shown(runOfSnapshot(w.run.id, w.run.plan, snapshotOf(w.run)) as Run))
      }
    }),
    { numRuns: 20, seed: 1 },
  )
})

test('a run that is not over always has a move, or time brings one', () => {
  const w = new EngineWorld(flow([shaped('s', [[], [0]], ['hold', 'review'])]))
  for (let place = 0; place < 200 && w.run.phase !== 'ended'; place += 1) {
    expect(movesOf(w.run).length + w.timers.size).toBeGreaterThan(0)
    playMoves(w, [place * 7])
  }
})

test('every state of a few small runs keeps the laws', () => {
  for (const feature of ['hold until', 'review', 'retry', 'limits'] as const)
    expect(explore(flow([shaped('s', [[]], [feature])])).problems).toEqual([])
})
