import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import {
  refOf,
  refText,
  RUNNER_PATH,
  RUNNER_PROTOCOL,
  type AttemptRef,
  type RunnerHello,
  type RunnerOrder,
  type RunnerPoll,
  type RunnerReport,
  type RunnerWelcome,
} from '../../src/model/runner.ts'

/** What all runners together were given. */
export class Tally {
  readonly #given = new Set<string>()
  claims = 0
  /** Attempts whose end a server has taken, or does not want to hear of any more. */
  ended = 0
  readonly doubled: string[] = []

  /** A runner begins this; it has no memory of its own of what it began. */
  claimed(name: string): void {
    this.claims += 1
    if (this.#given.has(name)) this.doubled.push(name)
    this.#given.add(name)
  }
}

const PAUSE_MS = 50
const PATIENCE_MS = 10_000

/**
 * A runner that does nothing and says that it has done it: it asks as the protocol wants, goes to another server now and
 * then, and sometimes is another process from one moment to the next, which has forgotten all.
 */
export class Claimer {
  readonly #urls: readonly string[]
  readonly #token: string
  readonly #slots: number
  readonly #tally: Tally
  readonly #draw: () => number
  readonly #stop: AbortSignal
  #place: number
  #incarnation = newIncarnation()
  #held = new Map<string, AttemptRef>()

  constructor(
    urls: readonly string[],
    place: number,
    token: string,
    slots: number,
    tally: Tally,
    draw: () => number,
    stop: AbortSignal,
  ) {
    this.#urls = urls
    this.#place = place
    this.#token = token
    this.#slots = slots
    this.#tally = tally
    this.#draw = draw
    this.#stop = stop
  }

  /** Until it is stopped. */
  async work(): Promise<void> {
    let session: string | undefined
    let ack = 0
    while (!this.#stop.aborted) {
      if (session === undefined) {
        session = await this.#hello()
        ack = 0
      } else {
        const poll = { session, ack, draining: false, cleaned: [] } satisfies RunnerPoll
        const orders = await this.#say<{ readonly orders: readonly RunnerOrder[] }>('poll', poll)
        for (const order of orders?.orders ?? []) {
          if (order.number <= ack) continue
          ack = order.number
          if (order.type === 'start') this.#begin(refOf(order.job))
        }
        if (orders === undefined) session = undefined
      }
      if (this.#draw() < 1 / 50) session = undefined
      if (this.#draw() < 1 / 500) {
        this.#incarnation = newIncarnation()
        this.#held = new Map()
        session = undefined
      }
      if (session === undefined) {
        this.#place = (this.#place + 1) % this.#urls.length
        await delay(this.#draw() * PAUSE_MS)
      }
    }
  }

  async #hello(): Promise<string | undefined> {
    const hello: RunnerHello = {
      protocol: RUNNER_PROTOCOL,
      incarnation: this.#incarnation,
      name: null,
      version: 'claims',
      labels: ['far'],
      slots: this.#slots,
      holds: [...this.#held.values()],
      workspaces: [],
    }
    const welcome = await this.#say<RunnerWelcome>('hello', hello)
    for (const ref of welcome?.stop ?? []) this.#held.delete(refText(ref))
    return welcome?.session
  }

  #begin(ref: AttemptRef): void {
    const name = refText(ref)
    if (this.#held.has(name)) return
    this.#tally.claimed(name)
    this.#held.set(name, ref)
    void this.#end(name, this.#held)
  }

  /** @param held of the process that has it; another one has forgotten it */
  async #end(name: string, held: Map<string, AttemptRef>): Promise<void> {
    const report: RunnerReport = { result: { kind: 'succeeded', outputs: null }, logBytes: 0 }
    while (held === this.#held && held.has(name) && !this.#stop.aborted) {
      const answer = await this.#ask(`attempts/${name}/end`, report)
      if (answer !== undefined && (answer.ok || answer.body['code'] === 'stale')) {
        held.delete(name)
        this.#tally.ended += 1
        return
      }
      await delay(PAUSE_MS)
    }
  }

  async #say<Answer>(path: string, body: object): Promise<Answer | undefined> {
    const answer = await this.#ask(path, body)
    return answer?.ok === true ? (answer.body as Answer) : undefined
  }

  /** undefined: nobody knows whether it was heard. */
  async #ask(
    path: string,
    body: object,
  ): Promise<{ readonly ok: boolean; readonly body: Readonly<Record<string, unknown>> } | undefined> {
    try {
      const { status, text } = await post(`${this.#urls[this.#place]}${RUNNER_PATH}/${path}`, JSON.stringify(body), {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
        'millrace-incarnation': this.#incarnation,
      })
      return { ok: status < 300, body: JSON.parse(text) as Readonly<Record<string, unknown>> }
    } catch {
      return undefined
    }
  }
}

const agent = new Agent({ keepAlive: true })

/** `fetch` takes several times the CPU, which the servers then lack. */
const post = (
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const length = { 'content-length': String(Buffer.byteLength(body)) }
    const asked = request(url, { agent, method: 'POST', headers: { ...headers, ...length } }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error('no answer')))
    asked.end(body)
  })

const newIncarnation = (): string => randomBytes(16).toString('hex')
