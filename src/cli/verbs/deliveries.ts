import { Command, Option } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, printTable } from '../output.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project?: string
  readonly state?: (typeof STATES)[number]
  readonly replay?: string
}

const STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const

export const deliveries: Verb = ({ terminal, action }) =>
  common(
    new Command('deliveries')
      .summary('what others were told of runs')
      .description('Lists notifications and commit statuses, newest first, and sends one again (--replay).')
      .option('--project <project>', 'name or id')
      .addOption(new Option('--state <state>', 'dead: what was given up').choices(STATES))
      .option('--replay <delivery>', 'id of the one to send again')
      .addHelpText('after', examples('millrace deliveries --state dead', 'millrace deliveries --replay msg_0123')),
  ).action(
    action(async ({ project, state, replay, ...options }: Options) => {
      const client = connect(terminal, options).notifications
      if (replay !== undefined) {
        const again = await client.replay(replay)
        if (options.json === true) printJson(terminal, again)
        else terminal.out(`${again.id} is sent again\n`)
        return EXIT.success
      }
      const page = await client.deliveries({ project, state, limit: 100 })
      if (options.json === true) printJson(terminal, page)
      else if (page.items.length === 0) terminal.out('there are none\n')
      else {
        const rows = page.items.map((one) => [
          { text: one.id },
          { text: one.kind },
          { text: one.state },
          { text: String(one.tries) },
          { text: one.created_at },
          { text: one.error ?? '' },
        ])
        printTable(terminal, ['DELIVERY', 'KIND', 'STATE', 'TRIES', 'MADE', 'ERROR'], rows)
      }
      return EXIT.success
    }),
  )
