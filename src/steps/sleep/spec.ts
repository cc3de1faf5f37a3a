import { z } from 'zod'
import { parseDuration } from '../../model/time.ts'
import { defineStep, duration } from '../step.ts'

export const sleep = defineStep({
  type: 'sleep',
  summary: 'Waits for a time, without holding a runner.',
  schema: z.strictObject({
    duration: duration().describe('How long: seconds, or text such as 5m or 1h30m.'),
  }),
  shorthand: 'duration',
  work: (input) => ({ kind: 'sleep', duration: parseDuration(input.duration) ?? String(input.duration) }),
})
