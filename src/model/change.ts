import type { Json } from './json.ts'

/** What a forge (a place that hosts repositories) tells of a change of one: src/forge/ makes it of its payloads. */
export const FORGES = ['github', 'gitlab', 'gitea', 'gitee', 'generic'] as const
export type ForgeName = (typeof FORGES)[number]

export const CHANGE_KINDS = ['push', 'tag', 'merge_request'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** Of a merge request. `closed`: also merged. */
export const CHANGE_ACTIONS = ['opened', 'synchronized', 'reopened', 'closed'] as const
export type ChangeAction = (typeof CHANGE_ACTIONS)[number]

export interface Change {
  readonly forge: ForgeName
  readonly kind: ChangeKind
  /** null unless it is a merge request. */
  readonly action: ChangeAction | null
  /** `owner/name`, as the forge writes it. */
  readonly repository: string
  /** As git names it: `refs/heads/main`, `refs/tags/v1`, `refs/pull/1/head`. */
  readonly ref: string
  /** Of a push: the branch; of a merge request: the one it would go into. */
  readonly branch: string | null
  readonly tag: string | null
  /** Of a merge request: the branch it comes from. */
  readonly sourceBranch: string | null
  /** 40 or 64 small hex digits: the commit. */
  readonly sha: string
  /** What the branch was at, or the merge request's base; null: it is new, or the forge does not say. */
  readonly before: string | null
  readonly author: string
  /** Of the commit, or the title of the merge request; at most 2,000 characters. */
  readonly message: string
  /** Where people look at it; empty: the forge does not say. */
  readonly url: string
  /** Of the merge request. */
  readonly number: number | null
  readonly title: string | null
  /** Whether it comes from another repository than the one it would go into; true where the forge does not say. */
  readonly fork: boolean
}

export const CHANGE_FACTS = [
  'forge',
  'kind',
  'action',
  'repository',
  'ref',
  'branch',
  'tag',
  'source_branch',
  'sha',
  'before',
  'author',
  'message',
  'url',
  'number',
  'title',
  'fork',
] as const
export type ChangeFact = (typeof CHANGE_FACTS)[number]

/** A change by the names that definitions know: `trigger.branch`, `params: {branch: ...}`. */
export const factsOf = (change: Change): Readonly<Record<ChangeFact, Json>> => ({
  forge: change.forge,
  kind: change.kind,
  action: change.action,
  repository: change.repository,
  ref: change.ref,
  branch: change.branch,
  tag: change.tag,
  source_branch: change.sourceBranch,
  sha: change.sha,
  before: change.before,
  author: change.author,
  message: change.message,
  url: change.url,
  number: change.number,
  title: change.title,
  fork: change.fork,
})
