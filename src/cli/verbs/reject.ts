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

export const reject: Verb = ({ terminal, action }) =>
  common(
    new Command('reject')
      .summary('say no to a review')
      .description('Rejects a review: its task has failed then.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .addOption(commentOption('why'))
      .addHelpText('after', examples('millrace reject release#12 go-live --comment "the migration is missing"')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node }, 'reject'),
    ),
  )
