import { failureSentence } from '../../model/failure.ts'
import type { Failure } from '../../model/failure.ts'
import type { Instant } from '../../model/time.ts'
import type { RunView } from '../../model/view.ts'
import { jointId } from './ids.ts'
import { taskName } from './task-name.ts'
import { shownRun, type Shown } from './shown.ts'
import { reportedState, type Engine } from './status.ts'
import { CLASS_NAMES, type CreatedStatus, type LaterStatus, type State, type Status, type StatusTree } from './wire.ts'

/** How an answer is written: which engine's words, how its times look, and what time it is. */
export interface Style {
  readonly engine: Engine
  /** `YYYY-MM-DD HH:MM:SS +ZZZZ`, or the empty string for an unset instant. */
  readonly time: (at: Instant | null) => string
  readonly zoneOffsetMinutes: number
  readonly now: Instant
}

export const CREATED: CreatedStatus = {
  start_time: null,
  state: 'CREATED',
  retry: 0,
  skip: 0,
  finish_time: null,
  elapsed_time: 0,
  children: {},
}

/** `data` of get_task_status. */
export function presentStatus(run: RunView, style: Style): Status | CreatedStatus {
  const shown = shownRun(run, taskName(run, style))
  if (shown === undefined) return style.engine === 1 ? CREATED : { ...CREATED, name: taskName(run, style) }
  return present(shown, style, run.id, run.id)
}

/** The same as the operations that came after the seed's tell it: clients of theirs index `elapsed_time`. */
export function presentTimed(run: RunView, style: Style): Status | CreatedStatus {
  const shown = shownRun(run, taskName(run, style))
  return shown === undefined || style.engine === 2 ? presentStatus(run, style) : presentFirst(shown, style, true)
}

/** The node with this id, with all below it; undefined: the run has none, or it has not been entered. */
export function presentNode(run: RunView, id: string, style: Style, timed = false): Status | undefined {
  const root = shownRun(run, taskName(run, style))
  const found = root === undefined ? undefined : findShown(root, id)
  if (found === undefined) return undefined
  if (timed && style.engine === 1) return presentFirst(found.shown, style, true)
  return present(found.shown, style, found.parent === '' ? run.id : found.parent, run.id)
}

export function findShown(root: Shown, id: string, parent = ''): { shown: Shown; parent: string } | undefined {
  if (root.id === id) return { shown: root, parent }
  for (const child of root.children) {
    const found = findShown(child, id, root.id)
    if (found !== undefined) return found
  }
  return undefined
}

/** The state that is reported of something, its children's say included. */
export const stateOf = (shown: Shown, engine: Engine): State =>
  reportedState(
    shown.own,
    shown.children.map((child) => stateOf(child, engine)),
    engine,
  )

export function present(shown: Shown, style: Style, parentId: string, rootId: string): Status {
  return style.engine === 1 ? presentFirst(shown, style, false) : presentLater(shown, style, parentId, rootId)
}

function presentFirst(shown: Shown, style: Style, timed: boolean): StatusTree {
  // Version 1 sets both times to the moment of the skip.
  const startedAt = shown.skip ? (shown.endedAt ?? shown.startedAt) : shown.startedAt
  return {
    retry: shown.retry,
    name: CLASS_NAMES[shown.kind],
    finish_time: style.time(shown.endedAt),
    skip: shown.skip,
    start_time: style.time(startedAt),
    children: Object.fromEntries(shown.children.map((child) => [child.id, presentFirst(child, style, timed)])),
    state: stateOf(shown, 1),
    version: shown.kind === 'pipeline' ? '' : shown.version,
    id: shown.id,
    loop: shown.loop,
    ...(timed
      ? {
          elapsed_time: elapsedSeconds(shown, style.now),
          error_ignorable: shown.ignored,
          error_ignored: shown.ignored,
        }
      : {}),
  }
}

function presentLater(shown: Shown, style: Style, parentId: string, rootId: string): LaterStatus {
  return {
    id: shown.id,
    state: stateOf(shown, 2),
    'root_id:': rootId,
    parent_id: parentId,
    version: laterVersion(shown),
    loop: shown.loop,
    retry: shown.retry,
    skip: shown.skip,
    error_ignorable: shown.ignored,
    error_ignored: shown.ignored,
    children: Object.fromEntries(
      shown.children.map((child) => [child.id, presentLater(child, style, shown.id, rootId)]),
    ),
    elapsed_time: elapsedSeconds(shown, style.now),
    start_time: style.time(shown.startedAt) || null,
    finish_time: style.time(shown.endedAt) || null,
    name: shown.title,
  }
}

/** A skip is another execution to engine 2, and to nobody else. */
const laterVersion = ({ version, skip }: Shown): string => `v${skip ? version.replace(/^./, 'f') : version}`

/** What a client that read it from engine 2 means. */
export const givenVersion = (text: string): string => (/^v[0-9a-f]{32}$/.test(text) ? text.slice(1) : text)

export const elapsedSeconds = (
  span: { readonly startedAt: Instant | null; readonly endedAt: Instant | null },
  now: Instant,
): number => (span.startedAt === null ? 0 : Math.max(0, Math.round(((span.endedAt ?? now) - span.startedAt) / 1_000)))

/** Everything of a tree that has no children of its own and is FAILED. */
export const failedLeaves = (shown: Shown, engine: Engine): readonly Shown[] =>
  shown.children.length === 0
    ? shown.kind !== 'pipeline' && stateOf(shown, engine) === 'FAILED'
      ? [shown]
      : []
    : shown.children.flatMap((child) => failedLeaves(child, engine))

/** What went wrong, by node id: the answer to `with_ex_data`. */
export function presentFailures(run: RunView, engine: Engine): Readonly<Record<string, string>> {
  const root = shownRun(run, '')
  const leaves = root === undefined ? [] : failedLeaves(root, engine)
  return Object.fromEntries(leaves.map(({ id, task }) => [id, task === null ? '' : exData(run, lastFailure(task))]))
}

/** Of the present attempt, or of the one before while the next waits. */
export const lastFailure = (task: NonNullable<Shown['task']>): Failure | null =>
  task.failure ?? (task.retryAt === null ? null : (task.earlier.at(-1)?.failure ?? null))

/** In the words of their engines where they have some. */
export function exData(run: RunView, failure: Failure | null): string {
  switch (failure?.kind) {
    case undefined:
      return ''
    case 'no-branch':
      return 'all conditions of branches are not meet'
    case 'many-branches':
      return `multiple conditions meet: [${flowNames(run, failure)
        .map((name) => `'${name}'`)
        .join(', ')}]`
    case 'loop-limit':
      // Ours counts passes, theirs the ones after the first.
      return `node execution exceed rerun limit ${failure.limit - 1}`
    case 'timeout':
      return "The node has been terminated by the system due to exceeding the 'Timeout Setting'."
    case 'forced':
      return failure.reason === '' ? `The node has been terminated by ${failure.by}.` : failure.reason
    case 'exit-code':
    case 'signal':
    case 'out-of-memory':
    case 'output-limit':
    case 'said-no':
    case 'rejected':
    case 'condition':
    case 'cannot-start':
    case 'missing-tool':
    case 'disk-full':
    case 'unauthorized':
    case 'lost':
    case 'internal':
    case 'not-started':
    case 'expired':
      return failureSentence(failure)
  }
}

/** Their engine calls a condition by its flow. */
function flowNames(run: RunView, { keys, names }: Extract<Failure, { kind: 'many-branches' }>): readonly string[] {
  const edges = run.stages.flatMap(({ flow }) => flow?.edges ?? [])
  return keys === undefined
    ? names
    : keys.map((key) =>
        jointId(
          run.id,
          edges.findIndex((edge) => edge.key === key),
        ),
      )
}
