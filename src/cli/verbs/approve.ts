import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { findTask } from '../find-task.ts'
import type { Verb } from '../verb.ts'

export const approve: Verb = ({ terminal, action }) =>
  common(
    new Command('approve')
      .summary('say yes to a review')
      .description('Approves a review. It may take more than one person: the answer says how many are there.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .option('--comment <text>', 'what to tell the others')
      .addHelpText('after', examples('millrace approve release#12 go-live --comment "checked on staging"')),
  ).action(
    action((run: string, task: string, { comment, ...options }: CommonOptions & { readonly comment?: string }) =>
      actAndShow(terminal, options, async (client) =>
        client.nodes.act(run, await findTask(client, run, task), 'approve', comment === undefined ? {} : { comment }),
      ),
    ),
  )
