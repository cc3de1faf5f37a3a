import { Command } from 'commander'
import type { SettingName } from '../../config/settings.ts'
import { examples, jsonOption } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { configOf, withSettings } from '../settings.ts'
import { storeFault } from '../store-fault.ts'
import type { Verb } from '../verb.ts'

const NEEDED: readonly SettingName[] = ['dataDirectory', 'databaseUrl']

export const restore: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('restore')
      .summary('make a data directory of a backup')
      .description(
        'Makes an empty data directory, or with a database an empty database too, what it was when the backup was made. ' +
          'Nothing is overwritten: what is not empty is refused. Runs that were under way are taken up by the next start of ' +
          'the server; what ran then counts as lost.',
      )
      .argument('<file>', 'written by millrace backup')
      .addOption(jsonOption('print what was restored as JSON')),
    NEEDED,
  )
    .addHelpText('after', examples('millrace restore /backup/millrace-2026-11-22.tar.gz --data-dir /var/lib/millrace'))
    .action(
      action(async (file: string, { json, ...options }: Readonly<Record<string, unknown>>) => {
        const { restore: restored } = await import('../../upkeep/restore.ts')
        const progress = (what: string): void => {
          if (terminal.errIsTty) terminal.err(`\r\u001b[K${what}`)
        }
        const { dataDirectory, databaseUrl } = configOf(terminal, options, NEEDED)
        const manifest = await restored({ file, dataDirectory, databaseUrl }, progress).catch(storeFault)
        if (terminal.errIsTty) terminal.err('\r\u001b[K')
        if (json === true) printJson(terminal, manifest)
        else {
          const { runs, last_event: last, created_at: at, seal_key: key } = manifest
          terminal.out(`${dataDirectory}: ${runs} runs, up to event ${last}, as of ${at}\n`)
          if (key !== null) terminal.out(`Its secrets need the key ${key}: secret.key there, or MILLRACE_SECRET_KEY.\n`)
          terminal.out('`millrace doctor` says whether all of it follows from the log.\n')
        }
        return EXIT.success
      }),
    )
