import { Webhook } from 'standardwebhooks'
import type { AttemptResult } from '../../model/command.ts'
import type { Job } from '../../model/job.ts'
import { exchange, shownUrl } from '../kit/exchange.ts'
import type { Guard } from '../kit/guard.ts'
import { isRefusal, saidNo, unauthorized } from '../kit/said-no.ts'
import { CannotStart, givenSecret, isHttpUrl, type StepContext } from '../step.ts'

export interface Message {
  readonly url: string
  readonly secret?: string | undefined
  readonly event: string
  readonly data: Readonly<Record<string, string | number | boolean | null>>
  readonly body?: string | undefined
  readonly headers: Readonly<Record<string, string>>
}

/**
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: the id is the same when
 * the same attempt is told twice, and it and the time are signed with the body.
 */
export async function sendWebhook(
  message: Message,
  job: Pick<Job, 'runId' | 'node' | 'attempt'>,
  context: StepContext,
  allowed: Guard,
  signal: AbortSignal,
): Promise<AttemptResult> {
  if (!isHttpUrl(message.url)) throw new CannotStart('url is no http or https URL')
  const url = new URL(message.url)
  const id = `msg_${job.runId}_${job.node}_${job.attempt}`
  const at = new Date()
  const body = message.body ?? JSON.stringify({ type: message.event, timestamp: at.toISOString(), data: message.data })
  if (message.body !== undefined && !isJson(message.body)) throw new CannotStart('with.body: expected JSON')
  const headers = {
    'content-type': 'application/json',
    ...message.headers,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    ...(message.secret === undefined
      ? {}
      : { 'webhook-signature': signer(message.secret, givenSecret(context, message.secret)).sign(id, at, body) }),
  }
  context.log(`POST ${shownUrl(url)} ${id}\n`)
  const answer = await exchange({ method: 'POST', url, headers, body }, allowed, signal, 2_000)
  context.log(`${answer.status} with ${answer.sizeBytes} bytes\n`)
  const outputs = { status: answer.status, message_id: id }
  if (answer.status >= 200 && answer.status < 300) return { kind: 'succeeded', outputs }
  if (isRefusal(answer.status)) {
    return unauthorized(`the webhook answered with status ${answer.status}: it does not let this message in`, outputs)
  }
  return saidNo(`the webhook answered with status ${answer.status}, expected 2xx`, outputs)
}

function signer(name: string, secret: string): Webhook {
  try {
    return new Webhook(secret.trim())
  } catch {
    throw new CannotStart(`the secret ${name} cannot sign: expected base64, mostly behind whsec_`)
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
