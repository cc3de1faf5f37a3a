import type { ExitCode } from './exit-codes.ts'

/** Ends a command with a sentence for people: the thing, what was expected, what was found. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
