import type { Instant } from '../../model/time.ts'
import type { TaskView } from '../../model/view.ts'
import { presentAttempt, presentFailure, presentReview, presentTask, time } from './present.ts'

/**
 * The JSON of what {@link presentTask} makes, in a third of the time: of a run of 10,000 nodes, thousands change between
 * two answers, and most of what is said of each is what its definition says. Texts that people or tasks have written go
 * through JSON.stringify, here as there.
 */
export function taskText(task: TaskView): string {
  const { names, rules, labels } = defined(task)
  const { skipped, failure, review, earlier } = task
  return (
    `{"kind":"task","id":"${task.id}","index":${task.index},${names},"status":"${task.status}"` +
    `,"started_at":${instant(task.startedAt)},"ended_at":${instant(task.endedAt)}` +
    `,"skipped":${skipped === null ? 'null' : JSON.stringify({ because: skipped.because, reason: skipped.reason })}` +
    `,${rules},"loop":${task.loop},"version":"${task.version}","paused":${task.paused},"inputs":${json(task.inputs)}` +
    `,"child_run":${json(task.childRun)},${labels},"attempt":${task.attempt},"retry":${task.retry}` +
    `,"queued_at":${instant(task.queuedAt)},"retry_at":${instant(task.retryAt)}` +
    `,"deadline_at":${instant(task.deadlineAt)},"runner":${json(task.runner)}` +
    `,"failure":${failure === null ? 'null' : JSON.stringify(presentFailure(failure))}` +
    `,"ignored":${task.ignored},"held":${task.held},"outputs":${isEmpty(task.outputs) ? '{}' : json(task.outputs)}` +
    `,"review":${review === null ? 'null' : JSON.stringify(presentReview(review))}` +
    `,"earlier":${earlier.length === 0 ? '[]' : JSON.stringify(earlier.map(presentAttempt))}` +
    `,"allowed":${task.allowed.length === 0 ? '[]' : json(task.allowed)}}`
  )
}

const json = (value: unknown): string => (value === null ? 'null' : JSON.stringify(value))
const instant = (at: Instant | null): string => (at === null ? 'null' : `"${time(at)}"`)

function isEmpty(value: object): boolean {
  for (const _ in value) return false
  return true
}

/** What a task's definition says of it. */
type Definition = Pick<
  TaskView,
  | 'key'
  | 'name'
  | 'description'
  | 'annotations'
  | 'role'
  | 'work'
  | 'needs'
  | 'parent'
  | 'skippable'
  | 'retryable'
  | 'optional'
  | 'labels'
>

/** Fields in the order of the wire, without braces. */
interface Defined {
  readonly by: Definition
  readonly names: string
  readonly rules: string
  readonly labels: string
}

/** By the work, which nearly always is that of one task. */
const known = new WeakMap<Definition['work'], Defined>()

function defined(task: TaskView): Defined {
  let found = known.get(task.work)
  if (found === undefined || !isSame(found.by, task)) known.set(task.work, (found = define(task)))
  return found
}

const isSame = (one: Definition, other: Definition): boolean =>
  one.key === other.key &&
  one.name === other.name &&
  one.description === other.description &&
  one.annotations === other.annotations &&
  one.role === other.role &&
  one.needs === other.needs &&
  one.parent === other.parent &&
  one.skippable === other.skippable &&
  one.retryable === other.retryable &&
  one.optional === other.optional &&
  one.labels === other.labels

function define(task: TaskView): Defined {
  const { key, name, description, annotations, role, work, needs, parent, skippable, retryable, optional, labels } =
    task
  const shown = presentTask(task)
  const { uses, gateway } = shown
  return {
    by: { key, name, description, annotations, role, work, needs, parent, skippable, retryable, optional, labels },
    names: fields({ key, name, description }),
    rules: fields({
      annotations,
      role,
      work: shown.work,
      uses,
      gateway,
      needs,
      parent,
      skippable,
      retryable,
      optional,
    }),
    labels: fields({ labels }),
  }
}

const fields = (some: object): string => JSON.stringify(some).slice(1, -1)
