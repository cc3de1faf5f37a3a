import fc from 'fast-check'
import { expect, test } from 'vitest'
import { brokenCommands } from './command-laws.ts'
import { brokenAdmissions, brokenByStep, brokenLaws } from './engine-laws.ts'
import { movesOf, playMoves } from './engine-moves.ts'
import { EngineWorld } from './engine-world.ts'
import { explore } from './engine-explorer.ts'
import { flow, shaped } from './engine-shapes.ts'
import { definitions } from './random-plans.ts'
import { brokenByEvents } from './step-laws.ts'

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
