import { Command, Option } from 'commander'
import { actAndShow, common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly reason?: string
  readonly force?: boolean
  readonly afterCurrent?: boolean
}

export const cancel: Verb = ({ terminal, action }) =>
  common(
    new Command('cancel')
      .summary('end a run')
      .description(
        'Cancels a run: its processes get TERM, and KILL after their grace period; then it is ended. Softer or harder: ' +
          '--after-current lets what is at work end by itself, --force waits for nothing.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .option('--reason <text>', 'why, for whoever looks at the run')
      .addOption(new Option('--force', 'end it now, without waiting for its processes').conflicts('afterCurrent'))
      .option('--after-current', 'begin nothing new, and end when what is at work has ended')
      .addHelpText(
        'after',
        examples(
          'millrace cancel release#12',
          'millrace cancel 57 --reason "wrong branch"',
          'millrace cancel nightly#3 --after-current',
        ),
      ),
  ).action(
    action((run: string, { reason, force, afterCurrent, ...options }: Options) =>
      actAndShow(terminal, options, (client) =>
        client.runs.act(run, 'cancel', {
          ...(reason === undefined ? {} : { reason }),
          ...(force === true ? { mode: 'force' } : afterCurrent === true ? { mode: 'after-current' } : {}),
        }),
      ),
    ),
  )
