import { Command } from 'commander'
import type { Client, Run } from '../../client/client.ts'
import { common, type CommonOptions, examples, untilPersonOption } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { quoted, runName } from '../names.ts'
import { printJson } from '../output.ts'
import { type Params, paramOption } from '../params.ts'
import { lastLine } from '../progress.ts'
import type { Verb } from '../verb.ts'
import { watchRun } from '../watch-run.ts'

interface Options extends CommonOptions {
  readonly param?: Params
  readonly project?: string
  readonly watch?: boolean
  readonly untilPerson?: boolean
}

export const start: Verb = ({ terminal, action }) =>
  common(
    new Command('start')
      .summary('start a run of a pipeline')
      .description(
        'Starts a run of the newest version of a pipeline; with pipeline#number, a run that waits for its start or its ' +
          'triggers.',
      )
      .argument('<pipeline>', 'name or id of the pipeline, or pipeline#number')
      .addOption(paramOption())
      .option('--project <project>', 'name or id; needed when two projects have a pipeline of this name')
      .option('-w, --watch', 'show the run until it has ended; the exit code tells how')
      .addOption(untilPersonOption().implies({ watch: true }))
      .addHelpText(
        'after',
        examples('millrace start release', 'millrace start release --param tag=v1.2 --param dry_run=true --watch'),
      ),
  ).action(
    action(async (pipeline: string, options: Options) => {
      const client = connect(terminal, options)
      const run = await startedRun(client, pipeline, options)
      const json = options.json === true
      if (options.watch === true) {
        return watchRun(terminal, client, run.id, { json, untilPerson: options.untilPerson === true })
      }
      if (json) printJson(terminal, run)
      else {
        terminal.out(`${lastLine(run, terminal.now(), terminal.paint)}\n`)
        terminal.out(`watch it with: millrace watch ${quoted(runName(run))}\n`)
      }
      return EXIT.success
    }),
  )

function startedRun(client: Client, pipeline: string, { param, project }: Options): Promise<Run> {
  if (!/#\d+$/.test(pipeline))
    return client.runs.start(pipeline, { project, ...(param === undefined ? {} : { params: param }) })
  if (param === undefined) return client.runs.act(pipeline, 'start')
  throw new Fault(EXIT.usage, `--param: ${pipeline} has its params already: expected none`)
}
