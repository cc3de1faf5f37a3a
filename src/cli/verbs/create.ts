import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { quoted } from '../names.ts'
import { printJson, safe } from '../output.ts'
import { readDefinition } from '../read-definition.ts'
import type { Verb } from '../verb.ts'

export const create: Verb = ({ terminal, action }) =>
  common(
    new Command('create')
      .summary('make a pipeline of a file')
      .description('Makes a pipeline of a file. A new version of one that is there is made by update.')
      .argument('<file>', 'YAML or JSON; - is stdin')
      .requiredOption('--project <project>', 'where it belongs: name or id')
      .addHelpText('after', examples('millrace create release.yaml --project default')),
  ).action(
    action(async (path: string, { project, ...options }: CommonOptions & { readonly project: string }) => {
      const { text, file } = readDefinition(path)
      const pipeline = await connect(terminal, options).pipelines.create({ project, definition: text, file })
      if (options.json === true) printJson(terminal, pipeline)
      else {
        terminal.out(`made ${safe(pipeline.name)} in ${safe(pipeline.project.name)} (${pipeline.id})\n`)
        terminal.out(`start it with: millrace start ${quoted(pipeline.name)}\n`)
      }
      return EXIT.success
    }),
  )
