import { createTransport } from 'nodemailer'
import type { Outbound } from '../host/notifications/outbound.ts'

/** By the SMTP server that the operator has set. @param url `smtp://user:password@host:587`, or `smtps:` */
export function mailer(url: string, from: string): NonNullable<Outbound['mail']> {
  const server = new URL(url)
  const secure = server.protocol === 'smtps:'
  const host = server.hostname.replace(/^\[|\]$/g, '')
  return async ({ to, subject, text }, timeoutMs) => {
    const transport = createTransport({
      host,
      port: Number(server.port) || (secure ? 465 : 587),
      secure,
      ...(server.username === ''
        ? {}
        : { auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // Nothing of a message is a path or an address to read from.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    // Of each answer there are timeouts above; one that never ends, a line now and then, meets none of them.
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      await transport.sendMail({ from, to: [...to], subject, text, signal })
    } catch (error) {
      if (signal.aborted) throw new Error(`not taken within ${timeoutMs / 1_000} s`, { cause: error })
      throw error
    } finally {
      transport.close()
    }
  }
}
