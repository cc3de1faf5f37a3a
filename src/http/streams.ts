import type { Streams } from '../dialects/dialect.ts'
import type { CredentialWatch } from './credential-watch.ts'

/** Answers without an end: how many there may be, and how they are read. */

/** Of one open stream. */
export interface StreamPlace {
  /** Aborted when the credentials that it was opened with are good no more. */
  readonly until: AbortSignal
  /** Gives the place back; a second call does nothing. */
  readonly release: () => void
}

/** Counts open streams, so that readers cannot use up the server by opening ever more. */
export class StreamSlots {
  readonly #max: number
  readonly #credentials: CredentialWatch
  #open = 0

  constructor(max: number, credentials: CredentialWatch) {
    this.#max = max
    this.#credentials = credentials
  }

  get open(): number {
    return this.#open
  }

  /** For the request that is being answered now. @returns undefined when all are taken. */
  take(): StreamPlace | undefined {
    if (this.#open >= this.#max) return undefined
    this.#open += 1
    const { until, stop } = this.#credentials.watch()
    let taken = true
    const release = (): void => {
      if (taken) this.#open -= 1
      taken = false
      stop()
    }
    return { until, release }
  }
}

/**
 * Bytes that are made only when the reader has taken the ones before: a slow reader costs one chunk of memory,
 * however much there is to say. `stop` is called once, at the end or when the reader goes away.
 */
export function pulledStream(chunks: AsyncIterable<Uint8Array>, stop: () => void): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next()
          if (next.done !== true) return controller.enqueue(next.value)
          stop()
          controller.close()
        } catch (error) {
          stop()
          controller.error(error)
        }
      },
      async cancel() {
        stop()
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** What dialects open answers without an end by: all of them share `slots`. */
export const dialectStreams = (slots: StreamSlots, closing: AbortSignal): Streams => ({
  open(request, chunks) {
    const place = slots.take()
    if (place === undefined) return undefined
    const { release } = place
    const stop = new AbortController()
    // HEAD is made of GET and its body dropped: nobody would ever end a stream that was opened for it.
    if (request.method === 'HEAD') {
      release()
      return new Blob([]).stream()
    }
    const until = AbortSignal.any([request.signal, closing, place.until, stop.signal])
    return pulledStream(chunks(until), () => {
      release()
      stop.abort()
    })
  },
  wait: (durationMs, until) =>
    new Promise((resolve) => {
      const timer = setTimeout(done, until.aborted ? 0 : durationMs)
      function done(): void {
        clearTimeout(timer)
        until.removeEventListener('abort', done)
        resolve()
      }
      until.addEventListener('abort', done)
    }),
})
