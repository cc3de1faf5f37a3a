import type { Run } from '../../engine/run.ts'
import { forges } from '../../forge/index.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { MessageRecord } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import { namedIndex, type StatusNotice } from './notices.ts'
import { type NotificationUseCases, signedBy } from './notifications.ts'
import { type Outbound, type OutboundAnswer, OutboundRefused } from './outbound.ts'
import type { Sent } from './outbox.ts'

interface Dependencies {
  readonly outbound: Outbound
  readonly clock: Clock
  readonly subscriptions: NotificationUseCases
  /** A secret as the pipeline of this run has it; undefined: there is none. */
  readonly secret: (projectId: ProjectId, pipelineId: PipelineId | null, name: string) => string | undefined
  readonly run: (runId: RunId) => Promise<Run | undefined>
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

async function sendNotice(deps: Dependencies, message: MessageRecord): Promise<Sent> {
  const index = namedIndex(message.target)
  if (index !== undefined) return sendNamed(deps, message, index)
  const { subscriptions } = deps
  const one = subscriptions.byId(message.target)
  if (one === undefined) return { kind: 'never', error: 'the notification was removed' }
  if (one.disabled !== null) return { kind: 'never', error: 'the notification is disabled' }
  if (one.to.kind === 'email') return mailed(deps, message, one.to.addresses)
  const sent = await posted(deps, message, one.to.url, subscriptions.signed(one, message.id, message.body))
  if (sent.kind === 'never') await subscriptions.disable(one.id, 'its receiver has answered with 410: it is gone')
  return sent
}

/** To somebody whom the definition of the run names, which is as it was then. */
async function sendNamed(deps: Dependencies, message: MessageRecord, index: number): Promise<Sent> {
  const run = message.runId === null ? undefined : await deps.run(message.runId)
  const to = run?.plan.definition.notify?.[index]?.to
  if (run === undefined || to === undefined) return { kind: 'never', error: 'the run was removed' }
  if (to.kind === 'email') return mailed(deps, message, to.addresses)
  const secret = to.secret === null ? undefined : deps.secret(run.projectId, run.pipelineId, to.secret)
  if (to.secret !== null && secret === undefined) return { kind: 'again', error: `there is no secret ${to.secret}` }
  const signing = secret === undefined ? [] : [secret.trim()]
  return posted(deps, message, to.url, signedBy(signing, message.id, message.body, deps.clock.now()))
}

async function mailed({ outbound }: Dependencies, { body }: MessageRecord, to: readonly string[]): Promise<Sent> {
  if (outbound.mail === null) return { kind: 'never', error: 'this server sends no e-mail' }
  await outbound.mail({ to, ...mailOf(JSON.parse(body) as Json) }, TIMEOUT_MS)
  return { kind: 'delivered' }
}

/** 410 is the only answer after which it is not tried again. */
async function posted(
  { outbound, clock }: Dependencies,
  { body }: MessageRecord,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<Sent> {
  const answer = await outbound.post({ url, headers, body }, TIMEOUT_MS)
  if (isGood(answer)) return { kind: 'delivered' }
  const error = `status ${answer.status}`
  if (answer.status === 410) return { kind: 'never', error }
  return { kind: 'again', error, ...pause(answer, clock.now()) }
}

async function sendStatus({ outbound, clock, secret, run }: Dependencies, message: MessageRecord): Promise<Sent> {
  const notice = JSON.parse(message.body) as StatusNotice
  const pipelineId = message.runId === null ? null : ((await run(message.runId))?.pipelineId ?? null)
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
