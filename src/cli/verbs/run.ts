import { Command } from 'commander'
import { examples, jsonOption } from '../act.ts'
import { runLocally } from '../local-run.ts'
import { printJson } from '../output.ts'
import { type Params, paramOption } from '../params.ts'
import { readDefinition } from '../read-definition.ts'
import { configOf, TASK_SETTINGS, withSettings } from '../settings.ts'
import type { Verb } from '../verb.ts'

interface Options {
  readonly param?: Params
  readonly approve?: boolean
  readonly json?: boolean
}

const SETTINGS = [...TASK_SETTINGS, 'distributeTo', 'bodyMaxBytes'] as const

export const run: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('run')
      .summary('run a pipeline file here and now, without a server')
      .description(
        'Runs a pipeline file here and now: the real engine, store and runner in a directory that is thrown away. Says what ' +
          'happens and what the tasks say; the exit code tells how it ended. Reviews are asked on the terminal; where there ' +
          'is none, the run is cancelled when it waits for a person. Ctrl-C cancels the run.',
      )
      .argument('<file>', 'YAML or JSON; - is stdin')
      .addOption(paramOption())
      .option('--approve', 'say yes to every review, in the name of its reviewers')
      .addOption(jsonOption('print the run as JSON at the end; all else goes to stderr'))
      .addHelpText(
        'after',
        examples(
          'millrace run release.yaml',
          'millrace run release.yaml --param tag=v1.2 --approve',
          'millrace run - < ci.yaml',
        ),
      ),
    SETTINGS,
  ).action(
    action(async (path: string, { param, approve, json, ...options }: Options) => {
      const config = configOf(terminal, options, SETTINGS)
      const print = json === true ? terminal.err : terminal.out
      const { run, exitCode } = await runLocally(terminal, config, {
        ...readDefinition(path),
        params: param ?? {},
        approve: approve === true,
        say: (line) => print(`${line}\n`),
      })
      if (json === true) printJson(terminal, run)
      return exitCode
    }),
  )
