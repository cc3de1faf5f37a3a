import type { EventRecord } from '../../model/event.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { DurationMs } from '../../model/time.ts'
import type { FeedFilter } from '../../store/store.ts'
import type { App, Caller, FeedSelection } from '../app.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { EventFeed } from './feed.ts'
import type { Follower } from '../servers/follower.ts'

const HEARTBEAT_MS: DurationMs = 15_000

interface Dependencies {
  readonly feed: EventFeed
  readonly catalog: Pick<CatalogUseCases, 'scope'>
  readonly clock: Clock
  /** Where other servers write to the same log. */
  readonly follower: Follower | undefined
}

/** The stream of events, as far as the caller may see it. */
export function feedUseCases({ feed, catalog, clock, follower }: Dependencies): App['feed'] {
  function filterOf(caller: Caller, { project, pipelineId, runId }: FeedSelection): Result<FeedFilter> {
    const scope = catalog.scope(caller, project)
    if (!scope.ok) return scope
    return accept({
      ...(scope.value === undefined ? undefined : { projectIds: scope.value }),
      ...(pipelineId === undefined ? undefined : { pipelineId }),
      ...(runId === undefined ? undefined : { runId }),
    })
  }
  return {
    last: () => feed.last(),
    read: async (caller, after, selection, limit) => {
      const filter = filterOf(caller, selection)
      return filter.ok ? accept((await feed.read(after, filter.value, limit)).records) : filter
    },
    follow: async (caller, after, selection, signal): Promise<Result<AsyncIterable<EventRecord | undefined>>> => {
      const filter = filterOf(caller, selection)
      if (!filter.ok) return filter
      const idle = (wake: () => void): (() => void) => clock.at(clock.now() + HEARTBEAT_MS, wake)
      return accept(feed.follow(after, filter.value, idle, signal))
    },
    onChange: (listener) => feed.onChange(listener),
    isCurrent: () => follower?.isCurrent() ?? true,
    catchUp: () => follower?.catchUp() ?? Promise.resolve(),
  }
}
