import { Command } from 'commander'
import { actAndShow, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import { findTask } from '../find-task.ts'
import type { Verb } from '../verb.ts'

export const retry: Verb = ({ terminal, action }) =>
  common(
    new Command('retry')
      .summary('do failed tasks again')
      .description(
        'Does one failed task of a run again, or all failed and cancelled ones; an ended run goes on from there.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('[task]', `${NODE_ARGUMENT}; without it all that failed`)
      .addHelpText('after', examples('millrace retry release#12', 'millrace retry release#12 deploy')),
  ).action(
    action((run: string, task: string | undefined, options: CommonOptions) =>
      actAndShow(terminal, options, async (client) =>
        task === undefined
          ? client.runs.act(run, 'retry')
          : client.nodes.act(run, await findTask(client, run, task), 'retry'),
      ),
    ),
  )
