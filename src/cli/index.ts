import { Command, CommanderError } from 'commander'
import { ClientError } from '../client/client.ts'
import { clientErrorText, clientExitCode } from './client-fault.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { systemFault } from './system-fault.ts'
import type { Terminal } from './terminal.ts'
import { verbFirst } from './verb-first.ts'
import type { Verb } from './verb.ts'
import { artifacts } from './verbs/artifacts.ts'
import { approve } from './verbs/approve.ts'
import { audit } from './verbs/audit.ts'
import { backup } from './verbs/backup.ts'
import { callback } from './verbs/callback.ts'
import { cancel } from './verbs/cancel.ts'
import { choose } from './verbs/choose.ts'
import { create } from './verbs/create.ts'
import { delay } from './verbs/delay.ts'
import { doctor } from './verbs/doctor.ts'
import { expire } from './verbs/expire.ts'
import { deliveries } from './verbs/deliveries.ts'
import { explain } from './verbs/explain.ts'
import { fail } from './verbs/fail.ts'
import { logs } from './verbs/logs.ts'
import { modify } from './verbs/modify.ts'
import { next } from './verbs/next.ts'
import { queue } from './verbs/queue.ts'
import { notifications } from './verbs/notifications.ts'
import { pause } from './verbs/pause.ts'
import { pipelines } from './verbs/pipelines.ts'
import { publish } from './verbs/publish.ts'
import { reject } from './verbs/reject.ts'
import { rerun } from './verbs/rerun.ts'
import { restore } from './verbs/restore.ts'
import { resume } from './verbs/resume.ts'
import { retry } from './verbs/retry.ts'
import { rollback } from './verbs/rollback.ts'
import { run } from './verbs/run.ts'
import { runner } from './verbs/runner.ts'
import { runners } from './verbs/runners.ts'
import { runs } from './verbs/runs.ts'
import { samples } from './verbs/samples.ts'
import { secrets } from './verbs/secrets.ts'
import { serve } from './verbs/serve.ts'
import { show } from './verbs/show.ts'
import { skip } from './verbs/skip.ts'
import { start } from './verbs/start.ts'
import { store } from './verbs/store.ts'
import { tests } from './verbs/tests.ts'
import { tokens } from './verbs/tokens.ts'
import { update } from './verbs/update.ts'
import { users } from './verbs/users.ts'
import { validate } from './verbs/validate.ts'
import { watch } from './verbs/watch.ts'
import { webhooks } from './verbs/webhooks.ts'
import { version } from './version.ts'

/** Every verb, in the order of the help. A new one is one file and one line here. */
const verbs: readonly Verb[] = [
  serve,
  runner,
  run,
  validate,
  pipelines,
  create,
  update,
  next,
  queue,
  webhooks,
  secrets,
  publish,
  notifications,
  deliveries,
  start,
  rerun,
  runs,
  show,
  watch,
  logs,
  tests,
  artifacts,
  explain,
  approve,
  reject,
  callback,
  retry,
  skip,
  fail,
  choose,
  pause,
  resume,
  delay,
  expire,
  modify,
  rollback,
  cancel,
  users,
  tokens,
  audit,
  runners,
  samples,
  doctor,
  backup,
  restore,
  store,
]

const AFTER_HELP = `
Examples:
  millrace serve                          a server on ./data, at http://127.0.0.1:8080
  millrace samples                        requests to try on what its first start made
  millrace run ci.yaml                    without a server: run this file now
  millrace create release.yaml --project default
  millrace start release --param tag=v1.2 --watch
  millrace runs --needs-person            what waits for somebody
  millrace explain release#12             why it is where it is

Exit codes: ${(['success', 'failed', 'usage', 'needsPerson', 'cancelled', 'timedOut'] as const)
  .map((name) => `${EXIT[name]} ${nameOf(EXIT[name]).replaceAll('_', ' ')}`)
  .join(', ')}; all of them: docs/reference/cli.md`

/** @param ended called with how a verb ended. */
export function createProgram(terminal: Terminal, ended: (code: ExitCode) => void): Command {
  const program = new Command('millrace')
    .description('A self-hosted pipeline server: it runs pipelines, and says where they are and what they need.')
    .version(version(), '-V, --version', 'say the version')
    .helpOption('-h, --help', 'say how to use a command')
    .helpCommand('help [command]', 'say how to use a command')
    .showSuggestionAfterError()
    // What follows a verb belongs to it: one has a --version of its own.
    .enablePositionalOptions()
    .addHelpText('after', AFTER_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => terminal.columns(),
      // Told with all else that goes wrong.
      outputError: () => {},
    })
  const action =
    <Args extends unknown[]>(body: (...args: Args) => Promise<ExitCode> | ExitCode) =>
    async (...args: Args): Promise<void> =>
      ended(await body(...args))
  for (const verb of verbs) {
    const command = verb({ terminal, action })
    for (const inner of command.commands) inner.copyInheritedSettings(program)
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
    await program.parseAsync([...verbFirst(args, program)], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.success
    // A group of commands without one of them: its help was printed.
    if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.usage
    return told(error, terminal, args.includes('--json'))
  }
}

/** What went wrong, on stderr: a sentence for people, or JSON for programs that asked for it. */
function told(error: unknown, terminal: Terminal, json: boolean): ExitCode {
  const { exitCode, text, code } = wrongOf(error)
  if (json) {
    const { message, allowed, errors } =
      error instanceof ClientError ? error : { message: text, allowed: [], errors: [] }
    terminal.err(`${JSON.stringify({ error: { code, message, allowed, errors, exit_code: exitCode } })}\n`)
  } else {
    terminal.err(`millrace: ${text}\n`)
  }
  return exitCode
}

function wrongOf(error: unknown): { readonly exitCode: ExitCode; readonly text: string; readonly code: string } {
  if (error instanceof Fault) return { exitCode: error.exitCode, text: error.message, code: nameOf(error.exitCode) }
  if (error instanceof ClientError) {
    return { exitCode: clientExitCode(error), text: clientErrorText(error), code: error.code }
  }
  if (error instanceof CommanderError) {
    return { exitCode: EXIT.usage, text: error.message.replace(/^error: /, ''), code: nameOf(EXIT.usage) }
  }
  const fault = systemFault(error)
  if (fault !== undefined) return wrongOf(fault)
  if (error instanceof Error && error.name === 'UnusableSteps')
    return wrongOf(new Fault(EXIT.badConfiguration, `--steps (MILLRACE_STEPS): ${error.message}`))
  const message = error instanceof Error ? error.message : String(error)
  return { exitCode: EXIT.internal, text: `a defect, please report it: ${message}`, code: 'internal' }
}

/** `needsPerson` -> `needs_person` */
function nameOf(exitCode: ExitCode): string {
  const [name = 'internal'] = Object.entries(EXIT).find(([, code]) => code === exitCode) ?? []
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
