import { Command } from 'commander'
import { parseStorePlace, STORE_PLACE_EXPECTED, type StorePlace } from '../../config/store-place.ts'
import { examples, jsonOption } from '../act.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson } from '../output.ts'
import { printDisorders, storeFault } from '../store-fault.ts'
import type { Verb } from '../verb.ts'

interface Options {
  readonly from: string
  readonly to: string
  readonly json?: boolean
}

export const store: Verb = ({ terminal, action }) =>
  new Command('store')
    .summary('move an installation from one store to another')
    .addHelpText('after', examples('millrace store copy --from sqlite:data --to postgres://db.example.com/millrace'))
    .addCommand(
      new Command('copy')
        .summary('copy everything to an empty store, of the other kind or of the same')
        .description(
          'Copies runs with their events and numbers, pipelines with their versions, users, keys, secrets as they are ' +
            'sealed, documents, the outbox, the audit record and settings. No server may work on either store. Every table is ' +
            'read back and compared, then every run of the new store is folded from its log as `millrace doctor` does. ' +
            'The source is left as it was. Cut off at any moment, the target stays empty: begin again. Logs, artifacts and ' +
            'secret.key are files of the data directory: they stay there, or are copied with it.',
        )
        .requiredOption('--from <store>', STORE_PLACE_EXPECTED)
        .requiredOption('--to <store>', `an empty one, written alike`)
        .addOption(jsonOption('print what was copied as JSON'))
        .addHelpText(
          'after',
          examples(
            'millrace store copy --from sqlite:data --to postgres://millrace:secret@db.example.com/millrace',
            'millrace store copy --from "$MILLRACE_DATABASE_URL" --to sqlite:data',
          ),
        )
        .action(
          action(async ({ from, to, json }: Options) => {
            const places = [placeOf('--from', from), placeOf('--to', to)] as const
            const { copyStore } = await import('../../upkeep/copy.ts')
            const progress = (what: string, done: number, of: number | null): void => {
              if (terminal.errIsTty) terminal.err(`\r\u001b[K${what}: ${done}${of === null ? '' : ` of ${of}`}`)
            }
            const { tables, examination } = await copyStore(...places, progress).catch(storeFault)
            if (terminal.errIsTty) terminal.err('\r\u001b[K')
            const { runs, events, disorders } = examination
            if (json === true) {
              printJson(terminal, {
                tables,
                runs,
                events,
                disorders: disorders.map(({ runId, what }) => ({ run_id: runId, what })),
              })
            } else {
              for (const { name, rows, sha256 } of tables)
                terminal.out(`${name.padEnd(12)} ${String(rows).padStart(10)}  ${sha256.slice(0, 16)}\n`)
              printDisorders(terminal, examination)
              terminal.out('Do not start a server on the old store again: both would tell the world outside.\n')
            }
            return disorders.length === 0 ? EXIT.success : EXIT.failed
          }),
        ),
    )

/** A place may hold a password, and is not told. */
function placeOf(option: string, text: string): StorePlace {
  const place = parseStorePlace(text)
  if (place === undefined) throw new Fault(EXIT.usage, `${option}: expected ${STORE_PLACE_EXPECTED}`)
  return place
}
