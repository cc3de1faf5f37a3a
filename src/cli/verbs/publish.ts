import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { type Params, paramOption } from '../params.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project: string
  readonly param?: Params
}

export const publish: Verb = ({ terminal, action }) =>
  common(
    new Command('publish')
      .summary('publish to a channel of a project')
      .description('Fires the runs that wait for a channel, and new ones of the pipelines that listen to it.')
      .argument('<channel>', 'name of the channel')
      .addOption(paramOption())
      .option('--project <project>', 'name or id', 'default')
      .addHelpText('after', examples('millrace publish image-ready --param tag=v1.2')),
  ).action(
    action(async (channel: string, { project, param = {}, ...options }: Options) => {
      const fired = await connect(terminal, options).triggers.publish(project, channel, { params: param })
      if (options.json === true) printJson(terminal, fired)
      else if (fired.items.length === 0) terminal.out(`nobody listens to ${channel}\n`)
      for (const { run, started } of options.json === true ? [] : fired.items) {
        terminal.out(`run ${run.serial}: ${started ? run.status : 'waits for other triggers'}\n`)
      }
      return EXIT.success
    }),
  )
