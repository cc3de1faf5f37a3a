import { advance } from '../src/engine/advance.ts'
import { compile } from '../src/engine/compile.ts'
import { createRun } from '../src/engine/create.ts'
import type { Run } from '../src/engine/run.ts'
import { asId, type RunId } from '../src/model/id.ts'
import type { Plan } from '../src/model/plan.ts'
import { runCreated } from '../src/testing/run-created.ts'
import { chain, round } from './support.ts'

const ROUNDS = 20
const server = { kind: 'server', name: 'server' } as const
const entropy = (): number => 0
const result = { kind: 'succeeded', outputs: null } as const

/** Takes one run from its start to its end. @returns the steps that it took. */
function drive(plan: Plan): number {
  const created = createRun({
    id: asId<RunId>('019ab000000070008000000000000001'),
    plan,
    created: runCreated('chain'),
    actor: server,
    at: 0,
    start: true,
    entropy,
  })
  let run: Run = created.run
  let effects = created.effects
  let steps = 0
  for (;;) {
    const work = effects.find((effect) => effect.type === 'run-inline')
    if (work === undefined) break
    const outcome = advance(run, {
      command: { type: 'report-attempt', node: work.node, fence: work.fence, result },
      actor: server,
      at: steps,
      entropy,
    })
    if (!outcome.ok) throw new Error(outcome.rejection.message)
    run = outcome.run
    effects = outcome.effects
    steps += 1
  }
  if (run.outcome !== 'succeeded') throw new Error(`the chain ended as ${run.outcome}`)
  return steps
}

/** Microseconds of processor time per step. */
function measure(plan: Plan, steps: number): number {
  const before = process.cpuUsage().user
  let done = 0
  while (done < steps) done += drive(plan)
  return (process.cpuUsage().user - before) / done
}

/**
 * What one step costs in the engine alone, with no store, clock or runner: a chain of noop tasks in one stage, one
 * `report-attempt` after another. The least of several rounds, as what else runs here only adds; in turns, so that
 * both lengths have the same luck. Microseconds.
 */
export function enginePure(): Promise<Record<string, number>> {
  const [short, long] = [compile(chain(20)), compile(chain(20_000))]
  const least = { short: Number.POSITIVE_INFINITY, long: Number.POSITIVE_INFINITY }
  for (let count = 0; count < ROUNDS; count += 1) {
    least.short = Math.min(least.short, measure(short, 40_000))
    least.long = Math.min(least.long, measure(long, 40_000))
  }
  return Promise.resolve({
    us_per_step_20: round(least.short),
    us_per_step_20000: round(least.long),
    steps_per_s_20: Math.round(1e6 / least.short),
    steps_per_s_20000: Math.round(1e6 / least.long),
    ratio: round(least.long / least.short),
  })
}
