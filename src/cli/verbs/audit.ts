import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson, printTable } from '../output.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly from?: string
  readonly to?: string
  readonly limit?: string
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
      .option('--from <time>', 'ISO 8601 with zone; inclusive')
      .option('--to <time>', 'ISO 8601 with zone; exclusive')
      .option('--limit <number>', '1 to 100; 50 without it')
      .option('--cursor <next>', '`next` of the page before')
      .addHelpText('after', examples('millrace audit --action secret.', 'millrace audit --actor li --limit 100')),
  ).action(
    action(async ({ json, limit, cursor, actor, action: prefix, target, from, to, ...options }: Options) => {
      const count = limit === undefined ? undefined : Number(limit)
      if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 100)) {
        throw new Fault(EXIT.usage, `--limit: expected 1 to 100, found ${JSON.stringify(limit)}`)
      }
      const page = await connect(terminal, options).audit.list({
        actor,
        action: prefix,
        target,
        from,
        to,
        limit: count,
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
