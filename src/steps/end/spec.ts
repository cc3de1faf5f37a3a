import { z } from 'zod'
import { defineStep } from '../step.ts'

export const end = defineStep({
  type: 'end',
  summary: 'Only in a flow or sub-flow, once: where its token ends.',
  schema: z.strictObject({}),
  work: () => ({ kind: 'end' }),
})
