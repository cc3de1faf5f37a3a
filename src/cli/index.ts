import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { serve } from './serve.ts'
import type { Terminal } from './terminal.ts'
import type { Verb } from './verb.ts'
import { version } from './version.ts'

/** Every verb, in the order of the help. A new one is one file and one line here. */
const verbs: readonly Verb[] = [serve]

/** @param ended called with how a verb ended. */
export function createProgram(terminal: Terminal, ended: (code: ExitCode) => void): Command {
  const program = new Command('millrace')
    .description('A self-hosted pipeline server: it runs pipelines, and says where they are and what they need.')
    .version(version(), '-V, --version', 'say the version')
    .helpOption('-h, --help', 'say how to use a command')
    .helpCommand('help [command]', 'say how to use a command')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, getOutHelpWidth: () => terminal.columns() })
  const action =
    <Args extends unknown[]>(body: (...args: Args) => Promise<ExitCode> | ExitCode) =>
    async (...args: Args): Promise<void> =>
      ended(await body(...args))
  for (const verb of verbs) {
    const command = verb({ terminal, action })
    program.addCommand(command.copyInheritedSettings(program))
  }
  return program
}

/** Does what the arguments say (without node and script) and tells how to exit. Never throws. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.success
  try {
    const program = createProgram(terminal, (ended) => (code = ended))
    if (args.length === 0) {
      program.outputHelp()
      return EXIT.usage
    }
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.success : EXIT.usage
    return told(error, terminal)
  }
}

function told(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof Fault) {
    terminal.err(`millrace: ${error.message}\n`)
    return error.exitCode
  }
  const message = error instanceof Error ? error.message : String(error)
  terminal.err(`millrace: a defect, please report it: ${message}\n`)
  if (terminal.env['MILLRACE_LOG_LEVEL'] === 'debug' && error instanceof Error) terminal.err(`${error.stack}\n`)
  return EXIT.internal
}
