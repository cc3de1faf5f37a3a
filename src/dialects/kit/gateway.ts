import type { AuthenticationFailure } from './auth.ts'
import type { BodyRefusal } from './body.ts'

/**
 * What an API gateway in front of several services refuses by itself, in its own form and whatever service is behind:
 * `{error_msg, error_code, request_id}` (api-sign-errorcode, "API Gateway, error codes").
 */
export interface GatewayError {
  readonly status: 400 | 401 | 404 | 413 | 415
  readonly code: `APIGW.${string}`
  readonly message: string
}

const INCORRECT = 'Incorrect IAM authentication information'

export const gatewayErrors = {
  noApi: {
    status: 404,
    code: 'APIGW.0101',
    message: 'The API does not exist or has not been published in the environment',
  },
  tooLarge: { status: 413, code: 'APIGW.0201', message: 'Request entity too large' },
  encoded: { status: 415, code: 'APIGW.0201', message: 'Content-Encoding is not supported' },
  unreadable: { status: 400, code: 'APIGW.0201', message: 'Bad request' },
} as const satisfies Record<string, GatewayError>

/** Signatures are checked by the gateway; null: tokens are not, their services say what is wrong with them. */
const signatureErrors = {
  missing: null,
  'bad-token': null,
  expired: null,
  malformed: { status: 401, code: 'APIGW.0301', message: `${INCORRECT}: Authorization is not understood` },
  'unknown-key': {
    status: 401,
    code: 'APIGW.0301',
    message: `${INCORRECT}: Get secretKey failed,ak:%,err:ak not exist`,
  },
  locked: {
    status: 401,
    code: 'APIGW.0301',
    message: `${INCORRECT}: AK access failed to reach the limit,forbidden`,
  },
  'clock-skew': {
    status: 401,
    code: 'APIGW.0303',
    message: 'Incorrect app authentication information: signature expired',
  },
  'bad-signature': { status: 401, code: 'APIGW.0301', message: `${INCORRECT}: verify aksk signature fail` },
} as const satisfies Record<AuthenticationFailure, GatewayError | null>

export const gatewayResponse = ({ status, code, message }: GatewayError, requestId: string): Response =>
  Response.json({ error_msg: message, error_code: code, request_id: requestId }, { status })

/** The gateway's answer to a signature that it does not take; undefined: it is for the service to say. */
export function signatureRefusal(
  { why, accessKey }: { readonly why: AuthenticationFailure; readonly accessKey: string | null },
  requestId: string,
): Response | undefined {
  const error = signatureErrors[why]
  if (error === null) return undefined
  return gatewayResponse({ ...error, message: error.message.replace('%', () => accessKey ?? '') }, requestId)
}

const bodyErrors = {
  'too-large': gatewayErrors.tooLarge,
  encoded: gatewayErrors.encoded,
  unreadable: gatewayErrors.unreadable,
  'not-utf8': null,
  malformed: null,
  'too-deep': null,
} as const satisfies Record<BodyRefusal, GatewayError | null>

/** The gateway's answer to a body that does not reach its service; undefined: it does, and the service judges it. */
export function bodyRefusal(why: BodyRefusal, requestId: string): Response | undefined {
  const error = bodyErrors[why]
  return error === null ? undefined : gatewayResponse(error, requestId)
}
