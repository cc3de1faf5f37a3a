import type { ClientError, ClientErrorCode, LocatedError } from '../client/client.ts'
import type { ProblemCode } from '../model/problem.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

const exitCodes: Readonly<Record<ClientErrorCode, ExitCode | undefined>> = {
  unreachable: EXIT.unreachable,
  not_millrace: EXIT.unreachable,
  invalid_request: EXIT.usage,
  invalid_definition: EXIT.failed,
  unauthenticated: EXIT.refused,
  forbidden: EXIT.refused,
  not_found: EXIT.failed,
  not_allowed: EXIT.failed,
  conflict: EXIT.failed,
  stale_version: EXIT.failed,
  idempotency_reused: EXIT.failed,
  too_large: EXIT.failed,
  too_many_requests: EXIT.unreachable,
  unavailable: EXIT.unreachable,
  internal: EXIT.internal,
} satisfies Record<ProblemCode | 'unreachable' | 'not_millrace', ExitCode>

/** The codes that only HTTP knows are all of the kind that asking again does not mend. */
export const clientExitCode = ({ code }: ClientError): ExitCode => exitCodes[code] ?? EXIT.failed

/** The sentence, what would be allowed, and each thing that is wrong, a line each. */
export function clientErrorText({ message, allowed, errors }: ClientError): string {
  return [
    message,
    // The only one is often the sentence itself.
    ...errors
      .map(errorText)
      .filter((text) => text !== message)
      .map((text) => `  ${text}`),
    ...(allowed.length === 0 ? [] : [`  allowed now: ${allowed.join(', ')}`]),
  ].join('\n')
}

/** `release.yaml:12:3 stages[0].name: expected ..., found ...`; editors make a link of the first word. */
export function errorText({ file, line, column, path, message }: LocatedError): string {
  const place = [file, line, column].filter((part) => part !== null).join(':')
  const rest = path === '' ? message : `${path}: ${message}`
  return place === '' ? rest : `${place} ${rest}`
}
