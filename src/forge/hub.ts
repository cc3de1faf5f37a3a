import type { Change, ChangeAction, ForgeName } from '../model/change.ts'
import type { Json } from '../model/json.ts'
import * as fields from './fields.ts'
import { at, ignored, invalid } from './fields.ts'
import type { Reading } from './forge.ts'

/** What the payloads of GitHub, Gitea, Forgejo and Gitee have in common: the latter are made after GitHub's. */

const userOf = (user: Json): string => fields.firstText(at(user, 'login'), at(user, 'username'), at(user, 'name'))

export function readPush(forge: ForgeName, body: Json): Reading {
  const ref = fields.refOf(at(body, 'ref'))
  if (ref === null) return ignored('it is a push to neither a branch nor a tag')
  const after = at(body, 'after')
  if (at(body, 'deleted') === true || fields.isNothing(after)) return ignored(`${ref.ref} was deleted`)
  const head = at(body, 'head_commit')
  const last = fields.items(at(body, 'commits')).at(-1) ?? null
  const commit = head === null ? last : head
  // Of a tag with a message of its own, `after` is the tag: the commit is the head.
  const sha = (ref.kind === 'tag' ? fields.sha(at(head, 'id')) : null) ?? fields.sha(after)
  const repository = fields.repository(at(body, 'repository', 'full_name'))
  if (sha === null || repository === '') return invalid('it names no commit or no repository')
  const change: Change = {
    ...ref,
    forge,
    action: null,
    repository,
    sourceBranch: null,
    sha,
    before: fields.sha(at(body, 'before')),
    author: userOf(at(body, 'sender')) || userOf(at(body, 'pusher')),
    message: fields.message(at(commit, 'message')),
    url: fields.url(at(commit, 'url')) || fields.url(at(body, 'compare')) || fields.url(at(body, 'compare_url')),
    number: null,
    title: null,
    fork: false,
  }
  const total = fields.whole(at(body, 'total_commits')) ?? fields.whole(at(body, 'total_commits_count'))
  return { kind: 'change', change, files: ref.kind === 'tag' ? null : fields.filesOf(at(body, 'commits'), total) }
}

/** @param action what has happened; null: nothing that changes what would be merged */
export function readPullRequest(forge: ForgeName, body: Json, action: ChangeAction | null): Reading {
  if (action === null) return ignored('nothing has happened to the merge request that a run would be of')
  const request = at(body, 'pull_request')
  const number = fields.whole(at(request, 'number')) ?? fields.whole(at(body, 'number'))
  const sha = fields.sha(at(request, 'head', 'sha'))
  const repository =
    fields.repository(at(body, 'repository', 'full_name')) ||
    fields.repository(at(request, 'base', 'repo', 'full_name'))
  const branch = fields.text(at(request, 'base', 'ref'))
  if (number === null || number < 1 || sha === null || repository === '' || branch === '') {
    return invalid('it names no merge request, commit, branch or repository')
  }
  const title = fields.text(at(request, 'title'))
  const change: Change = {
    forge,
    kind: 'merge_request',
    action,
    repository,
    ref: `refs/pull/${number}/head`,
    branch,
    tag: null,
    sourceBranch: fields.textOrNull(at(request, 'head', 'ref')),
    sha,
    before: fields.sha(at(request, 'base', 'sha')),
    author: userOf(at(request, 'user')) || userOf(at(body, 'sender')),
    message: title,
    url: fields.url(at(request, 'html_url')),
    number,
    title,
    fork: isFork(request),
  }
  return { kind: 'change', change, files: null }
}

/** Only what is surely the same repository is none: a fork that was deleted has no name any more. */
function isFork(request: Json): boolean {
  const idOf = (side: string): number | null =>
    fields.whole(at(request, side, 'repo', 'id')) ?? fields.whole(at(request, side, 'repo_id'))
  const [head, base] = [idOf('head'), idOf('base')]
  return head === null || base === null || head !== base
}
