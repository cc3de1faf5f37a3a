import { createTransport } from 'nodemailer'
import type { AttemptResult } from '../../model/command.ts'
import { addressOf, type Guard } from '../kit/guard.ts'
import { CannotStart, givenSecret, wholeNumber, type StepContext } from '../step.ts'
import { isAddress } from './spec.ts'

export interface Email {
  readonly to: readonly string[]
  readonly cc?: readonly string[] | undefined
  readonly from: string
  readonly subject: string
  readonly text: string
  readonly server: string
  readonly port?: number | string | undefined
  readonly security: 'starttls' | 'tls' | 'none'
  readonly ca?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** RFC 8314 for tls, RFC 6409 for starttls, RFC 5321 for none. */
const PORTS = { tls: 465, starttls: 587, none: 25 } as const satisfies Record<Email['security'], number>

export async function sendEmail(
  email: Email,
  context: StepContext,
  allowed: Guard,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<AttemptResult> {
  const wrong = [email.from, ...email.to, ...(email.cc ?? [])].find((address) => !isAddress(address))
  if (wrong !== undefined) throw new CannotStart(`not an e-mail address: ${JSON.stringify(wrong.slice(0, 320))}`)
  const port = email.port === undefined ? PORTS[email.security] : wholeNumber(email.port)
  const host = await addressOf(allowed, email.server, port)
  const { user, password } = email
  const transport = createTransport({
    // The address that was checked; the certificate must be that of the name.
    host,
    port,
    secure: email.security === 'tls',
    requireTLS: email.security === 'starttls',
    ignoreTLS: email.security === 'none',
    tls: { servername: email.server, ...(email.ca === undefined ? {} : { ca: email.ca }) },
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: givenSecret(context, password) } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    // Nothing of a message is a path or an address to read from.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const stop = (): void => transport.close()
  signal.addEventListener('abort', stop, { once: true })
  try {
    context.log(`To ${[...email.to, ...(email.cc ?? [])].join(', ')} by ${email.server}:${port}\n`)
    const sent = await Promise.race([
      transport.sendMail({
        from: email.from,
        to: [...email.to],
        cc: [...(email.cc ?? [])],
        subject: email.subject,
        text: email.text,
      }),
      aborted(signal),
    ])
    context.log(`${sent.response}\n`)
    return { kind: 'succeeded', outputs: { message_id: sent.messageId, accepted: sent.accepted.length } }
  } catch (error) {
    if ((error as { readonly code?: string }).code === 'EAUTH') {
      const failure = { kind: 'unauthorized', reason: `${email.server} refused the user ${user ?? ''}` } as const
      return { kind: 'failed', failure, outputs: null }
    }
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    transport.close()
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
