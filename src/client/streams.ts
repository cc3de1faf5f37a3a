import { ClientError } from './error.ts'
import { readBytes, readMessages } from './sse.ts'
import { backoffMs, type ClientOptions, type Send, type waitMs } from './transport.ts'
import type { Event } from './wire.ts'

export interface EventSelection {
  /** Id or name. */
  readonly project?: string | undefined
  /** Id, or name. */
  readonly pipeline?: string | undefined
  /** Id or serial. */
  readonly run?: string | undefined
}

/** What no later try can mend: asking again would only hide it. */
const isFinal = (error: unknown): boolean =>
  error instanceof ClientError &&
  error.status !== null &&
  error.status < 500 &&
  error.code !== 'too_many_requests' &&
  error.code !== 'request_timeout'

interface Reconnect {
  readonly wait: typeof waitMs
  readonly signal: AbortSignal | undefined
  readonly onCut: ClientOptions['onCut']
}

/** What `ask` answers, asked again and again until the server answers, or refuses for good. */
export async function untilAnswered<Answer>(
  ask: () => Promise<Answer>,
  { wait, signal, onCut }: Reconnect,
): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask()
    } catch (error) {
      if (signal?.aborted === true || isFinal(error)) throw error
      if (tries === 0) onCut?.(error)
    }
    await wait(backoffMs(tries), signal)
  }
}

/**
 * Calls `open` and passes on what it yields; when the connection breaks it is opened again, for ever, until `open`
 * says that it is over, the server refuses for good, or the signal is aborted (then it just ends).
 */
async function* reconnecting<Item>(
  open: () => AsyncGenerator<Item, boolean>,
  { wait, signal, onCut }: Reconnect,
): AsyncGenerator<Item> {
  let isTold = false
  for (let tries = 0; ; tries += 1) {
    const items = open()
    try {
      for (let next = await items.next(); ; next = await items.next()) {
        if (next.done === true) {
          if (next.value) return
          break
        }
        tries = 0
        isTold = false
        yield next.value
        // More may have come with it; a reader that has stopped wants none of that.
        if (signal?.aborted === true) return
      }
    } catch (error) {
      if (signal?.aborted === true) return
      if (isFinal(error)) throw error
      if (!isTold) onCut?.(error)
      isTold = true
    } finally {
      await items.return(true)
    }
    try {
      await wait(backoffMs(tries), signal)
    } catch {
      return
    }
  }
}

export interface FollowEvents {
  readonly selection: EventSelection
  /** Begin after this number; undefined: with what comes. */
  readonly after: number | undefined
}

/** Every event after `after`, exactly once and in order, across cuts and restarts of the server. */
export function followEvents(send: Send, { selection, after }: FollowEvents, link: Reconnect): AsyncGenerator<Event> {
  let last = after
  return reconnecting(async function* () {
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': String(last) }) }
    const response = await send('/api/v1/events/stream', { query: { ...selection }, headers, signal: link.signal })
    for await (const message of readMessages(readBytes(response))) {
      if (message === undefined) continue
      // Where it begins: a stream that is cut before its first event misses nothing, either.
      if (message.data === '') {
        last = Number(message.id)
        continue
      }
      const event = JSON.parse(message.data) as Event
      last = event.number
      yield event
    }
    return false
  }, link)
}

export interface FollowLog {
  /** `/api/v1/runs/{run}/nodes/{node}/log` */
  readonly path: string
  readonly attempt: number | undefined
  /** First byte; negative: so many before the end. */
  readonly offset: number
}

/** The bytes of an attempt's log from `offset` until its last one, each once, across cuts. */
export function followLog(
  send: Send,
  { path, attempt, offset }: FollowLog,
  link: Reconnect,
): AsyncGenerator<Uint8Array> {
  let at = offset
  // Asked without a number it would become another attempt's log after a retry.
  let of = attempt
  return reconnecting(async function* () {
    const { signal } = link
    const response = await send(path, { query: { attempt: of, offset: at, follow: true }, signal })
    of = Number(response.headers.get('millrace-log-attempt'))
    at = Number(response.headers.get('millrace-log-offset'))
    for await (const bytes of readBytes(response)) {
      at += bytes.length
      yield bytes
    }
    // A server that closes ends its streams as if they were over; only this tells.
    const check = await send(path, { query: { attempt: of, offset: at }, signal })
    await check.body?.cancel()
    return check.headers.get('millrace-log-ended') === 'true' && Number(check.headers.get('millrace-log-size')) <= at
  }, link)
}
