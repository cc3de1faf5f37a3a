import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { findTask } from '../find-task.ts'
import type { Verb } from '../verb.ts'

export const skip: Verb = ({ terminal, action }) =>
  common(
    new Command('skip')
      .summary('pass over a task')
      .description('Passes over a task that failed or has not begun: the run goes on as if it had succeeded.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .option('--comment <text>', 'why, for whoever looks at the run')
      .addHelpText('after', examples('millrace skip release#12 smoke-test --comment "known outage"')),
  ).action(
    action((run: string, task: string, { comment, ...options }: CommonOptions & { readonly comment?: string }) =>
      actAndShow(terminal, options, async (client) =>
        client.nodes.act(run, await findTask(client, run, task), 'skip', comment === undefined ? {} : { comment }),
      ),
    ),
  )
