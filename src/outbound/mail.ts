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
    try {
      await transport.sendMail({ from, to: [...to], subject, text })
    } finally {
      transport.close()
    }
  }
}
