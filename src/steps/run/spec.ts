import { z } from 'zod'
import type { JsonObject } from '../../model/json.ts'
import { defineStep } from '../step.ts'

export const run = defineStep({
  type: 'run',
  summary: 'Runs another pipeline of the project.',
  schema: z.strictObject({
    pipeline: z.string().min(1).max(128).describe('Its name.'),
    params: z
      .record(z.string().min(1).max(64), z.unknown())
      .refine((params) => Object.keys(params).length <= 200, 'expected at most 200 params')
      .default({})
      .describe('Values of its params. Texts may hold ${{ }}.'),
    wait: z.boolean().default(true).describe('Whether to end as that run does, and to cancel it with this one.'),
  }),
  work: ({ pipeline, params, wait }) => ({ kind: 'run', pipeline, params: params as JsonObject, wait }),
})
