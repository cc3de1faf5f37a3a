import type { ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import { at, ignored } from '../fields.ts'
import type { Forge } from '../forge.ts'
import { HUB_STATES, hubStatusRequest } from '../hub-status.ts'
import { readPullRequest, readPush } from '../hub.ts'

/** https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request, read 2026-11-22; the rest changes no code. */
const ACTIONS: ReadonlyMap<Json, ChangeAction> = new Map([
  ['opened', 'opened'],
  ['synchronize', 'synchronized'],
  ['reopened', 'reopened'],
  ['closed', 'closed'],
])

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
  // https://docs.github.com/en/rest/commits/statuses, read 2026-11-22: 1,000 for a commit and context.
  states: HUB_STATES,
  statusRequest: (report) =>
    hubStatusRequest(report, {
      authorization: `Bearer ${report.token}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
    }),
}
