import { z } from 'zod'
import { SEVERITIES } from '../../../model/finding.ts'
import { TEST_STATUSES } from '../../../model/test-report.ts'
import { Count, Cursor, Id, named, Text, Time } from './common.ts'

export const ArtifactList = named(
  'ArtifactList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        name: Text,
        size: Count.describe('Bytes'),
        sha256: Text.describe('64 hex digits'),
        node: z.strictObject({ id: Id, key: Text }),
        attempt: z.int().min(1),
        created_at: Time,
      }),
    ),
  }),
)

const countsOf = <Name extends string>(words: readonly Name[]) =>
  z.strictObject(Object.fromEntries(words.map((word) => [word, Count])) as Record<Name, typeof Count>)

export const TestResult = named(
  'TestResult',
  z.strictObject({
    name: Text,
    suite: Text.describe('Suite, class or module; empty: none'),
    file: Text.describe('Where it is written; empty: not known'),
    status: z.enum(TEST_STATUSES),
    duration_ms: z.number().min(0).nullable().describe('null: not measured'),
    message: Text.describe('Of a failure, an error or a skip; empty: none'),
    detail: Text.describe('Such as a stack, cut short'),
    node: z.strictObject({ id: Id, key: Text }),
    attempt: z.int().min(1),
  }),
)
export const TestResultList = named(
  'TestResultList',
  z.strictObject({
    items: z.array(TestResult),
    total: Count.describe('Of what the filter lets through; of one attempt at most 10,000 are kept'),
    counts: countsOf(TEST_STATUSES).describe('Of all tests, whatever the filter'),
    duration_ms: z.number().min(0).describe("Sum of the tests' own"),
    files: z.array(Text).describe('Report files that were read'),
    tested: z.boolean().describe('false: no test of this run has come to its end yet'),
    next: Cursor,
  }),
)

export const FindingList = named(
  'FindingList',
  z.strictObject({
    items: z.array(
      z.strictObject({
        fingerprint: Text.describe('The same from run to run while the finding stays in its file'),
        rule_id: Text,
        severity: z.enum(SEVERITIES),
        file: Text,
        line: Count.describe('From 1; 0: of no line'),
        message: Text,
        snippet: Text,
      }),
    ),
    total: Count.describe('Of what the filter lets through; of one attempt at most 10,000 are kept'),
    counts: countsOf(SEVERITIES).describe('Of all that was found, whatever the filter'),
    tools: z.array(Text),
    checked: z.boolean().describe('false: no check of this run has come to its end yet'),
    next: Cursor,
  }),
)
