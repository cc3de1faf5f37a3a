import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, printTable } from '../output.ts'
import { ago } from '../times.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project?: string
}

export const queue: Verb = ({ terminal, action }) =>
  common(
    new Command('queue')
      .summary('which runs wait for their turn')
      .description(
        'Shows what is under way in the concurrency group of a pipeline, and what waits for its turn, the next first.',
      )
      .argument('<pipeline>', 'name or id of the pipeline')
      .option('--project <project>', 'name or id; needed when two projects have a pipeline of this name')
      .addHelpText('after', examples('millrace queue deploy', 'millrace queue deploy --json')),
  ).action(
    action(async (pipeline: string, { project, ...options }: Options) => {
      const found = await connect(terminal, options).runs.queue(pipeline, { project })
      if (options.json === true) {
        printJson(terminal, found)
        return EXIT.success
      }
      const rows = [
        ...found.running.map((run) => ({ run, place: run.status, since: '' })),
        ...found.queue.map((run) => ({ run, place: String(run.position), since: ago(run.since, terminal.now()) })),
      ]
      if (rows.length === 0) terminal.out('nothing is under way, and nothing waits\n')
      else {
        printTable(
          terminal,
          ['PLACE', 'RUN', 'PRIORITY', 'SINCE'],
          rows.map(({ run, place, since }) => [
            { text: place },
            { text: `${run.pipeline_name}#${run.number}` },
            { text: run.priority },
            { text: since },
          ]),
        )
      }
      const more = found.running_count + found.queued_count - rows.length
      if (more > 0) terminal.out(`and ${more} more\n`)
      return EXIT.success
    }),
  )
