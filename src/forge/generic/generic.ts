import { CHANGE_ACTIONS, type Change, type ChangeAction } from '../../model/change.ts'
import type { Json } from '../../model/json.ts'
import { github } from '../github/github.ts'
import * as fields from '../fields.ts'
import { at, ignored, invalid } from '../fields.ts'
import type { Forge, Reading } from '../forge.ts'

/**
 * A hook of one's own, in our words: `{ref, sha, repository}` of a push, with `number` and `branch` of a merge request;
 * docs/guides/forges.md has them all. Signed as GitHub or Standard Webhooks do it.
 */
export const generic: Forge = {
  name: 'generic',
  signatures: ['standard', 'hub'],
  read: (_call, body) => {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return invalid('it is no JSON object')
    return at(body, 'number') === null ? readPush(body) : readMergeRequest(body)
  },
  // Where statuses are taken, they are taken as GitHub takes them.
  api: null,
  states: github.states,
  statusRequest: (report) => github.statusRequest(report),
}

const common = (body: Json): Pick<Change, 'forge' | 'repository' | 'author' | 'url' | 'before'> => ({
  forge: 'generic',
  repository: fields.repository(at(body, 'repository')),
  author: fields.text(at(body, 'author')),
  url: fields.url(at(body, 'url')),
  before: fields.sha(at(body, 'before')),
})

function readPush(body: Json): Reading {
  const ref = fields.refOf(at(body, 'ref'))
  const sha = fields.sha(at(body, 'sha'))
  if (ref === null) return invalid('its ref is neither refs/heads/... nor refs/tags/...')
  if (fields.isNothing(at(body, 'sha'))) return ignored(`${ref.ref} was deleted`)
  if (sha === null) return invalid('its sha is no commit')
  const none = { action: null, sourceBranch: null, number: null, title: null, fork: false } as const
  const change: Change = { ...common(body), ...ref, ...none, sha, message: fields.message(at(body, 'message')) }
  const files = at(body, 'files')
  const paths = files === null ? null : fields.filesOf([{ added: files }], null)
  return { kind: 'change', change, files: paths }
}

function readMergeRequest(body: Json): Reading {
  const number = fields.whole(at(body, 'number'))
  const sha = fields.sha(at(body, 'sha'))
  const branch = fields.text(at(body, 'branch'))
  const action = actionOf(at(body, 'action'))
  if (number === null || number < 1 || sha === null || branch === '') {
    return invalid('a merge request needs a number, a sha and the branch that it would go into')
  }
  if (action === null) return invalid(`its action is none of ${CHANGE_ACTIONS.join(', ')}`)
  const title = fields.text(at(body, 'title'))
  const change: Change = {
    ...common(body),
    kind: 'merge_request',
    action,
    ref: fields.text(at(body, 'ref')) || `refs/pull/${number}/head`,
    branch,
    tag: null,
    sourceBranch: fields.textOrNull(at(body, 'source_branch')),
    sha,
    message: fields.message(at(body, 'message')) || title,
    number,
    title,
    fork: at(body, 'fork') !== false,
  }
  const files = at(body, 'files')
  return { kind: 'change', change, files: files === null ? null : fields.filesOf([{ added: files }], null) }
}

const actionOf = (value: Json): ChangeAction | null =>
  value === null ? 'synchronized' : (CHANGE_ACTIONS.find((action) => action === value) ?? null)
