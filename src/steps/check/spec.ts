import { z } from 'zod'
import { SEVERITIES } from '../../model/finding.ts'
import { defineStep, runnerWork } from '../step.ts'
import { LINT_RULE_IDS } from './rules.ts'

const path = z.string().min(1).max(1024)

export const check = defineStep({
  type: 'check',
  summary: 'Checks code with a linter that writes SARIF 2.1.0, or with the built-in one, and keeps what it found.',
  schema: z
    .strictObject({
      path: path.default('.').describe('The directory in the workspace to check, e.g. the `path` of a `git` task.'),
      command: z
        .array(z.string().max(4096))
        .min(1)
        .max(100)
        .optional()
        .describe('A program and its arguments, run in that directory without a shell. Without: see `sarif`.'),
      sarif: path
        .optional()
        .describe(
          'The SARIF file in that directory: what `command` writes, or without a command what is there already. ' +
            'Without both: the built-in linter.',
        ),
      rules: z
        .array(z.enum(LINT_RULE_IDS))
        .max(LINT_RULE_IDS.length)
        .optional()
        .describe('The rules of the built-in linter to apply. Without: all.'),
      exclude: z
        .array(z.string().min(1).max(1024))
        .max(200)
        .optional()
        .describe('Files and directories to leave out: a path, or `*` and an ending (`*.min.js`).'),
      fail_on: z
        .enum(['none', ...SEVERITIES])
        .default('none')
        .describe('The task fails when it finds something of this severity or worse; none: whatever it finds.'),
    })
    .refine((input) => input.rules === undefined || (input.command === undefined && input.sarif === undefined), {
      path: ['rules'],
      message: 'expected rules for the built-in linter only, found command or sarif beside them',
    })
    .refine((input) => input.command === undefined || input.sarif !== undefined, {
      path: ['command'],
      message: 'expected sarif beside it, the file that the command writes',
    }),
  work: (input) => runnerWork('check', input),
})
