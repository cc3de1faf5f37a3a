import type { Socket } from 'node:net'

/**
 * Finds readers that have stopped reading while there is something to send: a client that opens answers and never
 * takes them would otherwise keep sockets and buffers for ever. A stream with nothing to say is not stalled.
 */
export class StalledSockets {
  /** What each socket had sent at the last look, when it had more to send. */
  readonly #sent = new WeakMap<Socket, number>()

  /** Those that have sent nothing since the look before, although they had something to send both times. */
  look(sockets: Iterable<Socket>): readonly Socket[] {
    const stalled: Socket[] = []
    for (const socket of sockets) {
      const sent = socket.bytesWritten - socket.writableLength
      if (socket.writableLength === 0) this.#sent.delete(socket)
      else if (this.#sent.get(socket) === sent) stalled.push(socket)
      else this.#sent.set(socket, sent)
    }
    return stalled
  }
}
