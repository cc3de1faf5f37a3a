import type { ProblemCode } from '../../model/problem.ts'
import type { DialectOptions } from '../dialect.ts'
import type { Envelope } from './wire.ts'

/** Which of the three addressings a request came by; the gateway and the backend form answer alike. */
export type Door = 'esb' | 'gateway'

/**
 * Errors of the door itself, as against an answer of bk-sops with `result` false.
 * Sources: legacy-bk-paas `esb/common/errors.py`, blueking-apigateway's error codes.
 */
export type DoorError =
  | 'app-refused'
  | 'user-refused'
  | 'bad-parameter'
  | 'too-large'
  | 'not-found'
  | 'wrong-method'
  | 'too-many'
  | 'unavailable'
  | 'internal'

/**
 * The ESB says 200 to its own errors, and old clients take any other status for a broken line. Exceptions are what the
 * web server before a real ESB would refuse (no such path, too large) and a defect of ours.
 */
const ESB = {
  'app-refused': { status: 200, code: 1306000 },
  'user-refused': { status: 200, code: 1306000 },
  'bad-parameter': { status: 200, code: 1306406 },
  'too-large': { status: 413, code: 1306406 },
  'not-found': { status: 404, code: null },
  'wrong-method': { status: 200, code: 1306406 },
  'too-many': { status: 200, code: 1306429 },
  unavailable: { status: 200, code: 1306201 },
  internal: { status: 500, code: 1306000 },
} as const satisfies Record<DoorError, { readonly status: number; readonly code: number | null }>

/** Codes of the gateway begin with the HTTP status they come with. */
const GATEWAY = {
  'app-refused': { status: 401, code: 1640101, name: 'APP_VERIFY_FAILED' },
  'user-refused': { status: 401, code: 1640102, name: 'USER_VERIFY_FAILED' },
  'bad-parameter': { status: 400, code: 1640001, name: 'INVALID_ARGS' },
  'too-large': { status: 413, code: 1641301, name: 'BODY_SIZE_LIMIT_EXCEED' },
  'not-found': { status: 404, code: 1640401, name: 'API_NOT_FOUND' },
  // Another method of a known path is another API to it, which is not there.
  'wrong-method': { status: 404, code: 1640401, name: 'API_NOT_FOUND' },
  'too-many': { status: 429, code: 1642902, name: 'RATE_LIMIT_RESTRICTION' },
  unavailable: { status: 503, code: 1650300, name: 'SERVICE_UNAVAILABLE' },
  internal: { status: 500, code: 1650001, name: 'INTERNAL_SERVER_ERROR' },
} as const satisfies Record<DoorError, { readonly status: number; readonly code: number; readonly name: string }>

/** Refusals of a use case that are the door's to tell; null: bk-sops tells it, in its own words (operations.ts). */
export const doorErrorOf = {
  invalid_request: null,
  invalid_definition: null,
  unauthenticated: 'user-refused',
  forbidden: null,
  not_found: null,
  not_allowed: null,
  conflict: null,
  stale_version: null,
  idempotency_reused: null,
  too_large: 'too-large',
  too_many_requests: 'too-many',
  unavailable: 'unavailable',
  internal: 'internal',
} as const satisfies Record<ProblemCode, DoorError | null>

/** Thrown by what reads a request, caught by routes.ts: the request ends here with this answer. */
export class DoorRefusal extends Error {
  override readonly name = 'DoorRefusal'
  readonly error: DoorError
  constructor(error: DoorError, message: string) {
    super(message)
    this.error = error
  }
}

/** What the ESB fills in where bk-sops said nothing of it, as old bk-sops gave no code at all. */
const ESB_FILLS = {
  success: { data: null, message: '', code: 0 },
  failure: { data: null, code: 1306000 },
} as const

/**
 * What bk-sops said, as it leaves this door: the ESB fills in what is missing, and clients in use index `message` and
 * `code` of a success without a look.
 * @param requestId null: the answer may be given again, and each request has a number of its own.
 * @param children JSON of those of the status in it, which has none: see LargeStatus.
 */
export function answer(
  door: Door,
  envelope: Envelope,
  requestId: string | null,
  children?: readonly Buffer[],
  inChunks: DialectOptions['inChunks'] = inOne,
): Response {
  const fills = ESB_FILLS[envelope.result ? 'success' : 'failure']
  const numbered = requestId === null ? {} : { request_id: requestId }
  const missing = Object.entries(fills).filter(([name]) => !Object.hasOwn(envelope, name))
  const body = door === 'gateway' ? envelope : { ...envelope, ...Object.fromEntries(missing), ...numbered }
  if (children === undefined) return json(200, body)
  return inChunks(withChildren(JSON.stringify(body), children), { headers: JSON_TYPE })
}

const NO_CHILDREN = '"children":{}'

/**
 * The JSON of an answer with the children in the place where it has none. Within a text of it the quotes were escaped,
 * so that no name is taken for the place.
 */
function withChildren(json: string, children: readonly Buffer[]): readonly Buffer[] {
  const place = json.indexOf(NO_CHILDREN) + NO_CHILDREN.length - 1
  const [first, ...more] = children
  const between = first === undefined ? [] : [first.subarray(1), ...more]
  return [Buffer.from(json.slice(0, place)), ...between, Buffer.from(json.slice(place))]
}

const inOne: NonNullable<DialectOptions['inChunks']> = (chunks, init) => new Response(Buffer.concat(chunks), init)

export function refusal(door: Door, error: DoorError, message: string, requestId: string): Response {
  if (door === 'esb') {
    const { status, code } = ESB[error]
    // An unknown path is refused before the ESB numbers the request.
    if (code === null) return json(status, { result: false, data: null, message })
    return json(status, { result: false, code, data: null, message, request_id: requestId })
  }
  const { status, code, name } = GATEWAY[error]
  return json(
    status,
    { code, code_name: name, message, result: false, data: null },
    {
      'X-Bkapi-Error-Code': String(code),
      'X-Bkapi-Error-Message': headerText(message),
      'X-Bkapi-Request-Id': requestId,
    },
  )
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

const json = (status: number, body: object, headers?: Readonly<Record<string, string>>): Response =>
  new Response(JSON.stringify(body), { status, headers: { ...JSON_TYPE, ...headers } })

/** A header holds visible ASCII only, and a message may quote what the client sent. */
const headerText = (message: string): string => message.replace(/[^\x20-\x7e]+/g, '?').slice(0, 256)
