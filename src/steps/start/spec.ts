import { z } from 'zod'
import { defineStep } from '../step.ts'

export const start = defineStep({
  type: 'start',
  summary: 'Only in a flow or sub-flow, once: where its token begins.',
  schema: z.strictObject({}),
  work: () => ({ kind: 'start' }),
})
