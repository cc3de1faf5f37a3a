import { chain, openBenchHost, round, runToEnd } from './support.ts'

const RUNS = 200
const STEPS = 20
const WARM_UP_ROUNDS = 4
const ROUNDS = 9

/** 200 runs at once of 20 sequential no-op steps each; every transition is on disk before the next one is taken. */
export async function engine(): Promise<Record<string, number>> {
  const bench = await openBenchHost()
  try {
    const pipeline = await bench.pipeline(chain(STEPS))
    for (let count = 0; count < WARM_UP_ROUNDS; count += 1) {
      await Promise.all(Array.from({ length: RUNS }, () => runToEnd(bench, pipeline)))
    }
    const rates: number[] = []
    let cpuMs = 0
    for (let count = 0; count < ROUNDS; count += 1) {
      const [cpu, start] = [process.cpuUsage(), performance.now()]
      await Promise.all(Array.from({ length: RUNS }, () => runToEnd(bench, pipeline)))
      const seconds = (performance.now() - start) / 1_000
      const used = process.cpuUsage(cpu)
      cpuMs += (used.user + used.system) / 1_000
      rates.push((RUNS * STEPS) / seconds)
    }
    const sorted = rates.toSorted((left, right) => left - right)
    return {
      runs: RUNS,
      steps: STEPS,
      steps_per_s: round(sorted[Math.floor(ROUNDS / 2)] ?? Number.NaN, 0),
      steps_per_s_min: round(sorted[0] ?? Number.NaN, 0),
      steps_per_s_max: round(sorted.at(-1) ?? Number.NaN, 0),
      cpu_us_per_step: round((cpuMs * 1_000) / (ROUNDS * RUNS * STEPS), 1),
    }
  } finally {
    await bench.close()
  }
}
