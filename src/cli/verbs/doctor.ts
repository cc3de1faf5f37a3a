import { Command } from 'commander'
import { examples, jsonOption } from '../act.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson } from '../output.ts'
import { configOf, withSettings } from '../settings.ts'
import type { SettingName } from '../../config/settings.ts'
import type { Verb } from '../verb.ts'

const NEEDED: readonly SettingName[] = ['dataDirectory', 'databaseUrl']

export const doctor: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('doctor')
      .summary('check that the store follows from its log')
      .description(
        'Folds every run from the log again and compares: numbers of events rise, the entries of a run follow each other ' +
          'without gaps, index rows and snapshots say the same. Changes nothing. The server must not run: stop it, or give a copy of its ' +
          'data directory, such as a backup. Ends with 1 when something is not in order.',
      )
      .addOption(jsonOption('print what was found as JSON')),
    NEEDED,
  )
    .addHelpText('after', examples('millrace doctor', 'millrace doctor --data-dir /backup/millrace --json'))
    .action(
      action(async ({ json, ...options }: Readonly<Record<string, unknown>>) => {
        const { examineStore } = await import('../../compose.ts')
        const progress = (runs: number): void => {
          if (terminal.errIsTty) terminal.err(`\r${runs} runs`)
        }
        const { runs, events, disorders } = await examineStore(configOf(terminal, options, NEEDED), progress).catch(
          inUse,
        )
        if (terminal.errIsTty) terminal.err('\r\u001b[K')
        if (json === true) {
          const items = disorders.map(({ runId, what }) => ({ run_id: runId, what }))
          printJson(terminal, { runs, events, disorders: items })
        } else {
          for (const { runId, what } of disorders)
            terminal.out(`${runId === null ? 'the log' : `run ${runId}`}: ${what}\n`)
          terminal.out(
            `${runs} runs, ${events} events: ${disorders.length === 0 ? 'in order' : `${disorders.length} disorders`}\n`,
          )
        }
        return disorders.length === 0 ? EXIT.success : EXIT.failed
      }),
    )

function inUse(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'StoreError' || !('code' in error)) throw error
  const codes: Readonly<Record<string, ExitCode>> = { conflict: EXIT.inUse, missing: EXIT.failed }
  throw new Fault(codes[String(error.code)] ?? EXIT.internal, error.message, { cause: error })
}
