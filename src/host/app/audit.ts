import type { Actor } from '../../model/event.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { Caller } from './access.ts'
import type { Page } from './pipelines.ts'

/** Who changed what outside of runs. For admins of all projects. */
export interface Audit {
  /** Newest first. */
  list(
    caller: Caller,
    filter: AuditFilter,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<AuditEntry>>>
}
export interface AuditFilter {
  readonly actor?: string
  /** What the action begins with: `secret.` is every action of secrets. */
  readonly action?: string
  readonly target?: string
  /** Inclusive. */
  readonly from?: Instant
  /** Exclusive. */
  readonly to?: Instant
}
export interface AuditEntry {
  readonly number: number
  readonly at: Instant
  readonly actor: Actor
  readonly action: string
  readonly target: string
  readonly detail: string
}
