import type { Problem, ProblemCode } from '../../model/problem.ts'
import { bodyRefusal, signatureRefusal } from '../kit/gateway.ts'
import type { NotReceived } from '../kit/receive.ts'
import type { ErrorBody } from './wire.ts'

/**
 * This vendor's errors: `{error_code, error_msg}`, with the two texts of seed 003 word for word (they are all that the
 * seed has, so a bad parameter is "network busy"). Other codes are those of its "错误码" page, which lists them with
 * HTTP 200: a client of theirs looks for `error_code` in the body and not at the status.
 */
export interface VendorError {
  readonly status: 200 | 400 | 401 | 500 | 503
  readonly code: `CC.${string}`
  readonly message: string
}

export const errors = {
  badParameter: { status: 400, code: 'CC.00000000', message: '网络繁忙,请稍后再试' },
  unauthenticated: { status: 401, code: 'CC.00000003', message: '认证信息过期' },
  noTask: { status: 200, code: 'CC.00050002', message: '任务不存在' },
  internal: { status: 500, code: 'CC.00050006', message: '内部错误' },
  forbidden: { status: 200, code: 'CC.00050010', message: '没有权限' },
  noProject: { status: 200, code: 'CC.00050013', message: '项目不存在' },
  createFailed: { status: 200, code: 'CC.00050016', message: '创建失败' },
  /** "task is running": it cannot be done in the state that the task is in. */
  notAllowed: { status: 200, code: 'CC.00050015', message: '任务的当前状态不允许该操作' },
  unavailable: { status: 503, code: 'CC.00050012', message: '请稍后再试' },
} as const satisfies Record<string, VendorError>

/** `not_found` is told by the caller, who knows what was looked for. */
const problemErrors = {
  invalid_request: errors.badParameter,
  invalid_definition: errors.badParameter,
  unauthenticated: errors.unauthenticated,
  forbidden: errors.forbidden,
  not_found: null,
  not_allowed: errors.notAllowed,
  conflict: errors.notAllowed,
  stale_version: errors.notAllowed,
  idempotency_reused: errors.notAllowed,
  too_large: errors.badParameter,
  too_many_requests: errors.unavailable,
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

/** Of every token that is missing or wrong the seed has one text. */
export const notReceived = ({ kind, refused }: NotReceived, requestId: string): Response =>
  kind === 'body'
    ? (bodyRefusal(refused.why, requestId) ?? errorResponse(errors.badParameter, refused.message))
    : (signatureRefusal(refused, requestId) ?? errorResponse(errors.unauthenticated))

export function problemResponse(problem: Problem, missing: VendorError): Response {
  const details = problem.errors?.map(({ path, message }) => `${path}: ${message}`) ?? []
  return errorResponse(problemErrors[problem.code] ?? missing, [problem.message, ...details].join('; '))
}
