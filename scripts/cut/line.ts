import { execFileSync } from 'node:child_process'
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'

/** What stands between a runner and its server, and can be cut. */
export interface Line {
  /** Where the runner finds the server. */
  readonly url: string
  /** What the runner is started with. */
  readonly wrap: readonly string[]
  /** Nothing comes through from now on, and nobody is told. */
  cut(): void
  /** Connections that there are end with an error; new ones come through. */
  reset(): void
  /** What comes through from now on comes this much later. */
  delay(ms: number): void
  /** All is well again. */
  heal(): void
  close(): void
}

/** A relay of TCP: what it holds back while the line is cut comes later, as TCP would send it again. */
class Relay {
  readonly #target: () => number
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #cut = false
  #delayMs = 0

  constructor(target: () => number) {
    this.#target = target
    this.#server = createServer({ pauseOnConnect: false }, (near) => this.#join(near))
  }

  async listen(host: string): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, host, resolve))
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`
  }

  cut(): void {
    this.#cut = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  reset(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  delay(ms: number): void {
    this.#delayMs = ms
  }

  heal(): void {
    this.#cut = false
    this.#delayMs = 0
    for (const pair of this.#pairs) for (const socket of pair) socket.resume()
  }

  close(): void {
    this.reset()
    this.#server.close()
  }

  #join(near: Socket): void {
    const far = connect(this.#target(), '127.0.0.1')
    const pair = [near, far] as const
    this.#pairs.add(pair)
    this.#pass(near, far)
    this.#pass(far, near)
    if (this.#cut) for (const socket of pair) socket.pause()
    const over = (): void => {
      this.#pairs.delete(pair)
      // A cut line tells nobody that the other end is gone.
      if (!this.#cut) for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('close', over).on('error', over)
  }

  #pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      const write = (): void => {
        if (!to.destroyed) to.write(bytes)
      }
      if (this.#delayMs === 0) write()
      else setTimeout(write, this.#delayMs)
    })
  }
}

/** On this machine's loopback. */
export async function relayLine(target: () => number): Promise<Line> {
  const relay = new Relay(target)
  const url = await relay.listen('127.0.0.1')
  return {
    url,
    wrap: [],
    cut: () => relay.cut(),
    reset: () => relay.reset(),
    delay: (ms) => relay.delay(ms),
    heal: () => relay.heal(),
    close: () => relay.close(),
  }
}

/**
 * The runner in a network namespace of its own: what cuts the line is the link, so that the kernels at both ends see
 * what they see when a cable is pulled. Takes root and iproute2.
 * @param number from 0 to 16_000, of nobody else on this machine
 */
export async function namespaceLine(target: () => number, number: number): Promise<Line> {
  const name = `millrace-${number}`
  ip('netns', 'add', name)
  ip('-n', name, 'link', 'set', 'lo', 'up')
  const cable = cableInto(name, number)
  const relay = new Relay(target)
  const url = await relay.listen(cable.ours)
  return {
    url,
    wrap: ['ip', 'netns', 'exec', name],
    cut: () => cable.cut(),
    reset: () => relay.reset(),
    delay: (ms) => relay.delay(ms),
    heal: () => {
      cable.heal()
      relay.heal()
    },
    close: () => {
      relay.close()
      ip('netns', 'del', name)
    },
  }
}

/** A link between this machine's own network and a namespace, which can be pulled. */
export interface Cable {
  /** Addresses of its ends. */
  readonly ours: string
  readonly theirs: string
  cut(): void
  heal(): void
}

/** @param number as of {@link namespaceLine} */
export function cableInto(namespace: string, number: number): Cable {
  const [near, far] = [`mr${number}a`, `mr${number}b`]
  const network = `10.${200 + Math.floor(number / 16_000)}.${Math.floor(number / 64) % 250}`
  const host = (number % 64) * 4
  const [ours, theirs] = [`${network}.${host + 1}`, `${network}.${host + 2}`]
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace)
  ip('addr', 'add', `${ours}/30`, 'dev', near)
  ip('link', 'set', near, 'up')
  ip('-n', namespace, 'addr', 'add', `${theirs}/30`, 'dev', far)
  ip('-n', namespace, 'link', 'set', far, 'up')
  return { ours, theirs, cut: () => ip('link', 'set', near, 'down'), heal: () => ip('link', 'set', near, 'up') }
}

export function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
}
