import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, printTable } from '../output.ts'
import { ago } from '../times.ts'
import { wholeNumberOption } from '../whole-number.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project?: string
  readonly count: number
}

export const next: Verb = ({ terminal, action }) =>
  common(
    new Command('next')
      .summary('when the schedules of a pipeline come due')
      .description(
        'Shows when the schedules of a pipeline come due next, and which triggers could not start a run lately, and why.',
      )
      .argument('<pipeline>', 'name or id of the pipeline')
      .option('--project <project>', 'name or id; needed when two projects have a pipeline of this name')
      .addOption(wholeNumberOption('-n, --count <number>', 'how many, 1 to 100', 100).default(10))
      .addHelpText('after', examples('millrace next nightly', 'millrace next nightly --count 3 --json')),
  ).action(
    action(async (pipeline: string, { project, count, ...options }: Options) => {
      const found = await connect(terminal, options).triggers.next(pipeline, { project, count })
      if (options.json === true) {
        printJson(terminal, found)
        return EXIT.success
      }
      if (found.fires.length === 0) terminal.out('no schedule of it comes due\n')
      else {
        const rows = found.fires.map(({ trigger, at }) => [{ text: at }, { text: trigger }])
        printTable(terminal, ['DUE', 'TRIGGER'], rows)
      }
      for (const { trigger, at, message } of found.refusals) {
        terminal.out(`refused: ${trigger}, ${ago(at, terminal.now())}: ${message}\n`)
      }
      return EXIT.success
    }),
  )
