// Several servers and runners on one PostgreSQL, while all of them are killed, stopped, cut off and restarted, and the
// database too: `npm run chaos -- --rounds N [--seed S] [--servers 3] [--runners 8] [--json] [--keep]`. Looks whether every
// run that was acknowledged is there once and has ended, whether every attempt was done at most once, and whether streams
// have every event once and in order. Exit code 1: something is wrong; standard error says what, and with which seed.
import { parseArgs } from 'node:util'
import { ChaosWorld, TROUBLES, type Trouble } from './chaos/world.ts'
import { dice } from '../src/testing/dice.ts'

export interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
  readonly servers: number
  readonly runners: number
  /** Whether directories stay for who wants to look. */
  readonly keep?: boolean
  readonly tell?: (sentence: string) => void
}

export interface ChaosReport {
  readonly rounds: number
  readonly seed: number
  /** Runs that a server has said were made. */
  readonly acked: number
  /** Of those, not there at the end, or ended otherwise than they should. */
  readonly lost: number
  /** Runs made twice for one key, and attempts done twice. */
  readonly doubled: number
  /** Runs that have not ended long after everything was quiet. */
  readonly stuck: number
  /** Events that a stream has missed, or given twice or out of order. */
  readonly gaps: number
  /** Attempts that were done after another one was lost. */
  readonly reruns: number
  readonly troubles: Readonly<Partial<Record<Trouble, number>>>
  readonly wrong: readonly string[]
}

/** Of a hundred rounds. */
const WEIGHTS = {
  'kill server': 20,
  'stop server': 15,
  'restart server': 10,
  'kill runner': 15,
  'stop runner': 10,
  'drop connections': 15,
  'restart database fast': 8,
  'restart database immediate': 7,
} as const satisfies Record<Trouble, number>

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { rounds, seed, tell } = options
  const draw = dice(seed)
  const world = await ChaosWorld.open({ ...options, draw })
  const troubles: Partial<Record<Trouble, number>> = {}
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const trouble = drawn(draw)
      troubles[trouble] = (troubles[trouble] ?? 0) + 1
      await world.round(trouble)
      tell?.(`${round} of ${rounds} rounds: ${trouble}; ${world.acked} runs`)
    }
    return { rounds, seed, ...(await world.verdict()), troubles }
  } finally {
    await world.close(options.keep === true)
  }
}

function drawn(draw: () => number): Trouble {
  let rest = draw() * TROUBLES.reduce((sum, trouble) => sum + WEIGHTS[trouble], 0)
  for (const trouble of TROUBLES) {
    rest -= WEIGHTS[trouble]
    if (rest < 0) return trouble
  }
  return 'kill server'
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      servers: { type: 'string', default: '3' },
      runners: { type: 'string', default: '8' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  })
  const report = await chaos({
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    servers: Number(values.servers),
    runners: Number(values.runners),
    keep: values.keep,
    tell: (sentence) => console.error(sentence),
  })
  const { wrong, ...figures } = report
  console.log(values.json ? JSON.stringify(figures) : figures)
  for (const sentence of wrong) console.error(`${sentence} (seed ${report.seed})`)
  process.exit(wrong.length === 0 ? 0 : 1)
}
