import type { Problem, ProblemCode } from '../../model/problem.ts'
import type { AuthenticationFailure } from '../kit/auth.ts'
import type { Refused } from '../kit/body.ts'
import { bodyRefusal, signatureRefusal } from '../kit/gateway.ts'
import type { NotReceived } from '../kit/receive.ts'
import type { ErrorBody } from './wire.ts'

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

/** Of tokens; what is wrong with a signature, the gateway says. */
const tokenMessages = {
  missing: 'The request you have made requires authentication.',
  'bad-token': 'The token is invalid.',
  expired: 'The token has expired.',
} as const satisfies Partial<Record<AuthenticationFailure, string>>

const tokenMessage = (why: AuthenticationFailure): string =>
  (tokenMessages as Partial<Record<AuthenticationFailure, string>>)[why] ?? 'Authentication failed.'

export const badToken = (why: keyof typeof tokenMessages): Response => errorResponse(401, tokenMessages[why])

export const badBody = ({ why, message }: Refused, requestId: string): Response =>
  bodyRefusal(why, requestId) ?? errorResponse(400, `${message}.`)

export const notReceived = ({ kind, refused }: NotReceived, requestId: string): Response =>
  kind === 'body'
    ? badBody(refused, requestId)
    : (signatureRefusal(refused, requestId) ?? errorResponse(401, tokenMessage(refused.why)))

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
