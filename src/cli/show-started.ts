import type { Client, Run } from '../client/client.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { quoted, runName } from './names.ts'
import { printJson } from './output.ts'
import { lastLine } from './progress.ts'
import type { Terminal } from './terminal.ts'
import { watchRun } from './watch-run.ts'

interface Options {
  readonly json?: boolean
  readonly watch?: boolean
  readonly untilPerson?: boolean
}

/** A run that was just made: its line, or all of it until it has ended. */
export async function showStarted(terminal: Terminal, client: Client, options: Options, run: Run): Promise<ExitCode> {
  const json = options.json === true
  if (options.watch === true) {
    return watchRun(terminal, client, run.id, { json, untilPerson: options.untilPerson === true })
  }
  if (json) printJson(terminal, run)
  else {
    terminal.out(`${lastLine(run, terminal.now(), terminal.paint)}\n`)
    terminal.out(`watch it with: millrace watch ${quoted(runName(run))}\n`)
  }
  return EXIT.success
}
