import type { ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import type { RunStatus } from '../../model/status.ts'
import { at, ignored } from '../fields.ts'
import type { Forge } from '../forge.ts'
import { readPullRequest, readPush } from '../hub.ts'

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request, read 2026-11-22; the rest changes no code. */
const ACTIONS: ReadonlyMap<Json, ChangeAction> = new Map([
  ['opened', 'opened'],
  ['synchronize', 'synchronized'],
  ['reopened', 'reopened'],
  ['closed', 'closed'],
])

/** https://docs.github.com/en/rest/commits/statuses, read 2026-11-22: error, failure, pending, success; 1,000 for a commit and context. */
const STATES = {
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

export const github: Forge = {
  name: 'github',
  signatures: ['hub'],
  read: (call, body) => {
    const event = call.header('x-github-event')
    if (event === 'push') return readPush('github', body)
    if (event === 'pull_request') return readPullRequest('github', body, ACTIONS.get(at(body, 'action')) ?? null)
    return ignored(`an event ${JSON.stringify(event?.slice(0, 64) ?? '')} starts no run`)
  },
  api: 'https://api.github.com',
  states: STATES,
  statusRequest: ({ api, token, repository, sha, status, context, description, url }) => ({
    url: `${api}/repos/${repository.split('/').map(encodeURIComponent).join('/')}/statuses/${sha}`,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    },
    body: JSON.stringify({ state: STATES[status], context, description, ...(url === '' ? {} : { target_url: url }) }),
  }),
}
