import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Run, Stage, Task } from '../../../src/client/client.ts'

export const VIEWS = ['graph', 'timeline', 'table', 'events', 'seen'] as const
export type View = (typeof VIEWS)[number]
export const TABS = ['log', 'about', 'attempts', 'data', 'artifacts', 'tests', 'findings'] as const
export type Tab = (typeof TABS)[number]

/** What of a run is shown: all of it stands in the address, so that a link shows the same to others. */
export interface RunSearch {
  readonly view?: View
  /** Key of a task; of a stage with `~` before it, as a task may have the same. */
  readonly node?: string
  readonly tab?: Tab
  /** Not the present one. */
  readonly attempt?: number
  /** As it was when its seq was this. */
  readonly at?: number
  /** A line of the log. */
  readonly line?: number
}

const FROM = '/inside/runs/$run' as const

export interface Selection extends RunSearch {
  /** `replace`: without a step in the browser's history. */
  readonly change: (next: RunSearch, options?: { readonly replace?: boolean }) => void
  /** Another node, or none: what was chosen in the one before is forgotten. */
  readonly choose: (node: string | undefined, next?: RunSearch) => void
}

export function useSelection(): Selection {
  const search = useSearch({ from: FROM })
  const navigate = useNavigate()
  const change = useCallback(
    (next: RunSearch, { replace = false }: { readonly replace?: boolean } = {}) =>
      void navigate({
        to: '.',
        replace,
        resetScroll: false,
        search: (before: object) => ({ ...before, ...next }),
      }),
    [navigate],
  )
  const choose = useCallback(
    (node: string | undefined, next: RunSearch = {}) =>
      change({ ...EMPTY, ...next, ...(node === undefined ? NOTHING : { node }) } as RunSearch, { replace: true }),
    [change],
  )
  return useMemo(() => ({ ...search, change, choose }), [search, change, choose])
}

/** Left out of the address. */
const NOTHING = { node: undefined } as const
const EMPTY = { attempt: undefined, line: undefined } as const

export type Node = Stage | Task

export const keyOf = (node: Node): string => (node.kind === 'stage' ? `~${node.key}` : node.key)

export function nodeOf(run: Run, key: string | undefined): Node | undefined {
  if (key === undefined) return undefined
  if (key.startsWith('~')) return run.stages.find((stage) => stage.key === key.slice(1))
  for (const stage of run.stages) {
    const task = stage.tasks.find((one) => one.key === key)
    if (task !== undefined) return task
  }
  return undefined
}

/** What the keys `j` and `k` go through: the tasks in their order. */
export const tasksOf = (run: Run): readonly Task[] => run.stages.flatMap(({ tasks }) => tasks)

export const stageOf = (run: Run, task: Task): Stage | undefined => run.stages.find(({ tasks }) => tasks.includes(task))

const FAILED: ReadonlySet<string> = new Set([
  'failed',
  'errored',
  'timed_out',
  'held',
  'rollback_failed',
  'rollback_errored',
])
export const isFailure = ({ status }: { readonly status: string }): boolean => FAILED.has(status)
