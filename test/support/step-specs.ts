import { z } from 'zod'
import type { Work } from '../../src/model/definition.ts'
import { parseDuration } from '../../src/model/time.ts'
import type { StepSpec } from '../../src/steps/step.ts'

/** Step types small enough to test the form of definitions with, one of each kind of work. */

const template = z.string().regex(/\$\{\{/, 'expected text with ${{ }}')
const duration = z
  .union([z.number(), z.string()])
  .refine((value) => String(value).includes('${{') || parseDuration(value) !== undefined, {
    error: 'expected a duration such as 30s',
  })

const script: StepSpec<{ script: string; shell?: string | undefined; limit?: number | string | undefined }> = {
  type: 'script',
  summary: 'Runs a script.',
  schema: z.strictObject({
    script: z.string().min(1).max(65_536),
    shell: z.enum(['sh', 'bash', 'node']).optional(),
    limit: z.union([z.int().min(1), template]).optional(),
  }),
  shorthand: 'script',
  verbatim: ['script'],
  work: (input): Work => ({ kind: 'runner', uses: 'script', with: JSON.parse(JSON.stringify(input)) }),
}

const git: StepSpec<{
  url: string
  ref?: string | undefined
  paths?: string[] | undefined
  depth?: number | undefined
}> = {
  type: 'git',
  summary: 'Fetches a commit.',
  schema: z.strictObject({
    url: z.string().min(1),
    ref: z.string().optional(),
    paths: z.array(z.string().max(20)).max(3).optional(),
    depth: z.int().min(1).max(1_000).optional(),
  }),
  shorthand: 'url',
  work: (input): Work => ({ kind: 'runner', uses: 'git', with: JSON.parse(JSON.stringify(input)) }),
}

const noop: StepSpec<Record<string, never>> = {
  type: 'noop',
  summary: 'Does nothing.',
  schema: z.strictObject({}),
  work: (): Work => ({ kind: 'noop' }),
}

const sleep: StepSpec<{ duration: string | number }> = {
  type: 'sleep',
  summary: 'Waits.',
  schema: z.strictObject({ duration }),
  shorthand: 'duration',
  work: (input): Work => ({ kind: 'sleep', duration: parseDuration(input.duration) ?? String(input.duration) }),
}

const approval: StepSpec<{
  question: string
  reviewers: string[]
  required: number | 'all'
  expire?: string | number | undefined
}> = {
  type: 'approval',
  summary: 'Waits for people.',
  schema: z.strictObject({
    question: z.string().max(1_000).default(''),
    reviewers: z.array(z.string().min(1)).max(50).default([]),
    required: z.union([z.int().min(1), z.literal('all')]).default(1),
    expire: duration.optional(),
  }),
  shorthand: 'question',
  work: (input): Work => ({
    kind: 'review',
    question: input.question,
    reviewers: input.reviewers,
    required: input.required,
    expireMs: input.expire === undefined ? null : (parseDuration(input.expire) ?? null),
  }),
}

export const stepSpecs = [script, git, noop, sleep, approval] as unknown as readonly StepSpec[]
