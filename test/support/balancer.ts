import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 100

/**
 * A load balancer of connections, as simple as there are: it looks at `/readyz` of each server, gives every new connection
 * to the next that is ready, and leaves it there until either side ends it.
 */
export class Balancer {
  readonly #server: Server
  readonly #ports: readonly number[]
  readonly #stop = new AbortController()
  readonly #open = new Set<Socket>()
  #ready: readonly number[] = []
  #turn = 0

  private constructor(ports: readonly number[]) {
    this.#ports = ports
    this.#server = createServer((near) => this.#give(near))
    void this.#look()
  }

  static async open(ports: readonly number[]): Promise<Balancer> {
    const balancer = new Balancer(ports)
    balancer.#server.listen(0, '127.0.0.1')
    await once(balancer.#server, 'listening')
    return balancer
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Ports of the servers that are ready. */
  get ready(): readonly number[] {
    return this.#ready
  }

  close(): void {
    this.#stop.abort()
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }

  async #look(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const seen = await Promise.all(this.#ports.map(async (port) => ((await isReady(port)) ? [port] : [])))
      this.#ready = seen.flat()
      await delay(LOOK_MS)
    }
  }

  #give(near: Socket): void {
    const port = this.#ready[(this.#turn += 1) % this.#ready.length]
    if (port === undefined) return void near.destroy()
    const far = connect(port, '127.0.0.1')
    const over = (): void => {
      for (const socket of [near, far]) {
        socket.destroy()
        this.#open.delete(socket)
      }
    }
    for (const socket of [near, far]) {
      this.#open.add(socket)
      socket.on('close', over).on('error', over)
    }
    near.pipe(far)
    far.pipe(near)
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
