import { keepPreviousData, type QueryClient, queryOptions } from '@tanstack/react-query'
import type { Event, Run } from '../../../src/client/client.ts'
import { client } from '../api/client.ts'

/** Keys begin with `['run', id]`: api/live.ts finds by it what the end of a lost connection makes doubtful. */

export const runQuery = (id: string) =>
  queryOptions({ queryKey: ['run', id], queryFn: ({ signal }) => client.runs.get(id, { signal }) })

/** What was stays as it was. */
export const pastRunQuery = (id: string, seq: number) =>
  queryOptions({
    queryKey: ['run-past', id, seq],
    queryFn: ({ signal }) => client.runs.get(id, { asOf: seq, signal }),
    staleTime: Infinity,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  })

/** What is derived of a run is read for each of its seqs; the answer for the one before stands until it is there. */
const derived = <Answer>(
  what: string,
  { id, seq }: Pick<Run, 'id' | 'seq'>,
  read: (signal: AbortSignal) => Promise<Answer>,
) =>
  queryOptions({
    queryKey: [`run-${what}`, id, seq],
    queryFn: ({ signal }) => read(signal),
    staleTime: Infinity,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  })

export const explainQuery = (run: Pick<Run, 'id' | 'seq'>) => derived('explain', run, () => client.runs.explain(run.id))
export const estimateQuery = (run: Pick<Run, 'id' | 'seq'>) =>
  derived('estimate', run, (signal) => client.runs.estimate(run.id, { signal }))
export const timelineQuery = (run: Pick<Run, 'id' | 'seq'>) =>
  derived('timeline', run, (signal) => client.runs.timeline(run.id, { signal }))
export const seenQuery = (run: Pick<Run, 'id' | 'seq'>) =>
  derived('seen', run, (signal) => client.runs.asSeenBy(run.id, { signal }))
export const artifactsQuery = (run: Pick<Run, 'id' | 'seq'>) =>
  derived('artifacts', run, () => client.artifacts.list(run.id))

const EVENTS_PAGE = 1_000

/** All events of a run so far; what was read before is not read again. */
export const eventsQuery = (id: string, queries: QueryClient) =>
  queryOptions({
    queryKey: ['run-events', id],
    queryFn: async (): Promise<readonly Event[]> => {
      const events = [...(queries.getQueryData<readonly Event[]>(['run-events', id]) ?? [])]
      for (let after: number | null = events.at(-1)?.seq ?? 0; after !== null;) {
        const page = await client.runs.events(id, { after, limit: EVENTS_PAGE })
        events.push(...page.items)
        after = page.next
      }
      return events
    },
    staleTime: Infinity,
  })
