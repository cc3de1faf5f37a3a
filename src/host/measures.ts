import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isEnded, RUN_STATUSES } from '../model/status.ts'
import type { RunCommit, Store } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Host } from './host.ts'

/** What telemetry is told of every commit. */
interface CommitMeter {
  commit<Result>(write: () => Promise<Result>, ends: readonly string[]): Promise<Result>
}

/** The same store, its commits measured. */
export function measuredStore(store: Store, meter: CommitMeter): Store {
  const commit: Store['runs']['commit'] = (one) => meter.commit(() => store.runs.commit(one), endsOf(one))
  return { ...store, runs: { ...store.runs, commit } }
}

const endsOf = ({ entries, summary }: RunCommit): readonly string[] =>
  summary !== null && isEnded(summary.status) && entries.some(({ events }) => events.some(isEnd))
    ? [summary.status]
    : []

const isEnd = ({ type }: RunCommit['entries'][number]['events'][number]): boolean => type === 'RunEnded'

const UNDER_WAY = RUN_STATUSES.filter((status) => !isEnded(status))
const STORE_FILES = ['millrace.db', 'millrace.db-wal']

/** What is looked at when metrics are asked for. @param host undefined: it is not there yet */
export function measures(
  { runs, outbox }: Pick<Store, 'runs' | 'outbox'>,
  clock: Clock,
  directory: string,
  host: () => Pick<Host, 'app' | 'dispatcher'> | undefined,
) {
  return {
    runs: async () =>
      new Map(
        await Promise.all(
          UNDER_WAY.map(async (status): Promise<[string, number]> => [
            status,
            await runs.count({ statuses: [status] }),
          ]),
        ),
      ),
    queue: () => host()?.dispatcher.depths() ?? [],
    runners: () => {
      const { dispatcher } = host() ?? {}
      return (dispatcher?.runners() ?? []).map(({ name, slots, busy, taking }) => ({
        state: dispatcher?.silence(name) == null ? STATES[taking] : 'silent',
        slots,
        busy,
      }))
    },
    outboxLagMs: async () => Math.max(0, clock.now() - ((await outbox.nextDue()) ?? clock.now())),
    storeBytes: async () => {
      const sizes = STORE_FILES.map((name) =>
        stat(join(directory, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      )
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    },
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(directory)
      return bavail * bsize
    },
    lastEvent: () => host()?.app.feed.last() ?? 0,
  }
}

const STATES = { all: 'online', paused: 'paused', draining: 'draining' } as const
