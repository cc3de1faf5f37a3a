import { z } from 'zod'
import { count, defineStep, runnerWork } from '../step.ts'

const pattern = z.string().min(1).max(1_024)

const expected = 'expected a number from 0 to 100'
const percent = z.union(
  [
    z.number(expected).min(0, expected).max(100, expected),
    z.string().refine((text) => text.includes('${') || /^(?:100|\d{1,2}(?:\.\d{1,3})?)$/.test(text), expected),
  ],
  { error: expected },
)

export const test = defineStep({
  type: 'test',
  summary: 'Runs tests and reads the JUnit XML that they write: counts, failures with messages, a threshold.',
  schema: z
    .strictObject({
      script: z
        .string()
        .min(1)
        .max(65_536)
        .optional()
        .describe('What to run, by `sh -e`. Without it and `command`: the reports are there already.'),
      command: z
        .array(z.string().max(4_096))
        .min(1)
        .max(100)
        .optional()
        .describe('Instead of `script`: a program and its arguments, without a shell.'),
      reports: z
        .union([pattern.transform((one) => [one]), z.array(pattern).min(1).max(100)])
        .describe('JUnit XML files, as paths or globs in `path`: junit.xml, build/**/TEST-*.xml.'),
      path: z.string().min(1).max(1_024).default('.').describe('The directory in the workspace to run in.'),
      allow_failures: count(0, 1_000_000).optional().describe('So many tests may fail. Without both limits: none.'),
      min_pass_rate: percent.optional().describe('So many per cent of the tests that were not skipped must pass.'),
      min_tests: count(0, 1_000_000)
        .default(1)
        .describe('Fewer tests than this are a failure: a run that has tested nothing says nothing.'),
    })
    .refine(({ script, command }) => script === undefined || command === undefined, {
      path: ['command'],
      message: 'expected either script or command',
    }),
  shorthand: 'script',
  verbatim: ['script'],
  work: (input) => runnerWork('test', input),
})
