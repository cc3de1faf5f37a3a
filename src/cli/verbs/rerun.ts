import { Command } from 'commander'
import { common, type CommonOptions, examples, RUN_ARGUMENT, untilPersonOption } from '../act.ts'
import { connect } from '../connection.ts'
import { type Params, paramOption } from '../params.ts'
import { type SelectionOptions, selectionOf, withSelection } from '../selection.ts'
import { showStarted } from '../show-started.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions, SelectionOptions {
  readonly param?: Params
  readonly watch?: boolean
  readonly untilPerson?: boolean
}

export const rerun: Verb = ({ terminal, action }) =>
  common(
    withSelection(
      new Command('rerun')
        .summary('do again what a run did')
        .description(
          'Starts a new run of the version that a run was of, with the same params and annotations, those that are given in ' +
            'their place. It leaves out what that one left out, unless --only or --exclude say what is.',
        )
        .argument('<run>', RUN_ARGUMENT)
        .addOption(paramOption()),
    )
      .option('-w, --watch', 'show the run until it has ended; the exit code tells how')
      .addOption(untilPersonOption().implies({ watch: true }))
      .addHelpText(
        'after',
        examples(
          'millrace rerun release#12',
          'millrace rerun release#12 --param tag=v1.3 --watch',
          'millrace rerun release#12 --only deploy',
        ),
      ),
  ).action(
    action(async (run: string, options: Options) => {
      const client = connect(terminal, options)
      const { param } = options
      const given = { ...selectionOf(options), ...(param === undefined ? {} : { params: param }) }
      return showStarted(terminal, client, options, await client.runs.rerun(run, given))
    }),
  )
