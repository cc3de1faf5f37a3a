/** Files that a task finds again in the next run: restored before it, saved when it has succeeded. */
export interface CacheSpec {
  /** May hold templates. What is saved under a key is never changed. */
  readonly key: string
  /** Files of the workspace whose content is part of the key. */
  readonly files: readonly string[]
  /** When there is nothing under the key: the newest whose key begins with the first of these that any does. */
  readonly restore: readonly string[]
  /** Directories and files of the workspace, or of HOME (`~/...`). */
  readonly paths: readonly string[]
}

/** Those of a job, rendered. */
export interface JobCaches {
  /** Whose they are: nothing of another scope is seen. */
  readonly scope: string
  /** Whether it may save: not what comes from people who are not trusted. */
  readonly write: boolean
  readonly list: readonly CacheSpec[]
}

/** Of one task. */
export const CACHES_MAX = 10
/** Of a key and of a prefix, rendered. */
export const CACHE_KEY_MAX = 512
export const CACHE_PATHS_MAX = 50

/** What of a run's workspace is kept when it has ended. */
export const WORKSPACE_KEEPS = ['never', 'on-failure', 'always'] as const
export interface WorkspacePolicy {
  readonly keep: (typeof WORKSPACE_KEEPS)[number]
  /** From the end of the run. */
  readonly forMs: number
}
