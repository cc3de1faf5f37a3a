import type { Attention, Run, Stage, Task } from '../client/client.ts'
import { quoted, runName, tasksOf } from './names.ts'
import { safe, widthOf } from './output.ts'
import { looks, wordOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'
import { ago, took } from './times.ts'

type Paint = Terminal['paint']

interface Row {
  readonly indent: number
  readonly of: Stage | Task
  readonly time: string
  readonly note: string
}

const NAME_MAX_COLUMNS = 44

/** A run for the eye: what it is, its tree, and what it needs. */
export function runLines(run: Run, now: number, paint: Paint): string[] {
  const { mark, style } = looks[run.status]
  const head = `${paint('bold', safe(runName(run)))}  ${paint(style, `${mark} ${wordOf(run.status)}`)}`
  return [
    `${head}  ${took(run.started_at, run.ended_at, now)}`.trimEnd(),
    paint('dim', `${aboutRun(run, now)}`),
    ...paramLines(run),
    '',
    ...treeLines(run, now, paint),
    ...needLines(run, paint),
  ]
}

function aboutRun({ id, serial, version, cause, created_at, project }: Run, now: number): string {
  const by = cause.by === '' ? '' : ` by ${safe(cause.by)}`
  return `  ${id} (${serial}), version ${version} in ${safe(project.name)}, ${cause.kind.replace('_', ' ')}${by}, ${ago(created_at, now)}`
}

function paramLines({ params }: Run): string[] {
  const own = params.filter(({ system }) => !system)
  if (own.length === 0) return []
  return [`  ${own.map(({ name, value }) => safe(`${name}=${valueText(value)}`)).join('  ')}`]
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Stages and their tasks, aligned. A single stage that is called as its pipeline says nothing and is left out. */
function treeLines({ stages, pipeline }: Run, now: number, paint: Paint): string[] {
  const isFlat = stages.length === 1 && stages[0]?.name === pipeline.name
  const rows = stages.flatMap((stage): Row[] => [
    ...(isFlat
      ? []
      : [{ indent: 1, of: stage, time: took(stage.started_at, stage.ended_at, now), note: skippedNote(stage) }]),
    ...stage.tasks.map((task) => ({
      indent: isFlat ? 1 : 2,
      of: task,
      time: took(task.started_at, task.ended_at, now),
      note: taskNote(task, now),
    })),
  ])
  const nameColumns = Math.min(
    NAME_MAX_COLUMNS,
    Math.max(0, ...rows.map(({ of, indent }) => indent * 2 + widthOf(safe(of.name)))),
  )
  return rows.map(({ indent, of, time, note }) => {
    const { mark, style } = looks[of.status]
    const space = ' '.repeat(Math.max(0, nameColumns - indent * 2 - widthOf(safe(of.name))))
    const name = of.kind === 'stage' ? paint('bold', safe(of.name)) : safe(of.name)
    return `${'  '.repeat(indent)}${paint(style, mark)} ${name}${space}  ${time.padStart(6)}  ${paint('dim', note)}`.trimEnd()
  })
}

const skippedNote = ({ skipped }: Stage | Task): string =>
  skipped === null ? '' : `skipped${skipped.reason === '' ? '' : `: ${safe(skipped.reason)}`}`

function taskNote(task: Task, now: number): string {
  const { attempt, failure, ignored, held, retry_at, review, status } = task
  return [
    skippedNote(task),
    attempt > 1 ? `attempt ${attempt}` : '',
    failure === null ? '' : safe(failure.message),
    ignored ? 'passed over' : '',
    held ? 'held' : '',
    retry_at === null ? '' : `again in ${took(new Date(now).toISOString(), retry_at, now)}`,
    review !== null && status === 'reviewing' ? reviewNote(review) : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

export function reviewNote({ question, reviewers, required, decisions }: NonNullable<Task['review']>): string {
  const who = reviewers.length === 0 ? 'anyone who may' : safe(reviewers.join(', '))
  const what = question === '' ? '' : `: ${safe(question)}`
  return `${decisions.length} of ${required} approvals by ${who}${what}`
}

/** What a person could do now, as the command that does it. */
function needLines(run: Run, paint: Paint): string[] {
  const lines = run.attention.flatMap((attention) => needLine(run, attention))
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `  ${paint('yellow', line)}`)]
}

function needLine(run: Run, { kind, node }: Attention): string[] {
  const name = quoted(runName(run))
  const task = tasksOf(run).find(({ id }) => id === node?.id)
  const what = `${name} ${quoted(task?.key ?? node?.id ?? '')}`
  switch (kind) {
    case 'start':
      return [`waits for a start:  millrace start ${name}`]
    case 'review':
      return [`waits for a review:  millrace approve ${what}  (or reject)`]
    case 'held':
      return [`is held:  millrace retry ${what}  (or skip, or millrace cancel ${name})`]
    case 'paused':
      return [`is paused:  millrace resume ${name}`]
    case 'paused-node':
      return [`is paused:  millrace resume ${what}`]
    case 'callback':
      return [`waits for a callback:  millrace callback ${what}`]
    case 'trigger':
      return [`waits for triggers:  millrace start ${name}  goes on without them`]
  }
}
