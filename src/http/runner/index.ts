import type { z } from 'zod'
import type { Piece, RunnerName } from '../../host/app.ts'
import { REPORT_KINDS } from '../../model/report.ts'
import {
  INCARNATION,
  parseRefText,
  RUNNER_PATH,
  RUNNER_PROTOCOL,
  RUNNER_PROTOCOL_HEADER,
  type AttemptRef,
  type RunnerAnswer,
  type RunnerRefusal,
  type RunnerRefusalCode,
} from '../../model/runner.ts'
import type { Mount } from '../mounts.ts'
import { securityHeaders } from '../problem.ts'
import type { MountContext } from '../server.ts'
import { Hello, HelloNumber, Poll, Report } from './schema.ts'

/** Longest piece of a file in one request, when the server takes bodies of that length at all. */
const CHUNK_MAX_BYTES = 1_024 ** 2
/** Of what is JSON. */
const MESSAGE_MAX_BYTES = 4 * 1_024 ** 2
const SHA256 = /^[0-9a-f]{64}$/
const COUNT = /^(?:0|[1-9]\d{0,14})$/

/** RFC 9110 status of every refusal. */
const STATUS = {
  unauthenticated: 401,
  protocol: 426,
  superseded: 409,
  hello_again: 409,
  stale: 409,
  offset: 409,
  mismatch: 422,
  incomplete: 409,
  invalid_request: 400,
  too_large: 413,
  not_found: 404,
  unavailable: 503,
} as const satisfies Record<RunnerRefusalCode, number>

interface Asked {
  readonly request: Request
  readonly url: URL
  readonly from: RunnerName
  /** What comes after the prefix. */
  readonly rest: readonly string[]
}
type Answering = Promise<RunnerAnswer<unknown>>

/** What runners on other machines talk to: docs/reference/runner-protocol.md. */
export function runnerMount({ app, bodyMaxBytes, closing }: MountContext): Mount {
  const wire = app.runnerWire
  const chunkBytes = Math.min(CHUNK_MAX_BYTES, bodyMaxBytes)

  const hello = async ({ request, from }: Asked): Answering => {
    const body = await jsonOf(request)
    const spoken = HelloNumber.safeParse(body)
    if (!spoken.success) return invalid('a hello says its protocol, a number')
    const said = Hello.safeParse(body)
    if (said.success) return wire.hello(from.id, said.data, chunkBytes)
    // Whoever speaks another protocol is told so, whatever else is in its hello.
    const empty = {
      incarnation: '0'.repeat(32),
      name: null,
      version: '',
      labels: [],
      slots: 1,
      holds: [],
      workspaces: [],
    }
    if (spoken.data.protocol !== RUNNER_PROTOCOL)
      return wire.hello(from.id, { protocol: spoken.data.protocol, ...empty }, chunkBytes)
    return wrong(said.error)
  }

  const poll = async ({ request, from }: Asked): Answering => {
    const said = Poll.safeParse(await jsonOf(request))
    if (!said.success) return wrong(said.error)
    return wire.poll(from, said.data, AbortSignal.any([request.signal, closing]))
  }

  const attempts = async (asked: Asked): Answering => {
    const ref = parseRefText(asked.rest.slice(1, 5))
    if (ref === undefined) return nowhere(asked)
    const [what = '', name = '', ...more] = asked.rest.slice(5)
    if (more.length > 0 || (name !== '') !== (what === 'artifacts' || what === 'reports')) return nowhere(asked)
    const given = `${asked.request.method} ${what}`
    if (given === 'PUT log') return log(asked, ref)
    if (given === 'GET log') return wire.received(asked.from, ref, null)
    if (given === 'POST end') return end(asked, ref)
    const kind = REPORT_KINDS.find((one) => one === name)
    if (given === 'PUT reports' && kind !== undefined) {
      const piece = await pieceOf(asked, chunkBytes)
      return piece.ok ? wire.report(asked.from, ref, kind, piece.value) : piece
    }
    if (what !== 'artifacts' || !SHA256.test(name)) return nowhere(asked)
    if (given === 'GET artifacts') return wire.received(asked.from, ref, name)
    if (given !== 'PUT artifacts') return nowhere(asked)
    const piece = await pieceOf(asked, chunkBytes)
    return piece.ok ? wire.artifact(asked.from, ref, name, piece.value) : piece
  }

  const log = async ({ request, url, from }: Asked, ref: AttemptRef): Answering => {
    const offset = countOf(url, 'offset')
    if (offset === undefined) return invalid('a piece of a log says its offset')
    const bytes = await bytesOf(request, chunkBytes)
    return bytes.ok ? wire.log(from, ref, offset, bytes.value) : bytes
  }

  const end = async ({ request, from }: Asked, ref: AttemptRef): Answering => {
    const said = Report.safeParse(await jsonOf(request))
    return said.success ? wire.ended(from, ref, said.data) : wrong(said.error)
  }

  return {
    name: 'runner',
    prefixes: [RUNNER_PATH],
    handle: async (request) => {
      const token = /^Bearer ([\x21-\x7e]{1,512})$/.exec(request.headers.get('authorization') ?? '')?.[1]
      const id = token === undefined ? undefined : wire.byToken(token)
      if (id === undefined) return answer(no('unauthenticated', notARunners(token)))
      const url = new URL(request.url)
      const rest = url.pathname.slice(RUNNER_PATH.length + 1).split('/')
      const incarnation = request.headers.get('millrace-incarnation') ?? ''
      const asked: Asked = { request, url, from: { id, incarnation }, rest }
      const given = `${request.method} ${rest.join('/')}`
      if (given === 'POST hello') return answer(await hello(asked))
      if (!INCARNATION.test(incarnation)) {
        return answer(invalid('expected 32 hex digits in Millrace-Incarnation, found none'))
      }
      if (given === 'POST poll') return answer(await poll(asked))
      if (given === 'POST leave') return answer(await wire.leave(asked.from))
      return answer(rest[0] === 'attempts' ? await attempts(asked) : nowhere(asked))
    },
  }
}

async function pieceOf({ request, url }: Asked, max: number): Promise<RunnerAnswer<Piece>> {
  const [offset, total] = [countOf(url, 'offset'), countOf(url, 'total')]
  if (offset === undefined || total === undefined) return invalid('a piece says its offset, and the total of its file')
  const bytes = await bytesOf(request, max)
  return bytes.ok ? { ok: true, value: { offset, total, bytes: bytes.value } } : bytes
}

async function bytesOf(request: Request, max: number): Promise<RunnerAnswer<Uint8Array>> {
  const bytes = new Uint8Array(await request.arrayBuffer())
  if (bytes.length > max) return no('too_large', `expected pieces of at most ${max} bytes, found ${bytes.length}`)
  return { ok: true, value: bytes }
}

/** undefined: none, or too much of it. */
async function jsonOf(request: Request): Promise<unknown> {
  const text = await request.text()
  if (text.length > MESSAGE_MAX_BYTES) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function countOf(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name) ?? ''
  return COUNT.test(text) ? Number(text) : undefined
}

function answer(given: RunnerAnswer<unknown>): Response {
  const [status, body] = given.ok ? [200, given.value ?? {}] : [STATUS[given.refusal.code], given.refusal]
  const headers = {
    ...securityHeaders,
    'content-type': 'application/json',
    'cache-control': 'no-store',
    [RUNNER_PROTOCOL_HEADER]: String(RUNNER_PROTOCOL),
  }
  return new Response(JSON.stringify(body), { status, headers })
}

const no = (code: RunnerRefusal['code'], message: string) => ({ ok: false, refusal: { code, message } }) as const
const invalid = (message: string) => no('invalid_request', message)
const nowhere = ({ request, url }: Asked) =>
  no('not_found', `nothing is at ${request.method} ${url.pathname.slice(0, 300)}`)

function wrong(error: z.ZodError) {
  const [issue] = error.issues
  return invalid(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`.slice(0, 300))
}

/** Tokens of another kind are told by their first letters, which say nothing of the rest. */
const notARunners = (token: string | undefined): string =>
  token?.startsWith('mr_') === true
    ? 'this is the token of a user, and this needs the token of a runner: millrace runners --add gives one'
    : 'this needs the token of a runner, as millrace runners --add gave it'
