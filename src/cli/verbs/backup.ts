import { Command } from 'commander'
import type { SettingName } from '../../config/settings.ts'
import { examples, jsonOption } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { configOf, withSettings } from '../settings.ts'
import { storeFault } from '../store-fault.ts'
import { version } from '../version.ts'
import type { Verb } from '../verb.ts'

const NEEDED: readonly SettingName[] = ['dataDirectory', 'databaseUrl']

interface Options extends Readonly<Record<string, unknown>> {
  readonly to: string
  readonly withKey?: boolean
  readonly storeOnly?: boolean
  readonly check?: boolean
  readonly json?: boolean
}

export const backup: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('backup')
      .summary('write the installation to one file, while the server works or not')
      .description(
        'Writes one moment of the store, then logs and artifacts, to a tar file that only its owner may read. The server may ' +
          'work meanwhile. Works for PostgreSQL, too, where pg_dump is the other way. secret.key stays out, as with it the ' +
          'file would be every secret: keep it apart, or say --with-key.',
      )
      .requiredOption('--to <file>', 'must not be there; .tar.gz is compressed')
      .option('--with-key', 'put secret.key in')
      .option('--store-only', 'leave logs and artifacts out')
      .option('--check', 'fold every run of the copy from its log, as doctor does')
      .addOption(jsonOption('print what was written as JSON')),
    NEEDED,
  )
    .addHelpText(
      'after',
      examples(
        'millrace backup --to /backup/millrace-$(date +%F).tar.gz',
        'millrace backup --to store.tar --store-only --check',
      ),
    )
    .action(
      action(async ({ to, withKey = false, storeOnly = false, check = false, json, ...options }: Options) => {
        const { backUp } = await import('../../upkeep/backup.ts')
        const progress = (what: string): void => {
          if (terminal.errIsTty) terminal.err(`\r\u001b[K${what}`)
        }
        const { dataDirectory, databaseUrl } = configOf(terminal, options, NEEDED)
        const now = new Date(terminal.now())
        const asked = { version: version(), file: to, withKey, withFiles: !storeOnly, check, now }
        const done = await backUp({ ...asked, dataDirectory, databaseUrl }, progress).catch(storeFault)
        if (terminal.errIsTty) terminal.err('\r\u001b[K')
        const { manifest, disorders } = done
        if (json === true) {
          const items = disorders?.map(({ runId, what }) => ({ run_id: runId, what })) ?? null
          printJson(terminal, { ...manifest, file: to, disorders: items })
        } else {
          for (const { runId, what } of disorders ?? [])
            terminal.out(`${runId === null ? 'the log' : `run ${runId}`}: ${what}\n`)
          terminal.out(`${to}: ${manifest.runs} runs, up to event ${manifest.last_event}\n`)
          if (!withKey && manifest.seal_key !== null)
            terminal.out(
              `Its secrets need the key ${manifest.seal_key} (secret.key or MILLRACE_SECRET_KEY): keep that, too.\n`,
            )
        }
        return (disorders ?? []).length === 0 ? EXIT.success : EXIT.failed
      }),
    )
