import type { Command } from 'commander'
import type { ExitCode } from './exit-codes.ts'
import type { Terminal } from './terminal.ts'

/** A command of the command line, in a file that is called as it is typed. */
export type Verb = (context: Context) => Command

export interface Context {
  readonly terminal: Terminal
  /** Makes what a verb does into what commander calls, and keeps how it ended. */
  readonly action: <Args extends unknown[]>(
    body: (...args: Args) => Promise<ExitCode> | ExitCode,
  ) => (...args: Args) => Promise<void>
}
