import { describe, expect, test } from 'vitest'
import { advance, type Input, type Outcome } from '../engine/advance.ts'
import type { Run } from '../engine/run.ts'
import { stageStatus } from '../engine/status.ts'
import { explore } from './engine-explorer.ts'
import { placedIn } from './engine-placements.ts'
import { flow, shaped, type Feature } from './engine-shapes.ts'

const one = (feature: Feature) => flow([shaped('s', [[]], [feature])])

test('there are shapes of every size, each with a name of its own', () => {
  const names = placedIn('ci').map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  expect(names.length).toBeGreaterThan(90)
})

test('a search that is given up says so', () => {
  expect(explore(one('hold'), { statesMax: 10 })).toMatchObject({ complete: false })
})

test('the real engine has nothing to hide', () => {
  const { states, transitions, deadEnds, illegal, problems } = explore(one('review'))
  expect([deadEnds, illegal, problems]).toEqual([0, 0, []])
  expect(states).toBeGreaterThan(50)
  expect(transitions).toBeGreaterThan(states)
})

/** Engines with a mistake, each in one place: a check that cannot fail proves nothing. */
describe('an engine is found out that', () => {
  const refused: Outcome = { ok: false, rejection: { code: 'not-allowed', message: '', allowed: [] } }
  const nothing = (run: Run): Outcome => ({ ok: true, run, events: [], effects: [] })
  type Wrong = (run: Run, input: Input) => Outcome
  const refusing =
    (type: string): Wrong =>
    (run, input) =>
      input.command.type === type ? refused : advance(run, input)

  const mistakes: readonly (readonly [what: string, feature: Feature, wrong: Wrong])[] = [
    ['refuses what it names as allowed', 'stop', refusing('pause')],
    ['never lets a paused run go on', 'stop', refusing('resume')],
    [
      'never begins what was cancelled before it began',
      'stop',
      (run, input) => (input.command.type === 'retry' && run.startedAt === null ? nothing(run) : advance(run, input)),
    ],
    [
      'takes a skip of a task that is at work',
      'stop',
      (run, input) => {
        const outcome = advance(run, input)
        return !outcome.ok && input.command.type === 'skip-node' ? nothing(run) : outcome
      },
    ],
    [
      'takes a report of an attempt that is over',
      'retry',
      (run, input) => {
        const outcome = advance(run, input)
        return !outcome.ok && input.command.type === 'report-attempt' ? nothing(run) : outcome
      },
    ],
    [
      'lets one approval do for two',
      'review',
      (run, input) => {
        const outcome = advance(run, input)
        if (!outcome.ok || input.command.type !== 'approve') return outcome
        const again = advance(outcome.run, { ...input, command: { ...input.command, by: `${input.command.by}2` } })
        if (!again.ok) return outcome
        // What the second one said is not kept.
        const [index, state] = [input.command.node, again.run.nodes.at(input.command.node)]
        if (state.kind !== 'task') return outcome
        const nodes = again.run.nodes.with(index, { ...state, decisions: state.decisions.slice(0, 1) })
        return { ...again, run: { ...again.run, nodes }, events: [...outcome.events, ...again.events] }
      },
    ],
    [
      'miscounts',
      'stop',
      (run, input) => {
        const outcome = advance(run, input)
        if (!outcome.ok || input.command.type !== 'lease-attempt') return outcome
        const { counts } = outcome.run
        return { ...outcome, run: { ...outcome.run, counts: { ...counts, queued: counts.queued + 1 } } }
      },
    ],
    [
      'takes a success back',
      'continue',
      (run, input) => {
        const outcome = advance(run, input)
        if (!outcome.ok || outcome.run.outcome !== 'succeeded') return outcome
        return { ...outcome, run: { ...outcome.run, outcome: 'failed' } }
      },
    ],
    [
      'fires a deadline before it has passed',
      'limits',
      (run, input) =>
        advance(run, input.command.type === 'check-deadline' ? { ...input, at: input.at + 1_000_000 } : input),
    ],
    [
      'throws',
      'hold',
      (run, input) => {
        if (input.command.type === 'retry' && stageStatus(run, 0) === 'held') throw new TypeError('planted')
        return advance(run, input)
      },
    ],
  ]
  test.each(mistakes)('%s', (_, feature, wrong) => {
    const { deadEnds, illegal, problems } = explore(one(feature), { advance: wrong })
    expect(deadEnds + illegal).toBeGreaterThan(0)
    expect(problems[0]).toMatch(/after/)
  })

  test('lets a person go on, and nothing goes on', () => {
    // Taken, as it is named as allowed: no single state shows it, only that no success comes after it.
    const mending = new Set<string>(['retry', 'retry-node', 'skip-node'])
    const idle: Wrong = (run, input) => {
      const outcome = advance(run, input)
      return outcome.ok && mending.has(input.command.type) ? nothing(run) : outcome
    }
    const { deadEnds, problems } = explore(one('stop'), { advance: idle })
    expect(deadEnds).toBeGreaterThan(0)
    expect(problems.join()).toMatch(/no success can be reached/)
  })
})
