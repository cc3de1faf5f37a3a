import { z } from 'zod'
import { named, Text } from './common.ts'

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
