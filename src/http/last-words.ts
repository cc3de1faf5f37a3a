import type { Duplex } from 'node:stream'

/** So long a peer has to end its side, too, when all is said. */
const LINGER_MS = 1_000

/**
 * Sends the last bytes by a socket that Node's server has given away (an upgrade, a tunnel) and looks after no more: it
 * goes soon after, also when its peer never lets go of it. A peer that does not take them is {@link StalledSockets}'.
 */
export function sayLast(socket: Duplex, bytes: string | Uint8Array): void {
  socket.end(bytes, () => {
    const late = setTimeout(() => socket.destroy(), LINGER_MS).unref()
    socket.once('close', () => clearTimeout(late))
  })
}
