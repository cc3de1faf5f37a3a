import type { Change, ChangeAction, ChangeKind } from '../model/change.ts'
import type { ChangedFiles } from './forge.ts'
import { matchesGlob } from '../engine/glob.ts'

/** Which changes a trigger is about. Globs are those of glob.ts: no text of a user becomes a RegExp. */
export interface ChangeFilter {
  readonly events: readonly ChangeKind[]
  /** Of merge requests. */
  readonly actions: readonly ChangeAction[]
  /** Globs; one that begins with `!` takes away again. Empty: all. Of merge requests: the branch they would go into. */
  readonly branches: readonly string[]
  readonly tags: readonly string[]
  /** Of these at least one file must be changed. Where the forge does not tell all files, none is taken for unchanged. */
  readonly paths: readonly string[]
  /** Whether `[skip ci]` in the message is heeded. */
  readonly skipCi: boolean
  /** `owner/name`; null: any. */
  readonly repository: string | null
}

const SKIP = /\[(?:skip ci|ci skip|no ci|skip-ci|ci-skip)\]/i

/** @returns why the trigger is not about this change, as a sentence; undefined: it is. */
export function filterProblem(filter: ChangeFilter, change: Change, files: ChangedFiles | null): string | undefined {
  const { kind, action, branch, tag, repository } = change
  if (filter.repository !== null && filter.repository.toLowerCase() !== repository.toLowerCase()) {
    return `the trigger is about ${filter.repository}, not ${repository}`
  }
  if (!filter.events.includes(kind)) return `the trigger is not about a ${kind}`
  if (action !== null && !filter.actions.includes(action)) return `the trigger is not about a merge request ${action}`
  if (branch !== null && !matches(filter.branches, branch)) return `the trigger is not about the branch ${branch}`
  if (tag !== null && !matches(filter.tags, tag)) return `the trigger is not about the tag ${tag}`
  if (filter.skipCi && (SKIP.test(change.message) || SKIP.test(change.title ?? ''))) {
    return 'its message says that no run is wanted'
  }
  const known = files !== null && files.complete ? files.paths : null
  if (known !== null && filter.paths.length > 0 && !known.some((path) => matches(filter.paths, path))) {
    return 'none of the files that the trigger is about was changed'
  }
  return undefined
}

/** The last one that fits decides; a list of nothing but `!` means all but these. */
function matches(globs: readonly string[], name: string): boolean {
  let is = globs.every((glob) => glob.startsWith('!'))
  for (const glob of globs) {
    const isNot = glob.startsWith('!')
    if (is === isNot && matchesGlob(name, isNot ? glob.slice(1) : glob)) is = !isNot
  }
  return is
}
