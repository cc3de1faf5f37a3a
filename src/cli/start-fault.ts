import type { Config } from '../config/settings.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Fault } from './fault.ts'
import { systemFault, systemReason } from './system-fault.ts'

/** Why a server does not start. What an operator can mend gets a sentence; the rest is a defect and goes on as it is. */
export function startFault(error: unknown, { host, port }: Pick<Config, 'host' | 'port'>): unknown {
  if (!(error instanceof Error)) return error
  const say = (code: ExitCode, message: string): Fault => new Fault(code, message, { cause: error })
  if (error.name === 'UnknownSealKey') return say(EXIT.badConfiguration, error.message)
  if (!('code' in error)) return error
  if (error.name === 'StoreError') {
    return say(
      error.code === 'conflict' ? EXIT.inUse : isMendedBySettings(error.cause) ? EXIT.badConfiguration : EXIT.internal,
      error.message,
    )
  }
  const isListening = 'syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')
  if (!isListening) {
    const fault = systemFault(error)
    return fault === undefined || !isMendedBySettings(error)
      ? (fault ?? error)
      : say(EXIT.badConfiguration, fault.message)
  }
  switch (error.code) {
    case 'EADDRINUSE':
      return say(
        EXIT.inUse,
        `port ${port} of ${host} is taken: end what listens there, or choose another with --port (MILLRACE_PORT)`,
      )
    case 'EACCES':
      return say(EXIT.badConfiguration, `may not listen on port ${port} of ${host}: choose one above 1023 with --port`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return say(EXIT.badConfiguration, `--host (MILLRACE_HOST): expected an address of this machine, found "${host}"`)
    default:
      return error
  }
}

/** A full disk is nothing that another directory must mend: a supervisor may try again. */
const isMendedBySettings = (error: unknown): boolean =>
  systemReason(error) !== undefined && !['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '')
