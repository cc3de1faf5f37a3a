import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json, JsonObject } from '../../src/model/json.ts'
import { jobName, type Job } from '../../src/model/job.ts'
import { RUNNER_PROTOCOL, RUNNER_PROTOCOL_HEADER, type RunnerReport } from '../../src/model/runner.ts'
import { below, pickOf } from '../../src/testing/dice.ts'

/** What a server, or something in its place, may do instead of answering. */
type Mood = (response: ServerResponse, right: () => Json, server: HostileServer) => void

const ours = { 'content-type': 'application/json', [RUNNER_PROTOCOL_HEADER]: String(RUNNER_PROTOCOL) }
const html = '<!doctype html><title>502 Bad Gateway</title>'

const say = (response: ServerResponse, status: number, body: Json | string, headers: object = ours): void => {
  response.writeHead(status, { ...headers })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** In no place of ours: each is a whole value, or replaces one in what would be right. */
const JUNK: readonly Json[] = [
  null,
  true,
  -1,
  0.5,
  1e300,
  2 ** 53,
  '',
  '../../../etc/passwd',
  [],
  {},
  [[[]]],
  'x'.repeat(5_000),
]

const MOODS: Readonly<Record<string, Mood>> = {
  right: (response, right) => say(response, 200, right()),
  junk: (response, _, { draw }) => say(response, 200, pickOf(draw, JUNK)),
  'one field wrong': (response, right, { draw }) => {
    const body = right() as JsonObject
    const name = pickOf(draw, [...Object.keys(body), 'orders', 'size', 'stop'])
    say(response, 200, { ...body, [name]: pickOf(draw, JUNK) })
  },
  'cut in the middle': (response, right) => {
    const text = JSON.stringify(right())
    response.writeHead(200, { ...ours, 'content-length': text.length + 10 })
    response.write(text.slice(0, text.length / 2), () => response.destroy())
  },
  'no answer': (response) => response.destroy(),
  'no HTTP': (response) => {
    response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n')
  },
  'a failure': (response, _, { draw }) => say(response, pickOf(draw, [500, 502, 503, 504, 404, 403, 401, 418]), html),
  // A captive portal, and an API of somebody else: they know words that are also ours.
  'a page of a proxy': (response) => say(response, 200, html, { 'content-type': 'text/html' }),
  'another API': (response, _, { draw }) => {
    const code = pickOf(draw, ['unauthenticated', 'not_found', 'superseded', 'protocol', 'invalid_request', 'stale'])
    say(
      response,
      pickOf(draw, [200, 401, 404, 409]),
      { code, size: 3, orders: [] },
      { 'content-type': 'application/json' },
    )
  },
  'an empty answer': (response) => say(response, 200, {}),
  'nothing to do, at once': (response) => say(response, 200, { orders: [] }),
  'a redirect': (response, _, { elsewhere, draw }) =>
    say(response, pickOf(draw, [301, 302, 307, 308]), '', { location: `${elsewhere}/runner/v1/hello` }),
  refusal: (response, _, { draw }) => {
    const code = pickOf(draw, ['hello_again', 'unavailable', 'offset', 'incomplete', 'mismatch', 'too_large', 'stale'])
    say(response, 409, { code, message: '\u001b[2Jnot\nnow', size: pickOf(draw, JUNK) })
  },
  'an endless body': (response) => {
    response.writeHead(200, { ...ours })
    const piece = ' '.repeat(1 << 20)
    const more = (): void => void (response.destroyed || response.write(piece, more))
    more()
  },
  'drop by drop': (response) => {
    response.writeHead(200, { ...ours })
    const drop = setInterval(() => response.write(' '), 10)
    response.once('close', () => clearInterval(drop))
  },
  'no word': () => undefined,
}

interface HostileOptions {
  readonly draw: () => number
  /** Another origin: nobody may come there, least of all with a token. */
  readonly elsewhere: string
  /** Until it is calm. */
  readonly leaseMs: number
  /** What is to be done in an attempt. */
  readonly job: (attempt: number, fence: number) => Job
}

/**
 * What a runner speaks to over real HTTP: a server that is right, or answers as the dice say. It knows what it has
 * ordered, and by whom it was asked.
 */
export class HostileServer {
  readonly draw: () => number
  readonly elsewhere: string
  readonly #server: Server
  readonly #job: HostileOptions['job']
  #calm = false
  #only: string | undefined
  #leaseMs: number
  #session = 0
  /** Of the session that began last. */
  #greeted = -1
  #attempts = 0
  #orders: { readonly number: number; readonly [key: string]: Json }[] = []
  #given = 0
  /** Told once, in the next answer. */
  #junk: Json[] = []
  #wake: (() => void) | undefined
  #heard: (() => void) | undefined
  requests = 0
  /** Of the last word about each attempt, by `<run>/<node>/<attempt>/<fence>`. */
  readonly ends = new Map<string, RunnerReport>()

  private constructor({ draw, elsewhere, leaseMs, job }: HostileOptions) {
    this.draw = draw
    this.elsewhere = elsewhere
    this.#leaseMs = leaseMs
    this.#job = job
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async open(options: HostileOptions): Promise<HostileServer> {
    const server = new HostileServer(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** It is right from now on, and has been started again. */
  calm(leaseMs: number): void {
    this.#calm = true
    this.#leaseMs = leaseMs
    this.#session += 1
    this.#wake?.()
  }

  /** Nothing but this from now on. */
  only(mood: keyof typeof MOODS): void {
    this.#only = mood
    this.#wake?.()
  }

  /** An attempt that is done as soon as its runner can. @returns its name */
  give(): string {
    this.#attempts += 1
    const job = this.#job(this.#attempts, this.#attempts * 10)
    this.#order({ type: 'start', job: job as unknown as Json })
    return `${jobName(job)}/${job.fence}`
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.#heard = resolve))
  }

  /** Whether the runner has said hello since all is well. */
  get isGreeted(): boolean {
    return this.#calm && this.#greeted === this.#session
  }

  /** Something else than a request has changed. */
  look(): void {
    this.#heard?.()
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #order(order: JsonObject): void {
    this.#given += 1
    this.#orders.push({ number: this.#given, ...order })
    this.#wake?.()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    const pieces: Buffer[] = []
    try {
      for await (const piece of request) pieces.push(piece as Buffer)
    } catch {
      return
    }
    this.requests += 1
    this.#heard?.()
    const bytes = Buffer.concat(pieces)
    const path = new URL(request.url ?? '', 'http://here').pathname.replace('/runner/v1/', '')
    const mood = this.#mood()
    if (path === 'poll' && mood === 'right') {
      const { session, ack } = JSON.parse(bytes.toString()) as { session: string; ack: number }
      if (session !== `s${this.#session}`) return say(response, 409, { code: 'hello_again', message: 'hello?' })
      this.#orders = this.#orders.filter(({ number }) => number > ack)
      if (!this.#calm && this.draw() < 0.7) this.#disorder()
      if (this.#orders.length === 0) await this.#wait(this.#calm ? 20_000 : 50)
    }
    MOODS[mood]?.(response, () => this.#right(path, bytes), this)
    this.#heard?.()
  }

  #mood(): string {
    if (this.#only !== undefined) return this.#only
    if (this.#calm || this.draw() < 0.4) return 'right'
    const mood = pickOf(this.draw, Object.keys(MOODS))
    // A first hello waits for long.
    return this.#greeted < 0 && ['no word', 'drop by drop'].includes(mood) ? 'no answer' : mood
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #right(path: string, bytes: Buffer): Json {
    if (path === 'hello') {
      this.#greeted = this.#session
      this.#orders = []
      this.#given = 0
      const times = { leaseMs: this.#leaseMs, slackMs: this.#leaseMs / 2, pollMs: this.#leaseMs / 3 }
      return {
        protocol: RUNNER_PROTOCOL,
        name: 'far',
        session: `s${this.#session}`,
        ...times,
        chunkBytes: 65_536,
        stop: [],
      }
    }
    if (path === 'poll') return { orders: [...this.#junk.splice(0), ...this.#orders] }
    const [, of = '', what = ''] = /^attempts\/([^/]+\/\d+\/\d+\/\d+)\/(\w+)/.exec(path) ?? []
    if (what === 'end') this.ends.set(of, JSON.parse(bytes.toString()) as RunnerReport)
    return what === 'end' ? {} : { size: bytes.length }
  }

  /** Orders of its own: good ones, good ones twice, and such as no server gives. */
  #disorder(): void {
    const { draw } = this
    const jobOf = (fence: number): JsonObject => this.#job(this.#attempts, fence) as unknown as JsonObject
    const good = jobOf(this.#attempts * 10)
    const wrong = (field: string, value: Json): JsonObject => ({ type: 'start', job: { ...good, [field]: value } })
    const orders: readonly (() => void)[] = [
      () => void this.give(),
      () => void this.give(),
      () => this.#order({ type: 'start', job: good }),
      // As the last one, and of another fence.
      () => this.#order({ type: 'start', job: jobOf(this.#attempts * 10 + 1 + below(draw, 9)) }),
      () => this.#order(wrong(pickOf(draw, Object.keys(good)), pickOf(draw, JUNK))),
      () => this.#order(wrong('uses', pickOf(draw, ['__proto__', 'constructor', '../../../bin/sh', 'no-such']))),
      () =>
        this.#order(wrong('executor', pickOf(draw, [{ kind: 'vm' }, { kind: 'container' }, { kind: 'sandbox' }, 7]))),
      () => this.#order(wrong('env', { A: pickOf(draw, JUNK), 'B=C': 'x' })),
      () =>
        this.#order(
          wrong('caches', { scope: '..', write: true, list: [{ key: 'k', files: [], restore: [], paths: ['../..'] }] }),
        ),
      () => this.#order(wrong('secrets', [{ name: 'a', value: 'b', as: 'file', env: '../../x' }])),
      () => this.#order({ type: pickOf(draw, ['reboot', 'drain', 'executors', '__proto__']) }),
      () => this.#order({ type: 'clean', runId: pickOf(draw, JUNK) }),
      () => this.#order({ type: 'cancel', ...good, node: 99 }),
      () => void this.#junk.push({ number: pickOf(draw, [-1, 0.5, 1e300, 2 ** 53 - 1]), type: 'start', job: good }),
      () => void this.#junk.push(...Array.from({ length: 500 }, () => pickOf(draw, JUNK))),
    ]
    pickOf(draw, orders)()
  }
}
