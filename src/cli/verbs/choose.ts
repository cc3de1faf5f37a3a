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

export const choose: Verb = ({ terminal, action }) =>
  common(
    new Command('choose')
      .summary('say which way a failed gateway takes')
      .description(
        'Passes a gateway of a flow that found no way, or too many, along the edges that are named; show names them.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT.replace('task', 'gateway'))
      .argument('<edges...>', 'keys of edges out of it; of an exclusive gateway one')
      .addOption(commentOption())
      .addHelpText('after', examples('millrace choose release#12 good-enough ship')),
  ).action(
    action((run: string, node: string, edges: string[], options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node }, 'choose', { edges }),
    ),
  )
