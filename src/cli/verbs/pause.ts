import { Command } from 'commander'
import { actAndShow, actOnNode, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

export const pause: Verb = ({ terminal, action }) =>
  common(
    new Command('pause')
      .summary('begin nothing new in a run, or hold one task')
      .description(
        'Pauses a run: what is at work ends, nothing new begins until it is resumed. With a task: it alone, also ahead of ' +
          'time; of a sub-flow: everything in it. What it is at goes on, and its end is kept until it is resumed.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('[task]', `${NODE_ARGUMENT}; without it the run`)
      .addHelpText('after', examples('millrace pause release#12', 'millrace pause release#12 deploy')),
  ).action(
    action((run: string, task: string | undefined, options: CommonOptions) =>
      task === undefined
        ? actAndShow(terminal, options, (client) => client.runs.act(run, 'pause'))
        : actOnNode(terminal, options, { run, node: task }, 'pause'),
    ),
  )
