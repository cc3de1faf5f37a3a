import { connect, createServer, type Server } from 'node:net'
import { cableInto, ip, type Cable } from '../cut/line.ts'

/** Where a server is, as the rest of the world sees it. */
export interface Place {
  /** Address that it listens on, for runners and clients. */
  readonly host: string
  /** Where it finds the database. */
  readonly databaseUrl: string
  /** What it is started with. */
  readonly wrap: readonly string[]
  /** Its cables: to the database, and to everybody else. undefined: it has none. */
  readonly cables: { readonly database: Cable; readonly front: Cable } | undefined
  close(): void
}

/** With everybody else on this machine's loopback. */
export const loopback = (databaseUrl: string): Place => ({
  host: '127.0.0.1',
  databaseUrl,
  wrap: [],
  cables: undefined,
  close: () => undefined,
})

/**
 * In a network namespace of its own, with one cable to the database and another to runners and clients, so that either
 * can be pulled alone. Takes root and iproute2.
 * @param number as of `namespaceLine`, even; the one after it is taken, too
 */
export async function namespacePlace(databaseUrl: string, number: number): Promise<Place> {
  const name = `millrace-${number}`
  ip('netns', 'add', name)
  ip('-n', name, 'link', 'set', 'lo', 'up')
  const cables = { database: cableInto(name, number), front: cableInto(name, number + 1) }
  const url = new URL(databaseUrl)
  const relay = relayTo(Number(url.port))
  await new Promise<void>((resolve) => relay.listen(0, cables.database.ours, resolve))
  const address = relay.address()
  url.hostname = cables.database.ours
  url.port = String(typeof address === 'object' ? address?.port : '')
  return {
    host: cables.front.theirs,
    databaseUrl: url.href,
    wrap: ['ip', 'netns', 'exec', name],
    cables,
    close: () => {
      relay.close()
      ip('netns', 'del', name)
    },
  }
}

/** The database listens on loopback only. */
function relayTo(port: number): Server {
  return createServer((near) => {
    const far = connect(port, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    const over = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('close', over).on('error', over)
  })
}
