import { Command } from 'commander'
import { common, type CommonOptions, examples, jsonOption } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { printJson, printTable, safe } from '../output.ts'
import { readSecret } from '../read-secret.ts'
import { configOf, withSettings } from '../settings.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly project?: string
  readonly pipeline?: string
}

const owned = (command: Command): Command =>
  common(
    command
      .option('--pipeline <pipeline>', 'of a pipeline: its name or id')
      .option('--project <project>', 'of a project, or the project that the pipeline is in: name or id'),
  )

function ownerOf({ project, pipeline }: Options) {
  if (project === undefined && pipeline === undefined) {
    throw new Fault(EXIT.usage, 'expected --project or --pipeline: whose secrets?')
  }
  return { project, pipeline }
}

export const secrets: Verb = ({ terminal, action }) =>
  new Command('secrets')
    .summary('secrets of projects and pipelines')
    .description('Secrets that tasks are given by their names. No command shows a value.')
    .addHelpText(
      'after',
      examples('millrace secrets set NPM_TOKEN token.txt --project default', 'millrace secrets list --project default'),
    )
    .addCommand(
      owned(
        new Command('list')
          .summary('their names, and when they were changed and used')
          .addHelpText('after', examples('millrace secrets list --project default')),
      ).action(
        action(async (options: Options) => {
          const { items } = await connect(terminal, options).secrets.list(ownerOf(options))
          if (options.json === true) printJson(terminal, { items })
          else if (items.length === 0) terminal.out('there are no secrets\n')
          else {
            const rows = items.map(({ name, updated_at, updated_by, last_used_at }) => [
              { text: name },
              { text: updated_at },
              { text: updated_by.name },
              { text: last_used_at ?? 'never' },
            ])
            printTable(terminal, ['SECRET', 'CHANGED', 'BY', 'LAST USED'], rows)
          }
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      owned(
        new Command('set')
          .summary('set one, from a file or stdin')
          .description('Sets a secret. Its value comes from a file or from stdin, never from the command line.')
          .argument('<name>', 'capital letters, digits and _')
          .argument('<file>', 'holds the value; - is stdin')
          .addHelpText(
            'after',
            examples(
              'millrace secrets set DEPLOY_KEY id_ed25519 --project default',
              'pass show npm | millrace secrets set NPM_TOKEN - --pipeline release',
            ),
          ),
      ).action(
        action(async (name: string, file: string, options: Options) => {
          const owner = ownerOf(options)
          const secret = await connect(terminal, options).secrets.set(owner, name, readSecret(file))
          if (options.json === true) printJson(terminal, secret)
          else terminal.out(`set ${safe(secret.name)}\n`)
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      owned(new Command('remove').summary('remove one').argument('<name>', 'its name')).action(
        action(async (name: string, options: Options) => {
          await connect(terminal, options).secrets.remove(ownerOf(options), name)
          if (options.json === true) printJson(terminal, { name })
          else terminal.out(`removed ${safe(name)}\n`)
          return EXIT.success
        }),
      ),
    )
    .addCommand(
      withSettings(
        new Command('rotate-key')
          .summary('seal everything again with a new key, while no server runs')
          .description(
            'Makes a new key in the data directory and seals everything with it, at once or not at all. The server must ' +
              'not run. With a key in MILLRACE_SECRET_KEY, start the server with a new one there and the old one in ' +
              'MILLRACE_SECRET_KEY_OLD instead.',
          )
          .addOption(jsonOption('print the ids of both keys as JSON')),
        ['dataDirectory'],
      ).action(
        action(async ({ json, ...options }: Readonly<Record<string, unknown>>) => {
          if ((terminal.env['MILLRACE_SECRET_KEY'] ?? '') !== '') {
            const message =
              'the key is in MILLRACE_SECRET_KEY: start the server with a new one, and the old one in MILLRACE_SECRET_KEY_OLD'
            throw new Fault(EXIT.usage, message)
          }
          const { dataDirectory } = configOf(terminal, options, ['dataDirectory'])
          const { rotateKey } = await import('../../compose/store.ts')
          const ids = await rotateKey(dataDirectory).catch((error: unknown) => {
            if (!(error instanceof Error)) throw error
            if (error.name === 'UnknownSealKey') throw new Fault(EXIT.badConfiguration, error.message, { cause: error })
            if (error.name === 'StoreError') throw new Fault(EXIT.inUse, error.message, { cause: error })
            throw error
          })
          if (json === true) printJson(terminal, ids)
          else terminal.out(`everything is sealed with the key ${ids.after} now, no longer with ${ids.before}\n`)
          return EXIT.success
        }),
      ),
    )
