import { Argument, Command } from 'commander'
import type { Key } from '../../client/client.ts'
import { parseDuration } from '../../model/time.ts'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson, printTable } from '../output.ts'
import type { Verb } from '../verb.ts'

export const tokens: Verb = ({ terminal, action }) =>
  new Command('tokens')
    .summary('tokens, key pairs and apps')
    .description('Credentials: your own, and everybody’s to an admin of all projects.')
    .addHelpText('after', examples('millrace tokens create ci --expires 90d', 'millrace tokens list'))
    .addCommand(
      common(new Command('list').summary('those that are good now, without their secrets')).action(
        action(async (options: CommonOptions) => {
          const { items } = await connect(terminal, options).keys.list()
          if (options.json === true) printJson(terminal, { items })
          else {
            const rows = items.map(({ kind, name, label, user, expires_at }) => [
              { text: kind },
              { text: name },
              { text: user.name },
              { text: label },
              { text: expires_at ?? '' },
            ])
            printTable(terminal, ['KIND', 'NAME', 'USER', 'LABEL', 'ENDS'], rows)
          }
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      common(
        new Command('create')
          .summary('a new token, shown once')
          .argument('<label>', 'what it is for')
          .option('--expires <duration>', 'how long it is good, such as 30d; without it, for ever')
          .addHelpText('after', examples('millrace tokens create ci --expires 90d')),
      ).action(
        action(async (label: string, { expires, ...options }: CommonOptions & { readonly expires?: string }) => {
          const ms = expires === undefined ? undefined : parseDuration(expires)
          if (expires !== undefined && (ms === undefined || ms <= 0)) {
            throw new Fault(EXIT.usage, `--expires: expected a duration such as 30d, found ${JSON.stringify(expires)}`)
          }
          const end = ms === undefined ? undefined : new Date(terminal.now() + ms)
          const issued = await connect(terminal, options).tokens.create(label, end)
          if (options.json === true) printJson(terminal, issued)
          else terminal.out(`${issued.token}\n`)
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      common(
        new Command('revoke')
          .summary('end one at once')
          .addArgument(
            new Argument('<kind>', 'what it is').choices(['token', 'aksk', 'bk-app'] satisfies Key['kind'][]),
          )
          .argument('<name>', 'as list shows it'),
      ).action(
        action(async (kind: Key['kind'], name: string, options: CommonOptions) => {
          await connect(terminal, options).keys.revoke(kind, name)
          if (options.json === true) printJson(terminal, { kind, name })
          else terminal.out('revoked\n')
          return EXIT.success
        }),
      ),
    )
