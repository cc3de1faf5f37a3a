import { Command } from 'commander'
import { examples, jsonOption } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { configOf, withSettings } from '../settings.ts'
import { printDisorders, storeFault } from '../store-fault.ts'
import type { SettingName } from '../../config/settings.ts'
import type { Verb } from '../verb.ts'

const NEEDED: readonly SettingName[] = ['dataDirectory', 'databaseUrl']

export const doctor: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('doctor')
      .summary('check that the store follows from its log')
      .description(
        'Folds every run from the log again and compares: numbers of events rise, the entries of a run follow each other ' +
          'without gaps, index rows, counts and snapshots say the same. Changes nothing. The server must not run: stop it, or give a copy of its ' +
          'data directory, such as a backup. Ends with 1 when something is not in order.',
      )
      .addOption(jsonOption('print what was found as JSON')),
    NEEDED,
  )
    .addHelpText('after', examples('millrace doctor', 'millrace doctor --data-dir /backup/millrace --json'))
    .action(
      action(async ({ json, ...options }: Readonly<Record<string, unknown>>) => {
        const { examineStore } = await import('../../compose/store.ts')
        const progress = (runs: number): void => {
          if (terminal.errIsTty) terminal.err(`\r${runs} runs`)
        }
        const examination = await examineStore(configOf(terminal, options, NEEDED), progress).catch(storeFault)
        const { runs, events, disorders } = examination
        if (terminal.errIsTty) terminal.err('\r\u001b[K')
        if (json === true) {
          const items = disorders.map(({ runId, what }) => ({ run_id: runId, what }))
          printJson(terminal, { runs, events, disorders: items })
        } else {
          printDisorders(terminal, examination)
        }
        return disorders.length === 0 ? EXIT.success : EXIT.failed
      }),
    )
