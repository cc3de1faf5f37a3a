import { Command, Option } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson, printTable } from '../output.ts'
import { cursorOption, wholeNumberOption } from '../whole-number.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: number
  readonly cursor?: string
}

export const audit: Verb = ({ terminal, action }) =>
  common(
    new Command('audit')
      .summary('who changed what outside of runs')
      .description(
        'Users, keys, projects, pipelines, secrets, failed sign-ins: newest first. For admins of all projects.',
      )
      .option('--actor <name>', 'only what this user did')
      .option('--action <prefix>', 'only actions that begin so: secret., user.change')
      .option('--target <name>', 'only what was done to this')
      .addOption(instantOption('--from <time>', 'ISO 8601 with zone; inclusive'))
      .addOption(instantOption('--to <time>', 'ISO 8601 with zone; exclusive'))
      .addOption(wholeNumberOption('--limit <number>', '1 to 100; 50 without it', 100))
      .addOption(cursorOption())
      .addHelpText('after', examples('millrace audit --action secret.', 'millrace audit --actor li --limit 100')),
  ).action(
    action(async ({ json, limit, cursor, actor, action: prefix, target, from, to, ...options }: Options) => {
      const page = await connect(terminal, options).audit.list({
        actor,
        action: prefix,
        target,
        from,
        to,
        limit,
        cursor,
      })
      if (json === true) printJson(terminal, page)
      else {
        const rows = page.items.map((entry) => [
          { text: entry.at },
          { text: entry.actor.name },
          { text: entry.action },
          { text: entry.target },
          { text: entry.detail },
        ])
        printTable(terminal, ['AT', 'WHO', 'DID', 'TO', ''], rows)
        if (page.next !== null) terminal.out(`more: --cursor ${page.next}\n`)
      }
      return EXIT.success
    }),
  )

/** A time without a zone would be another one on another machine. */
const instantOption = (flags: string, text: string): Option =>
  new Option(flags, text).argParser((given: string): string => {
    if (
      /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(given) &&
      !Number.isNaN(Date.parse(given))
    )
      return given
    const flag = flags.split(' ')[0]
    throw new Fault(EXIT.usage, `${flag}: expected a time such as 2026-11-22T10:15:00Z, found ${JSON.stringify(given)}`)
  })
