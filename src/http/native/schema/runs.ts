import { z } from 'zod'
import { PRIORITIES } from '../../../model/priority.ts'
import { Actor, Cause } from './cause.ts'
import {
  Count,
  Cursor,
  Id,
  Json,
  Ms,
  named,
  Names,
  RunAction,
  RunStatus,
  Serial,
  Text,
  Time,
  Values,
} from './common.ts'
import { Failure, NodeRef, Stage, TriggersState } from './nodes.ts'

const summaryFields = {
  id: Id,
  number: z.int().min(1).describe('Counts the runs of its pipeline, from 1'),
  serial: Serial,
  seq: Count.describe('Counts the events of this run'),
  version: z.int().min(1).describe('Of the pipeline'),
  status: RunStatus,
  ended: z.boolean(),
  needs_person: z.boolean().describe('Whether someone must review, mend or start something before it goes on'),
  cause: Cause,
  annotations: Names.describe('Free names; `title` is what people call this run'),
  created_at: Time,
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  updated_at: Time,
}
export const RunSummary = named(
  'RunSummary',
  z.strictObject({ ...summaryFields, project_id: Id, pipeline_id: Id, pipeline_name: Text }),
)
export const RunList = named('RunList', z.strictObject({ items: z.array(RunSummary), next: Cursor }))
export const AttentionKind = z.enum(['start', 'review', 'held', 'paused', 'paused-node', 'callback', 'trigger'])
export const Attention = named(
  'Attention',
  z.strictObject({
    kind: AttentionKind,
    node: NodeRef.nullable(),
    since: Time,
    until: Time.nullable().describe('When it is given up'),
    reviewers: z.array(Text).describe('Who may decide; empty: anyone who may operate the project'),
  }),
)

const headFields = {
  ...summaryFields,
  project: z.strictObject({ id: Id, serial: Serial, name: Text }),
  pipeline: z.strictObject({ id: Id, serial: Serial, name: Text }),
  params: z.array(z.strictObject({ name: Text, value: Json, description: Text, system: z.boolean() })),
  variables: Values.describe('Of the definition, as they are now'),
  outputs: Values.describe('What the run has made so far'),
  priority: z.enum(PRIORITIES).describe('Whose tasks and turns go first when there is not room for all'),
  parent: z.strictObject({ run_id: Id, node_id: Id }).nullable().describe('The task that started it'),
  triggers: TriggersState.nullable(),
  paused_ms: Ms.describe('Of the pauses so far, the present one not counted'),
  paused_at: Time.nullable(),
  cancelling: z.strictObject({ at: Time, by: Actor, reason: Text, deadline: Time.nullable() }).nullable(),
  pass: z.int().min(1).describe('One more for every time it went back to its first node'),
  failure: z.strictObject({ node: NodeRef, failure: Failure }).nullable(),
  attention: z.array(Attention).describe('What waits for a person'),
  allowed: z.array(RunAction).describe('The actions that would be accepted now'),
}
export const RunHead = named('RunHead', z.strictObject(headFields).describe('A run without its tree'))
export const Run = named('Run', z.strictObject({ ...headFields, stages: z.array(Stage) }))
export const RunBatch = named(
  'RunBatch',
  z.strictObject({ items: z.array(RunHead), missing: z.array(Text).describe('Asked for and not found') }),
)
export const RunRefs = named(
  'RunRefs',
  z.strictObject({ ids: z.array(Text.min(1).max(64)).min(1).max(100).describe('Ids or serials') }),
)
