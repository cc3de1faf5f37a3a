import type { AuthenticationFailure } from './auth.ts'
import type { BodyRefusal } from './body.ts'

/**
 * What an API gateway in front of several services refuses by itself, in its own form and whatever service is behind:
 * `{error_msg, error_code, request_id}` (api-sign-errorcode, "API Gateway, error codes").
 */
export interface GatewayError {
  readonly status: 400 | 401 | 404 | 413 | 415 | 429 | 503
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
  throttled: { status: 429, code: 'APIGW.0308', message: 'The throttling threshold has been reached' },
  unavailable: { status: 503, code: 'APIGW.0613', message: 'The backend service is unavailable' },
} as const satisfies Record<string, GatewayError>

/** What is said of a credential where the gateway is the one to say it. */
export const credentialErrors = {
  missing: { status: 401, code: 'APIGW.0301', message: `${INCORRECT}: x-auth-token not found` },
  'bad-token': { status: 401, code: 'APIGW.0301', message: `${INCORRECT}: decrypt token fail` },
  expired: { status: 401, code: 'APIGW.0307', message: 'The token must be updated' },
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
} as const satisfies Record<AuthenticationFailure, GatewayError>

/** Who says it: signatures are checked by the gateway; what is wrong with a token, a service may say itself. */
const saidBy = {
  missing: 'service',
  'bad-token': 'service',
  expired: 'service',
  malformed: 'gateway',
  'unknown-key': 'gateway',
  locked: 'gateway',
  'clock-skew': 'gateway',
  'bad-signature': 'gateway',
} as const satisfies Record<AuthenticationFailure, 'gateway' | 'service'>

export const gatewayResponse = ({ status, code, message }: GatewayError, requestId: string): Response =>
  Response.json({ error_msg: message, error_code: code, request_id: requestId }, { status })

/** A credential that was not taken. */
interface RefusedCredential {
  readonly why: AuthenticationFailure
  readonly accessKey: string | null
}

/** In the gateway's words, also where a service says it in a form of its own. */
export const credentialMessage = ({ why, accessKey }: RefusedCredential): string =>
  credentialErrors[why].message.replace('%', () => accessKey ?? '')

/** The gateway's answer to whatever credential it does not take, tokens too. */
export const credentialRefusal = (refused: RefusedCredential, requestId: string): Response =>
  gatewayResponse({ ...credentialErrors[refused.why], message: credentialMessage(refused) }, requestId)

/** The gateway's answer to a signature that it does not take; undefined: it is for the service to say. */
export const signatureRefusal = (refused: RefusedCredential, requestId: string): Response | undefined =>
  saidBy[refused.why] === 'service' ? undefined : credentialRefusal(refused, requestId)

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
