import type { IncomingMessage } from 'node:http'
import { declaresMore } from './framing.ts'

/** Whether a request carries a body, by its headers (RFC 9112, section 6). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/**
 * Reads a body, but no more than one byte over the limit: enough for whoever answers to see that it is too long
 * and to say so in its own words, and no more memory than that. What comes after it is taken and thrown away, because
 * a connection that is closed on unread bytes is reset and its sender may never see the answer; the adapter ends it
 * half a second after the answer. What is too long by its own word is so at once, before anything of it comes.
 * @returns undefined when the sender went away.
 */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  if (declaresMore(incoming, maxBytes)) {
    incoming.resume()
    return Promise.resolve(Buffer.alloc(maxBytes + 1))
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const settle = (result: Buffer | undefined): void => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
      incoming.resume()
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      length += chunk.length
      if (length > maxBytes) settle(Buffer.concat(chunks).subarray(0, maxBytes + 1))
    }
    const onEnd = (): void => settle(Buffer.concat(chunks))
    const onClose = (): void => settle(undefined)
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
  })
}
