import type { Instant } from '../model/time.ts'
import type { Access } from './app/access.ts'
import type { Audit } from './app/audit.ts'
import type { Documents } from './app/documents.ts'
import type { Feed } from './app/feed.ts'
import type { Notifications } from './app/notifications.ts'
import type { Pipelines, Projects } from './app/pipelines.ts'
import type { Artifacts, Findings, TestResults } from './app/reports.ts'
import type { Runners, RunnerWire } from './app/runners.ts'
import type { Runs } from './app/runs.ts'
import type { Secrets } from './app/secrets.ts'
import type { Users } from './app/users.ts'

export type * from './app/access.ts'
export type * from './app/runners.ts'
export type * from './app/pipelines.ts'
export type * from './app/runs.ts'
export type * from './app/run-insight.ts'
export type * from './app/logs.ts'
export * from './app/documents.ts'
export type * from './app/reports.ts'
export type * from './app/secrets.ts'
export type * from './app/users.ts'
export type * from './app/audit.ts'
export type * from './app/notifications.ts'
export type * from './app/feed.ts'

/**
 * The use cases. Native API, dialects and page see these and the model's views, nothing else of the server.
 * Every call takes the caller and refuses what the caller may not see as `not_found`, may not do as `forbidden`.
 * Expected refusals are values ({@link Result}); a throw is a defect or a dead disk.
 */
export interface App {
  readonly access: Access
  readonly projects: Projects
  readonly pipelines: Pipelines
  readonly runs: Runs
  readonly documents: Documents
  readonly findings: Findings
  readonly tests: TestResults
  readonly artifacts: Artifacts
  readonly secrets: Secrets
  readonly users: Users
  readonly audit: Audit
  readonly notifications: Notifications
  readonly feed: Feed
  readonly runners: Runners
  /** What runners on other machines say: they are no callers. */
  readonly runnerWire: RunnerWire
  /** Present instant; handlers take time from here, never from the clock. */
  now(): Instant
  /** Fresh 32-hex id, e.g. for a request id. */
  freshId(): string
}
