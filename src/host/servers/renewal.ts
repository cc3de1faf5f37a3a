import { asId, type PipelineId, type ProjectId, type RunId } from '../../model/id.ts'
import type { RunSummary } from '../../model/view.ts'
import type { Store } from '../../store/store.ts'
import type { Credentials } from '../access/access.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Duties } from '../duties.ts'
import type { EventFeed } from '../feed/feed.ts'
import { NOTIFICATIONS, type NotificationUseCases } from '../notifications/notifications.ts'
import { rosterIdOf } from '../runners/runner-roster.ts'
import type { RunnerAttendance } from '../runners/attendance.ts'
import type { SecretUseCases } from '../secrets/secrets.ts'
import { loadTriggers, type TriggerIndex } from '../triggers/trigger-index.ts'

interface Dependencies {
  readonly store: Store
  readonly credentials: Credentials
  readonly attendance: RunnerAttendance
  readonly catalog: CatalogUseCases
  readonly secrets: SecretUseCases
  readonly subscriptions: NotificationUseCases
  readonly index: TriggerIndex
  readonly duties: Duties
  readonly feed: EventFeed
  readonly removed: (gone: readonly Pick<RunSummary, 'id' | 'pipelineId' | 'projectId'>[]) => void
}

/** What is kept in memory besides runs, read again when another server of the store has changed it. */
export class Renewal {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** @param what see `SharedListener.onChange` */
  async changed(what: string): Promise<void> {
    const { credentials, attendance, catalog, secrets, subscriptions, feed, removed } = this.#deps
    const [table, ...names] = what.split(' ')
    const [first = '', second = '', third = ''] = names
    switch (table) {
      case 'users':
        await credentials.reload()
        feed.changed(['keys'])
        return
      case 'keys':
        await credentials.reload()
        await attendance.refresh()
        feed.changed(['keys'])
        return
      case 'projects':
        await catalog.reload()
        feed.changed(['keys'])
        return
      case 'secrets':
        await secrets.reload()
        return
      case 'pipelines':
        await this.#pipeline(asId<PipelineId>(first))
        return
      case 'settings':
        await attendance.refreshState(rosterIdOf(names.join(' ')) ?? '')
        return
      case 'documents':
        if (second === NOTIFICATIONS) await subscriptions.reload(asId<ProjectId>(first))
        feed.changed([`project:${first}`])
        return
      case 'runs':
        removed([{ id: asId<RunId>(first), pipelineId: asId<PipelineId>(second), projectId: asId<ProjectId>(third) }])
        return
      case undefined:
      default:
      // Of a newer release.
    }
  }

  /** The connection by which other servers are heard was broken for a while. */
  async all(): Promise<void> {
    const { store, credentials, attendance, catalog, secrets, subscriptions, index, feed } = this.#deps
    await credentials.reload()
    await attendance.refresh()
    await catalog.renewAll()
    await secrets.reload()
    for (const { id } of await store.catalog.projects()) await subscriptions.reload(id)
    await loadTriggers(index, store.catalog, (id, version) => catalog.planOf(id, version))
    feed.changed(['keys'])
  }

  async #pipeline(id: PipelineId): Promise<void> {
    const { catalog, index, duties, feed } = this.#deps
    const record = await catalog.renew(id)
    if (record === undefined) return
    const { definition } = await catalog.planOf(id, record.version)
    const now = record.deletedAt === null ? definition : null
    index.put(record, now?.triggers ?? null)
    duties.pipelineChanged(record, now)
    feed.changed([`pipeline:${id}`, `project:${record.projectId}`])
  }
}
