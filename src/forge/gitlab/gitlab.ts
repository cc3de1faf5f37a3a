import type { Change, ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import type { RunStatus } from '../../model/status.ts'
import * as fields from '../fields.ts'
import { at, ignored, invalid } from '../fields.ts'
import type { Forge, Reading } from '../forge.ts'

/** https://docs.gitlab.com/user/project/integrations/webhook_events, read 2026-11-22. */
const ACTIONS: ReadonlyMap<Json, ChangeAction> = new Map([
  ['open', 'opened'],
  ['reopen', 'reopened'],
  ['close', 'closed'],
  ['merge', 'closed'],
])

/** https://docs.gitlab.com/api/commits#set-commit-pipeline-status, read 2026-11-22. Its failed and canceled are ends of their own. */
const STATES = {
  waiting: 'pending',
  queued: 'pending',
  running: 'running',
  reviewing: 'running',
  paused: 'running',
  held: 'running',
  succeeded: 'success',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'failed',
  cancelled: 'canceled',
  rolling_back: 'running',
  rolled_back: 'failed',
  rollback_failed: 'failed',
  rollback_errored: 'failed',
} as const satisfies Record<RunStatus, 'pending' | 'running' | 'success' | 'failed' | 'canceled'>

export const gitlab: Forge = {
  name: 'gitlab',
  // Its signing tokens are those of Standard Webhooks: gitlab-org/gitlab!230944.
  signatures: ['standard', 'gitlab'],
  read: (call, body) => {
    const event = call.header('x-gitlab-event')
    if (event === 'Push Hook' || event === 'Tag Push Hook') return readPush(body)
    if (event === 'Merge Request Hook') return readMergeRequest(body)
    return ignored(`an event ${JSON.stringify(event?.slice(0, 64) ?? '')} starts no run`)
  },
  api: 'https://gitlab.com/api/v4',
  states: STATES,
  statusRequest: ({ api, token, repository, sha, ref, status, context, description, url }) => ({
    url: `${api}/projects/${encodeURIComponent(repository)}/statuses/${sha}`,
    headers: { 'private-token': token },
    body: JSON.stringify({
      state: STATES[status],
      name: context,
      description,
      // With its own name for a branch or tag; it finds that of a merge request by the commit.
      ...(/^refs\/(?:heads|tags)\//.test(ref) ? { ref: ref.replace(/^refs\/(?:heads|tags)\//, '') } : {}),
      ...(url === '' ? {} : { target_url: url }),
    }),
  }),
}

function readPush(body: Json): Reading {
  const ref = fields.refOf(at(body, 'ref'))
  if (ref === null) return ignored('it is a push to neither a branch nor a tag')
  if (fields.isNothing(at(body, 'after'))) return ignored(`${ref.ref} was deleted`)
  // Of a tag with a message of its own, `after` is the tag: what is checked out is its commit.
  const sha = fields.sha(at(body, 'checkout_sha')) ?? fields.sha(at(body, 'after'))
  const repository = fields.repository(at(body, 'project', 'path_with_namespace'))
  if (sha === null || repository === '') return invalid('it names no commit or no project')
  const commits = fields.items(at(body, 'commits'))
  const head = commits.find((commit) => at(commit, 'id') === sha) ?? commits.at(-1) ?? null
  const change: Change = {
    ...ref,
    forge: 'gitlab',
    action: null,
    repository,
    sourceBranch: null,
    sha,
    before: fields.sha(at(body, 'before')),
    author: fields.firstText(at(body, 'user_username'), at(body, 'user_name')),
    message: fields.message(at(head, 'message')) || fields.message(at(body, 'message')),
    url: fields.url(at(head, 'url')),
    number: null,
    title: null,
    fork: false,
  }
  const total = fields.whole(at(body, 'total_commits_count'))
  return { kind: 'change', change, files: ref.kind === 'tag' ? null : fields.filesOf(at(body, 'commits'), total) }
}

function readMergeRequest(body: Json): Reading {
  const request = at(body, 'object_attributes')
  const action = actionOf(request)
  if (action === null) return ignored('nothing has happened to the merge request that a run would be of')
  const number = fields.whole(at(request, 'iid'))
  const sha = fields.sha(at(request, 'last_commit', 'id'))
  const repository =
    fields.repository(at(body, 'project', 'path_with_namespace')) ||
    fields.repository(at(request, 'target', 'path_with_namespace'))
  const branch = fields.text(at(request, 'target_branch'))
  if (number === null || number < 1 || sha === null || repository === '' || branch === '') {
    return invalid('it names no merge request, commit, branch or project')
  }
  const title = fields.text(at(request, 'title'))
  const [source, target] = [
    fields.whole(at(request, 'source_project_id')),
    fields.whole(at(request, 'target_project_id')),
  ]
  const change: Change = {
    forge: 'gitlab',
    kind: 'merge_request',
    action,
    repository,
    ref: `refs/merge-requests/${number}/head`,
    branch,
    tag: null,
    sourceBranch: fields.textOrNull(at(request, 'source_branch')),
    sha,
    before: null,
    author: fields.firstText(at(body, 'user', 'username'), at(body, 'user', 'name')),
    message: fields.message(at(request, 'last_commit', 'message')) || title,
    url: fields.url(at(request, 'url')),
    number,
    title,
    fork: source === null || target === null || source !== target,
  }
  return { kind: 'change', change, files: null }
}

/** An `update` is of anything; one with new commits names the commit that was there before. */
function actionOf(request: Json): ChangeAction | null {
  const action = at(request, 'action')
  if (action !== 'update') return ACTIONS.get(action) ?? null
  return fields.sha(at(request, 'oldrev')) === null ? null : 'synchronized'
}
