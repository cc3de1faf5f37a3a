import { z } from 'zod'
import { count, defineStep, runnerWork, secretName } from '../step.ts'
import { isRef, isUrl } from './address.ts'

const template = (text: string): boolean => text.includes('${{')

export const git = defineStep({
  type: 'git',
  summary: 'Fetches a commit, branch or tag of a Git repository into the workspace.',
  schema: z.strictObject({
    url: z
      .string()
      .max(2048)
      .refine((text) => template(text) || isUrl(text), 'expected an https, ssh, git or file URL, or an absolute path')
      .describe('An https, http, ssh, git or file URL, user@host:path, or an absolute path on the runner.'),
    ref: z
      .string()
      .max(255)
      .refine((text) => template(text) || isRef(text), 'expected a branch, a tag or a commit')
      .optional()
      .describe("A branch, a tag or a commit. Without: the branch that the repository's HEAD names."),
    depth: count(0, 1_000_000).default(1).describe('How many commits of history; 0: all.'),
    path: z.string().min(1).max(1024).default('.').describe('The directory in the workspace to fetch into.'),
    token: secretName().optional().describe('The secret that is the token or password for an http or https URL.'),
    user: z.string().min(1).max(255).optional().describe('Whose it is, where the server asks for that. Without: git.'),
  }),
  shorthand: 'url',
  work: (input) => runnerWork('git', input, [input.token]),
  needs: () => ['tool:git'],
})

export type GitInput = ReturnType<typeof git.schema.parse>
