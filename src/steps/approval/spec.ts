import { z } from 'zod'
import { parseDuration } from '../../model/time.ts'
import { defineStep } from '../step.ts'

const userName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\s\p{Cc}{}]+$/u, 'expected the name of a user')

const expire = z
  .union([z.number(), z.string()], { error: 'expected a duration such as 2h or 7d' })
  .refine((value) => (parseDuration(value) ?? 0) > 0, 'expected a duration such as 2h or 7d')

const outputs = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, 'expected a name of letters, digits, _ and -')
      .refine((name) => name !== '__proto__', 'expected another name'),
    z.string().max(1_024),
  )
  .refine((values) => Object.keys(values).length <= 20, 'expected at most 20 outputs')
  .default({})

export const approval = defineStep({
  type: 'approval',
  summary: 'Waits until people approve; one rejection fails it.',
  schema: z
    .strictObject({
      reviewers: z
        .array(userName)
        .max(100)
        .refine((names) => new Set(names).size === names.length, 'expected every reviewer once')
        .default([])
        .describe('Names of users who may decide. Empty: everyone who may operate the project.'),
      required: z
        .union([z.int().min(1).max(100), z.literal('all')], { error: 'expected a number from 1 to 100, or all' })
        .default(1)
        .describe('How many approvals are needed: a number, or all.'),
      expire: expire
        .optional()
        .describe('After this long without a decision it has timed out. Without: it waits for ever.'),
      question: z.string().max(10_000).default('').describe('What the reviewers are asked. May hold ${{ }}.'),
      on_reject: z
        .enum(['fail', 'pass'])
        .optional()
        .describe('`pass`: one rejection ends it as a success, for what comes next to tell by its outputs.'),
      outputs: z
        .strictObject({ approved: outputs, rejected: outputs })
        .optional()
        .describe('What its outputs are: when it is approved, and when it is rejected.'),
    })
    .superRefine(({ reviewers, required }, context) => {
      if (required === 'all' ? reviewers.length > 0 : reviewers.length === 0 || required <= reviewers.length) return
      const message =
        required === 'all'
          ? 'all needs a list of reviewers'
          : `expected at most ${reviewers.length}, as many as there are reviewers, found ${required}`
      context.addIssue({ code: 'custom', path: ['required'], message })
    }),
  shorthand: 'question',
  work: ({ reviewers, required, expire: after, question, on_reject: onReject, outputs: told }) => ({
    kind: 'review',
    reviewers,
    required,
    expireMs: after === undefined ? null : (parseDuration(after) ?? null),
    question,
    ...(onReject === undefined ? {} : { onReject }),
    ...(told === undefined ? {} : { outputs: told }),
  }),
})
