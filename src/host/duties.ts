import type { Run } from '../engine/run.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import type { PipelineId } from '../model/id.ts'
import type { Retention } from '../model/retention.ts'
import type { RunSummary } from '../model/view.ts'
import type { PipelineRecord, Store } from '../store/store.ts'
import { AutoStarts } from './triggers/auto-starts.ts'
import type { CatalogUseCases } from './catalog/catalog.ts'
import type { Clock } from './clock.ts'
import type { Entropy } from './entropy.ts'
import type { EventFeed } from './feed/feed.ts'
import type { Committed, LiveRuns } from './runs/live.ts'
import { type MovableFiles, Mover } from './keeping/mover.ts'
import { Notices } from './notifications/notices.ts'
import type { NotificationUseCases } from './notifications/notifications.ts'
import type { Outbound } from './notifications/outbound.ts'
import { OutboxSender } from './notifications/outbox.ts'
import { RetentionSweep, type RunFiles } from './keeping/retention.ts'
import type { RunStarts } from './runs/run-starts.ts'
import type { RunUseCases } from './runs/runs.ts'
import type { SecretUseCases } from './secrets/secrets.ts'
import { sendMessage } from './notifications/send.ts'
import type { TriggerIndex } from './triggers/trigger-index.ts'

interface Dependencies {
  readonly store: Store
  readonly clock: Clock
  readonly entropy: Entropy
  readonly index: TriggerIndex
  readonly live: LiveRuns
  readonly feed: EventFeed
  readonly catalog: CatalogUseCases
  readonly starts: RunStarts
  readonly runs: RunUseCases
  readonly subscriptions: NotificationUseCases
  readonly secrets: SecretUseCases
  readonly outbound: Outbound | undefined
  readonly retention: { readonly policy: Retention; readonly files: RunFiles } | undefined
  readonly movable: MovableFiles | undefined
  readonly onRemoved: (gone: readonly RunSummary[]) => void
  readonly onDefect: (error: unknown) => void
}

interface Parts {
  readonly autoStarts: AutoStarts
  readonly notices: Notices
  readonly sender: OutboxSender | undefined
  readonly retention: RetentionSweep | undefined
  readonly mover: Mover | undefined
}

/**
 * What is done once, whatever the number of servers: schedules and starts after other runs, notices, the outbox,
 * retention, moving of files. A server that does not have the duties does nothing of it.
 */
export class Duties {
  readonly #deps: Dependencies
  #parts: Parts | undefined

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** Begins to look at what is committed; nothing is started, told or removed before {@link open}. */
  take(): void {
    this.#parts ??= partsOf(this.#deps)
  }

  /** Takes up what the one before has left. @param live runs that have not ended */
  async open(live: readonly Run[]): Promise<void> {
    this.take()
    const parts = this.#parts
    await parts?.autoStarts.recover()
    await parts?.notices.recover(live)
    // They may be another server's by now.
    if (this.#parts === parts) parts?.sender?.open()
  }

  drop(): void {
    this.#parts?.retention?.close()
    this.#parts?.mover?.close()
    this.#parts?.autoStarts.close()
    this.#parts?.notices.close()
    this.#parts?.sender?.close()
    this.#parts = undefined
  }

  committed(committed: Committed): void {
    this.#parts?.autoStarts.committed(committed)
    this.#parts?.notices.committed(committed)
  }

  /** @param definition null: it is deleted */
  pipelineChanged(record: PipelineRecord, definition: PipelineDefinition | null): void {
    this.#parts?.autoStarts.changed(record, definition)
  }

  /** Why schedules and upstream runs have not started a pipeline; see {@link AutoStarts.refusals}. */
  refusals(id: PipelineId): ReturnType<AutoStarts['refusals']> {
    return this.#parts?.autoStarts.refusals(id) ?? []
  }

  /** Something is to be sent. */
  wake(): void {
    this.#parts?.sender?.wake()
  }

  /** @returns how many runs were removed. */
  sweep(): Promise<number> {
    return this.#parts?.retention?.sweep() ?? Promise.resolve(0)
  }

  /** Resolves when all that was to be told is told, or waits for a later try. */
  async told(): Promise<void> {
    await this.#parts?.notices.settled()
    await this.#parts?.sender?.settled()
  }
}

function partsOf(deps: Dependencies): Parts {
  const { store, clock, index, live, feed, starts, runs, subscriptions, outbound, onDefect } = deps
  const autoStarts = new AutoStarts({
    clock,
    index,
    catalog: store.catalog,
    settings: store.keys,
    log: store.runs,
    start: (pipelineId, input) => starts.startBy(pipelineId, input),
    run: (id) => live.get(id),
    named: ({ projectId }, name) => store.catalog.pipeline({ by: 'name', projectId, name }),
    lastNumber: () => feed.last(),
    onDefect,
  })
  const sender = senderOf(deps)
  const notices = new Notices({
    clock,
    log: store.runs,
    outbox: store.outbox,
    settings: store.keys,
    subscriptions,
    run: (id) => live.get(id),
    view: (run) => runs.viewOf(run),
    runUrl: (id) => outbound?.runUrl(id) ?? '',
    lastNumber: () => feed.last(),
    wake: () => sender?.wake(),
    onDefect,
  })
  return { autoStarts, notices, sender, retention: retentionOf(deps), mover: moverOf(deps) }
}

function senderOf(deps: Dependencies): OutboxSender | undefined {
  const { store, clock, entropy, live, subscriptions, secrets, outbound, onDefect } = deps
  if (outbound === undefined) return undefined
  return new OutboxSender({
    outbox: store.outbox,
    clock,
    draw: () => entropy.draw(),
    send: sendMessage({
      outbound,
      clock,
      subscriptions,
      secret: (...place) => secrets.valueOf(...place),
      run: (id) => live.get(id),
    }),
    onDefect,
  })
}

const moverOf = ({ store, clock, movable: files, onDefect }: Dependencies): Mover | undefined =>
  files === undefined ? undefined : new Mover({ log: store.runs, clock, files, onDefect })

function retentionOf({ store, clock, catalog, retention, onRemoved, onDefect }: Dependencies) {
  if (retention === undefined) return undefined
  return new RetentionSweep({
    log: store.runs,
    clock,
    policyOf: async (id) => {
      const record = await store.catalog.pipeline({ by: 'id', id })
      if (record === undefined) return retention.policy
      const { definition } = await catalog.planOf(id, record.version)
      return { ...retention.policy, ...definition.retention }
    },
    files: retention.files,
    onRemoved,
    onDefect,
  })
}
