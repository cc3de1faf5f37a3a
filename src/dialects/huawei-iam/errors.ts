import type { Problem, ProblemCode } from '../../model/problem.ts'
import type { AuthenticationFailure } from '../kit/auth.ts'
import type { BodyRefusal, Refused } from '../kit/body.ts'
import type { ErrorBody, GatewayErrorBody } from './wire.ts'

/** IAM repeats the HTTP status as number and as title (IAM API reference, "状态码"). */
const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const
type Status = keyof typeof TITLES

export const errorResponse = (status: Status, message: string): Response =>
  Response.json({ error: { code: status, message, title: TITLES[status] } } satisfies ErrorBody, { status })

/** The words of the IAM API reference for a wrong name, password or account; they do not say which. */
export const wrongPassword = (): Response => errorResponse(401, 'The username or password is wrong.')

const authMessage = {
  missing: 'The request you have made requires authentication.',
  'bad-token': 'The token is invalid.',
  expired: 'The token has expired.',
  malformed: 'The Authorization header is not understood.',
  'unknown-key': 'The AK does not exist.',
  locked: 'The AK is locked after too many wrong signatures, try again in 5 minutes.',
  'clock-skew': 'The signature has expired: X-Sdk-Date is more than 15 minutes away from the time of the server.',
  'bad-signature': 'Verification of the AK/SK signature failed.',
} as const satisfies Record<AuthenticationFailure, string>

export const unauthenticated = (why: AuthenticationFailure): Response => errorResponse(401, authMessage[why])

const bodyStatus = {
  'too-large': 413,
  unreadable: 400,
  encoded: 415,
  'not-utf8': 400,
  malformed: 400,
  'too-deep': 400,
} as const satisfies Record<BodyRefusal, Status>

export const badBody = ({ why, message }: Refused): Response => errorResponse(bodyStatus[why], `${message}.`)

const problemStatus = {
  invalid_request: 400,
  invalid_definition: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  not_allowed: 409,
  conflict: 409,
  stale_version: 409,
  idempotency_reused: 409,
  too_large: 413,
  too_many_requests: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<ProblemCode, Status>

export const problemResponse = ({ code, message }: Problem): Response => errorResponse(problemStatus[code], message)

/** What no service serves is turned away by the gateway, in its own form. */
export const noSuchApi = (requestId: string): Response =>
  Response.json(
    {
      error_msg: 'The API does not exist or has not been published in the environment',
      error_code: 'APIGW.0101',
      request_id: requestId,
    } satisfies GatewayErrorBody,
    { status: 404 },
  )
