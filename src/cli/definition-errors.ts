import type { LocatedError } from '../client/client.ts'
import { errorText } from './client-fault.ts'
import type { Terminal } from './terminal.ts'

/** Every error with its place, and how many they are. */
export function printErrors(terminal: Terminal, errors: readonly LocatedError[]): void {
  for (const error of errors) terminal.err(`${errorText(error)}\n`)
  terminal.err(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'}\n`)
}
