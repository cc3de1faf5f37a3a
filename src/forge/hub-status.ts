import type { RunStatus } from '../model/status.ts'
import type { StatusReport, StatusRequest } from './forge.ts'

/** What became of a commit, in the words that GitHub, Gitea, Forgejo and Gitee have in common. */
export const HUB_STATES = {
  waiting: 'pending',
  queued: 'pending',
  running: 'pending',
  reviewing: 'pending',
  paused: 'pending',
  held: 'pending',
  succeeded: 'success',
  failed: 'failure',
  errored: 'error',
  timed_out: 'failure',
  cancelled: 'error',
  rolling_back: 'pending',
  rolled_back: 'failure',
  rollback_failed: 'failure',
  rollback_errored: 'error',
} as const satisfies Record<RunStatus, 'error' | 'failure' | 'pending' | 'success'>

/** POST /repos/{owner}/{repo}/statuses/{sha}: the same at all of them, but for who may. */
export function hubStatusRequest(
  { api, repository, sha, status, context, description, url }: StatusReport,
  headers: StatusRequest['headers'],
): StatusRequest {
  const state = HUB_STATES[status]
  return {
    url: `${api}/repos/${repository.split('/').map(encodeURIComponent).join('/')}/statuses/${sha}`,
    headers,
    body: JSON.stringify({ state, context, description, ...(url === '' ? {} : { target_url: url }) }),
  }
}
