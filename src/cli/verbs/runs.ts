import { Command, Option } from 'commander'
import type { RunStatus, RunSummary } from '../../client/client.ts'
import { CAUSE_KINDS } from '../../model/event.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import { parseDuration } from '../../model/time.ts'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { type Cell, printJson, printTable } from '../output.ts'
import { looks, wordOf } from '../statuses.ts'
import { ago, took } from '../times.ts'
import { cursorOption, wholeNumberOption } from '../whole-number.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly status?: readonly RunStatus[]
  readonly project?: string
  readonly pipeline?: string
  readonly needsPerson?: boolean
  readonly text?: string
  readonly by?: string
  readonly cause?: readonly RunSummary['cause']['kind'][]
  readonly since?: number
  readonly limit: number
  readonly cursor?: string
}

export const runs: Verb = ({ terminal, action }) =>
  common(
    new Command('runs')
      .summary('list runs, newest first')
      .description('Lists runs, newest first.')
      .addOption(
        new Option('-s, --status <statuses>', `only these, joined by commas: ${RUN_STATUSES.join(', ')}`).argParser(
          parseStatuses,
        ),
      )
      .option('--project <project>', 'only of this project: name or id')
      .option('--pipeline <pipeline>', 'only of this pipeline: name or id')
      .option('--needs-person', 'only those that wait for somebody')
      .option('--text <text>', "only where this is part of the pipeline's name")
      .option('--by <name>', 'only those that this user, webhook, channel, schedule or pipeline made')
      .addOption(
        new Option('--cause <kinds>', `only those made so, joined by commas: ${CAUSE_KINDS.join(', ')}`).argParser(
          parseCauses,
        ),
      )
      .addOption(new Option('--since <duration>', 'only those made since, e.g. 2h or 3d').argParser(parseSince))
      .addOption(wholeNumberOption('-n, --limit <number>', 'how many, 1 to 100', 100).default(20))
      .addOption(cursorOption())
      .addHelpText(
        'after',
        examples(
          'millrace runs',
          'millrace runs --needs-person',
          'millrace runs --pipeline release --status failed,errored --since 7d',
          'millrace runs --by li',
        ),
      ),
  ).action(
    action(async ({ since, limit, ...options }: Options) => {
      const now = terminal.now()
      const page = await connect(terminal, options).runs.list({
        status: options.status,
        project: options.project,
        pipeline: options.pipeline,
        needsPerson: options.needsPerson,
        text: options.text,
        by: options.by,
        cause: options.cause,
        createdFrom: since === undefined ? undefined : new Date(now - since),
        limit,
        cursor: options.cursor,
      })
      if (options.json === true) printJson(terminal, page)
      else if (page.items.length === 0) terminal.out('no runs\n')
      else
        printTable(
          terminal,
          HEADS,
          page.items.map((run) => rowOf(run, now)),
        )
      if (options.json !== true && page.next !== null) terminal.out(`more: add --cursor ${page.next}\n`)
      return EXIT.success
    }),
  )

const HEADS = ['RUN', 'SERIAL', 'STATUS', 'TOOK', 'MADE', 'BY']

function rowOf(run: RunSummary, now: number): readonly Cell[] {
  const { mark, style } = looks[run.status]
  return [
    { text: `${run.pipeline_name}#${run.number}` },
    { text: String(run.serial), paint: 'dim' },
    { text: `${mark} ${wordOf(run.status)}${run.needs_person ? ' (needs a person)' : ''}`, paint: style },
    { text: took(run.started_at, run.ended_at, now) },
    { text: ago(run.created_at, now) },
    { text: `${run.cause.kind.replace('_', ' ')} ${run.cause.by}`.trim() },
  ]
}

function parseStatuses(text: string): readonly RunStatus[] {
  return text.split(',').map((word) => {
    const status = RUN_STATUSES.find((one) => one === word.trim().replaceAll(/[- ]/g, '_'))
    if (status !== undefined) return status
    throw new Fault(EXIT.usage, `--status: expected ${RUN_STATUSES.join(', ')}, found ${JSON.stringify(word)}`)
  })
}

function parseCauses(text: string): readonly RunSummary['cause']['kind'][] {
  return text.split(',').map((word) => {
    const kind = CAUSE_KINDS.find((one) => one === word.trim().replaceAll(/[- ]/g, '_'))
    if (kind !== undefined) return kind
    throw new Fault(EXIT.usage, `--cause: expected ${CAUSE_KINDS.join(', ')}, found ${JSON.stringify(word)}`)
  })
}

function parseSince(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new Fault(EXIT.usage, `--since: expected a duration such as 90m, 2h or 3d, found ${JSON.stringify(text)}`)
}
