import { chain, openBenchHost, percentile, round, runToEnd } from './support.ts'

const ROUNDS = 300

/** One 5-step run on an idle server, from the request to the durable end. Milliseconds. */
export async function idleLatency(): Promise<Record<string, number>> {
  const bench = await openBenchHost()
  try {
    const pipeline = await bench.pipeline(chain(5))
    const times: number[] = []
    for (let count = 0; count < ROUNDS + 20; count += 1) {
      const start = performance.now()
      await runToEnd(bench, pipeline)
      if (count >= 20) times.push(performance.now() - start)
    }
    return { runs: ROUNDS, p50_ms: round(percentile(times, 0.5)), p99_ms: round(percentile(times, 0.99)) }
  } finally {
    await bench.close()
  }
}
