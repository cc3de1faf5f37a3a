import { Command } from 'commander'
import type { Client, Run } from '../../client/client.ts'
import { common, type CommonOptions, examples, untilPersonOption } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { type Params, paramOption } from '../params.ts'
import { type SelectionOptions, selectionOf, withSelection } from '../selection.ts'
import { showStarted } from '../show-started.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions, SelectionOptions {
  readonly param?: Params
  readonly project?: string
  readonly watch?: boolean
  readonly untilPerson?: boolean
}

export const start: Verb = ({ terminal, action }) =>
  common(
    withSelection(
      new Command('start')
        .summary('start a run of a pipeline')
        .description(
          'Starts a run of the newest version of a pipeline; with pipeline#number, a run or a stage that waits for its start ' +
            'or its triggers.',
        )
        .argument('<pipeline>', 'name or id of the pipeline, or pipeline#number')
        .addOption(paramOption()),
    )
      .option('--project <project>', 'name or id; needed when two projects have a pipeline of this name')
      .option('-w, --watch', 'show the run until it has ended; the exit code tells how')
      .addOption(untilPersonOption().implies({ watch: true }))
      .addHelpText(
        'after',
        examples(
          'millrace start release',
          'millrace start release --param tag=v1.2 --param dry_run=true --watch',
          'millrace start release --only build --annotation title="Try the new compiler"',
        ),
      ),
  ).action(
    action(async (pipeline: string, options: Options) => {
      const client = connect(terminal, options)
      const run = await startedRun(client, pipeline, options)
      return showStarted(terminal, client, options, run)
    }),
  )

function startedRun(client: Client, pipeline: string, options: Options): Promise<Run> {
  const { param, project } = options
  const given = { ...selectionOf(options), ...(param === undefined ? {} : { params: param }) }
  if (!/#\d+$/.test(pipeline)) return client.runs.start(pipeline, { project, ...given })
  const [stray] = Object.keys(given)
  if (stray === undefined) return client.runs.act(pipeline, 'start')
  throw new Fault(EXIT.usage, `${pipeline} has been made and has its ${stray} already: expected a pipeline's name`)
}
