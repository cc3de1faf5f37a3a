import { Command } from 'commander'
import { common, type CommonOptions, examples } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, safe } from '../output.ts'
import { readDefinition } from '../read-definition.ts'
import type { Verb } from '../verb.ts'

export const update: Verb = ({ terminal, action }) =>
  common(
    new Command('update')
      .summary('make a new version of a pipeline')
      .description('Makes a new version of a pipeline. Runs that are under way keep the version that they began with.')
      .argument('<pipeline>', 'name or id')
      .argument('<file>', 'YAML or JSON; - is stdin')
      .addHelpText('after', examples('millrace update release release.yaml')),
  ).action(
    action(async (ref: string, path: string, options: CommonOptions) => {
      const { text, file } = readDefinition(path)
      const pipeline = await connect(terminal, options).pipelines.update(ref, { definition: text, file })
      if (options.json === true) printJson(terminal, pipeline)
      else terminal.out(`${safe(pipeline.name)} is at version ${pipeline.version}\n`)
      return EXIT.success
    }),
  )
