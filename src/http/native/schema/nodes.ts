import { z } from 'zod'
import { GATEWAYS, TASK_ROLES, TRIGGER_KINDS } from '../../../model/definition.ts'
import { Count, Id, named, Names, NodeAction, NodeStatus, Text, Time, Values } from './common.ts'

export const Failure = named(
  'Failure',
  z.strictObject({
    kind: z.enum([
      'exit-code',
      'signal',
      'out-of-memory',
      'output-limit',
      'said-no',
      'rejected',
      'forced',
      'no-branch',
      'many-branches',
      'condition',
      'loop-limit',
      'cannot-start',
      'missing-tool',
      'disk-full',
      'unauthorized',
      'lost',
      'internal',
      'timeout',
      'not-started',
      'expired',
    ]),
    status: z
      .enum(['failed', 'errored', 'timed_out'])
      .describe('failed: the work said no; errored: the system could not do it'),
    message: Text,
    hint: Text.describe('What may mend it'),
    exit_code: z.int().nullable(),
    details: z
      .record(Text, z.union([z.string(), z.number(), z.array(z.string()), z.null()]))
      .describe('What `message` says, by kind, for who says it in another language: `{"signal": "SIGKILL"}`'),
  }),
)

export const NodeRef = z.strictObject({ id: Id, name: Text })

const nodeFields = {
  id: Id,
  index: Count.describe('Place in the plan'),
  key: Text,
  name: Text,
  description: Text,
  status: NodeStatus,
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  skipped: z
    .strictObject({ because: z.enum(['condition', 'operator', 'excluded', 'timeout']), reason: Text })
    .nullable(),
  annotations: Names,
}
export const TriggersState = z.strictObject({
  operator: z.enum(['and', 'or']),
  list: z.array(z.strictObject({ kind: z.enum(TRIGGER_KINDS), name: Text, fired_at: Time.nullable(), params: Names })),
})
export const WORK_KINDS = [
  'runner',
  'noop',
  'sleep',
  'review',
  'callback',
  'publish',
  'run',
  'start',
  'end',
  'gateway',
  'subflow',
] as const
const Decision = z.strictObject({ by: Text, decision: z.enum(['approve', 'reject']), comment: Text, at: Time })
export const Review = named(
  'Review',
  z.strictObject({
    question: Text,
    reviewers: z.array(Text),
    required: z.int().min(1).describe('How many approvals it takes'),
    decisions: z.array(Decision).describe('Of the present attempt; those before it have their own'),
  }),
)
export const Attempt = named(
  'Attempt',
  z.strictObject({
    attempt: z.int().min(1),
    loop: z.int().min(1).describe('Which pass of a loop it was in'),
    retry: Count.describe('Which try of its loop it was, from 0'),
    version: Text.describe('32 hex digits'),
    status: NodeStatus,
    started_at: Time.nullable(),
    ended_at: Time.nullable(),
    runner: Text.nullable(),
    failure: Failure.nullable(),
    skipped: z.boolean(),
    inputs: Values.nullable().describe("What a retry gave in place of the definition's"),
    outputs: Values,
    decisions: z.array(Decision).describe('Of a review: who has said what of it'),
  }),
)
export const Task = named(
  'Task',
  z.strictObject({
    kind: z.literal('task'),
    ...nodeFields,
    role: z.enum(TASK_ROLES),
    work: z.enum(WORK_KINDS),
    uses: Text.nullable().describe('The step type, for runner work'),
    gateway: z.enum(GATEWAYS).nullable(),
    needs: z.array(Text).describe('Keys'),
    parent: Text.nullable().describe('Key of the sub-flow that it is in'),
    skippable: z.boolean(),
    retryable: z.boolean(),
    optional: z.boolean().describe('Whether it may be left out when a run is made'),
    loop: Count.describe('How often a token has come to it; 0: it was not reached'),
    version: Text.describe('32 hex digits, others for each attempt; a callback may show it'),
    paused: z.boolean().describe('A person paused it'),
    inputs: Values.nullable().describe("What a retry gave in place of the definition's"),
    child_run: Id.nullable().describe('The run that it started'),
    labels: z.array(Text),
    attempt: Count.describe('The present one, from 1; 0: none yet'),
    retry: Count.describe('Attempts before it in this pass of its loop'),
    queued_at: Time.nullable(),
    retry_at: Time.nullable(),
    deadline_at: Time.nullable(),
    runner: Text.nullable(),
    failure: Failure.nullable(),
    ignored: z.boolean().describe('It failed and the run passed over it'),
    held: z.boolean().describe('It failed and the run waits for someone to mend it'),
    outputs: Values,
    review: Review.nullable(),
    earlier: z.array(Attempt).describe('The attempts before the present one, oldest first'),
    allowed: z.array(NodeAction).describe('The actions that would be accepted now'),
  }),
)
export const Stage = named(
  'Stage',
  z.strictObject({
    kind: z.literal('stage'),
    ...nodeFields,
    always: z.boolean().describe('Runs also after another stage has failed'),
    parallel: z.boolean().describe('Runs together with the stage before it'),
    triggers: TriggersState.nullable().describe('What must have fired before it begins'),
    tasks: z.array(Task).describe('Of a flow: its nodes'),
    edges: z
      .array(z.strictObject({ key: Text, name: Text, from: Text, to: Text, default: z.boolean(), taken: z.boolean() }))
      .nullable()
      .describe('Of a flow'),
    allowed: z.array(NodeAction),
  }),
)
export const Node = named('Node', z.discriminatedUnion('kind', [Stage, Task]))
