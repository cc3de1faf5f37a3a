import { z } from 'zod'
import { defineStep, duration, headerMap, httpUrl, runnerWork, secretName } from '../step.ts'

const text = (max: number) => z.string().min(1).max(max)
const pattern = text(1_024)

const directory = z.strictObject({
  path: text(4_096).describe(
    'Absolute, below a directory that the operator allows; or relative to the first of these.',
  ),
})

const http = z
  .strictObject({
    url: httpUrl().describe('Where it goes; with / at the end the name of each file is added.'),
    method: z.enum(['PUT', 'POST']).default('PUT'),
    headers: headerMap().default({}),
    token: secretName().optional().describe('Sent as bearer token.'),
    user: text(320).optional(),
    password: secretName().optional().describe('Of the user, for Basic authentication.'),
    checksum_header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected the name of a header')
      .default('x-checksum-sha256')
      .describe('The header that says the SHA-256 in hex.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    message: 'expected user and password, or neither',
  })
  .refine(({ token, user }) => token === undefined || user === undefined, {
    path: ['token'],
    message: 'expected a token or a user, not both',
  })

const s3 = z.strictObject({
  bucket: z
    .string()
    .refine(
      (name) => name.includes('${') || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name),
      'expected the name of a bucket',
    ),
  prefix: z.string().max(900).default('').describe('What keys begin with: releases/web/.'),
  endpoint: httpUrl().optional().describe('Of another server than Amazon: https://s3.example.com.'),
  region: text(64).default('us-east-1'),
  access_key: secretName(),
  secret_key: secretName(),
  path_style: z.boolean().default(true).describe('Whether the bucket stands in the path and not in the host name.'),
})

const KINDS = ['directory', 'http', 's3'] as const

export const distribute = defineStep({
  type: 'distribute',
  summary: 'Brings files of the workspace to a directory, an HTTP server or S3-compatible storage.',
  schema: z
    .strictObject({
      files: z
        .union([pattern.transform((one) => [one]), z.array(pattern).min(1).max(100)])
        .describe('Paths or globs in the workspace.'),
      directory: directory.optional(),
      http: http.optional(),
      s3: s3.optional(),
      timeout: duration().default('30m').describe('For all files. Up to 6h.'),
    })
    .refine((input) => KINDS.filter((kind) => input[kind] !== undefined).length === 1, {
      path: ['directory'],
      message: `expected one of ${KINDS.join(', ')}`,
    }),
  work: (input) =>
    runnerWork('distribute', input, [
      input.http?.token,
      input.http?.password,
      input.s3?.access_key,
      input.s3?.secret_key,
    ]),
})

export type DistributeInput = ReturnType<typeof distribute.schema.parse>
