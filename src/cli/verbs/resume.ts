import { Command } from 'commander'
import { actAndShow, actOnNode, common, type CommonOptions, examples, NODE_ARGUMENT, RUN_ARGUMENT } from '../act.ts'
import type { Verb } from '../verb.ts'

export const resume: Verb = ({ terminal, action }) =>
  common(
    new Command('resume')
      .summary('let a paused run or task go on')
      .description(
        'Lets a paused run go on where it stopped. With a task: lets go of a task that was paused by itself.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('[task]', `${NODE_ARGUMENT}; without it the run`)
      .addHelpText('after', examples('millrace resume release#12', 'millrace resume release#12 deploy')),
  ).action(
    action((run: string, task: string | undefined, options: CommonOptions) =>
      task === undefined
        ? actAndShow(terminal, options, (client) => client.runs.act(run, 'resume'))
        : actOnNode(terminal, options, { run, node: task }, 'resume'),
    ),
  )
