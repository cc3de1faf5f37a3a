import { Command } from 'commander'
import type { JsonObject } from '../../model/json.ts'
import { actAndShow, actOnNode, common, type CommonOptions, EITHER_ARGUMENT, examples, RUN_ARGUMENT } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { objectOption, type Params, pairsOption } from '../params.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly input?: Params
  readonly inputs?: JsonObject
}

export const retry: Verb = ({ terminal, action }) =>
  common(
    new Command('retry')
      .summary('do failed tasks again')
      .description(
        'Does one failed task of a run again, or all failed and cancelled ones, or a stage with all that comes after it; an ' +
          'ended run goes on from there, and one that was cancelled before it began begins. Inputs that are given take the place of those of the definition, all of them.',
      )
      .argument('<run>', RUN_ARGUMENT)
      .argument('[node]', `${EITHER_ARGUMENT}; without it all that failed`)
      .addOption(pairsOption('-i, --input <key=value>', 'input of the task, as text'))
      .addOption(objectOption('--inputs <json>', 'inputs of the task as a JSON object, where text is not enough'))
      .addHelpText(
        'after',
        examples(
          'millrace retry release#12',
          'millrace retry release#12 deploy',
          'millrace retry release#12 deploy --input script="sh deploy.sh --slowly"',
        ),
      ),
  ).action(
    action((run: string, node: string | undefined, { input, inputs, ...options }: Options) => {
      const given = input === undefined && inputs === undefined ? undefined : { ...inputs, ...input }
      if (node === undefined) {
        if (given !== undefined) throw new Fault(EXIT.usage, '--input: expected the task that it is for, found none')
        return actAndShow(terminal, options, (client) => client.runs.act(run, 'retry'))
      }
      const body = given === undefined ? {} : { inputs: given }
      return actOnNode(terminal, options, { run, node, kind: given === undefined ? 'node' : 'task' }, 'retry', body)
    }),
  )
