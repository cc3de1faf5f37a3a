import type { Attention, Run } from '../client/client.ts'
import { quoted, runName, tasksOf } from './names.ts'
import { safe, widthOf } from './output.ts'
import { looks, wordOf } from './statuses.ts'
import type { Terminal } from './terminal.ts'
import { ago, took } from './times.ts'
import { type NameOfRun, rowsOf } from './tree-rows.ts'

type Paint = Terminal['paint']

const NAME_MAX_COLUMNS = 44

/** A run for the eye: what it is, its tree, and what it needs. */
export function runLines(run: Run, now: number, paint: Paint, nameOf: NameOfRun): string[] {
  const { mark, style } = looks[run.status]
  const head = `${paint('bold', safe(runName(run)))}  ${paint(style, `${mark} ${wordOf(run.status)}`)}`
  return [
    `${head}  ${took(run.started_at, run.ended_at, now)}`.trimEnd(),
    paint('dim', aboutRun(run, now, nameOf)),
    ...paramLines(run),
    '',
    ...treeLines(run, now, paint, nameOf),
    ...needLines(run, paint),
  ]
}

function aboutRun(run: Run, now: number, nameOf: NameOfRun): string {
  const { id, serial, version, cause, created_at, project, parent, annotations } = run
  const title = annotations['title'] === undefined ? '' : `${safe(annotations['title'])}\n  `
  const by = cause.by === '' ? '' : ` by ${safe(cause.by)}`
  const within = parent === null ? '' : `, started by ${safe(nameOf(parent.run_id))}`
  return `  ${title}${id} (${serial}), version ${version} in ${safe(project.name)}, ${cause.kind.replace('_', ' ')}${by}${within}, ${ago(created_at, now)}`
}

function paramLines({ params }: Run): string[] {
  const own = params.filter(({ system }) => !system)
  if (own.length === 0) return []
  return [`  ${own.map(({ name, value }) => safe(`${name}=${valueText(value)}`)).join('  ')}`]
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Aligned. */
function treeLines(run: Run, now: number, paint: Paint, nameOf: NameOfRun): string[] {
  const rows = rowsOf(run, now, nameOf)
  const nameColumns = Math.min(
    NAME_MAX_COLUMNS,
    Math.max(0, ...rows.map(({ of, indent }) => indent * 2 + widthOf(safe(of.name)))),
  )
  return rows.map(({ indent, of, time, note, faint }) => {
    const { mark, style } = looks[of.status]
    const space = ' '.repeat(Math.max(0, nameColumns - indent * 2 - widthOf(safe(of.name))))
    const text = safe(of.name)
    const name = of.kind === 'stage' ? paint('bold', text) : faint ? paint('dim', text) : text
    return `${'  '.repeat(indent)}${paint(faint ? 'dim' : style, mark)} ${name}${space}  ${time.padStart(6)}  ${paint('dim', note)}`.trimEnd()
  })
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
      return task?.work === 'gateway'
        ? [`found no way on:  millrace choose ${what} EDGE  (or retry, or millrace cancel ${name})`]
        : [`is held:  millrace retry ${what}  (or skip, or millrace cancel ${name})`]
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
