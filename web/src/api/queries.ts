import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { RunQuery } from '../../../src/client/client.ts'
import { client } from './client.ts'

/**
 * What the page asks the server. Keys begin with the noun, so that an event of a run can find what it touches
 * (live.ts): `['run', id, ...]`, `['runs', filter]`, `['pipeline', id, ...]`, `['pipelines', filter]`, `['home', filter]`.
 */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => client.me({ signal }),
  staleTime: Infinity,
})

/** Runs, page by page. */
export const runPagesQuery = (query: Omit<RunQuery, 'cursor'>) =>
  infiniteQueryOptions({
    queryKey: ['runs', query],
    queryFn: ({ pageParam, signal }) => client.runs.list({ ...query, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
  })

export const overviewQuery = (query: { readonly project?: string | undefined; readonly text?: string | undefined }) =>
  queryOptions({
    queryKey: ['home', query],
    queryFn: ({ signal }) => client.overview({ ...query, signal }),
    placeholderData: (before) => before,
  })

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => client.projects.list({ signal }),
})

/** With enough of its last runs to see a trend. */
const TREND_RUNS = 20

export const pipelinePagesQuery = (query: {
  readonly project?: string | undefined
  readonly text?: string | undefined
}) =>
  infiniteQueryOptions({
    queryKey: ['pipelines', query],
    queryFn: ({ pageParam, signal }) =>
      client.pipelines.list({ ...query, runs: TREND_RUNS, cursor: pageParam, signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: (before) => before,
  })

export const pipelineQuery = (id: string) =>
  queryOptions({ queryKey: ['pipeline', id], queryFn: ({ signal }) => client.pipelines.get(id, { signal }) })

export const nextFiresQuery = (id: string) =>
  queryOptions({
    queryKey: ['pipeline', id, 'next'],
    queryFn: ({ signal }) => client.triggers.next(id, { count: 20, signal }),
  })

export const versionsQuery = (id: string, newest: number) =>
  queryOptions({
    queryKey: ['versions', id, newest],
    queryFn: () => client.pipelines.versions(id),
    staleTime: Infinity,
  })

/** A version never changes. */
export const versionQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['version', id, version],
    queryFn: () => client.pipelines.version(id, version),
    staleTime: Infinity,
  })
