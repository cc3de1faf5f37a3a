import { Command } from 'commander'
import type { JsonObject } from '../../model/json.ts'
import {
  actOnNode,
  commentOption,
  common,
  examples,
  NODE_ARGUMENT,
  type NodeActionOptions,
  RUN_ARGUMENT,
} from '../act.ts'
import { objectOption, type Params, pairsOption } from '../params.ts'
import type { Verb } from '../verb.ts'

interface Options extends NodeActionOptions {
  readonly output?: Params
  readonly outputs?: JsonObject
  readonly failed?: boolean
  readonly version?: string
}

export const callback: Verb = ({ terminal, action }) =>
  common(
    new Command('callback')
      .summary('say the word that a task waits for')
      .description(
        'Ends a task that waits for a callback, with what it has made. With a version, which show --json tells, a word ' +
          'that was meant for an earlier attempt is refused.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('<task>', NODE_ARGUMENT)
      .addOption(pairsOption('-o, --output <key=value>', 'output of the task, as text'))
      .addOption(objectOption('--outputs <json>', 'outputs as a JSON object, where text is not enough'))
      .option('--failed', 'it has failed')
      .option('--version <version>', 'only if this is the version of the task')
      .addOption(commentOption('why it has failed'))
      .addHelpText(
        'after',
        examples(
          'millrace callback release#12 burn-in --output score=97',
          'millrace callback release#12 burn-in --failed --comment "it overheated"',
        ),
      ),
  ).action(
    action((run: string, node: string, { output, outputs, failed, version, ...options }: Options) =>
      actOnNode(terminal, options, { run, node }, 'callback', {
        ...(output === undefined && outputs === undefined ? {} : { outputs: { ...outputs, ...output } }),
        ...(failed === undefined ? {} : { succeeded: !failed }),
        ...(version === undefined ? {} : { version }),
      }),
    ),
  )
