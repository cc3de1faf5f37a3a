import { z } from 'zod'
import { CHANGE_ACTIONS, CHANGE_KINDS, FORGES } from '../../../model/change.ts'
import { FORK_POLICIES, TRIGGER_KINDS } from '../../../model/definition.ts'
import { END_STATUSES } from '../../../model/status.ts'
import { Id, named, Names, RunStatus, Serial, Text, Time } from './common.ts'

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
export const Triggers = z.strictObject({ operator: z.enum(['and', 'or']), list: z.array(Trigger) })
