import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What is looked at when somebody asks. */
export interface MetricSources {
  /** Runs that have not ended, by status. */
  runs(): Promise<ReadonlyMap<string, number>>
  /** What waits for a runner, by the labels that it needs. */
  queue(): readonly { readonly labels: readonly string[]; readonly size: number }[]
  runners(): readonly { readonly state: string; readonly slots: number; readonly busy: number }[]
  /** For how long the oldest message that is due has waited; 0: none is due. */
  outboxLagMs(): Promise<number>
  storeBytes(): Promise<number>
  /** Free on the disk of the data directory. */
  freeBytes(): Promise<number>
  /** Number of the newest event. */
  lastEvent(): number
}

/** More lines than this with labels of their own are told as one: labels come from definitions. */
const LINES_MAX = 100

/** From 0.5 ms, which a local fsync takes, to 10 s. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * What a server tells a Prometheus, with names and units as https://prometheus.io/docs/practices/naming has them
 * (read 2026-11-22). No label holds the name of a pipeline or a run, so there are few series however much there is.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #commits = new Histogram({
    name: 'millrace_commit_seconds',
    help: 'Time from the wish to write a transition until it was durable.',
    buckets: SECONDS,
    registers: [this.#registry],
  })
  readonly #failedCommits = new Counter({
    name: 'millrace_commits_failed_total',
    help: 'Transitions that the store refused or could not take.',
    registers: [this.#registry],
  })
  readonly #ended = new Counter({
    name: 'millrace_runs_ended_total',
    help: 'Runs that this server has seen end, by status.',
    labelNames: ['status'],
    registers: [this.#registry],
  })

  /** @param sources asked at every scrape */
  constructor(version: string, sources: MetricSources) {
    collectDefaultMetrics({ register: this.#registry })
    const gauge = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
      collect: (gauge: Gauge<Label>) => void | Promise<void>,
    ): void => {
      const made: Gauge<Label> = new Gauge({
        name,
        help,
        labelNames,
        registers: [this.#registry],
        collect: async () => {
          made.reset()
          await collect(made)
        },
      })
    }
    gauge('millrace_info', 'Always 1; the version is a label.', ['version'], (made) => made.set({ version }, 1))
    gauge('millrace_runs', 'Runs that have not ended, by status.', ['status'], async (made) => {
      for (const [status, count] of await sources.runs()) made.set({ status }, count)
    })
    gauge(
      'millrace_queue_attempts',
      'Attempts that wait for a runner, by the labels they need.',
      ['labels'],
      (made) => {
        for (const [index, { labels, size }] of sources.queue().entries()) {
          made.inc({ labels: index < LINES_MAX ? labels.toSorted().join(',') : 'others' }, size)
        }
      },
    )
    gauge('millrace_runners', 'Runners that speak to this server, by state.', ['state'], (made) => {
      for (const { state } of sources.runners()) made.inc({ state })
    })
    gauge('millrace_runner_slots', 'Attempts at once that those runners can do.', ['state'], (made) => {
      for (const { slots, busy } of sources.runners()) {
        made.inc({ state: 'busy' }, busy)
        made.inc({ state: 'free' }, Math.max(0, slots - busy))
      }
    })
    gauge('millrace_outbox_lag_seconds', 'How long the oldest message that is due has waited.', [], async (made) =>
      made.set((await sources.outboxLagMs()) / 1_000),
    )
    gauge('millrace_store_bytes', 'Size of the embedded store; 0 with PostgreSQL.', [], async (made) =>
      made.set(await sources.storeBytes()),
    )
    gauge('millrace_disk_free_bytes', 'Room on the disk of the data directory.', [], async (made) =>
      made.set(await sources.freeBytes()),
    )
    gauge('millrace_last_event', 'Number of the newest event that this server knows.', [], (made) =>
      made.set(sources.lastEvent()),
    )
  }

  /** Measures a commit. @param ends statuses of the runs that it ends */
  async commit<Result>(write: () => Promise<Result>, ends: readonly string[]): Promise<Result> {
    const stop = this.#commits.startTimer()
    try {
      const result = await write()
      for (const status of ends) this.#ended.inc({ status })
      return result
    } catch (error) {
      this.#failedCommits.inc()
      throw error
    } finally {
      stop()
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
