import type { ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import { at, ignored } from '../fields.ts'
import type { Forge } from '../forge.ts'
import { HUB_STATES, hubStatusRequest } from '../hub-status.ts'
import { readPullRequest, readPush } from '../hub.ts'

/** Gitea and Forgejo: https://docs.gitea.com/usage/repository/webhooks, read 2026-11-22; the rest changes no code. */
const ACTIONS: ReadonlyMap<Json, ChangeAction> = new Map([
  ['opened', 'opened'],
  ['synchronized', 'synchronized'],
  ['reopened', 'reopened'],
  ['closed', 'closed'],
])

export const gitea: Forge = {
  name: 'gitea',
  // Both have the same HMAC of the body, with and without a prefix.
  signatures: ['gitea', 'hub'],
  read: (call, body) => {
    const event = call.header('x-forgejo-event') ?? call.header('x-gitea-event') ?? call.header('x-gogs-event')
    if (event === 'push') return readPush('gitea', body)
    // A new tag is both pushed and created: the push tells all.
    const isRequest = event === 'pull_request' || event === 'pull_request_sync'
    if (isRequest) return readPullRequest('gitea', body, ACTIONS.get(at(body, 'action')) ?? null)
    return ignored(`an event ${JSON.stringify(event?.slice(0, 64) ?? '')} starts no run`)
  },
  api: null,
  // Its CommitStatusState (modules/commitstatus), read 2026-11-22, has these and `warning` and `skipped`.
  states: HUB_STATES,
  statusRequest: (report) =>
    hubStatusRequest(report, { authorization: `token ${report.token}`, accept: 'application/json' }),
}
