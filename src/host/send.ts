import { forges } from '../forge/index.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { PipelineId, ProjectId, RunId } from '../model/id.ts'
import type { DurationMs, Instant } from '../model/time.ts'
import type { MessageRecord } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { StatusNotice } from './notices.ts'
import type { NotificationUseCases } from './notifications.ts'
import { type Outbound, type OutboundAnswer, OutboundRefused } from './outbound.ts'
import type { Sent } from './outbox.ts'

interface Dependencies {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly subscriptions: NotificationUseCases
  /** A secret as the pipeline of this run has it; undefined: there is none. */
  readonly secret: (projectId: ProjectId, pipelineId: PipelineId | null, name: string) => string | undefined
  readonly pipelineOf: (runId: RunId) => Promise<PipelineId | null>
}

/** Standard Webhooks: 15 to 30 s. */
const TIMEOUT_MS: DurationMs = 20_000

/** One try to send a message, and what its answer means. */
export const sendMessage =
  (deps: Dependencies) =>
  async (message: MessageRecord): Promise<Sent> => {
    try {
      if (message.kind === 'status') return await sendStatus(deps, message)
      return await sendNotice(deps, message)
    } catch (error) {
      if (error instanceof OutboundRefused) return { kind: 'never', error: error.message }
      // Nobody knows whether it was taken.
      return { kind: 'again', error: wordsOf(error), isOpen: true }
    }
  }

async function sendNotice({ outbound, clock, subscriptions }: Dependencies, message: MessageRecord): Promise<Sent> {
  const one = subscriptions.byId(message.target)
  if (one === undefined) return { kind: 'never', error: 'the notification was removed' }
  if (one.disabled !== null) return { kind: 'never', error: 'the notification is disabled' }
  if (one.to.kind === 'email') {
    if (outbound.mail === null) return { kind: 'never', error: 'this server sends no e-mail' }
    await outbound.mail({ to: one.to.addresses, ...mailOf(JSON.parse(message.body) as Json) }, TIMEOUT_MS)
    return { kind: 'delivered' }
  }
  const headers = subscriptions.signed(one, message.id, message.body)
  const answer = await outbound.post({ url: one.to.url, headers, body: message.body }, TIMEOUT_MS)
  if (isGood(answer)) return { kind: 'delivered' }
  const error = `status ${answer.status}`
  if (answer.status === 410) {
    await subscriptions.disable(one.id, 'its receiver has answered with 410: it is gone')
    return { kind: 'never', error }
  }
  return { kind: 'again', error, ...pause(answer, clock.now()) }
}

async function sendStatus(
  { outbound, clock, secret, pipelineOf }: Dependencies,
  message: MessageRecord,
): Promise<Sent> {
  const notice = JSON.parse(message.body) as StatusNotice
  const pipelineId = message.runId === null ? null : await pipelineOf(message.runId)
  const token = secret(message.projectId, pipelineId, notice.token)
  if (token === undefined) return { kind: 'again', error: `there is no secret ${notice.token}` }
  const forge = forges[notice.forge]
  const answer = await outbound.post(forge.statusRequest({ ...notice, token }), TIMEOUT_MS)
  if (isGood(answer)) return { kind: 'delivered' }
  const error = `status ${answer.status}: ${answer.start.replaceAll(/\s+/g, ' ').slice(0, 200).replaceAll(token, '***')}`
  // GitLab refuses to say again what it holds already.
  if (answer.status === 400 && answer.start.includes(`from :${forge.states[notice.status]}`))
    return { kind: 'delivered' }
  if (answer.status === 400 || answer.status === 422) return { kind: 'never', error }
  return { kind: 'again', error, ...pause(answer, clock.now()) }
}

const isGood = ({ status }: OutboundAnswer): boolean => status >= 200 && status < 300

/** What the receiver asks for: RFC 9110, 10.2.3; GitHub's x-ratelimit-reset, when nothing remains. In seconds. */
function pause(answer: OutboundAnswer, now: Instant): { readonly notBefore?: Instant } {
  const after = answer.header('retry-after')
  if (after !== undefined) {
    const at = /^\d{1,9}$/.test(after) ? now + Number(after) * 1_000 : Date.parse(after)
    if (Number.isFinite(at)) return { notBefore: at }
  }
  const reset = answer.header('x-ratelimit-reset')
  if (answer.header('x-ratelimit-remaining') === '0' && reset !== undefined && /^\d{1,12}$/.test(reset)) {
    return { notBefore: Number(reset) * 1_000 }
  }
  return {}
}

function mailOf(body: Json): { readonly subject: string; readonly text: string } {
  const data = isJsonObject(body) ? body['data'] : null
  const part = (name: string, field: string): string => {
    const found = isJsonObject(data) ? data[name] : null
    const value = isJsonObject(found) ? found[field] : null
    return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  }
  const kind = isJsonObject(body) ? body['type'] : null
  const type = typeof kind === 'string' ? kind : ''
  if (type === 'test') {
    const text = `This is a test of the notification ${part('notification', 'name')}: it comes through.\n`
    return { subject: 'A test of Millrace', text }
  }
  const subject = `${part('pipeline', 'name')} #${part('run', 'number')} ${WORDS[type] ?? part('run', 'status')}`
  const lines = [
    part('run', 'title'),
    `Status: ${part('run', 'status')}`,
    part('failure', 'reason') && `${part('failure', 'task')}: ${part('failure', 'reason')}`,
    part('attention', 'needs') && `Waits for a person: ${part('attention', 'needs')} ${part('attention', 'name')}`,
    part('change', 'sha') && `Commit: ${part('change', 'repository')} ${part('change', 'sha')}`,
    part('run', 'url'),
  ]
  return {
    subject: subject.replaceAll(/\p{Cc}/gu, ' ').slice(0, 255),
    text: `${lines.filter((line) => line !== '').join('\n')}\n`,
  }
}

const WORDS: Readonly<Record<string, string>> = {
  'run.failed': 'failed',
  'run.recovered': 'works again',
  'run.needs_person': 'needs somebody',
}

/** A name with several addresses fails with one error for each. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(wordsOf))].join('; ')
  return error instanceof Error ? error.message : String(error)
}
