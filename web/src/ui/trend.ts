import type { RunSummary } from '../../../src/client/client.ts'

/** From its start to its end; null while it has not ended, or never began. */
export const tookMs = ({ started_at, ended_at }: RunSummary): number | null =>
  started_at === null || ended_at === null ? null : Date.parse(ended_at) - Date.parse(started_at)

export interface Trend {
  /** Of the runs that ended by themselves: what people have cancelled says nothing. */
  readonly count: number
  /** 0 to 1; null: none has ended. */
  readonly rate: number | null
  /** Median of those that succeeded. */
  readonly usualMs: number | null
}

export function trendOf(runs: readonly RunSummary[]): Trend {
  const judged = runs.filter(({ ended, status }) => ended && status !== 'cancelled')
  const good = judged.filter(({ status }) => status === 'succeeded')
  const times = good.flatMap((run) => tookMs(run) ?? []).toSorted((a, b) => a - b)
  return {
    count: judged.length,
    rate: judged.length === 0 ? null : good.length / judged.length,
    usualMs: times[times.length >> 1] ?? null,
  }
}
