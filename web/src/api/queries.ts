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
