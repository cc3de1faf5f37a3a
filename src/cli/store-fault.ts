import { EXIT, type ExitCode } from './exit-codes.ts'
import { Fault } from './fault.ts'
import type { Terminal } from './terminal.ts'

/** What a store or a backup refuses, as the end of a command that was about nothing else. */
export function storeFault(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'StoreError' || !('code' in error)) throw error
  const codes: Readonly<Record<string, ExitCode>> = {
    conflict: EXIT.inUse,
    missing: EXIT.failed,
    full: EXIT.failed,
    corrupt: EXIT.failed,
  }
  throw new Fault(codes[String(error.code)] ?? EXIT.internal, error.message, { cause: error })
}

interface Examined {
  readonly runs: number
  readonly events: number
  readonly disorders: readonly { readonly runId: string | null; readonly what: string }[]
}

export function printDisorders(terminal: Terminal, { runs, events, disorders }: Examined): void {
  for (const { runId, what } of disorders) terminal.out(`${runId === null ? 'the log' : `run ${runId}`}: ${what}\n`)
  const order = disorders.length === 0 ? 'in order' : `${disorders.length} disorders`
  terminal.out(`${runs} runs, ${events} events: ${order}\n`)
}
