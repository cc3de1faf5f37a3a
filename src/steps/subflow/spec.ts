import { z } from 'zod'
import { defineStep } from '../step.ts'

export const subflow = defineStep({
  type: 'subflow',
  summary: 'Only in a flow: the nodes that name it as their parent, from their start to their end.',
  schema: z.strictObject({}),
  work: () => ({ kind: 'subflow' }),
})
