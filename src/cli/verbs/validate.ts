import { Command } from 'commander'
import { examples, jsonOption } from '../act.ts'
import { printErrors } from '../definition-errors.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson } from '../output.ts'
import { readDefinition } from '../read-definition.ts'
import { configOf, withSettings } from '../settings.ts'
import type { Verb } from '../verb.ts'

export const validate: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('validate')
      .summary('check pipeline files')
      .description('Checks pipeline files here, without a server: every error with its place.')
      .argument('<file...>', 'YAML or JSON; - is stdin')
      .addOption(jsonOption('print what was found as JSON'))
      .addHelpText('after', examples('millrace validate release.yaml', 'millrace validate pipelines/*.yaml --json')),
    ['stepDirectories'],
  ).action(
    action(async (files: readonly string[], options: { readonly json?: boolean; readonly steps?: string }) => {
      const { json } = options
      const { stepDirectories } = configOf(terminal, options, ['stepDirectories'])
      const { checkDefinition } = await import('../../compose/steps.ts')
      const errors = files.map(readDefinition).flatMap(({ text, file }) => checkDefinition(text, file, stepDirectories))
      const valid = errors.length === 0
      if (json === true) printJson(terminal, { valid, errors })
      else if (valid) terminal.out(`${files.join(', ')}: no errors\n`)
      else printErrors(terminal, errors)
      return valid ? EXIT.success : EXIT.failed
    }),
  )
