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

export const approve: Verb = ({ terminal, action }) =>
  common(
    new Command('approve')
      .summary('say yes to a review')
      .description('Approves a review. It may take more than one person: the answer says how many are there.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .addOption(commentOption('what to tell the others'))
      .addHelpText('after', examples('millrace approve release#12 go-live --comment "checked on staging"')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node }, 'approve'),
    ),
  )
