import type { LogEntry } from '../model/event.ts'
import type { Plan } from '../model/plan.ts'

/**
 * What was stored once, in the form of today: the one place that knows what earlier releases wrote. Everything that is
 * read from a store goes through here. test/histories holds what was written, and replays it.
 */

/** @throws TypeError when it was written by a later release. */
export function upcastEntry(stored: unknown): LogEntry {
  return versioned<LogEntry>(stored, 'log entry')
}

/** @throws TypeError when it was written by a later release. */
export function upcastPlan(stored: unknown): Plan {
  return versioned<Plan>(stored, 'plan')
}

function versioned<Form extends { readonly v: 1 }>(stored: unknown, what: string): Form {
  const v = typeof stored === 'object' && stored !== null && 'v' in stored ? stored.v : undefined
  if (v !== 1)
    throw new TypeError(`expected a ${what} of version 1, found ${JSON.stringify(v)}: it needs a later release`)
  return stored as Form
}
