import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { NotificationEvent } from '../../model/notification.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { UserRef } from '../../model/view.ts'
import type { Caller } from './access.ts'
import type { Page, PipelineRef, ProjectRef } from './pipelines.ts'

/** Who is told of what, and what became of it. Changes take the role `admin`, looks and replays `operator`. */
export interface Notifications {
  list(caller: Caller, project: ProjectRef): Promise<Result<readonly NotificationView[]>>
  /** `secret`: what the receiver checks signatures with, given once; null for e-mail. */
  create(
    caller: Caller,
    input: NewNotification,
  ): Promise<Result<{ readonly notification: NotificationView; readonly secret: string | null }>>
  /** A new secret; that of before signs beside it for 24 hours. */
  rotate(caller: Caller, id: string): Promise<Result<{ readonly secret: string }>>
  /** Puts a message that tells of no run into the outbox, to see whether it comes through; one in ten seconds. */
  test(caller: Caller, id: string): Promise<Result<Delivery>>
  /** One that its receiver has had disabled (410). */
  enable(caller: Caller, id: string): Promise<Result<NotificationView>>
  remove(caller: Caller, id: string): Promise<Result<null>>
  /** What was sent or is to be, commit statuses too, newest first. */
  deliveries(
    caller: Caller,
    filter: { readonly project?: ProjectRef; readonly notification?: string; readonly state?: Delivery['state'] },
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<Delivery>>>
  /** Sends it again, from its first try. `not_allowed` when something newer was said since. */
  replay(caller: Caller, id: string): Promise<Result<Delivery>>
}
export interface NewNotification {
  /** Unique in its project, 1 to 128 characters. */
  readonly name: string
  readonly project: ProjectRef
  /** null: all of the project. */
  readonly pipeline: PipelineRef | null
  readonly events: readonly NotificationEvent[]
  readonly to:
    | { readonly kind: 'webhook'; readonly url: string }
    | { readonly kind: 'email'; readonly addresses: readonly string[] }
}
export interface NotificationView {
  readonly id: string
  readonly name: string
  readonly projectId: ProjectId
  readonly pipelineId: PipelineId | null
  readonly events: readonly NotificationEvent[]
  readonly to: NewNotification['to']
  /** null: it is not. */
  readonly disabled: { readonly at: Instant; readonly reason: string } | null
  readonly createdAt: Instant
  readonly createdBy: UserRef
}
export interface Delivery {
  readonly id: string
  readonly serial: number
  readonly projectId: ProjectId
  readonly runId: RunId | null
  /** `webhook`, `email` or `status`. */
  readonly kind: string
  /** Id of the notification; of a commit status, the address of the forge. */
  readonly target: string
  readonly state: 'waiting' | 'delivered' | 'dead' | 'superseded'
  readonly tries: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly nextAt: Instant | null
  readonly error: string | null
}
