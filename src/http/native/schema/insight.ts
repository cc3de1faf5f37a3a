import { z } from 'zod'
import { SEGMENT_KINDS } from '../../../graph/timeline.ts'
import { EXPLANATION_CODES } from '../../../model/explanation.ts'
import { Count, Id, Ms, named, Names, Text, Time } from './common.ts'

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
