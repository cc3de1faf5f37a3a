// Looks whether every run that was acknowledged is there once and has ended, whether every attempt was done at most once,
// and whether streams have every event once and in order.
// Exit code 1: something is wrong; standard error says what, and with which seed.
import { ChaosWorld, TROUBLES, type Trouble } from './chaos/world.ts'
import { dice } from '../src/testing/dice.ts'
import { jsonOption, readOptions, seedOption } from './options.ts'

export interface ChaosOptions {
  readonly rounds: number
  /** No round begins later than this. Left out: as many as were asked for. */
  readonly seconds?: number
  readonly seed: number
  readonly servers: number
  readonly runners: number
  readonly netns: boolean
  /** Whether some troubles last longer than a lease: half a minute. Left out: they do. */
  readonly long?: boolean
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
  /** How often a server or a runner has ended. */
  readonly ends: number
  readonly seconds: number
  readonly troubles: Readonly<Partial<Record<Trouble, number>>>
  readonly wrong: readonly string[]
}

/** Of a hundred rounds, and some for cables. Starting a process costs most. */
const WEIGHTS = {
  'kill server': 14,
  'stop server': 17,
  'restart server': 6,
  'kill runner': 16,
  'stop runner': 17,
  'drop connections': 20,
  'restart database fast': 5,
  'restart database immediate': 5,
  'cut server from database': 15,
  'cut server from all others': 10,
} as const satisfies Record<Trouble, number>

export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, tell, netns, seconds = Number.POSITIVE_INFINITY } = options
  const draw = dice(seed)
  const started = performance.now()
  const passed = (): number => Math.round((performance.now() - started) / 1_000)
  let rounds = 0
  const world = await ChaosWorld.open({ ...options, draw })
  const troubles: Partial<Record<Trouble, number>> = {}
  try {
    while (rounds < options.rounds && passed() < seconds) {
      const trouble = drawn(draw, netns)
      troubles[trouble] = (troubles[trouble] ?? 0) + 1
      await world.round(trouble)
      rounds += 1
      tell?.(`${rounds} of ${options.rounds} rounds, ${passed()} s: ${trouble}; ${world.acked} runs`)
    }
    const { ends } = world
    const verdict = await world.verdict()
    return { rounds, seed, ...verdict, ends, seconds: passed(), troubles }
  } finally {
    await world.close(options.keep === true)
  }
}

function drawn(draw: () => number, netns: boolean): Trouble {
  const possible = TROUBLES.filter((trouble) => netns || !trouble.startsWith('cut '))
  let rest = draw() * possible.reduce((sum, trouble) => sum + WEIGHTS[trouble], 0)
  for (const trouble of possible) {
    rest -= WEIGHTS[trouble]
    if (rest < 0) return trouble
  }
  return 'kill server'
}

if (import.meta.main) {
  const { seconds, json, ...asked } = readOptions(
    'chaos',
    'Servers and runners on one PostgreSQL that are killed, stopped, cut off and restarted: is any run lost, doubled, stuck or told wrongly?',
    {
      rounds: { kind: 'whole', about: 'runs, and troubles', least: 1, standard: 20 },
      seconds: { kind: 'whole', about: 'no round begins later than this', least: 1 },
      servers: { kind: 'whole', about: 'servers', least: 1, most: 64, standard: 3 },
      runners: { kind: 'whole', about: 'runners', least: 1, most: 256, standard: 8 },
      netns: { kind: 'flag', about: 'pulls cables, too: each server is in a network namespace (root, iproute2)' },
      keep: { kind: 'flag', about: 'leaves the directories, to be looked at' },
      seed: seedOption,
      json: jsonOption,
    },
  )
  const report = await chaos({
    ...asked,
    ...(seconds === undefined ? undefined : { seconds }),
    tell: (sentence) => console.error(sentence),
  })
  const { wrong, ...figures } = report
  console.log(json ? JSON.stringify(figures) : figures)
  for (const sentence of wrong) console.error(`${sentence} (seed ${report.seed})`)
  process.exit(wrong.length === 0 ? 0 : 1)
}
