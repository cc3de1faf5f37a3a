import { Command } from 'commander'
import {
  actOnNode,
  commentOption,
  common,
  EITHER_ARGUMENT,
  examples,
  type NodeActionOptions,
  RUN_ARGUMENT,
} from '../act.ts'
import type { Verb } from '../verb.ts'

export const skip: Verb = ({ terminal, action }) =>
  common(
    new Command('skip')
      .summary('pass over a task or stage')
      .description(
        'Passes over a task that failed or has not begun, or a stage that has not begun: the run goes on as if it had succeeded.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<node>', EITHER_ARGUMENT)
      .addOption(commentOption())
      .addHelpText('after', examples('millrace skip release#12 smoke-test --comment "known outage"')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node, kind: 'node' }, 'skip'),
    ),
  )
