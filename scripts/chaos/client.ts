import { setTimeout as delay } from 'node:timers/promises'

export interface RunSeen {
  readonly id: string
  readonly status: string
  readonly number: number
}

/** Asks any of several servers, and another one when it does not answer, as a client behind a load balancer does. */
export class Client {
  readonly #urls: readonly string[]
  readonly #token: () => string
  readonly #draw: () => number
  readonly #stop: AbortSignal

  constructor(urls: readonly string[], token: () => string, draw: () => number, stop: AbortSignal) {
    this.#urls = urls
    this.#token = token
    this.#draw = draw
    this.#stop = stop
  }

  any(): string {
    return this.#urls[Math.floor(this.#draw() * this.#urls.length)] as string
  }

  /** Until some server has answered, with 2xx or with a refusal that trying again does not change. */
  async ask<Answer>(
    method: string,
    path: string,
    body?: object,
    key?: string,
  ): Promise<{ readonly status: number; readonly body: Answer }> {
    for (;;) {
      this.#stop.throwIfAborted()
      try {
        const response = await fetch(`${this.any()}/api/v1${path}`, {
          method,
          headers: {
            authorization: `Bearer ${this.#token()}`,
            'content-type': 'application/json',
            ...(key === undefined ? undefined : { 'idempotency-key': key }),
          },
          ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
          signal: AbortSignal.any([this.#stop, AbortSignal.timeout(10_000)]),
        })
        const text = await response.text()
        if (response.status < 500 && response.status !== 429) {
          return { status: response.status, body: JSON.parse(text === '' ? 'null' : text) as Answer }
        }
      } catch {
        // It was killed, stopped, or is not up yet.
      }
      await delay(50 + this.#draw() * 100)
    }
  }

  /** Numbers of all events from the first on, from whichever server answers, each time after the last that was seen. */
  async follow(seen: (number: number) => void): Promise<void> {
    let last = 0
    while (!this.#stop.aborted) {
      // One that is stopped says nothing: after this the next is asked.
      const patience = new AbortController()
      const signal = AbortSignal.any([this.#stop, patience.signal])
      let timer = setTimeout(() => patience.abort(), SILENT_MS)
      try {
        const response = await fetch(`${this.any()}/api/v1/events/stream?after=0`, {
          headers: {
            authorization: `Bearer ${this.#token()}`,
            ...(last === 0 ? undefined : { 'last-event-id': String(last) }),
          },
          signal,
        })
        if (!response.ok || response.body === null) throw new Error(`status ${response.status}`)
        let rest = ''
        for await (const piece of response.body) {
          clearTimeout(timer)
          timer = setTimeout(() => patience.abort(), SILENT_MS)
          const messages = (rest + Buffer.from(piece).toString()).split('\n\n')
          rest = messages.pop() ?? ''
          for (const number of numbersIn(messages)) {
            last = number
            seen(number)
          }
        }
      } catch {
        await delay(50).catch(() => undefined)
      } finally {
        clearTimeout(timer)
      }
    }
  }
}

/** Of the messages that tell of an event: one without data says only where the stream begins. */
export const numbersIn = (messages: readonly string[]): readonly number[] =>
  messages.flatMap((message) => {
    const [, id] = /^id: ?(\d+)$/m.exec(message) ?? []
    return id === undefined || !/^data:/m.test(message) ? [] : [Number(id)]
  })

/** Longer than what a stream says when there is nothing to say would be slow to find out; events are frequent here. */
const SILENT_MS = 3_000
