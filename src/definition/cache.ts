import {
  CACHE_KEY_MAX,
  CACHE_PATHS_MAX,
  CACHES_MAX,
  WORKSPACE_KEEPS,
  type CacheSpec,
  type WorkspacePolicy,
} from '../model/cache.ts'
import type { Retention } from '../model/retention.ts'
import { KEPT_RUNS_MAX } from './limits.ts'
import {
  byKind,
  choice,
  duration,
  listOf,
  mapped,
  number,
  oneOrMore,
  record,
  type Shape,
  text,
  writtenText,
} from './shape.ts'

/** `cache` of a task and `workspace` of the pipeline: which files outlive a run. */

const key = writtenText({ min: 1, max: CACHE_KEY_MAX, template: true })

/** In the workspace, or in HOME: no way out of them, and nothing that tar takes for an option. */
const path = text({
  min: 1,
  max: 1_024,
  pattern: /^(?!.*(?:^|\/)\.\.(?:\/|$))(?![-/])(?!~(?!\/))[^\0\n]+$/,
  expected: 'a path in the workspace, or ~/ and one in HOME, without ..',
})

const cache: Shape<CacheSpec> = mapped(
  record('a cache', {
    key: { shape: key, doc: 'What is saved under it is never changed. May hold ${{ ... }}.', required: true },
    files: {
      shape: oneOrMore(path, CACHE_PATHS_MAX),
      doc: 'Files whose content is part of the key, such as a lock file.',
    },
    restore: {
      shape: oneOrMore(key, CACHE_PATHS_MAX),
      doc: 'Beginnings of keys: the newest that begins so, when there is nothing under the key.',
    },
    paths: {
      shape: oneOrMore(path, CACHE_PATHS_MAX),
      doc: 'What is kept: in the workspace, or ~/ and in HOME.',
      required: true,
    },
  }),
  (values) =>
    values.key === undefined || values.paths === undefined
      ? undefined
      : { key: values.key, files: values.files ?? [], restore: values.restore ?? [], paths: values.paths },
)

export const caches: Shape<readonly CacheSpec[]> = byKind<readonly CacheSpec[]>({
  expected: 'a mapping with key and paths, or a list of such',
  map: mapped(cache, (one) => [one]),
  list: listOf(cache, { min: 1, max: CACHES_MAX }),
})

/** Absent what is left out. */
export const retention: Shape<Partial<Retention>> = mapped(
  record('keep', {
    runs: {
      shape: number(1, KEPT_RUNS_MAX, { whole: true }),
      doc: 'So many of its runs, the newest. Default: as set for all.',
    },
    for: { shape: duration, doc: 'From the end of a run. Default: as set for all.' },
  }),
  (values) => ({
    ...(values.runs === undefined ? undefined : { runs: values.runs }),
    ...(values.for === undefined ? undefined : { forMs: values.for }),
  }),
)

const DAY_MS = 24 * 3_600_000

export const workspace: Shape<WorkspacePolicy> = byKind<WorkspacePolicy>({
  expected: `${WORKSPACE_KEEPS.join(', ')}, or a mapping with keep and for`,
  scalar: mapped(choice(WORKSPACE_KEEPS), (keep) => ({ keep, forMs: DAY_MS })),
  map: mapped(
    record('a workspace', {
      keep: { shape: choice(WORKSPACE_KEEPS), doc: 'When. Default on-failure.' },
      for: { shape: duration, doc: 'How long, from the end of the run. Default 24h.' },
    }),
    (values) => ({ keep: values.keep ?? 'on-failure', forMs: values.for ?? DAY_MS }),
  ),
})
