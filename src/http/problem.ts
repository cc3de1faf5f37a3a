import type { Problem, ProblemCode } from '../model/problem.ts'

/** What only HTTP can refuse, besides the codes of the use cases. Stable, never reused. */
export type HttpProblemCode =
  | ProblemCode
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'request_timeout'
  | 'headers_too_large'

/** RFC 9110 status and the RFC 9457 title of every code. */
export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_definition: { status: 422, title: 'The pipeline definition has errors' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'Not allowed for this user' },
  not_found: { status: 404, title: 'Not found' },
  // The thing exists and the caller may act on it, but not now: RFC 9110 section 15.5.10.
  not_allowed: { status: 409, title: 'Not possible in the present state' },
  conflict: { status: 409, title: 'In conflict with what is there' },
  stale_version: { status: 412, title: 'It was changed by someone else' },
  // As draft-ietf-httpapi-idempotency-key-header asks for a key that comes back with another body.
  idempotency_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  too_large: { status: 413, title: 'The request is too large' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available at the moment' },
  internal: { status: 500, title: 'Internal error' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  unsupported_media_type: { status: 415, title: 'Unsupported encoding of the body' },
  request_timeout: { status: 408, title: 'The request came too slowly' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
} as const satisfies Record<HttpProblemCode, { readonly status: number; readonly title: string }>

export interface HttpProblem extends Omit<Problem, 'code'> {
  readonly code: HttpProblemCode
}

/** The RFC 9457 body; `type` is a name, not an address, so that it means the same on every server. */
export function problemBody(problem: HttpProblem, requestId: string): Record<string, unknown> {
  const { status, title } = PROBLEMS[problem.code]
  return {
    type: `urn:millrace:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    ...(requestId === '' ? {} : { request_id: requestId }),
    ...(problem.allowed === undefined ? {} : { allowed: problem.allowed }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  }
}

export function problemResponse(
  problem: HttpProblem,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(problemBody(problem, requestId)), {
    status: PROBLEMS[problem.code].status,
    headers: {
      ...securityHeaders,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

/** On every answer of ours: it is data, to be read as what it says it is and shown in no frame. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
} as const
