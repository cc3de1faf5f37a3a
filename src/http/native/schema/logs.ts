import { z } from 'zod'
import { Count, named, Text, Time } from './common.ts'

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
