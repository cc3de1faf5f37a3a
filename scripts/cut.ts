// Looks whether what is told of the tasks is what was done.
// Exit code 1: something is wrong; standard error says what, and with which seed.
import { dice } from '../src/testing/dice.ts'
import { namespaceLine, relayLine } from './cut/line.ts'
import { CutWorld, TROUBLES, type RoundPlan, type Trouble } from './cut/world.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

export interface CutOptions {
  readonly rounds: number
  readonly seed: number
  /** Servers with a runner each, at once. */
  readonly lanes: number
  readonly leaseMs: number
  readonly netns: boolean
  readonly tell?: (sentence: string) => void
}

export interface CutReport {
  readonly rounds: number
  readonly runs: number
  readonly lost: number
  readonly reruns: number
  /** From a cut to the loss of what it held, the longest. */
  readonly lostAfterMs: number
  readonly troubles: Readonly<Record<Trouble, number>>
  /** What was told and not done, done twice, or told in two ways. */
  readonly wrong: readonly string[]
}

/** Of a hundred rounds; starting a process again costs most. */
const WEIGHTS = { none: 5, cut: 45, reset: 15, delay: 15, runner: 10, server: 10 } as const satisfies Record<
  Trouble,
  number
>

export async function cut({ rounds, seed, lanes, leaseMs, netns, tell }: CutOptions): Promise<CutReport> {
  const draw = dice(seed)
  const plans = Array.from({ length: rounds }, () => drawPlan(draw, leaseMs))
  const total = { rounds: 0, runs: 0, lost: 0, reruns: 0, lostAfterMs: 0 }
  const troubles: Record<Trouble, number> = { none: 0, cut: 0, reset: 0, delay: 0, runner: 0, server: 0 }
  const wrong: string[] = []
  const lane = async (number: number): Promise<void> => {
    const line = (port: () => number) =>
      netns ? namespaceLine(port, (process.pid % 1_000) * 16 + number) : relayLine(port)
    const world = await CutWorld.open({ leaseMs, line })
    try {
      for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
        const round = await world.play(plan)
        total.rounds += 1
        total.runs += round.runs
        total.lost += round.lost
        total.reruns += round.reruns
        total.lostAfterMs = Math.max(total.lostAfterMs, round.lostAfterMs)
        troubles[plan.trouble] += 1
        wrong.push(...round.wrong)
        for (const sentence of round.wrong) tell?.(`${sentence}\n`)
        tell?.(`${total.rounds} of ${rounds} rounds, ${total.lost} lost, ${wrong.length} wrong`)
      }
    } catch (error) {
      // The other lanes end with the round that they are at: nobody's processes are left behind.
      plans.length = 0
      throw error
    } finally {
      await world.close()
    }
  }
  const lanesDone = await Promise.allSettled(
    Array.from({ length: Math.min(lanes, rounds, 16) }, (_, number) => lane(number)),
  )
  const failed = lanesDone.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return { ...total, troubles, wrong }
}

function drawPlan(draw: () => number, leaseMs: number): RoundPlan {
  let left = draw() * 100
  const trouble = TROUBLES.find((one) => (left -= WEIGHTS[one]) < 0) ?? 'cut'
  const upTo = (ms: number): number => Math.round(draw() * ms)
  // Half of the cuts are over within the lease. Some tasks take longer than it takes to lose a runner.
  const workMs = 200 + upTo(draw() < 0.4 ? leaseMs * 4 : leaseMs)
  return { trouble, afterMs: upTo(600), lastsMs: upTo(leaseMs * 2.5), workMs }
}

if (import.meta.main) {
  const { rounds, lanes, lease, netns, seed, json } = readOptions(
    'cut',
    'Runners whose line to their server is cut, delayed or dripping, and either side restarted: does every run end as it should?',
    {
      rounds: { kind: 'whole', about: 'runs, each with its trouble', least: 1, standard: 40 },
      lanes: { kind: 'whole', about: 'servers at once, each with a runner', least: 1, most: 256, standard: 2 },
      lease: { kind: 'whole', about: 'milliseconds of a lease', least: 500, most: 60_000, standard: 3_000 },
      netns: { kind: 'flag', about: 'a cable between network namespaces and no relay (root, iproute2)' },
      seed: seedOption,
      json: jsonOption,
    },
  )
  const tell = (sentence: string): void => {
    if (!json) process.stderr.write(`\r${sentence}`)
  }
  const started = performance.now()
  const options = { rounds, lanes, leaseMs: lease }
  const report = await cut({ ...options, seed, netns, tell })
  const seconds = Math.round((performance.now() - started) / 1_000)
  process.stdout.write(`${JSON.stringify({ seed, ...options, netns, seconds, ...report })}\n`)
  if (json) for (const sentence of report.wrong) process.stderr.write(`seed ${seed}: ${sentence}\n`)
  process.exit(report.wrong.length === 0 && report.rounds === options.rounds ? 0 : 1)
}
