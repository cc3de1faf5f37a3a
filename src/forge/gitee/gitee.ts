import type { ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import { at, ignored } from '../fields.ts'
import type { Forge } from '../forge.ts'
import { HUB_STATES, hubStatusRequest } from '../hub-status.ts'
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
  // It has GitHub's words: https://gitee.com/api/v5/swagger, read 2026-11-22.
  states: HUB_STATES,
  statusRequest: (report) =>
    hubStatusRequest(report, { authorization: `Bearer ${report.token}`, accept: 'application/json' }),
}
