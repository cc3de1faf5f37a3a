import { z } from 'zod'
import { defineStep, runnerWork } from '../step.ts'

const pattern = z.string().min(1).max(1_024)

export const pack = defineStep({
  type: 'package',
  summary: 'Packs files of the workspace, and keeps the package when the workspace is gone.',
  schema: z.strictObject({
    name: z.string().min(1).max(128).describe('What the package is called, such as web-${{ run.number }}.tar.gz.'),
    files: z
      .union([pattern.transform((one) => [one]), z.array(pattern).min(1).max(100)])
      .describe('Paths or globs in the workspace, one or a list: dist, build/**/*.js.'),
    format: z
      .enum(['tar.gz', 'zip', 'file'])
      .optional()
      .describe(
        'tar.gz and zip pack all that the globs find; file keeps the one file that they find as it is. Without: zip when ' +
          'the name ends with it, else tar.gz.',
      ),
    into: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe('Directory in the workspace that it is put into, too, for the tasks that come.'),
    cwd: z.string().min(1).max(1_024).default('.').describe('Directory in the workspace that the paths begin in.'),
  }),
  work: (input) => runnerWork('package', input),
})
