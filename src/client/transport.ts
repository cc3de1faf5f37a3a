import { tlsSentence } from '../model/tls.ts'
import { ClientError } from './error.ts'
import type { ProblemBody } from './wire.ts'

export interface ClientOptions {
  /** `http://127.0.0.1:8080`; a slash at the end does not matter. */
  readonly baseUrl: string
  /** null: none is sent; only health and documents answer then. */
  readonly token: string | null
  /** Instead of the global one. */
  readonly fetch?: (input: string, init?: RequestInit) => Promise<Response>
  /** A stream was cut, and is asked for again until the server answers: told once, until something comes. */
  readonly onCut?: ((error: unknown) => void) | undefined
  /** Waits before a stream is taken up again; for tests. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>
  /** An object goes as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** Sends one request; an answer that is no success is thrown. */
export type Send = (path: string, call?: Call) => Promise<Response>

export function transport(options: ClientOptions): Send {
  const base = options.baseUrl.replace(/(?<!\/)\/+$/, '')
  const send = options.fetch ?? ((input: string, init?: RequestInit) => fetch(input, init))
  return async (path, call = {}) => {
    const init: RequestInit = {
      method: call.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(options.token === null ? {} : { authorization: `Bearer ${options.token}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    }
    let response: Response
    try {
      response = await send(base + path + queryText(call.query ?? {}), init)
    } catch (error) {
      throw unreachable(error, base, call.signal)
    }
    if (response.ok || response.status === 304) return response
    throw await refusal(response, base)
  }
}

function queryText(query: NonNullable<Call['query']>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) params.set(name, Array.isArray(value) ? value.join(',') : String(value))
  }
  return params.size === 0 ? '' : `?${params.toString()}`
}

/** A signal's own reason passes as it is: whoever aborted knows it. */
export function unreachable(error: unknown, base: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true || error instanceof ClientError) return error
  return new ClientError('unreachable', `no answer from ${base}: ${reasonOf(error)}`, {}, { cause: error })
}

/** fetch says "fetch failed" and hides why one level down. */
function reasonOf(error: unknown): string {
  const sentence = tlsSentence(error)
  if (sentence !== undefined) return sentence
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && cause.message !== '') return cause.message
  return error instanceof Error ? error.message : String(error)
}

async function refusal(response: Response, base: string): Promise<ClientError> {
  const text = await response.text().catch(() => '')
  const problem = problemOf(text)
  if (problem !== undefined) return new ClientError(problem.code, problem.detail + hintOf(problem, base), problem)
  const message = `${base} answered ${response.status} with something that is not Millrace's`
  return new ClientError('not_millrace', message, { status: response.status })
}

/** The server itself says so of a path that it does not know, and so of every call when the address has a path too many. */
function hintOf({ detail }: ProblemBody, base: string): string {
  const { pathname } = new URL(base)
  if (pathname === '/' || !detail.startsWith(`Nothing is at ${pathname}/`)) return ''
  return `; ${base} has a path, which is right only behind a proxy that takes it off`
}

function problemOf(text: string): ProblemBody | undefined {
  try {
    const body = JSON.parse(text) as Partial<ProblemBody> | null
    return typeof body?.code === 'string' && typeof body.detail === 'string' ? (body as ProblemBody) : undefined
  } catch {
    return undefined
  }
}

/** The waits between tries of a stream that was cut: quick at first, then every five seconds. */
export const backoffMs = (tries: number): number => Math.min(5_000, 200 * 2 ** Math.min(tries, 6))

export const waitMs = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
