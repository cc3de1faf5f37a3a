import type { QueryClient } from '@tanstack/react-query'
import { meQuery } from '../api/queries.ts'
import { runQuery } from '../run/queries.ts'

/**
 * Asks for what this address will need beside the words and the scripts, not after them: each of these would otherwise
 * wait for the one before.
 */
export function askEarly(queries: QueryClient, path: string): void {
  if (path === '/sign-in') return
  void queries.prefetchQuery(meQuery)
  const [, run] = /^\/runs\/([0-9a-f]{1,32})$/.exec(path) ?? []
  if (run === undefined) return
  void queries.prefetchQuery(runQuery(run))
  void import('../run/page.tsx')
}
