import { z } from 'zod'
import { count, defineStep, runnerWork, secretName } from '../step.ts'
import { isDirectory, isRef, isSshAddress, isUrl } from './address.ts'

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
    key: secretName().optional().describe('The secret that is the private key for an ssh address.'),
    known_hosts: z
      .string()
      .min(1)
      .max(64 * 1_024)
      .optional()
      .describe(
        "Host keys of the ssh servers, in lines as ssh-keyscan prints them. Without: those of the runner's user.",
      ),
    host_check: z
      .enum(['strict', 'first-use'])
      .optional()
      .describe('first-use believes an ssh server that was never seen before. Without: strict.'),
    submodules: z
      .union([z.boolean(), z.literal('recursive')])
      .optional()
      .describe('Whether submodules are fetched; recursive: also theirs.'),
    lfs: z.boolean().optional().describe('Whether files that Git LFS keeps are fetched.'),
    sparse: z
      .array(
        z
          .string()
          .max(1_024)
          .refine((text) => template(text) || isDirectory(text), 'expected a directory'),
      )
      .min(1)
      .max(100)
      .optional()
      .describe('Only these directories and the files on the way to them are checked out.'),
    user: z.string().min(1).max(255).optional().describe('Whose it is, where the server asks for that. Without: git.'),
  }),
  shorthand: 'url',
  work: (input) => runnerWork('git', input, [input.token, input.key]),
  needs: ({ url, lfs }) => [
    'tool:git',
    ...(!template(url) && isSshAddress(url) ? (['tool:ssh'] as const) : []),
    ...(lfs === true ? (['tool:git-lfs'] as const) : []),
  ],
})

export type GitInput = ReturnType<typeof git.schema.parse>
