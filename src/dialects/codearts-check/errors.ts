import type { Problem, ProblemCode } from '../../model/problem.ts'
import type { AuthenticationFailure } from '../kit/auth.ts'
import type { BodyRefusal } from '../kit/body.ts'
import type { ErrorBody, GatewayErrorBody } from './wire.ts'

/**
 * This vendor's errors: `{error_code, error_msg}`, with the two texts of seed 003 word for word (they are all that the
 * seed has, so a bad parameter is "network busy"). Other codes are those of its "错误码" page, which lists them with
 * HTTP 200; a client would take that for success, so they come with 400, the seed's status for what cannot be done.
 */
export interface VendorError {
  readonly status: 400 | 401 | 403 | 404 | 413 | 415 | 429 | 500 | 503
  readonly code: `CC.${string}` | `APIGW.${string}`
  readonly message: string
}

export const errors = {
  badParameter: { status: 400, code: 'CC.00000000', message: '网络繁忙,请稍后再试' },
  /** Of every credential that is missing or wrong; the seed has one text for all. */
  unauthenticated: { status: 401, code: 'CC.00000003', message: '认证信息过期' },
  badBody: { status: 400, code: 'CC.00050000', message: '参数错误' },
  noTask: { status: 400, code: 'CC.00050002', message: '任务不存在' },
  internal: { status: 500, code: 'CC.00050006', message: '内部错误' },
  forbidden: { status: 403, code: 'CC.00050010', message: '没有权限' },
  noProject: { status: 400, code: 'CC.00050013', message: '项目不存在' },
  /** "task is running": it cannot be done in the state that the task is in. */
  notAllowed: { status: 400, code: 'CC.00050015', message: '任务的当前状态不允许该操作' },
  tooLarge: { status: 413, code: 'APIGW.0201', message: 'Request entity too large' },
  encoded: { status: 415, code: 'APIGW.0201', message: 'Content-Encoding is not supported' },
  throttled: { status: 429, code: 'APIGW.0308', message: 'The throttling threshold has been reached' },
  unavailable: { status: 503, code: 'CC.00050012', message: '请稍后再试' },
  noApi: {
    status: 404,
    code: 'APIGW.0101',
    message: 'The API does not exist or has not been published in the environment',
  },
} as const satisfies Record<string, VendorError>

export const authErrors = {
  missing: errors.unauthenticated,
  'bad-token': errors.unauthenticated,
  expired: errors.unauthenticated,
  malformed: errors.unauthenticated,
  'unknown-key': errors.unauthenticated,
  locked: errors.unauthenticated,
  'clock-skew': errors.unauthenticated,
  'bad-signature': errors.unauthenticated,
} as const satisfies Record<AuthenticationFailure, VendorError>

export const bodyErrors = {
  'too-large': errors.tooLarge,
  unreadable: errors.badBody,
  encoded: errors.encoded,
  'not-utf8': errors.badBody,
  malformed: errors.badBody,
  'too-deep': errors.badBody,
} as const satisfies Record<BodyRefusal, VendorError>

/** `not_found` is told by the caller, who knows what was looked for. */
const problemErrors = {
  invalid_request: errors.badBody,
  invalid_definition: errors.badBody,
  unauthenticated: errors.unauthenticated,
  forbidden: errors.forbidden,
  not_found: null,
  not_allowed: errors.notAllowed,
  conflict: errors.notAllowed,
  stale_version: errors.notAllowed,
  idempotency_reused: errors.notAllowed,
  too_large: errors.tooLarge,
  too_many_requests: errors.throttled,
  unavailable: errors.unavailable,
  internal: errors.internal,
} as const satisfies Record<ProblemCode, VendorError | null>

/** `detail`: what was expected and what was found, where the vendor's page leaves us the words. */
export const errorResponse = ({ status, code, message }: VendorError, detail = ''): Response =>
  Response.json(
    { error_code: code, error_msg: detail === '' ? message : `${message}: ${detail}` } satisfies ErrorBody,
    {
      status,
    },
  )

export const gatewayResponse = ({ status, code, message }: VendorError, requestId: string): Response =>
  Response.json({ error_msg: message, error_code: code, request_id: requestId } satisfies GatewayErrorBody, { status })

export function problemResponse(problem: Problem, missing: VendorError): Response {
  const details = problem.errors?.map(({ path, message }) => `${path}: ${message}`) ?? []
  return errorResponse(problemErrors[problem.code] ?? missing, [problem.message, ...details].join('; '))
}
