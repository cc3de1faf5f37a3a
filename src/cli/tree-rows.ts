import type { Run, Stage, Task } from '../client/client.ts'
import { safe } from './output.ts'
import { took } from './times.ts'

/** A line of a run's tree. */
export interface Row {
  readonly indent: number
  readonly of: Stage | Task
  readonly time: string
  readonly note: string
  /** It only leads from one task to the next. */
  readonly faint: boolean
}

/** What people call another run; its id where that is not known. */
export type NameOfRun = (id: string) => string

/** Stages and their tasks. A single stage that is called as its pipeline says nothing and is left out. */
export function rowsOf({ stages, pipeline }: Run, now: number, nameOf: NameOfRun): readonly Row[] {
  const isFlat = stages.length === 1 && stages[0]?.name === pipeline.name
  return stages.flatMap((stage): Row[] => {
    const own = { indent: 1, of: stage, time: took(stage.started_at, stage.ended_at, now), note: stageNote(stage) }
    return [
      ...(isFlat ? [] : [{ ...own, faint: false }]),
      ...nestedTasks(stage).map(({ task, depth }) => ({
        indent: (isFlat ? 1 : 2) + depth,
        of: task,
        time: isLink(task) ? '' : took(task.started_at, task.ended_at, now),
        note: taskNote(task, stage, { now, nameOf }),
        faint: isLink(task) && task.failure === null,
      })),
    ]
  })
}

/** Whether it does nothing but lead the token of a flow on. */
export const isLink = ({ work }: Pick<Task, 'work'>): boolean =>
  work === 'start' || work === 'end' || work === 'gateway'

interface Nested {
  readonly task: Task
  readonly depth: number
}

/** In the order of the plan, what is in a sub-flow below it. */
function nestedTasks({ tasks }: Stage): readonly Nested[] {
  const inner = Map.groupBy(tasks, ({ parent }) => parent)
  const below = (parent: string | null, depth: number): readonly Nested[] =>
    (inner.get(parent) ?? []).flatMap((task) => [
      { task, depth },
      ...(task.work === 'subflow' ? below(task.key, depth + 1) : []),
    ])
  return below(null, 0)
}

function stageNote(stage: Stage): string {
  return joined([stage.parallel ? 'beside the one before' : '', triggerNote(stage), skippedNote(stage)])
}

/** What a stage waits for, or what it will not have to wait for. */
function triggerNote({ status, triggers }: Stage): string {
  if (triggers === null || (status !== 'waiting' && status !== 'pending')) return ''
  const named = (fired: boolean): readonly string[] =>
    triggers.list.flatMap(({ fired_at, name }) => ((fired_at !== null) === fired ? [safe(name)] : []))
  const [open, fired] = [named(false), named(true)]
  return joined([
    status === 'waiting' && open.length > 0
      ? `waits for ${open.join(triggers.operator === 'and' ? ' and ' : ' or ')}`
      : '',
    fired.length > 0 ? `${fired.join(' and ')} fired` : '',
  ])
}

function taskNote(task: Task, stage: Stage, { now, nameOf }: { readonly now: number; readonly nameOf: NameOfRun }) {
  const { child_run, failure, ignored, held, retry_at, review, paused, status, work } = task
  return joined([
    skippedNote(task),
    isLink(task) ? '' : tryNote(task),
    failure === null ? '' : safe(failure.message),
    ignored ? 'passed over' : '',
    held ? 'held' : '',
    paused ? 'paused' : '',
    retry_at === null ? '' : `again in ${took(new Date(now).toISOString(), retry_at, now)}`,
    review !== null && status === 'reviewing' ? reviewNote(review) : '',
    work === 'callback' && status === 'running' ? 'waits for a callback' : '',
    child_run === null ? '' : safe(nameOf(child_run)),
    work === 'gateway' ? wayNote(task, stage) : '',
  ])
}

/** Which pass of a loop an attempt was in, and which try of that. */
export const tryNote = ({ loop, retry }: { readonly loop: number; readonly retry: number }): string =>
  joined([loop > 1 ? `pass ${loop}` : '', retry > 0 ? `attempt ${retry + 1}` : ''])

/** The way that a gateway took, or those that a person may choose from. */
function wayNote(task: Task, { edges, tasks }: Stage): string {
  if (task.gateway !== 'exclusive' && task.gateway !== 'conditional') return ''
  const out = (edges ?? []).filter(({ from }) => from === task.key)
  if (task.allowed.includes('choose')) return `edges: ${out.map(({ key }) => safe(key)).join(', ')}`
  // One that a person told its way counts as skipped.
  const passed = task.status === 'succeeded' || task.status === 'skipped'
  const taken = passed ? out.filter((edge) => edge.taken) : []
  const nameOf = (key: string): string => tasks.find((one) => one.key === key)?.name ?? key
  return taken.length === 0 ? '' : `→ ${taken.map(({ name, to }) => safe(name === '' ? nameOf(to) : name)).join(', ')}`
}

const skippedNote = ({ skipped }: Stage | Task): string =>
  skipped === null ? '' : `skipped${skipped.reason === '' ? '' : `: ${safe(skipped.reason)}`}`

export function reviewNote({ question, reviewers, required, decisions }: NonNullable<Task['review']>): string {
  const who = reviewers.length === 0 ? 'anyone who may' : safe(reviewers.join(', '))
  const what = question === '' ? '' : `: ${safe(question)}`
  return `${decisions.length} of ${required} approvals by ${who}${what}`
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')
