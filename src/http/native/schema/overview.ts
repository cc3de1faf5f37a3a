import { z } from 'zod'
import { Count, Cursor, Id, named, NodeAction, NodeStatus, RunAction, Serial, Text, Time } from './common.ts'
import { Explanation } from './insight.ts'
import { Failure, NodeRef, Review } from './nodes.ts'
import { AttentionKind, RunSummary } from './runs.ts'

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
