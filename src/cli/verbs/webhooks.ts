import { Command } from 'commander'
import { ClientError } from '../../client/error.ts'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, printTable } from '../output.ts'
import type { Verb } from '../verb.ts'

/** One that came sealed with the definition is told to nobody. */
function unlessUntold(error: unknown): undefined {
  if (!(error instanceof ClientError) || error.code !== 'not_allowed') throw error
}

interface Options extends CommonOptions {
  readonly project?: string
  readonly secrets?: boolean
}

export const webhooks: Verb = ({ terminal, action }) =>
  common(
    new Command('webhooks')
      .summary('addresses of the webhooks of a pipeline')
      .description(
        'Shows the addresses of the webhooks of a pipeline and of its stages (stage/webhook) and, to admins, what calls of ' +
          'them are signed with.',
      )
      .argument('<pipeline>', 'name or id of the pipeline')
      .option('--project <project>', 'name or id; needed when two projects have a pipeline of this name')
      .option('--secrets', 'also the secrets of those that are signed')
      .addHelpText('after', examples('millrace webhooks deploy', 'millrace webhooks deploy --secrets')),
  ).action(
    action(async (pipeline: string, { project, secrets = false, ...options }: Options) => {
      const client = connect(terminal, options)
      const { triggers, stages } = await client.pipelines.get(pipeline, { project })
      const ofStages = stages.flatMap((stage) =>
        (stage.triggers?.list ?? []).map((trigger) => ({ ...trigger, name: `${stage.key}/${trigger.name}` })),
      )
      const items = await Promise.all(
        [...(triggers?.list ?? []), ...ofStages].flatMap(({ kind, name, path, signed }) => {
          if (kind !== 'webhook' && kind !== 'forge') return []
          const asked =
            signed && secrets ? client.triggers.secret(pipeline, name, { project }).catch(unlessUntold) : undefined
          return [Promise.resolve(asked).then((found) => ({ name, path, signed, secret: found?.secret ?? null }))]
        }),
      )
      if (options.json === true) printJson(terminal, { items })
      else if (items.length === 0) terminal.out('it has no webhooks\n')
      else {
        const rows = items.map(({ name, path, signed, secret }) => [
          { text: name },
          { text: path ?? '' },
          { text: secret ?? (signed ? 'signed' : '') },
        ])
        printTable(terminal, ['WEBHOOK', 'PATH', 'SECRET'], rows)
      }
      return EXIT.success
    }),
  )
