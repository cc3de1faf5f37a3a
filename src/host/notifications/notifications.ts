import { createHash, createHmac } from 'node:crypto'
import type { PipelineId, ProjectId, UserId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import {
  EMAIL_ADDRESS,
  EMAIL_ADDRESSES_MAX,
  NOTIFICATION_EVENTS,
  type NotificationEvent,
  WEBHOOK_URL,
  WEBHOOK_URL_MAX,
} from '../../model/notification.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import { type DocumentRecord, type Documents, type Store, StoreError } from '../../store/store.ts'
import type { Caller, Delivery, NewNotification, Notifications, NotificationView, Page, ProjectRef } from '../app.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { lacks, maySee } from '../access/rights.ts'
import { unlessFull } from '../store-problems.ts'
import { webhookSecret } from '../triggers/webhook-secret.ts'

/** Who is told of what: kept as documents of the project. */
export interface Subscription {
  readonly id: string
  readonly name: string
  readonly projectId: ProjectId
  /** null: of all pipelines of the project. */
  readonly pipelineId: PipelineId | null
  readonly events: readonly NotificationEvent[]
  readonly to: NewNotification['to']
  /**
   * Which secrets are good, the newest first; each signs until it ends. The server makes them as those of webhooks, so none
   * is kept. None for e-mail.
   */
  readonly secrets: readonly { readonly generation: string; readonly endsAt: Instant | null }[]
  readonly disabled: { readonly at: Instant; readonly reason: string } | null
  readonly createdAt: Instant
  readonly createdBy: { readonly id: UserId; readonly name: string }
}

interface Dependencies {
  readonly store: Pick<Store, 'documents' | 'outbox'>
  readonly catalog: CatalogUseCases
  readonly clock: Clock
  readonly entropy: Entropy
  /** What secrets are made of. */
  readonly webhookRoot: Uint8Array
  /** Whether e-mail can be sent. */
  readonly hasMail: boolean
  /** There is something new to send. */
  readonly wake: () => void
}

/** Of the documents that they are kept as. */
export const NOTIFICATIONS = 'millrace/notification'
const KIND = NOTIFICATIONS
const PAGE = 500
const PER_PROJECT_MAX = 100
const NAME_MAX = 128
const TEST_EVERY_MS: DurationMs = 10_000
/** How long the secret of before still signs. */
const ROTATION_MS: DurationMs = 24 * 3_600_000

export class NotificationUseCases implements Notifications {
  readonly #deps: Dependencies
  readonly #all = new Map<string, Subscription>()

  private constructor(deps: Dependencies) {
    this.#deps = deps
  }

  static async open(deps: Dependencies, projects: readonly ProjectId[]): Promise<NotificationUseCases> {
    const made = new NotificationUseCases(deps)
    for (const projectId of projects) await made.reload(projectId)
    return made
  }

  /** Those of a project, as the store has them now: another server may have changed them. */
  async reload(projectId: ProjectId): Promise<void> {
    const now = (await all(this.#deps.store.documents, projectId)).map(({ value }) => JSON.parse(value) as Subscription)
    for (const [id, one] of this.#all) if (one.projectId === projectId) this.#all.delete(id)
    for (const one of now) this.#all.set(one.id, one)
  }

  /** Who wants to be told of this pipeline's runs. */
  of(projectId: ProjectId, pipelineId: PipelineId): readonly Subscription[] {
    return [...this.#all.values()].filter(
      (one) =>
        one.projectId === projectId &&
        one.disabled === null &&
        (one.pipelineId === null || one.pipelineId === pipelineId),
    )
  }

  byId(id: string): Subscription | undefined {
    return this.#all.get(id)
  }

  /** Its receiver has said that it is gone. */
  async disable(id: string, reason: string): Promise<void> {
    const found = this.#all.get(id)
    if (found !== undefined) await this.#put({ ...found, disabled: { at: this.#deps.clock.now(), reason } })
  }

  /** Standard Webhooks: a signature for every secret that is good now. */
  signed(one: Subscription, id: string, body: string): Readonly<Record<string, string>> {
    const now = this.#deps.clock.now()
    const good = one.secrets.filter(({ endsAt }) => endsAt === null || endsAt > now)
    return signedBy(
      good.map(({ generation }) => this.#secret(one.id, generation)),
      id,
      body,
      now,
    )
  }

  async list(caller: Caller, project: ProjectRef): Promise<Result<readonly NotificationView[]>> {
    const denied = lacks(caller, 'operator', 'see who is notified')
    const found = await this.#deps.catalog.projects.get(caller, project)
    if (!found.ok) return found
    if (denied !== undefined) return denied
    return accept([...this.#all.values()].filter(({ projectId }) => projectId === found.value.id).map(viewOf))
  }

  async create(
    caller: Caller,
    input: NewNotification,
  ): Promise<Result<{ readonly notification: NotificationView; readonly secret: string | null }>> {
    const { catalog, clock, entropy, hasMail } = this.#deps
    const project = await catalog.projects.get(caller, input.project)
    if (!project.ok) return project
    const denied = lacks(caller, 'admin', 'set who is notified')
    if (denied !== undefined) return denied
    const pipeline = input.pipeline === null ? null : await catalog.record(caller, input.pipeline)
    if (pipeline !== null && !pipeline.ok) return pipeline
    const others = [...this.#all.values()].filter(({ projectId }) => projectId === project.value.id)
    const wrong = inputProblem(input, hasMail)
    if (wrong !== undefined) return refuse('invalid_request', wrong)
    if (others.length >= PER_PROJECT_MAX)
      return refuse(
        'conflict',
        `project ${project.value.name} has ${others.length} notifications, and may have ${PER_PROJECT_MAX}: remove one first`,
      )
    if (others.some(({ name }) => name === input.name)) {
      return refuse('conflict', `project ${project.value.name} has a notification ${input.name} already`)
    }
    const at = clock.now()
    const id = entropy.id(at)
    const generation = generationOf(entropy)
    const secret = input.to.kind === 'webhook' ? this.#secret(id, generation) : null
    const one: Subscription = {
      id,
      name: input.name,
      projectId: project.value.id,
      pipelineId: pipeline?.value.id ?? null,
      events: NOTIFICATION_EVENTS.filter((event) => input.events.includes(event)),
      to: input.to,
      secrets: secret === null ? [] : [{ generation, endsAt: null }],
      disabled: null,
      createdAt: at,
      createdBy: caller.user,
    }
    const written = await unlessFull(this.#put(one).then(accept))
    return written.ok ? accept({ notification: viewOf(one), secret }) : written
  }

  async rotate(caller: Caller, id: string): Promise<Result<{ readonly secret: string }>> {
    const found = this.#found(caller, id, 'admin', 'change a secret')
    if (!found.ok) return found
    const { clock, entropy } = this.#deps
    if (found.value.to.kind !== 'webhook') return refuse('not_allowed', 'an e-mail has no secret')
    const now = clock.now()
    const generation = generationOf(entropy)
    const [last] = found.value.secrets
    const secrets = [
      { generation, endsAt: null },
      ...(last === undefined ? [] : [{ ...last, endsAt: now + ROTATION_MS }]),
    ]
    const written = await unlessFull(this.#put({ ...found.value, secrets }).then(accept))
    return written.ok ? accept({ secret: this.#secret(id, generation) }) : written
  }

  async test(caller: Caller, id: string): Promise<Result<Delivery>> {
    const found = this.#found(caller, id, 'admin', 'try a notification')
    if (!found.ok) return found
    const { clock, store, wake } = this.#deps
    const { projectId, name, to, disabled } = found.value
    if (disabled !== null) return refuse('not_allowed', `notification ${name} is disabled: enable it first`)
    const at = clock.now()
    // Whoever holds the button down sends one.
    const message = {
      id: messageId(id, 'test', Math.floor(at / TEST_EVERY_MS)),
      projectId,
      runId: null,
      kind: to.kind,
      target: id,
      lane: null,
      body: JSON.stringify({
        type: 'test',
        timestamp: new Date(at).toISOString(),
        data: { notification: { id, name } },
      }),
      createdAt: at,
    }
    const put = await unlessFull<null>(store.outbox.putMessages([message]).then(() => accept(null)))
    if (!put.ok) return put
    wake()
    const made = await store.outbox.message(message.id)
    if (made === undefined) throw new Error(`message ${message.id} is not in the outbox it was put into`)
    return accept(made)
  }

  async enable(caller: Caller, id: string): Promise<Result<NotificationView>> {
    const found = this.#found(caller, id, 'admin', 'enable a notification')
    if (!found.ok) return found
    const one = { ...found.value, disabled: null }
    const written = await unlessFull(this.#put(one).then(accept))
    return written.ok ? accept(viewOf(one)) : written
  }

  async remove(caller: Caller, id: string): Promise<Result<null>> {
    const found = this.#found(caller, id, 'admin', 'remove a notification')
    if (!found.ok) return found
    const ref = { projectId: found.value.projectId, kind: KIND, key: id }
    const removed = await unlessFull<null>(
      this.#deps.store.documents.removeDocument(ref, null).then(() => accept(null)),
    )
    if (removed.ok) this.#all.delete(id)
    return removed
  }

  async deliveries(
    caller: Caller,
    filter: Parameters<Notifications['deliveries']>[1],
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<Delivery>>> {
    const scope = this.#deps.catalog.scope(caller, filter.project)
    if (!scope.ok) return scope
    const denied = lacks(caller, 'operator', 'see deliveries')
    if (denied !== undefined) return denied
    const { state, notification } = filter
    const selected = {
      ...(scope.value === undefined ? {} : { projectIds: scope.value }),
      ...(state === undefined ? {} : { state }),
      ...(notification === undefined ? {} : { target: notification }),
    }
    const rows = await this.#deps.store.outbox.messages(selected, page.before, page.limit + 1)
    const items = rows.slice(0, page.limit)
    return accept({ items, next: rows.length > page.limit ? (items.at(-1)?.serial ?? null) : null })
  }

  async replay(caller: Caller, id: string): Promise<Result<Delivery>> {
    const { clock, store, wake } = this.#deps
    const found = await store.outbox.message(id)
    if (found === undefined || !maySee(caller, found.projectId))
      return refuse('not_found', `there is no delivery ${id.slice(0, 80)}`)
    const denied = lacks(caller, 'operator', 'send a delivery again')
    if (denied !== undefined) return denied
    const again = await unlessFull(this.#replayed(id, clock.now()))
    if (again.ok) wake()
    return again
  }

  async #replayed(id: string, at: Instant): Promise<Result<Delivery>> {
    try {
      return accept(await this.#deps.store.outbox.replayMessage(id, at))
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'conflict') throw error
      return refuse('not_allowed', 'something newer was said since: this is not said again')
    }
  }

  #secret(id: string, generation: string): string {
    return webhookSecret(this.#deps.webhookRoot, `notification ${id}`, generation)
  }

  #found(caller: Caller, id: string, role: 'admin', what: string): Result<Subscription> {
    const found = this.#all.get(id)
    if (found === undefined || !maySee(caller, found.projectId)) {
      return refuse('not_found', `there is no notification ${id.slice(0, 80)}`)
    }
    return lacks(caller, role, what) ?? accept(found)
  }

  async #put(one: Subscription): Promise<void> {
    const { clock, store } = this.#deps
    const ref = { projectId: one.projectId, kind: KIND, key: one.id }
    await store.documents.putDocument(ref, JSON.stringify(one), clock.now(), null)
    this.#all.set(one.id, one)
  }
}

/** Standard Webhooks: headers with a signature for each secret, which are base64, mostly behind `whsec_`. */
export function signedBy(
  secrets: readonly string[],
  id: string,
  body: string,
  now: Instant,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1_000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
  })
  const head = { 'webhook-id': id, 'webhook-timestamp': timestamp }
  return signatures.length === 0 ? head : { ...head, 'webhook-signature': signatures.join(' ') }
}

/** The same for the same thing that is told to the same one: so it is told once. */
export const messageId = (...parts: readonly (string | number)[]): string =>
  `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`

const generationOf = (entropy: Entropy): string => entropy.bytes(16).toString('hex')

const viewOf = ({ secrets: _secrets, ...view }: Subscription): NotificationView => view

function inputProblem({ name, events, to }: NewNotification, hasMail: boolean): string | undefined {
  if (name === '' || name.length > NAME_MAX || /\p{Cc}/u.test(name)) return `name: expected 1 to ${NAME_MAX} characters`
  if (events.length === 0) return `events: expected some of ${NOTIFICATION_EVENTS.join(', ')}`
  if (to.kind === 'webhook') {
    const url = to.url.length <= WEBHOOK_URL_MAX && WEBHOOK_URL.test(to.url) ? URL.parse(to.url) : null
    return url === null ? 'to.url: expected an http or https address without a user in it' : undefined
  }
  if (!hasMail) return 'this server sends no e-mail: set MILLRACE_SMTP and MILLRACE_MAIL_FROM'
  const isList =
    to.addresses.length > 0 &&
    to.addresses.length <= EMAIL_ADDRESSES_MAX &&
    to.addresses.every((one) => EMAIL_ADDRESS.test(one))
  return isList ? undefined : `to.addresses: expected 1 to ${EMAIL_ADDRESSES_MAX} e-mail addresses`
}

async function all(documents: Documents, projectId: ProjectId): Promise<readonly DocumentRecord[]> {
  const found: DocumentRecord[] = []
  for (let after: string | null = null; ;) {
    const page: readonly DocumentRecord[] = await documents.documents(
      { projectId, kind: KIND, prefix: '' },
      after,
      PAGE,
    )
    found.push(...page)
    after = page.at(-1)?.key ?? null
    if (page.length < PAGE) return found
  }
}
