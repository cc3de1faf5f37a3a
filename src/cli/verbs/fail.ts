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

export const fail: Verb = ({ terminal, action }) =>
  common(
    new Command('fail')
      .summary('end a task as failed')
      .description(
        'Ends a task as failed, whatever it is at: its process is stopped, and what its failure means for the run is what the definition says.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .addOption(commentOption())
      .addHelpText('after', examples('millrace fail release#12 load-test --comment "it measures the wrong host"')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node }, 'fail'),
    ),
  )
