import type { Streams } from '../dialects/dialect.ts'

/** Answers without an end: how many there may be, and how they are read. */

/** Counts open streams, so that readers cannot use up the server by opening ever more. */
export class StreamSlots {
  readonly #max: number
  #open = 0

  constructor(max: number) {
    this.#max = max
  }

  get open(): number {
    return this.#open
  }

  /** @returns the way to give the place back (a second call does nothing), or undefined when all are taken. */
  take(): (() => void) | undefined {
    if (this.#open >= this.#max) return undefined
    this.#open += 1
    let taken = true
    return () => {
      if (taken) this.#open -= 1
      taken = false
    }
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
    const release = slots.take()
    if (release === undefined) return undefined
    const stop = new AbortController()
    // HEAD is made of GET and its body dropped: nobody would ever end a stream that was opened for it.
    if (request.method === 'HEAD') {
      release()
      return new Blob([]).stream()
    }
    const until = AbortSignal.any([request.signal, closing, stop.signal])
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
