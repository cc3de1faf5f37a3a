import { z } from 'zod'
import { defineStep } from '../step.ts'

export const noop = defineStep({
  type: 'noop',
  summary: 'Does nothing: a point where branches join, or a place for a condition.',
  schema: z.strictObject({}),
  work: () => ({ kind: 'noop' }),
})
