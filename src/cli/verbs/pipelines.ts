import { Command } from 'commander'
import type { PipelineSummary } from '../../client/client.ts'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { type Cell, printJson, printTable } from '../output.ts'
import { looks, wordOf } from '../statuses.ts'
import { ago } from '../times.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project?: string
  readonly text?: string
  readonly limit: string
  readonly cursor?: string
}

export const pipelines: Verb = ({ terminal, action }) =>
  common(
    new Command('pipelines')
      .summary('list pipelines and how their latest run went')
      .description('Lists pipelines and how their latest run went.')
      .option('--project <project>', 'only of this project: name or id')
      .option('--text <text>', 'only where this is part of the name')
      .option('-n, --limit <number>', 'how many, 1 to 100', '50')
      .option('--cursor <cursor>', 'go on where the page before ended')
      .addHelpText('after', examples('millrace pipelines', 'millrace pipelines --project default --json')),
  ).action(
    action(async ({ project, text, limit, cursor, ...options }: Options) => {
      const page = await connect(terminal, options).pipelines.list({ project, text, limit: Number(limit), cursor })
      if (options.json === true) printJson(terminal, page)
      else if (page.items.length === 0)
        terminal.out('no pipelines; make one with: millrace create FILE --project NAME\n')
      else
        printTable(
          terminal,
          HEADS,
          page.items.map((pipeline) => rowOf(pipeline, terminal.now())),
        )
      if (options.json !== true && page.next !== null) terminal.out(`more: add --cursor ${page.next}\n`)
      return EXIT.success
    }),
  )

const HEADS = ['PIPELINE', 'PROJECT', 'VERSION', 'RUNS', 'LATEST', 'DESCRIPTION']

function rowOf(pipeline: PipelineSummary, now: number): readonly Cell[] {
  const { latest_run: latest } = pipeline
  return [
    { text: pipeline.name },
    { text: pipeline.project.name },
    { text: String(pipeline.version) },
    { text: String(pipeline.run_count) },
    latest === null
      ? { text: 'never run', paint: 'dim' }
      : {
          text: `${looks[latest.status].mark} ${wordOf(latest.status)} ${ago(latest.created_at, now)}`,
          paint: looks[latest.status].style,
        },
    { text: pipeline.description, paint: 'dim' },
  ]
}
