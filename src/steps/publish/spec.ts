import { z } from 'zod'
import { defineStep } from '../step.ts'

export const publish = defineStep({
  type: 'publish',
  summary: 'Fires the triggers of the project that listen to a channel.',
  schema: z.strictObject({
    channel: z.string().min(1).max(128).describe('Name of the channel. May hold ${{ }}.'),
    params: z
      .record(z.string().min(1).max(128), z.string().max(8_192))
      .refine((params) => Object.keys(params).length <= 200, 'expected at most 200 params')
      .default({})
      .describe('What the triggers are given. Values may hold ${{ }}.'),
  }),
  shorthand: 'channel',
  work: ({ channel, params }) => ({ kind: 'publish', channel, params }),
})
