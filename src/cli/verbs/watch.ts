import { Command } from 'commander'
import { type CommonOptions, examples, jsonOption, RUN_ARGUMENT, untilPersonOption } from '../act.ts'
import { connect, withConnection } from '../connection.ts'
import type { Verb } from '../verb.ts'
import { watchRun } from '../watch-run.ts'

export const watch: Verb = ({ terminal, action }) =>
  withConnection(
    new Command('watch')
      .summary('show a run until it has ended')
      .description(
        'Shows a run until it has ended, across restarts of the server; the exit code tells how. On a terminal the tree is ' +
          'drawn anew, elsewhere every change is a line. Ctrl-C ends the watching, not the run.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .addOption(untilPersonOption())
      .addOption(jsonOption('print the run as one line of JSON after every change'))
      .addHelpText('after', examples('millrace watch release#12', 'millrace watch release#12 && echo released')),
  ).action(
    action((ref: string, { json, untilPerson, ...options }: CommonOptions & { readonly untilPerson?: boolean }) =>
      watchRun(terminal, connect(terminal, options), ref, {
        json: json === true,
        untilPerson: untilPerson === true,
      }),
    ),
  )
