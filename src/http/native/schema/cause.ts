import { z } from 'zod'
import { CAUSE_KINDS } from '../../../model/event.ts'
import { CHANGE_ACTIONS, CHANGE_KINDS, FORGES } from '../../../model/change.ts'
import { Count, Id, named, Text, Time } from './common.ts'

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
    kind: z.enum(CAUSE_KINDS),
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
