import { chain, openBenchHost, round, runToEnd, type BenchHost } from './support.ts'
import type { PipelineView } from '../src/model/view.ts'

const SMALL = 20
const LARGE = 20_000
const ROUNDS = 3

/**
 * Cost of a step of a run of 20,000 nodes against one of 20 nodes: the same number of steps, one run after the other,
 * so that nothing but the size of the run differs. Microseconds.
 */
export async function flatness(): Promise<Record<string, number>> {
  const bench = await openBenchHost()
  try {
    const [small, large] = [await bench.pipeline(chain(SMALL)), await bench.pipeline(chain(LARGE))]
    await many(bench, small, 100)
    const pairs: { small: number; large: number }[] = []
    for (let count = 0; count < ROUNDS; count += 1) {
      pairs.push({
        small: await timed(() => many(bench, small, LARGE / SMALL)),
        large: await timed(() => runToEnd(bench, large)),
      })
    }
    const middle = pairs.toSorted((left, right) => left.large / left.small - right.large / right.small)[
      Math.floor(ROUNDS / 2)
    ]
    const perStep = (seconds: number): number => round((seconds * 1e6) / LARGE, 1)
    return {
      us_per_step_20: perStep(middle?.small ?? Number.NaN),
      us_per_step_20000: perStep(middle?.large ?? Number.NaN),
      ratio: round((middle?.large ?? Number.NaN) / (middle?.small ?? Number.NaN)),
    }
  } finally {
    await bench.close()
  }
}

async function many(bench: BenchHost, pipeline: PipelineView, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await runToEnd(bench, pipeline)
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}
