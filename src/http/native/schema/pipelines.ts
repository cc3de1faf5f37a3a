import { z } from 'zod'
import { TASK_ROLES } from '../../../model/definition.ts'
import { PRIORITIES } from '../../../model/priority.ts'
import { Count, Cursor, Id, Json, named, Names, Serial, Text, Time } from './common.ts'
import { WORK_KINDS } from './nodes.ts'
import { LocatedError } from './problem.ts'
import { ConcurrencyLimit } from './queue.ts'
import { RunSummary } from './runs.ts'
import { Triggers } from './triggers.ts'
import { User } from './users.ts'

const Param = z.strictObject({
  name: Text,
  type: z.enum(['string', 'number', 'boolean', 'choice', 'json']),
  description: Text,
  required: z.boolean(),
  default: Json,
  options: z.array(Text),
})
const OutlineTask = z.strictObject({
  key: Text,
  name: Text,
  description: Text,
  role: z.enum(TASK_ROLES),
  work: z.enum(WORK_KINDS),
  uses: Text.nullable(),
  needs: z.array(Text),
})
export const PipelineSummary = named(
  'PipelineSummary',
  z.strictObject({
    id: Id,
    serial: Serial,
    project: z.strictObject({ id: Id, serial: Serial, name: Text }),
    name: Text,
    description: Text,
    version: z.int().min(1),
    created_at: Time,
    created_by: User,
    updated_at: Time,
    run_count: Count,
    last_started_at: Time.nullable(),
    latest_run: RunSummary.nullable(),
  }),
)
export const Pipeline = named(
  'Pipeline',
  PipelineSummary.extend({
    params: z.array(Param),
    triggers: Triggers.nullable().describe('What starts a run'),
    concurrency: ConcurrencyLimit.nullable().describe('How many runs there may be at once; null: any number'),
    priority: z.enum(PRIORITIES).describe('Of its runs, unless a start says otherwise'),
    stages: z
      .array(
        z.strictObject({
          key: Text,
          name: Text,
          description: Text,
          always: z.boolean(),
          parallel: z.boolean(),
          triggers: Triggers.nullable().describe('What must have fired before it begins'),
          tasks: z.array(OutlineTask),
        }),
      )
      .describe('What the newest version does, in outline'),
    annotations: Names,
  }),
)
export const PipelineList = named(
  'PipelineList',
  z.strictObject({
    items: z.array(
      PipelineSummary.extend({
        recent_runs: z.array(RunSummary).describe('The newest first, as many as `runs` asked for'),
      }),
    ),
    next: Cursor,
  }),
)
const definitionFields = {
  definition: Text.min(1).describe('YAML or JSON, as text'),
  file: Text.max(255).optional().describe('How errors call the text'),
}
export const NewPipeline = named(
  'NewPipeline',
  z.strictObject({ project: Text.min(1).max(128).describe('Id or name'), ...definitionFields }),
)
export const NewVersion = named('NewVersion', z.strictObject(definitionFields))
const versionFields = { version: z.int().min(1), created_at: Time, created_by: User }
export const VersionList = named('VersionList', z.strictObject({ items: z.array(z.strictObject(versionFields)) }))
export const Version = named(
  'Version',
  z.strictObject({ ...versionFields, definition: Text.describe('As it was given') }),
)
export const Validation = named('Validation', z.strictObject({ valid: z.boolean(), errors: z.array(LocatedError) }))
