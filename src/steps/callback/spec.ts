import { z } from 'zod'
import { parseDuration } from '../../model/time.ts'
import { defineStep } from '../step.ts'

const expire = z
  .union([z.number(), z.string()], { error: 'expected a duration such as 2h or 7d' })
  .refine((value) => (parseDuration(value) ?? 0) > 0, 'expected a duration such as 2h or 7d')

export const callback = defineStep({
  type: 'callback',
  summary: 'Waits for a word from outside: the command callback, whose outputs become its own.',
  schema: z.strictObject({
    expire: expire.optional().describe('After this long without a word it has timed out. Without: it waits for ever.'),
  }),
  shorthand: 'expire',
  work: ({ expire: after }) => ({
    kind: 'callback',
    expireMs: after === undefined ? null : (parseDuration(after) ?? null),
  }),
})
