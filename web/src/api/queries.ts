import { queryOptions } from '@tanstack/react-query'
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

export const runsQuery = (query: Omit<RunQuery, 'cursor'>) =>
  queryOptions({
    queryKey: ['runs', query],
    queryFn: ({ signal }) => client.runs.list({ ...query, signal }),
  })
