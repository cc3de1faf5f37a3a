import { Command, Option } from 'commander'
import type { Runner } from '../../client/client.ts'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { type Cell, printJson, printTable } from '../output.ts'
import { ago } from '../times.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly add?: string
  readonly pause?: string
  readonly resume?: string
  readonly remove?: string
}

const RUNNER = 'name or id of the runner'

export const runners: Verb = ({ terminal, action }) =>
  common(
    new Command('runners')
      .summary('list runners; add, pause, resume or remove one')
      .description(
        'Lists the runners of the server, what they do and when they were last seen; or changes one of them, which takes ' +
          'an admin of all projects. A runner that is added gets a token, which is shown once: millrace runner takes it.',
      )
      .addOption(new Option('--add <name>', 'let a new one in').conflicts(['pause', 'resume', 'remove']))
      .addOption(new Option('--pause <runner>', `give it nothing more: ${RUNNER}`).conflicts(['resume', 'remove']))
      .addOption(new Option('--resume <runner>', `give it work again: ${RUNNER}`).conflicts(['remove']))
      .option('--remove <runner>', `what it has is lost, its token ends: ${RUNNER}`)
      .addHelpText(
        'after',
        examples('millrace runners', 'millrace runners --add builder-1', 'millrace runners --pause builder-1'),
      ),
  ).action(
    action(async ({ add, pause, resume, remove, json, ...options }: Options) => {
      const client = connect(terminal, options)
      if (add !== undefined) {
        const made = await client.runners.create(add)
        if (json === true) printJson(terminal, made)
        else terminal.out(`${made.token}\n`)
        return EXIT.success
      }
      if (remove !== undefined) {
        await client.runners.remove(remove)
        return EXIT.success
      }
      const changed = pause === undefined ? resume && client.runners.resume(resume) : client.runners.pause(pause)
      const items = changed ? [await changed] : (await client.runners.list()).items
      if (json === true) printJson(terminal, changed ? items[0] : { items })
      else
        printTable(
          terminal,
          ['NAME', 'STATUS', 'BUSY', 'SEEN', 'LABELS'],
          items.map((runner) => rowOf(runner, terminal.now())),
        )
      return EXIT.success
    }),
  )

const paints = {
  online: 'green',
  silent: 'yellow',
  draining: 'yellow',
  offline: 'dim',
} as const satisfies Record<Runner['status'], Cell['paint']>

const rowOf = (runner: Runner, now: number): readonly Cell[] => [
  { text: runner.name },
  { text: `${runner.status}${runner.paused ? ', paused' : ''}`, paint: paints[runner.status] },
  { text: `${runner.busy} of ${runner.slots}` },
  { text: runner.last_seen_at === null ? 'never' : ago(runner.last_seen_at, now) },
  { text: runner.labels.join(',') },
]
