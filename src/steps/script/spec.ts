import { z } from 'zod'
import { defineStep, runnerWork } from '../step.ts'

export const SHELLS = ['sh', 'bash', 'node', 'python'] as const

export const script = defineStep({
  type: 'script',
  summary: 'Runs a script in sh, bash, Node, Python or what its #! line names.',
  schema: z.strictObject({
    script: z
      .string()
      .max(1024 * 1024)
      .refine((text) => text.trim() !== '', 'expected a script, found nothing')
      .describe('The text, given to the interpreter as it is. Params and outputs come in as environment variables.'),
    shell: z.enum(SHELLS).optional().describe('The interpreter. Without: what the #! line names, or else sh.'),
    marks: z
      .string()
      .regex(/^[A-Z_]{1,32}$/, 'expected a name of capital letters and _')
      .optional()
      .describe(
        'Name of tags in the log, such as SOPS_VAR: each <SOPS_VAR>key:value</SOPS_VAR> goes to the output `log_outputs`.',
      ),
    cwd: z.string().min(1).max(1024).optional().describe('A directory in the workspace to run in. Without: its root.'),
  }),
  shorthand: 'script',
  verbatim: ['script'],
  work: (input) => runnerWork('script', input),
})
