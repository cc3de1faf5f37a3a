import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PRIORITIES, type Priority } from '../../model/priority.ts'
import { type Claimant, inOrder, nextOf, passedAfter, PASSES_MAX, type Share } from './fairness.ts'
import { Shares } from './shares.ts'

const priority = fc.constantFrom(...PRIORITIES)
const project = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const rankOf = (one: Priority): number => PRIORITIES.indexOf(one)
const NOBODY: Share = { busy: 0, last: 0 }

/** One queue per priority and project: what the first of each has gone through. */
class Queues {
  readonly queues: { priority: Priority; project: string; passed: number; waiting: number }[] = []
  readonly shares = new Shares()

  add(of: { readonly priority: Priority; readonly project: string }, count: number): void {
    const known = this.queues.find((queue) => queue.priority === of.priority && queue.project === of.project)
    if (known === undefined) this.queues.push({ ...of, passed: 0, waiting: count })
    else known.waiting += count
  }

  /** @returns whose turn it was; it holds its place until it is given back. */
  take(): Claimant | undefined {
    const open = this.queues.filter(({ waiting }) => waiting > 0).map((queue) => ({ ...queue, since: 0, queue }))
    const chosen = nextOf(open, (name) => this.shares.of(name))
    if (chosen === undefined) return undefined
    for (const one of open) one.queue.passed = passedAfter(one, chosen)
    chosen.queue.waiting -= 1
    this.shares.take(chosen.project)
    return chosen
  }
}

const kinds = fc.uniqueArray(fc.record({ priority, project }), {
  minLength: 1,
  maxLength: 15,
  selector: (one) => `${one.priority} ${one.project}`,
})

describe('whose turn it is', () => {
  test('someone gets every free place as long as anyone waits', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ priority, project }), { maxLength: 60 }), (all) => {
        const queues = new Queues()
        for (const one of all) queues.add(one, 1)
        let taken = 0
        while (queues.take() !== undefined) taken += 1
        expect(taken).toBe(all.length)
      }),
    )
  })

  test('is the highest priority, unless a lower one was passed over ten times', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ priority, project, since: fc.nat(9), passed: fc.nat(PASSES_MAX + 5) }), { minLength: 1 }),
        (claimants) => {
          const chosen = nextOf(claimants, () => NOBODY)
          if (chosen === undefined) throw new Error('somebody has the turn')
          const owed = claimants.filter(({ passed }) => passed >= PASSES_MAX)
          if (owed.length > 0) expect(chosen.passed).toBe(Math.max(...owed.map(({ passed }) => passed)))
          else expect(rankOf(chosen.priority)).toBe(Math.min(...claimants.map((one) => rankOf(one.priority))))
        },
      ),
    )
  })

  test('comes to every priority within twelve places, however many of the others wait', () => {
    fc.assert(
      fc.property(kinds, (waiting) => {
        const queues = new Queues()
        for (const one of waiting) queues.add(one, 1_000)
        const turns = Array.from({ length: 200 }, () => queues.take()?.priority)
        for (const wanted of new Set(waiting.map((one) => one.priority))) {
          const places = turns.flatMap((turn, place) => (turn === wanted ? [place] : []))
          const gaps = [...places, turns.length].map((place, index) => place - (places[index - 1] ?? -1) - 1)
          expect(Math.max(...gaps)).toBeLessThanOrEqual(PASSES_MAX + 2)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('goes round among the projects of a priority when places are given back at once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(project, { minLength: 1 }), fc.infiniteStream(fc.nat(5)), (projects, more) => {
        const queues = new Queues()
        for (const name of projects) queues.add({ priority: 'normal', project: name }, 10_000)
        const turns: unknown[] = []
        for (let count = 0; count < 40; count += 1) {
          // How much more comes to whom changes nothing.
          queues.add({ priority: 'normal', project: projects[0] ?? 'a' }, more.next().value)
          const turn = queues.take()
          queues.shares.giveBack(turn?.project ?? '')
          turns.push(turn?.project)
        }
        for (let from = 0; from + projects.length <= turns.length; from += 1) {
          expect(new Set(turns.slice(from, from + projects.length)).size).toBe(projects.length)
        }
      }),
    )
  })

  test('leaves no project with two places more than another that waits for one, as long as none was there before', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(project, { minLength: 2 }),
        fc.array(fc.option(fc.nat(30)), { maxLength: 200 }),
        (projects, steps) => {
          const queues = new Queues()
          for (const name of projects) queues.add({ priority: 'normal', project: name }, 10_000)
          for (const step of steps) {
            const busy = projects.map((name) => queues.shares.of(name).busy)
            const fewest = Math.min(...busy)
            if (step === null) {
              const turn = queues.take()
              expect(busy[projects.findIndex((name) => name === turn?.project)]).toBe(fewest)
            } else queues.shares.giveBack(projects[step % projects.length] ?? '')
          }
        },
      ),
    )
  })

  test('and the one task of a project is next, whatever another has waiting', () => {
    const queues = new Queues()
    queues.add({ priority: 'normal', project: 'large' }, 10_000)
    for (let count = 0; count < 4; count += 1) queues.take()
    queues.add({ priority: 'normal', project: 'small' }, 1)
    expect(queues.take()?.project).toBe('small')
  })

  test('the order that is told is the order in which they go, within one priority', () => {
    fc.assert(
      fc.property(fc.array(project, { maxLength: 60 }), (names) => {
        const queues = new Queues()
        for (const name of names) queues.add({ priority: 'normal', project: name }, 1)
        const waiting = names.map((name, since) => ({ priority: 'normal' as const, project: name, since }))
        const told = inOrder(waiting, () => NOBODY)
        // Whoever never had a turn is as good as another: what counts is how often each was there before.
        const rounds = (turns: readonly string[]) => {
          const seen = new Map<string, number>()
          return turns.map((name) => {
            seen.set(name, (seen.get(name) ?? 0) + 1)
            return seen.get(name)
          })
        }
        const turns = names.map(() => queues.take()?.project ?? '')
        expect(rounds(told.map((one) => one.project))).toEqual(rounds(turns))
      }),
    )
  })
})
