import { z } from 'zod'
import { NODE_ACTIONS, RUN_ACTIONS } from '../../model/command.ts'
import { EXPLANATION_CODES } from '../../model/explanation.ts'
import { SEVERITIES } from '../../model/finding.ts'
import { CHANGE_ACTIONS, CHANGE_KINDS, FORGES } from '../../model/change.ts'
import { PRIORITIES } from '../../model/priority.ts'
import { FORK_POLICIES, GATEWAYS, TASK_ROLES, TRIGGER_KINDS, WHEN_FULL } from '../../model/definition.ts'
import { END_STATUSES, NODE_STATUSES, RUN_STATUSES } from '../../model/status.ts'
import { TEST_STATUSES } from '../../model/test-report.ts'
import { SEGMENT_KINDS } from '../../graph/timeline.ts'
import { EVENT_TYPES } from './event-types.ts'

/**
 * The wire of the native API, version 1: snake_case, times in UTC with milliseconds, durations in milliseconds,
 * null where something is not (yet) there and never a missing field. Answers are made by present.ts.
 */

/** Schemas with a name in the OpenAPI document. */
export const names = z.registry<{ id: string }>()
const named = <Schema extends z.ZodType>(id: string, schema: Schema): Schema => {
  names.add(schema, { id })
  return schema
}

const Id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('32 lowercase hex digits')
const Serial = z.int().min(1).describe('Integer name, unique in the server')
const Time = z.iso.datetime({ precision: 3 }).describe('UTC with milliseconds')
const Ms = z.int().min(0).describe('Milliseconds')
const Text = z.string()
const Count = z.int().min(0)
const Names = z.record(z.string(), z.string())
const Cursor = z.string().nullable().describe('Give it as `cursor` to get what follows; null: that was all')

const RunStatus = named('RunStatus', z.enum(RUN_STATUSES))
const NodeStatus = named('NodeStatus', z.enum(NODE_STATUSES))
const RunAction = named('RunAction', z.enum(RUN_ACTIONS))
const NodeAction = named('NodeAction', z.enum(NODE_ACTIONS))
const Json = z.json().describe('Any JSON value')
export const AnyJson = Json
const Values = z.record(z.string(), Json)

export const User = named('User', z.strictObject({ id: Id, name: Text }))
export const Role = named('Role', z.enum(['viewer', 'operator', 'admin']))

export const LocatedError = named(
  'LocatedError',
  z.strictObject({
    file: Text.nullable(),
    line: z.int().nullable(),
    column: z.int().nullable(),
    path: Text.describe('Where in the document: `stages[0].tasks[1].timeout`'),
    message: Text.describe('What was expected and what was found'),
  }),
)

export const Problem = named(
  'Problem',
  z
    .strictObject({
      type: Text.describe('`urn:millrace:problem:<code>`'),
      title: Text,
      status: z.int(),
      detail: Text.describe('The thing, what was expected, what was found'),
      code: Text.describe('Stable; what programs should look at'),
      request_id: Text.optional(),
      allowed: z.array(Text).optional().describe('With `not_allowed`: what would be accepted now'),
      errors: z.array(LocatedError).optional(),
    })
    .describe('RFC 9457 problem details'),
)

export const Project = named(
  'Project',
  z.strictObject({ id: Id, serial: Serial, name: Text, description: Text, created_at: Time }),
)
export const ProjectList = named('ProjectList', z.strictObject({ items: z.array(Project) }))
export const NewProject = named(
  'NewProject',
  z.strictObject({ name: Text.min(1).max(128), description: Text.max(4_096).default('') }),
)

export const Change = named(
  'Change',
  z.strictObject({
    forge: z.enum(FORGES),
    kind: z.enum(CHANGE_KINDS),
    action: z.enum(CHANGE_ACTIONS).nullable().describe('Of a merge request'),
    repository: Text.describe('owner/name'),
    ref: Text,
    branch: Text.nullable().describe('That was pushed to, or that the merge request would go into'),
    tag: Text.nullable(),
    source_branch: Text.nullable(),
    sha: Text,
    before: Text.nullable(),
    author: Text,
    message: Text,
    url: Text.describe('Where people look at it; empty: the forge does not say'),
    number: z.int().nullable().describe('Of the merge request'),
    title: Text.nullable(),
    fork: z.boolean().describe('Whether it comes from another repository'),
  }),
)

export const Cause = named(
  'Cause',
  z.strictObject({
    kind: z.enum(['manual', 'webhook', 'channel', 'schedule', 'upstream', 'push', 'merge_request']),
    by: Text,
    due: Time.optional().describe('Of a schedule, when one run is asked for: the instant at which it was due'),
    origin: z
      .strictObject({
        as: z.enum(['upstream', 'rerun']),
        run: Id,
        depth: Count.describe('How many runs led to it, each the upstream of the next'),
      })
      .optional()
      .describe('When one run is asked for: the run that it comes of'),
    change: Change.optional().describe('When one run is asked for: what it is a run of, as its forge has told'),
    trigger: Text.optional().describe('With a change: the name of the trigger'),
    trusted: z.literal(false).optional().describe('There when a person must start it, as the change is from a fork'),
  }),
)
export const Actor = named(
  'Actor',
  z.strictObject({ kind: z.enum(['user', 'runner', 'timer', 'trigger', 'server']), name: Text }),
)

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

const NodeRef = z.strictObject({ id: Id, name: Text })
const AttentionKind = z.enum(['start', 'review', 'held', 'paused', 'paused-node', 'callback', 'trigger'])
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
const TriggersState = z.strictObject({
  operator: z.enum(['and', 'or']),
  list: z.array(z.strictObject({ kind: z.enum(TRIGGER_KINDS), name: Text, fired_at: Time.nullable(), params: Names })),
})
const WORK_KINDS = [
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
export const Review = named(
  'Review',
  z.strictObject({
    question: Text,
    reviewers: z.array(Text),
    required: z.int().min(1).describe('How many approvals it takes'),
    decisions: z.array(z.strictObject({ by: Text, decision: z.enum(['approve', 'reject']), comment: Text, at: Time })),
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

const ConcurrencyLimit = z.strictObject({
  limit: z.int().min(1),
  group: Text.nullable(),
  when_full: z.enum(WHEN_FULL),
})

/** Values of params: what a definition's param types can take. */
const ParamValues = z.record(Text.min(1).max(64), Json)
const RunAnnotations = z.record(Text.min(1).max(128), Text.max(65_536))
const Keys = z.array(Text.min(1).max(64)).max(20_000)
export const NewRun = named(
  'NewRun',
  z.strictObject({
    params: ParamValues.default({}),
    wait: z.boolean().default(false).describe('Stay `waiting` until someone starts it'),
    annotations: RunAnnotations.optional().describe('Free names; `title` is what people call it'),
    only: Keys.optional().describe('Keys of stages and tasks: the others are left out'),
    exclude: Keys.optional().describe('Keys of stages and tasks that are left out'),
    priority: z.enum(PRIORITIES).optional().describe('In place of that of the definition'),
  }),
)
export const Rerun = named(
  'Rerun',
  z.strictObject({
    params: ParamValues.default({}).describe('In place of those of the run; the others stay'),
    annotations: RunAnnotations.optional().describe('In place of those of the run; the others stay'),
    only: Keys.optional().describe(
      'Keys of stages and tasks: the others are left out. Without it and `exclude`: as the run did',
    ),
    exclude: Keys.optional().describe('Keys of stages and tasks that are left out'),
    priority: z.enum(PRIORITIES).optional().describe('In place of that of the run'),
  }),
)
export const Fired = named(
  'Fired',
  z.strictObject({
    run: z.strictObject({ id: Id, number: z.int().min(1), serial: Serial, status: RunStatus }),
    stage: Text.nullable().describe("Key of the stage whose trigger it was; null: the run's"),
    started: z
      .boolean()
      .describe('false: other triggers must fire first. Of a stage, true also when its turn is still to come'),
  }),
)
export const WebhookAnswer = named(
  'WebhookAnswer',
  z.union([Fired, z.strictObject({ ignored: Text.describe('Why a change that a forge has told of started nothing') })]),
)
export const FiredList = named('FiredList', z.strictObject({ items: z.array(Fired) }))
export const Publication = named(
  'Publication',
  z.strictObject({
    params: z
      .record(Text.max(128), Text.max(8_192))
      .refine((params) => Object.keys(params).length <= 100, 'expected at most 100 params')
      .default({})
      .describe('At most 100; triggers say which of them they pass on'),
  }),
)
const QueuedRun = z.strictObject({
  id: Id,
  number: z.int().min(1),
  pipeline_id: Id,
  pipeline_name: Text,
  status: RunStatus,
  priority: z.enum(PRIORITIES),
})
export const Queue = named(
  'Queue',
  z.strictObject({
    concurrency: ConcurrencyLimit.nullable().describe('Of the newest version; null: it has no limit, and nobody waits'),
    running: z.array(QueuedRun).describe('What is under way and counts, the first 100'),
    running_count: z.int().min(0),
    queue: z
      .array(QueuedRun.extend({ position: z.int().min(1), since: Time }))
      .describe('What waits for its turn, the first 100: by priority and then by arrival'),
    queued_count: z.int().min(0),
  }),
)
export const NextFires = named(
  'NextFires',
  z.strictObject({
    fires: z.array(z.strictObject({ trigger: Text, at: Time })).describe('The first first'),
    refusals: z
      .array(z.strictObject({ trigger: Text, at: Time, message: Text }))
      .describe('The last run of each trigger that could not be made, since the server began or the pipeline changed'),
  }),
)
export const WebhookSecret = named('WebhookSecret', z.strictObject({ secret: Text.describe('`whsec_` and base64') }))
export const WebhookBody = named(
  'WebhookBody',
  z
    .unknown()
    .describe('Whatever the caller sends; text, numbers and booleans at the top of a JSON object are parameters'),
)
export const RunActionInput = named(
  'RunActionInput',
  z.strictObject({
    reason: Text.max(4_096).optional().describe('With `cancel`'),
    force: z.boolean().optional().describe('With `cancel`: end now, do not wait for processes to be gone'),
    mode: z
      .enum(['stop', 'force', 'after-current'])
      .optional()
      .describe('With `cancel`. after-current: what is at work ends by itself. Default stop'),
    params: Values.optional().describe('With `modify`: other values, seen by what has not begun'),
  }),
)
export const NodeActionInput = named(
  'NodeActionInput',
  z.strictObject({
    comment: Text.max(4_096).optional(),
    inputs: Values.optional().describe("With `retry`: in place of the definition's, whole"),
    outputs: Values.optional().describe('With `callback`'),
    succeeded: z.boolean().optional().describe('With `callback`. Default true'),
    version: Text.max(64).optional().describe('With `callback`: refused when the node has another by now'),
    edges: z.array(Text.max(64)).max(1_000).optional().describe('With `choose`: keys of edges out of a failed gateway'),
    by_ms: Ms.optional().describe('With `delay`'),
  }),
)

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
const Trigger = z.strictObject({
  kind: z.enum(TRIGGER_KINDS),
  name: Text,
  path: Text.nullable().describe(
    'Of a webhook: POST to it below the address of the server fires the trigger; whoever knows it can',
  ),
  params: Names.describe('Trigger parameter to pipeline param; of a schedule, pipeline param to its value'),
  signed: z.boolean().describe('Of a webhook: whether calls must be signed'),
  schedule: z
    .strictObject({ cron: Text, timezone: Text, missed: z.enum(['skip', 'once']) })
    .nullable()
    .describe('Of a schedule'),
  channel: Text.nullable().describe('Of a channel'),
  upstream: z
    .strictObject({ pipeline: Text, statuses: z.array(z.enum(END_STATUSES)) })
    .nullable()
    .describe('Of an upstream'),
  forge: z
    .strictObject({
      forge: z.enum(FORGES),
      events: z.array(z.enum(CHANGE_KINDS)),
      actions: z.array(z.enum(CHANGE_ACTIONS)).describe('Of merge requests'),
      branches: z.array(Text).describe('Globs; none: all'),
      tags: z.array(Text),
      paths: z.array(Text),
      skip_ci: z.boolean(),
      repository: Text.nullable(),
      forks: z.enum(FORK_POLICIES),
      status: z
        .strictObject({ token: Text.describe('Name of a secret'), api: Text.nullable(), context: Text.nullable() })
        .nullable()
        .describe('How the forge is told what became of the commit'),
      definition: z
        .strictObject({ url: Text, path: Text, credentials: Text.nullable().describe('Name of a secret') })
        .nullable()
        .describe('Where the definition is read, at the commit'),
    })
    .nullable()
    .describe('Of a forge'),
})
const Triggers = z.strictObject({ operator: z.enum(['and', 'or']), list: z.array(Trigger) })
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

export const Explanation = named(
  'Explanation',
  z.strictObject({
    node: z.strictObject({ id: Id, key: Text, name: Text }).nullable().describe('null: the run as a whole'),
    code: z.enum(EXPLANATION_CODES),
    sentence: Text,
    since: Time,
    unblocks: z.array(Text).describe('What or who would change it'),
    position: z.int().min(1).nullable().describe('Place in the queue'),
    deadline: Time.nullable().describe('When it ends by itself at the latest'),
  }),
)
export const ExplanationList = named('ExplanationList', z.strictObject({ items: z.array(Explanation) }))

const Quartiles = z.strictObject({ p25: Ms, p50: Ms, p75: Ms })
export const Estimate = named(
  'Estimate',
  z.strictObject({
    at: Time.describe('When it was made'),
    samples: Count.describe('How many runs it rests on, at most 20; 0: nothing is known'),
    usual_ms: Quartiles.nullable().describe(
      'How long runs of this pipeline take, without pauses: a quarter, half, three quarters of them less',
    ),
    remaining_ms: Quartiles.nullable().describe('From now on; null of a run that has ended'),
    ends_at: z.strictObject({ early: Time, likely: Time, late: Time }).nullable(),
  }),
)
export const Timeline = named(
  'Timeline',
  z.strictObject({
    at: Time.describe('When it was made: what has no end goes on until then'),
    seq: Count.describe('Of the newest event that it tells of'),
    stages: z.array(z.strictObject({ id: Id, spans: z.array(z.strictObject({ from: Time, to: Time.nullable() })) })),
    tasks: z
      .array(
        z.strictObject({
          id: Id,
          attempts: z.array(
            z.strictObject({
              attempt: z.int().min(1),
              segments: z.array(z.strictObject({ kind: z.enum(SEGMENT_KINDS), from: Time, to: Time.nullable() })),
            }),
          ),
        }),
      )
      .describe('Tasks that nothing has happened to are left out'),
    critical: z.array(Id).describe('The tasks that made the run as long as it is, in their order'),
  }),
)
export const AsSeenBy = named(
  'AsSeenBy',
  z.strictObject({
    items: z.array(
      z.strictObject({
        dialect: Text,
        system: Text.describe('What people call it'),
        about: z.enum(['run', 'newest-run']).describe('newest-run: it answers about the newest run of the pipeline'),
        request: z.strictObject({
          method: z.literal('GET'),
          url: Text,
          headers: Names,
          curl: Text.describe('The same for a shell, in one line'),
        }),
        status: z.int(),
        headers: Names,
        body: Text.describe('As a client gets it'),
      }),
    ),
  }),
)
export const LogLines = named(
  'LogLines',
  z.strictObject({
    attempt: z.int().min(1),
    total: Count.describe('Lines so far; the last one may still grow'),
    size: Count.describe('Bytes so far'),
    ended: z.boolean().describe('Nothing more will come'),
    lines: z.array(
      z.strictObject({
        number: z.int().min(1),
        offset: Count.describe('Of its first byte in the log'),
        at: Time.nullable().describe(
          'When it was begun, to a quarter of a second; of a runner on another machine: when the server got it. null: nobody noted it',
        ),
        text: Text.describe('Without its end of line; of a longer one the first 8192 bytes'),
        bytes: Count.describe('How long it is'),
      }),
    ),
  }),
)
export const LogMatches = named(
  'LogMatches',
  z.strictObject({
    attempt: z.int().min(1),
    items: z.array(
      z.strictObject({
        number: z.int().min(1).describe('Of the line'),
        column: Count.describe('Bytes before it in the line'),
        excerpt: Text,
      }),
    ),
    next: z.int().nullable().describe('Give it as `from` to go on; null: that was all'),
  }),
)

export const ArtifactList = named(
  'ArtifactList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        name: Text,
        size: Count.describe('Bytes'),
        sha256: Text.describe('64 hex digits'),
        node: z.strictObject({ id: Id, key: Text }),
        attempt: z.int().min(1),
        created_at: Time,
      }),
    ),
  }),
)

const countsOf = <Name extends string>(words: readonly Name[]) =>
  z.strictObject(Object.fromEntries(words.map((word) => [word, Count])) as Record<Name, typeof Count>)

export const TestResult = named(
  'TestResult',
  z.strictObject({
    name: Text,
    suite: Text.describe('Suite, class or module; empty: none'),
    file: Text.describe('Where it is written; empty: not known'),
    status: z.enum(TEST_STATUSES),
    duration_ms: z.number().min(0).nullable().describe('null: not measured'),
    message: Text.describe('Of a failure, an error or a skip; empty: none'),
    detail: Text.describe('Such as a stack, cut short'),
    node: z.strictObject({ id: Id, key: Text }),
    attempt: z.int().min(1),
  }),
)
export const TestResultList = named(
  'TestResultList',
  z.strictObject({
    items: z.array(TestResult),
    total: Count.describe('Of what the filter lets through; of one attempt at most 10,000 are kept'),
    counts: countsOf(TEST_STATUSES).describe('Of all tests, whatever the filter'),
    duration_ms: z.number().min(0).describe("Sum of the tests' own"),
    files: z.array(Text).describe('Report files that were read'),
    tested: z.boolean().describe('false: no test of this run has come to its end yet'),
    next: Cursor,
  }),
)

export const FindingList = named(
  'FindingList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        fingerprint: Text.describe('The same from run to run while the finding stays in its file'),
        rule_id: Text,
        severity: z.enum(SEVERITIES),
        file: Text,
        line: Count.describe('From 1; 0: of no line'),
        message: Text,
        snippet: Text,
      }),
    ),
    total: Count.describe('Of what the filter lets through; of one attempt at most 10,000 are kept'),
    counts: countsOf(SEVERITIES).describe('Of all that was found, whatever the filter'),
    tools: z.array(Text),
    checked: z.boolean().describe('false: no check of this run has come to its end yet'),
    next: Cursor,
  }),
)

export const Event = named(
  'Event',
  z.strictObject({
    number: z.int().min(1).describe('Counts all events of the server; the id in the stream'),
    run_id: Id,
    seq: z.int().min(1).describe('Counts the events of the run'),
    at: Time,
    actor: Actor,
    type: z.enum(EVENT_TYPES),
    node: z.strictObject({ id: Id, index: Count }).nullable(),
    data: z.record(z.string(), Json).describe('What else belongs to an event of this type'),
  }),
)
export const EventList = named(
  'EventList',
  z.strictObject({
    items: z.array(Event),
    next: z.int().nullable().describe('Give it as `after` to get what follows'),
  }),
)

export const ReviewItem = named(
  'ReviewItem',
  z.strictObject({
    run: RunSummary,
    project: z.strictObject({ id: Id, serial: Serial, name: Text }),
    node: z.strictObject({ id: Id, key: Text, name: Text }),
    since: Time,
    deadline_at: Time.nullable(),
    review: Review,
    allowed: z.array(NodeAction),
  }),
)
export const ReviewList = named('ReviewList', z.strictObject({ items: z.array(ReviewItem), next: Cursor }))

export const Overview = named(
  'Overview',
  z.strictObject({
    at: Time.describe('When the server told this'),
    counters: z.strictObject({
      needs_person: Count.describe('Runs, of which one can ask for several things'),
      running: Count,
      queued: Count,
      failed_24h: Count.describe('Of the runs made in the last 24 hours'),
      succeeded_24h: Count,
    }),
    needs_person: z
      .array(
        z.strictObject({
          run: RunSummary,
          kind: AttentionKind,
          node: z.strictObject({ id: Id, key: Text, name: Text }).nullable(),
          since: Time,
          until: Time.nullable().describe('When it is given up'),
          reviewers: z.array(Text),
          review: Review.nullable(),
          failure: Failure.nullable().describe('Of what is held'),
          allowed: z.array(NodeAction).describe('On the node'),
          run_allowed: z.array(RunAction).describe('On the run'),
        }),
      )
      .describe('What ends by itself first comes first, then what has waited longest'),
    running: z.array(
      z.strictObject({
        run: RunSummary,
        done: Count.describe('Tasks that have ended'),
        total: Count,
        nodes: z
          .array(z.strictObject({ id: Id, key: Text, name: Text, status: NodeStatus, started_at: Time.nullable() }))
          .describe('At work now, the first of them'),
      }),
    ),
    queued: z.array(z.strictObject({ run: RunSummary, reason: Explanation.nullable() })),
    failed: z.array(
      z.strictObject({ run: RunSummary, failure: z.strictObject({ node: NodeRef, failure: Failure }).nullable() }),
    ),
  }),
)

export const Me = named(
  'Me',
  z.strictObject({
    user: User,
    role: Role,
    project_ids: z.array(Id).nullable().describe('null: all projects'),
    expires_at: Time.nullable().describe('When the token given ends'),
  }),
)
export const NewSession = named(
  'NewSession',
  z.union([
    z.strictObject({ user: Text.min(1).max(255), password: Text.min(1).max(1_024) }),
    z.strictObject({ token: Text.min(1).max(512) }),
  ]),
)
export const Token = named(
  'Token',
  z.strictObject({ id: Text, label: Text, user: User, created_at: Time, expires_at: Time.nullable() }),
)
export const TokenList = named('TokenList', z.strictObject({ items: z.array(Token) }))
export const NewToken = named(
  'NewToken',
  z.strictObject({
    label: Text.min(1).max(128),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null).describe('null: it has no end'),
  }),
)
export const IssuedToken = named(
  'IssuedToken',
  z.strictObject({
    id: Text,
    token: Text.describe('Shown this once; only its hash is kept'),
    label: Text,
    created_at: Time,
    expires_at: Time.nullable(),
  }),
)

// --- Secrets, users, audit ------------------------------------------------------------------------------------------

export const Secret = named(
  'Secret',
  z
    .strictObject({
      name: Text,
      created_at: Time,
      created_by: User,
      updated_at: Time,
      updated_by: User,
      last_used_at: Time.nullable().describe('When a task was last given it, to the minute'),
    })
    .describe('Its value is never given'),
)
export const SecretList = named('SecretList', z.strictObject({ items: z.array(Secret) }))
export const SecretValue = named(
  'SecretValue',
  z.strictObject({ value: Text.max(32_768).describe('8 to 32,768 bytes as UTF-8, blanks around it not counted') }),
)

const ProjectNames = z.array(Text.min(1).max(128)).max(1_000).nullable().describe('Ids or names; null: all projects')
export const UserAccount = named(
  'UserAccount',
  z.strictObject({
    id: Id,
    name: Text,
    domain: Text.describe('Account name for Huawei IAM'),
    role: Role,
    project_ids: z.array(Id).nullable().describe('null: all projects'),
    created_at: Time,
    disabled_at: Time.nullable().describe('null: enabled'),
    has_password: z.boolean(),
  }),
)
export const UserAccountList = named('UserAccountList', z.strictObject({ items: z.array(UserAccount) }))
export const NewUserAccount = named(
  'NewUserAccount',
  z.strictObject({
    name: Text.min(1).max(64),
    domain: Text.min(1).max(64).optional(),
    password: Text.max(1_024).nullable().default(null).describe('8 to 1,024 characters; null: only keys let in'),
    role: Role,
    projects: ProjectNames.default(null),
  }),
)
export const UserAccountChange = named(
  'UserAccountChange',
  z
    .strictObject({
      role: Role.optional(),
      projects: ProjectNames.optional(),
      disabled: z.boolean().optional(),
      password: Text.max(1_024).nullable().optional(),
    })
    .describe('What is left out stays'),
)
export const PasswordChange = named(
  'PasswordChange',
  z.strictObject({ old: Text.max(1_024), new: Text.max(1_024).describe('8 to 1,024 characters') }),
)

export const KeyKind = z.enum(['token', 'aksk', 'bk-app'])
export const Key = named(
  'Key',
  z.strictObject({
    kind: KeyKind,
    name: Text.describe('The public part: id of a token, AK, code of an app'),
    label: Text,
    user: User,
    created_at: Time,
    expires_at: Time.nullable(),
  }),
)
export const KeyList = named('KeyList', z.strictObject({ items: z.array(Key) }))
export const NewAccessKey = named('NewAccessKey', z.strictObject({ label: Text.min(1).max(128) }))
export const IssuedAccessKey = named(
  'IssuedAccessKey',
  z.strictObject({ access_key: Text, secret_key: Text.describe('Shown this once') }),
)
export const NewBlueKingApp = named(
  'NewBlueKingApp',
  z.strictObject({ code: Text.min(1).max(64), label: Text.min(1).max(128) }),
)
export const IssuedBlueKingApp = named(
  'IssuedBlueKingApp',
  z.strictObject({ code: Text, secret: Text.describe('Shown this once; only its hash is kept') }),
)

export const AuditEntry = named(
  'AuditEntry',
  z.strictObject({
    number: z.int().min(1),
    at: Time,
    actor: Actor,
    action: Text.describe('Thing and verb: `secret.set`, `user.change`, `sign-in.locked`'),
    target: Text,
    detail: Text,
  }),
)
export const AuditList = named('AuditList', z.strictObject({ items: z.array(AuditEntry), next: Cursor }))
const NOTIFICATION_EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const
const NotificationTo = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), url: Text.max(2_048) }),
  z.strictObject({ kind: z.literal('email'), addresses: z.array(Text.max(320)).min(1).max(20) }),
])
const notificationFields = {
  id: Id,
  name: Text,
  project_id: Id,
  pipeline_id: Id.nullable().describe('null: of all pipelines of the project'),
  events: z.array(z.enum(NOTIFICATION_EVENTS)),
  to: NotificationTo,
  disabled: z.strictObject({ at: Time, reason: Text }).nullable().describe('By its receiver, with 410'),
  created_at: Time,
  created_by: User,
}
export const Notification = named('Notification', z.strictObject(notificationFields))
export const NotificationList = named('NotificationList', z.strictObject({ items: z.array(Notification) }))
export const IssuedNotification = named(
  'IssuedNotification',
  z.strictObject({
    ...notificationFields,
    secret: Text.nullable().describe('What the receiver checks signatures with: given once. null: it is an e-mail'),
  }),
)
export const NotificationSecret = named('NotificationSecret', z.strictObject({ secret: Text }))
export const NewNotification = named(
  'NewNotification',
  z.strictObject({
    name: Text.min(1).max(128),
    pipeline: Text.min(1).max(128).nullable().default(null).describe('Id or name; null: all of the project'),
    events: z
      .array(z.enum(NOTIFICATION_EVENTS))
      .min(1)
      .max(4)
      .describe(
        'ended: however; failed: unsuccessfully, and not cancelled; recovered: the first success after that; needs_person: a review, a held node, a start',
      ),
    to: NotificationTo,
  }),
)
export const DELIVERY_STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const
export const Delivery = named(
  'Delivery',
  z.strictObject({
    id: Text.describe('Also what the receiver gets as webhook-id'),
    project_id: Id,
    run_id: Id.nullable(),
    kind: Text.describe('webhook, email or status'),
    target: Text.describe('Id of the notification; of a commit status the address of the forge'),
    state: z.enum(DELIVERY_STATES).describe('dead: given up; superseded: a newer commit status took its place'),
    tries: Count,
    created_at: Time,
    updated_at: Time,
    next_at: Time.nullable().describe('Of the next try'),
    error: Text.nullable().describe('What the last try came to'),
  }),
)
export const DeliveryList = named('DeliveryList', z.strictObject({ items: z.array(Delivery), next: Cursor }))
const ServerSetting = z.strictObject({
  name: Text.describe('Variable that sets it'),
  value: Text.nullable().describe('What holds; null: nothing, or that it is not told'),
  is_secret: z.boolean().describe('It may hold a password: `value` says at most that it is set'),
  standard: Text.describe('What holds when nobody sets it'),
  doc: Text,
})
export const ServerInfo = named(
  'ServerInfo',
  z.strictObject({ version: Text, base_url: Text, settings: z.array(ServerSetting) }),
)
export const Runner = named(
  'Runner',
  z.strictObject({
    id: Text.describe('`embedded`: the one that is a part of the server'),
    name: Text,
    kind: z.enum(['embedded', 'remote']),
    labels: z.array(Text),
    slots: z.int().min(1).describe('Tasks that it does at once'),
    busy: Count.describe('Tasks that it has'),
    status: z
      .enum(['online', 'silent', 'draining', 'offline'])
      .describe('silent: not heard of for longer than it should be, and not given up yet'),
    paused: z.boolean().describe('It gets nothing until it is resumed'),
    last_seen_at: Time.nullable(),
    created_at: Time.nullable(),
    version: Text.nullable(),
  }),
)
export const RunnerList = named('RunnerList', z.strictObject({ items: z.array(Runner) }))
export const NewRunner = named(
  'NewRunner',
  z.strictObject({ name: Text.min(1).max(64).describe('Letters, digits and _ . -; unique in the server') }),
)
export const IssuedRunner = named(
  'IssuedRunner',
  z.strictObject({ runner: Runner, token: Text.describe('Shown this once; only its hash is kept') }),
)
