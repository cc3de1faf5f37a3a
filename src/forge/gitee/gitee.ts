import type { ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import type { RunStatus } from '../../model/status.ts'
import { at, ignored } from '../fields.ts'
import type { Forge } from '../forge.ts'
import { readPullRequest, readPush } from '../hub.ts'

/** https://help.gitee.com/webhook/gitee-webhook-push-data-format, read 2026-11-22. */
const ACTIONS: ReadonlyMap<Json, ChangeAction> = new Map([
  ['open', 'opened'],
  ['reopen', 'reopened'],
  ['close', 'closed'],
  ['merge', 'closed'],
])

/** An `update` is of anything: its description tells of what. */
function actionOf(body: Json): ChangeAction | null {
  const action = at(body, 'action')
  if (action !== 'update') return ACTIONS.get(action) ?? null
  return at(body, 'action_desc') === 'source_branch_changed' ? 'synchronized' : null
}

/** Gitee's POST /repos/{owner}/{repo}/statuses/{sha} has GitHub's words: https://gitee.com/api/v5/swagger, read 2026-11-22. */
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

export const gitee: Forge = {
  name: 'gitee',
  signatures: ['gitee'],
  read: (call, body) => {
    const event = call.header('x-gitee-event')
    if (event === 'Push Hook' || event === 'Tag Push Hook') return readPush('gitee', body)
    if (event === 'Merge Request Hook') return readPullRequest('gitee', body, actionOf(body))
    return ignored(`an event ${JSON.stringify(event?.slice(0, 64) ?? '')} starts no run`)
  },
  api: 'https://gitee.com/api/v5',
  states: STATES,
  statusRequest: ({ api, token, repository, sha, status, context, description, url }) => ({
    url: `${api}/repos/${repository.split('/').map(encodeURIComponent).join('/')}/statuses/${sha}`,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    body: JSON.stringify({ state: STATES[status], context, description, ...(url === '' ? {} : { target_url: url }) }),
  }),
}
