import type { IncomingMessage } from 'node:http'

/** Whether a request carries a body, by its headers (RFC 9112, section 6). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/**
 * Reads a body, but no more than one byte over the limit: enough for whoever answers to see that it is too long
 * and to say so in its own words, and no more memory than that.
 * @returns `complete` false: the rest was left unread and the connection must end after the answer;
 * undefined: the sender went away.
 */
export function readBody(
  incoming: IncomingMessage,
  maxBytes: number,
): Promise<{ readonly bytes: Buffer; readonly complete: boolean } | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (result: { bytes: Buffer; complete: boolean } | undefined): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      if (length <= maxBytes) return
      incoming.pause()
      settle({ bytes: Buffer.concat(chunks).subarray(0, maxBytes + 1), complete: false })
    }
    const onEnd = (): void => settle({ bytes: Buffer.concat(chunks), complete: true })
    const onClose = (): void => settle(undefined)
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}
