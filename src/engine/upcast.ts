import type { PipelineDefinition, StageSpec, TaskSpec } from '../model/definition.ts'
import type { LogEntry } from '../model/event.ts'
import type { Plan } from '../model/plan.ts'
import { compile } from './compile.ts'

/**
 * What was stored once, in the form of today: the one place that knows what earlier releases wrote. Everything that is
 * read from a store goes through here. test/histories holds what was written, and replays it.
 */

/** What events have gained is left out where it says nothing. @throws TypeError when it was written by a later release. */
export function upcastEntry(stored: unknown): LogEntry {
  return versioned<LogEntry>(stored, 'log entry')
}

/**
 * A plan of before there were flows is compiled again: its nodes stand where they stood.
 * @throws TypeError when it was written by a later release
 */
export function upcastPlan(stored: unknown): Plan {
  const plan = versioned<Plan>(stored, 'plan')
  return 'rows' in plan ? plan : compile(upcastDefinition(versioned<FirstPlan>(stored, 'plan').definition))
}

/** Before flows: what the plan itself held follows from its definition. */
interface FirstPlan {
  readonly v: 1
  readonly definition: Without<PipelineDefinition, typeof PIPELINE | { readonly stages: unknown }> & {
    readonly stages: readonly (Without<StageSpec, typeof STAGE | { readonly tasks: unknown }> & {
      readonly tasks: readonly Without<TaskSpec, typeof TASK>[]
    })[]
  }
}
type Without<Form, Added> = Omit<Form, Added extends Added ? keyof Added : never>

// What definitions have gained since, as it was before one could say it.
const PIPELINE = { concurrency: null, language: 'native', variables: [], outputs: [] } as const
const STAGE = { parallel: false, triggers: null, flow: null } as const
const TASK = {
  parent: null,
  rollback: null,
  onTimeout: 'fail',
  skippable: true,
  retryable: true,
  optional: false,
} as const

/** What was said is kept, as some of it came before the rest. */
function upcastDefinition(first: FirstPlan['definition']): PipelineDefinition {
  const stages = first.stages.map((stage) => ({
    ...STAGE,
    ...stage,
    tasks: stage.tasks.map((task) => ({ ...TASK, ...task })),
  }))
  return { ...PIPELINE, ...first, stages }
}

function versioned<Form extends { readonly v: 1 }>(stored: unknown, what: string): Form {
  const v = typeof stored === 'object' && stored !== null && 'v' in stored ? stored.v : undefined
  if (v !== 1)
    throw new TypeError(`expected a ${what} of version 1, found ${JSON.stringify(v)}: it needs a later release`)
  return stored as Form
}
