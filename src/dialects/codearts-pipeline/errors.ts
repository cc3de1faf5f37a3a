import type { Problem, ProblemCode } from '../../model/problem.ts'
import type { BodyRefusal, Refused } from '../kit/body.ts'
import {
  credentialErrors,
  credentialRefusal,
  gatewayErrors,
  gatewayResponse,
  type GatewayError,
} from '../kit/gateway.ts'
import type { NotReceived } from '../kit/receive.ts'
import type { ErrorBody } from './wire.ts'

/**
 * This vendor's errors: `{error_code, error_msg}` (seed 001, table 7) with the statuses 400, 401, 403 and 404 of the
 * seed. Its list of codes is not public; those marked so are seen in its Terraform provider and command line tool,
 * the others are made in their manner. What the gateway in front refuses has its own codes and a `request_id`.
 */
export interface VendorError {
  readonly status: 200 | 400 | 403 | 404 | 500
  readonly code: string
}

export const errors = {
  /** Seen: a body that is no JSON. */
  badBody: { status: 400, code: 'PARSE_REQUEST_DATA_EXCEPTION' },
  badParameter: { status: 400, code: 'DEVPIPE.00010400' },
  /** The run is not in a state for it; the seed knows no 409. */
  notAllowed: { status: 400, code: 'DEVPIPE.00010409' },
  /** Seen. */
  forbidden: { status: 403, code: 'DEVPIPE.30011011' },
  /** Seen. */
  noPipeline: { status: 404, code: 'DEVPIPE.00011401' },
  /** Seen: the project of the path is not the pipeline's, which the caller may see. */
  otherProject: { status: 404, code: 'DEVPIPE.00011136' },
  noRun: { status: 404, code: 'DEVPIPE.00011404' },
  noStep: { status: 404, code: 'DEVPIPE.00011405' },
  /** Seen. */
  noTemplate: { status: 404, code: 'DEVPIPE.00011203' },
  /** Seen. */
  noGroup: { status: 404, code: 'DEVPIPE.00014007' },
  /** Seen. */
  noTag: { status: 404, code: 'DEVPIPE.00014024' },
  /** Seen. */
  noVariableGroup: { status: 404, code: 'DEVPIPE.00014033' },
  /** Seen: a pipeline of a plugin that is not there. */
  noPlugin: { status: 400, code: 'DEVPIPE.30011001' },
  /** Seen, with HTTP 200: the run is made, and waits for its turn. */
  queued: { status: 200, code: 'DEVPIPE.00011169' },
  /** Seen, of a pipeline that refuses runs when there is no room: clients start again some seconds later. */
  noRoom: { status: 400, code: 'DEVPIPE.00011104' },
  banned: { status: 400, code: 'DEVPIPE.00011410' },
  /** Seen. */
  noProject: { status: 404, code: 'DEVPIPE.00011412' },
  internal: { status: 500, code: 'DEVPIPE.00010500' },
} as const satisfies Record<string, VendorError>

const bodyErrors = {
  'too-large': gatewayErrors.tooLarge,
  unreadable: gatewayErrors.unreadable,
  encoded: errors.badBody,
  'not-utf8': errors.badBody,
  malformed: errors.badBody,
  'too-deep': errors.badBody,
} as const satisfies Record<BodyRefusal, VendorError | GatewayError>

/** `not_found` is told by the caller, who knows what was looked for. */
const problemErrors = {
  invalid_request: errors.badParameter,
  invalid_definition: errors.badParameter,
  unauthenticated: credentialErrors['bad-token'],
  forbidden: errors.forbidden,
  not_found: null,
  not_allowed: errors.notAllowed,
  conflict: errors.notAllowed,
  stale_version: errors.notAllowed,
  idempotency_reused: errors.notAllowed,
  too_large: gatewayErrors.tooLarge,
  too_many_requests: gatewayErrors.throttled,
  unavailable: gatewayErrors.unavailable,
  internal: errors.internal,
} as const satisfies Record<ProblemCode, VendorError | GatewayError | null>

export const errorResponse = ({ status, code }: VendorError, message: string): Response =>
  Response.json({ error_code: code, error_msg: message } satisfies ErrorBody, { status })

export const badBody = ({ why, message }: Refused, requestId: string): Response => {
  const error = bodyErrors[why]
  return 'message' in error ? gatewayResponse(error, requestId) : errorResponse(error, message)
}

export const notReceived = ({ kind, refused }: NotReceived, requestId: string): Response =>
  kind === 'body' ? badBody(refused, requestId) : credentialRefusal(refused, requestId)

export function problemResponse(problem: Problem, missing: VendorError, requestId: string): Response {
  const error = problemErrors[problem.code] ?? missing
  if ('message' in error) return gatewayResponse(error, requestId)
  const details = problem.errors?.map(({ path, message }) => `${path}: ${message}`) ?? []
  return errorResponse(error, [problem.message, ...details].join('; '))
}
