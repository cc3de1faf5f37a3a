/**
 * The wire of the native API, version 1: snake_case, times in UTC with milliseconds, durations in milliseconds,
 * null where something is not (yet) there and never a missing field. Answers are made by present.ts.
 */

export * from './schema/audit.ts'
export * from './schema/cause.ts'
export * from './schema/events.ts'
export * from './schema/insight.ts'
export * from './schema/keys.ts'
export * from './schema/logs.ts'
export * from './schema/nodes.ts'
export * from './schema/notifications.ts'
export * from './schema/overview.ts'
export * from './schema/pipelines.ts'
export * from './schema/problem.ts'
export * from './schema/projects.ts'
export * from './schema/queue.ts'
export * from './schema/reports.ts'
export * from './schema/run-orders.ts'
export * from './schema/runners.ts'
export * from './schema/runs.ts'
export * from './schema/secrets.ts'
export * from './schema/server.ts'
export * from './schema/triggers.ts'
export * from './schema/users.ts'
