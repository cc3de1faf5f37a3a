import { Command } from 'commander'
import {
  actOnNode,
  commentOption,
  common,
  examples,
  NODE_ARGUMENT,
  type NodeActionOptions,
  RUN_ARGUMENT,
} from '../act.ts'
import type { Verb } from '../verb.ts'

export const expire: Verb = ({ terminal, action }) =>
  common(
    new Command('expire')
      .summary('let the time of a task be over now')
      .description(
        'Lets the deadline of a task be now: a sleep ends, a timeout, a review or the time of a held task runs out.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .addOption(commentOption())
      .addHelpText('after', examples('millrace expire release#12 cool-down')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node }, 'expire'),
    ),
  )
