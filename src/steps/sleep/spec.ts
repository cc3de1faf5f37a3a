import { z } from 'zod'
import { parseDuration } from '../../model/time.ts'
import { defineStep, duration } from '../step.ts'

const INSTANT = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:?\d{2})?$/

const EXPECTED = 'expected a duration such as 30s, 5m or 1h30m, or an instant'

export const sleep = defineStep({
  type: 'sleep',
  summary: 'Waits for a time, without holding a runner.',
  schema: z.strictObject({
    duration: z
      .union([duration(), z.string().regex(INSTANT, EXPECTED)], { error: EXPECTED })
      .describe('How long: seconds, or text such as 5m or 1h30m; or until when: 2030-01-31 08:00:00, in UTC.'),
  }),
  shorthand: 'duration',
  work: (input) => ({ kind: 'sleep', duration: parseDuration(input.duration) ?? String(input.duration) }),
})
