import type { Instant } from '../../model/time.ts'
import type { TaskView } from '../../model/view.ts'
import { presentAttempt, presentFailure, presentReview, presentTask, time } from './present.ts'

/**
 * The JSON of what {@link presentTask} makes, in a fraction of the time: of a run of 10,000 nodes, thousands change between
 * two answers, and most of what is said of each is what its definition says, or the same for nearly all. Putting a text
 * together costs by the piece more than by the letter, so what stands beside each other and is seldom otherwise is one
 * piece. Texts that people or tasks have written go through JSON.stringify, here as there.
 */
export function taskText(task: TaskView): string {
  const { names, rest } = defined(task)
  const { rules, steps } = rest
  const end = `${allowedText(task.allowed)}}`
  if (isUntouched(task)) return `${HEAD}${task.id}${names}${rest.untouched}${task.version}${rest.untouchedEnd}${end}`
  return (
    `${HEAD}${task.id}${names}${task.status}","started_at":${instant(task.startedAt)},"ended_at":${instant(task.endedAt)}` +
    `${task.skipped === null ? rules.ofTaken : skippedText(task.skipped) + rules.text}${task.loop}` +
    `,"version":"${task.version}${isSteered(task) ? steeredText(task) + steps.text : steps.ofUnsteered}${task.attempt}` +
    `,"retry":${task.retry},"queued_at":${instant(task.queuedAt)}${timesText(task)}${json(task.runner)}` +
    `${isPlain(task) ? PLAIN : resultText(task)}${end}`
  )
}

const HEAD = '{"kind":"task","id":"'

const json = (value: unknown): string => (value === null ? 'null' : JSON.stringify(value))
const instant = (at: Instant | null): string => (at === null ? 'null' : `"${time(at)}"`)

const skippedText = (skipped: TaskView['skipped']): string =>
  `,"skipped":${skipped === null ? 'null' : JSON.stringify({ because: skipped.because, reason: skipped.reason })}`

/** What people and other runs have said of it. */
type Steering = Pick<TaskView, 'paused' | 'inputs' | 'childRun'>

const isSteered = ({ paused, inputs, childRun }: Steering): boolean => paused || inputs !== null || childRun !== null
const steeredText = ({ paused, inputs, childRun }: Steering): string =>
  `","paused":${paused},"inputs":${json(inputs)},"child_run":${json(childRun)}`

type Times = Pick<TaskView, 'retryAt' | 'deadlineAt'>

const hasNoTimes = ({ retryAt, deadlineAt }: Times): boolean => retryAt === null && deadlineAt === null
const NO_TIMES = ',"retry_at":null,"deadline_at":null,"runner":'
const timesText = (task: Times): string =>
  hasNoTimes(task)
    ? NO_TIMES
    : `,"retry_at":${instant(task.retryAt)},"deadline_at":${instant(task.deadlineAt)},"runner":`

/** How it went. */
type Result = Pick<TaskView, 'failure' | 'ignored' | 'held' | 'outputs' | 'review' | 'earlier'>

const isPlain = ({ failure, ignored, held, outputs, review, earlier }: Result): boolean =>
  failure === null && !ignored && !held && review === null && earlier.length === 0 && isEmpty(outputs)

const resultText = ({ failure, ignored, held, outputs, review, earlier }: Result): string =>
  `,"failure":${failure === null ? 'null' : JSON.stringify(presentFailure(failure))}` +
  `,"ignored":${ignored},"held":${held},"outputs":${json(outputs)}` +
  `,"review":${review === null ? 'null' : JSON.stringify(presentReview(review))}` +
  `,"earlier":${JSON.stringify(earlier.map(presentAttempt))},"allowed":`

const PLAIN = resultText({ failure: null, ignored: false, held: false, outputs: {}, review: null, earlier: [] })

function isEmpty(value: object): boolean {
  for (const _ in value) return false
  return true
}

/** Nothing has happened to it: of a large run, most for most of its time. */
const isUntouched = (task: TaskView): boolean =>
  task.status === 'pending' &&
  task.loop === 0 &&
  task.attempt === 0 &&
  task.retry === 0 &&
  task.startedAt === null &&
  task.endedAt === null &&
  task.queuedAt === null &&
  task.skipped === null &&
  task.runner === null &&
  !isSteered(task) &&
  hasNoTimes(task) &&
  isPlain(task)

/** Tasks that the same is allowed on share one list of it (engine/admits.ts). */
const allowedTexts = new WeakMap<TaskView['allowed'], string>()

function allowedText(allowed: TaskView['allowed']): string {
  let text = allowedTexts.get(allowed)
  if (text === undefined) allowedTexts.set(allowed, (text = JSON.stringify(allowed)))
  return text
}

/** What a task's definition says of it, and its place. */
type Definition = Pick<
  TaskView,
  | 'index'
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

/** Pieces in the order of the wire, each up to the value of a field that changes. */
interface Defined {
  readonly by: Definition
  readonly names: string
  readonly rest: Rest
}

/** What follows on the names. */
interface Rest {
  readonly rules: { readonly text: string; readonly ofTaken: string }
  readonly steps: { readonly text: string; readonly ofUnsteered: string }
  /** All of a task that nothing has happened to, up to its version and after it. */
  readonly untouched: string
  readonly untouchedEnd: string
}

/** By the work, which nearly always is that of one task. */
const known = new WeakMap<Definition['work'], Defined>()

function defined(task: TaskView): Defined {
  let found = known.get(task.work)
  if (found === undefined || !isSame(found.by, task)) known.set(task.work, (found = define(task)))
  return found
}

const isSame = (one: Definition, other: Definition): boolean =>
  one.index === other.index &&
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
  const { index, key, name, description, annotations, role, work, needs, parent, skippable, retryable, optional } = task
  const ruled = { annotations, role, needs, parent, skippable, retryable, optional }
  return {
    by: { ...ruled, index, key, name, description, work, labels: task.labels },
    names: `",${fields({ index, key, name, description })},"status":"`,
    rest: restOf(task),
  }
}

/**
 * The one that was made last. Mostly the next task is of the same kind, and of 10,000 nodes that share what they have in
 * common less has to be fetched into the processor than of 10,000 that do not.
 */
let lastRest: Rest | undefined

function restOf(task: TaskView): Rest {
  const { annotations, role, work, uses, gateway, needs, parent, skippable, retryable, optional } = presentTask(task)
  const ruled = fields({ annotations, role, work, uses, gateway, needs, parent, skippable, retryable, optional })
  const rules = { text: `,${ruled},"loop":`, ofTaken: `${skippedText(null)},${ruled},"loop":` }
  const text = `,${fields({ labels: task.labels })},"attempt":`
  if (lastRest?.rules.text === rules.text && lastRest.steps.text === text) return lastRest
  const steps = { text, ofUnsteered: `${steeredText({ paused: false, inputs: null, childRun: null })}${text}` }
  lastRest = {
    rules,
    steps,
    untouched: `pending","started_at":null,"ended_at":null${rules.ofTaken}0,"version":"`,
    untouchedEnd: `${steps.ofUnsteered}0,"retry":0,"queued_at":null${NO_TIMES}null${PLAIN}`,
  }
  return lastRest
}

const fields = (some: object): string => JSON.stringify(some).slice(1, -1)
