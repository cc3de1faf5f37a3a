import { Command } from 'commander'
import {
  actOnNode,
  commentOption,
  common,
  examples,
  type NodeActionOptions,
  RUN_ARGUMENT,
  STAGE_ARGUMENT,
} from '../act.ts'
import type { Verb } from '../verb.ts'

export const rollback: Verb = ({ terminal, action }) =>
  common(
    new Command('rollback')
      .summary('take back what a stage has deployed')
      .description(
        'Takes a stage back that has ended, by the rollback of its tasks, the last first. The run tells how that went.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<stage>', STAGE_ARGUMENT)
      .addOption(commentOption())
      .addHelpText('after', examples('millrace rollback release#12 deploy --comment "errors in the new version"')),
  ).action(
    action((run: string, node: string, options: NodeActionOptions) =>
      actOnNode(terminal, options, { run, node, kind: 'stage' }, 'rollback'),
    ),
  )
