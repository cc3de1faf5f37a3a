import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { findTask } from '../find-task.ts'
import type { Verb } from '../verb.ts'

export const reject: Verb = ({ terminal, action }) =>
  common(
    new Command('reject')
      .summary('say no to a review')
      .description('Rejects a review: its task has failed then.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .option('--comment <text>', 'why')
      .addHelpText('after', examples('millrace reject release#12 go-live --comment "the migration is missing"')),
  ).action(
    action((run: string, task: string, { comment, ...options }: CommonOptions & { readonly comment?: string }) =>
      actAndShow(terminal, options, async (client) =>
        client.nodes.act(run, await findTask(client, run, task), 'reject', comment === undefined ? {} : { comment }),
      ),
    ),
  )
