import type { Attempt, Run, Task } from '../client/client.ts'
import { isEnded } from '../model/status.ts'
import { tasksOf } from './names.ts'
import { safe } from './output.ts'
import { looks, wordOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'
import { took } from './times.ts'
import { isLink, reviewNote, tryNote } from './tree-rows.ts'

/** What became of a task between two looks at its run. */
export interface Step {
  readonly what: 'started' | 'ended' | 'skipped' | 'reviewing'
  readonly task: Task
  /** From 1; 0 for a task that was skipped before its first. */
  readonly attempt: number
}

/**
 * Everything that began or ended since, in the order of the plan, ends first: what began may have waited for them. A
 * sub-flow ends after what is in it.
 */
export function stepsBetween(before: Run | undefined, after: Run): readonly Step[] {
  const known = new Map(before === undefined ? [] : tasksOf(before).map((task) => [task.id, factsOf(task)]))
  const steps = tasksOf(after).flatMap((task) => {
    const old = known.get(task.id)
    return [...factsOf(task)].filter(([fact]) => old?.has(fact) !== true).map(([, step]) => step)
  })
  // A whole attempt that nobody saw begin stays in its order.
  const fresh = new Set(
    steps.filter(({ what }) => what === 'started').map(({ task, attempt }) => `${task.id}/${attempt}`),
  )
  const isOldEnd = ({ what, task, attempt }: Step): boolean => what === 'ended' && !fresh.has(`${task.id}/${attempt}`)
  const order = (step: Step): number => (isOldEnd(step) ? (step.task.work === 'subflow' ? 1 : 0) : 2)
  return steps.toSorted((left, right) => order(left) - order(right))
}

/** What has happened to a task, by name: `2 started`, in order. */
function factsOf(task: Task): ReadonlyMap<string, Step> {
  const facts = new Map<string, Step>()
  const add = (what: Step['what'], attempt: number): void =>
    void facts.set(`${attempt} ${what}`, { what, task, attempt })
  for (const { attempt, status, started_at, failure } of attemptsOf(task)) {
    // What leads from one task to the next is told of when it does not.
    if (isLink(task) && failure === null) continue
    if (started_at === null) {
      // No runner came for it, or none could.
      if (failure !== null && isEnded(status)) add('ended', attempt)
      continue
    }
    add(task.work === 'review' ? 'reviewing' : 'started', attempt)
    if (isEnded(status) && status !== 'skipped') add('ended', attempt)
  }
  if (task.status === 'skipped') add('skipped', task.attempt)
  return facts
}

function attemptsOf(task: Task): readonly Attempt[] {
  if (task.attempt === 0) return task.earlier
  const { attempt, loop, retry, version, status, started_at, ended_at, runner, failure, inputs, outputs } = task
  const present = { attempt, loop: Math.max(1, loop), retry, version, status, started_at, ended_at, runner, failure }
  const decisions = task.review?.decisions ?? []
  return [...task.earlier, { ...present, skipped: task.skipped !== null, inputs, outputs, decisions }]
}

/** A step as one line. */
export function stepLine({ what, task, attempt }: Step, paint: Terminal['paint']): string {
  const name = safe(task.name)
  const seen = attemptsOf(task).find((one) => one.attempt === attempt)
  const tried = seen === undefined ? '' : tryNote(seen)
  const again = tried === '' ? '' : `  ${tried}`
  switch (what) {
    case 'started':
      return `${paint('cyan', looks.running.mark)} ${name}${again}`
    case 'reviewing': {
      const note = task.review === null ? '' : `  ${reviewNote(task.review)}`
      return `${paint('yellow', looks.reviewing.mark)} ${name}${note}`
    }
    case 'skipped': {
      const reason = task.skipped?.reason ?? ''
      return `${paint('dim', looks.skipped.mark)} ${name}  skipped${reason === '' ? '' : `: ${safe(reason)}`}`
    }
    case 'ended': {
      if (seen === undefined) return ''
      const { mark, style } = looks[seen.status]
      const time = took(seen.started_at, seen.ended_at, 0)
      const word = seen.status === 'succeeded' ? '' : `  ${wordOf(seen.status)}`
      const why = seen.failure === null ? '' : `: ${safe(seen.failure.message)}`
      return `${paint(style, mark)} ${name}${again}${time === '' ? '' : `  ${time}`}${word}${why}${afterwards(task, attempt)}`
    }
  }
}

/** What follows a failure. */
function afterwards(task: Task, attempt: number): string {
  if (task.attempt > attempt || task.retry_at !== null) return '; to be tried again'
  if (task.ignored) return '; passed over'
  return task.held ? '; held, it waits for a person' : ''
}

/** How a run ended, or where it stands, as the last line. */
export function lastLine(run: Run, now: number, paint: Terminal['paint']): string {
  const { mark, style } = looks[run.status]
  const time = took(run.started_at, run.ended_at, now)
  const why = run.failure === null ? '' : `: ${safe(run.failure.node.name)}: ${safe(run.failure.failure.message)}`
  return `${paint(style, `${mark} ${safe(run.pipeline.name)}#${run.number} ${wordOf(run.status)}`)}${time === '' ? '' : ` ${run.ended_at === null ? 'for' : 'in'} ${time}`}${why}`
}
