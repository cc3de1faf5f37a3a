import { Command } from 'commander'
import { common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { RunNames } from '../run-names.ts'
import { runLines } from '../run-tree.ts'
import type { Verb } from '../verb.ts'

export const show: Verb = ({ terminal, action }) =>
  common(
    new Command('show')
      .summary('show a run as a tree')
      .description('Shows a run as it is now: its stages and tasks, and what it needs.')
      .argument('<run>', RUN_ARGUMENT)
      .addHelpText('after', examples('millrace show release#12', 'millrace show 57 --json')),
  ).action(
    action(async (ref: string, options: CommonOptions) => {
      const client = connect(terminal, options)
      const run = await client.runs.get(ref)
      if (options.json === true) {
        printJson(terminal, run)
        return EXIT.success
      }
      const names = new RunNames(client)
      await names.learn(run)
      terminal.out(`${runLines(run, terminal.now(), terminal.paint, names.of).join('\n')}\n`)
      return EXIT.success
    }),
  )
