import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { RUNNER_PATH, RUNNER_PROTOCOL_HEADER, RUNNER_REFUSALS, type RunnerRefusal } from '../../model/runner.ts'
import type { DurationMs } from '../../model/time.ts'
import { tlsSentence } from '../../model/tls.ts'

export interface WireOptions {
  /** Of servers of one store, the first to be asked first, without a slash at the end. */
  readonly urls: readonly string[]
  readonly token: string
  readonly incarnation: string
  /** Milliseconds of the machine's own time, which nobody sets, and which goes on while it sleeps. */
  readonly uptime: () => DurationMs
}

export type WireAnswer =
  | { readonly kind: 'ok'; readonly body: JsonObject }
  | { readonly kind: 'refused'; readonly refusal: RunnerRefusal }
  /** Nothing came, or not from a Millrace: it may or may not have been heard. */
  | { readonly kind: 'silent'; readonly reason: string }

interface Call {
  /** Bytes go as they are, the rest as JSON. */
  readonly body?: Uint8Array<ArrayBuffer> | object
  readonly timeoutMs: DurationMs
  readonly signal?: AbortSignal
}

/** Longest answer that is read: orders with their jobs are the longest. */
const ANSWER_MAX_BYTES = 64 * 1_024 ** 2
/** Of what is said to people. */
const SAID_MAX = 300

/** After these the server does not count the runner as heard of. */
const UNHEARD: readonly RunnerRefusal['code'][] = [
  'unauthenticated',
  'protocol',
  'superseded',
  'hello_again',
  'unavailable',
]

/** Requests to the server, and when the last one that it has heard was sent. */
export class Wire {
  readonly #options: WireOptions
  #heardAt: DurationMs
  #place = 0

  constructor(options: WireOptions) {
    this.#options = options
    this.#heardAt = options.uptime()
  }

  /** The server that is asked now. */
  get url(): string {
    return this.#options.urls[this.#place] ?? ''
  }

  /** How long ago the last word was sent that the server has surely heard: its own count can only be shorter. */
  silentMs(): DurationMs {
    return this.#options.uptime() - this.#heardAt
  }

  /** Does not reject. */
  async send(method: 'GET' | 'POST' | 'PUT', path: string, { body, timeoutMs, signal }: Call): Promise<WireAnswer> {
    const { token, incarnation, uptime } = this.#options
    const { url } = this
    const sentAt = uptime()
    const limit = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(`${url}${RUNNER_PATH}/${path}`, {
        method,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${token}`,
          'millrace-incarnation': incarnation,
          'content-type': body instanceof Uint8Array ? 'application/octet-stream' : 'application/json',
        },
        ...(body === undefined ? undefined : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
        signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      })
      const answer = await read(response)
      const heard = answer.kind === 'ok' || (answer.kind === 'refused' && !UNHEARD.includes(answer.refusal.code))
      if (heard) this.#heardAt = Math.max(this.#heardAt, sentAt)
      else if (answer.kind === 'silent' || answer.refusal.code === 'unavailable') this.#next(url)
      return answer
    } catch (error) {
      if (signal?.aborted !== true) this.#next(url)
      if (limit.aborted) return { kind: 'silent', reason: `no answer within ${timeoutMs} ms` }
      return { kind: 'silent', reason: reasonOf(error) }
    }
  }

  /** This one does not answer: the next is asked, unless another request has found that out already. */
  #next(url: string): void {
    if (url === this.url) this.#place = (this.#place + 1) % this.#options.urls.length
  }
}

async function read(response: Response): Promise<WireAnswer> {
  const { status, headers } = response
  if (!headers.has(RUNNER_PROTOCOL_HEADER)) {
    await response.body?.cancel()
    return { kind: 'silent', reason: `an answer with status ${status} that is not from a Millrace` }
  }
  const text = await textOf(response)
  if (text === undefined) return { kind: 'silent', reason: `an answer of more than ${ANSWER_MAX_BYTES} bytes` }
  const body = jsonOf(text)
  if (body !== undefined && status >= 200 && status < 300) return { kind: 'ok', body }
  const code = RUNNER_REFUSALS.find((one) => one === body?.['code'])
  if (body === undefined || code === undefined) return { kind: 'silent', reason: `an answer with status ${status}` }
  const { message, size } = body
  const refusal = { code, message: typeof message === 'string' ? saidBy(message) : '' }
  return { kind: 'refused', refusal: isSize(size) ? { ...refusal, size } : refusal }
}

/** undefined: it is too long, or has no end. */
async function textOf(response: Response): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  const body: AsyncIterable<Uint8Array> | null = response.body
  for await (const piece of body ?? []) {
    length += piece.length
    if (length > ANSWER_MAX_BYTES) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** What another machine says, on one line of a terminal or a log. */
const saidBy = (text: string): string => text.slice(0, SAID_MAX).replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')

/** Of a file. */
export const isSize = (value: Json | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function jsonOf(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const sentence = tlsSentence(error)
  if (sentence !== undefined) return sentence
  return error.cause instanceof Error ? error.cause.message : error.message
}
