import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly reason?: string
  readonly force?: boolean
}

export const cancel: Verb = ({ terminal, action }) =>
  common(
    new Command('cancel')
      .summary('end a run now')
      .description('Cancels a run: its processes get TERM, and KILL after their grace period; then it is ended.')
      .argument('<run>', RUN_ARGUMENT)
      .option('--reason <text>', 'why, for whoever looks at the run')
      .option('--force', 'end it now, without waiting for its processes')
      .addHelpText('after', examples('millrace cancel release#12', 'millrace cancel 57 --reason "wrong branch"')),
  ).action(
    action((run: string, { reason, force, ...options }: Options) =>
      actAndShow(terminal, options, (client) =>
        client.runs.act(run, 'cancel', {
          ...(reason === undefined ? {} : { reason }),
          ...(force === undefined ? {} : { force }),
        }),
      ),
    ),
  )
