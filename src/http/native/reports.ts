import { z } from 'zod'
import type { FindingsPage, TestResultsPage } from '../../host/app.ts'
import { SEVERITIES } from '../../model/finding.ts'
import { accept } from '../../model/problem.ts'
import { TEST_STATUSES } from '../../model/test-report.ts'
import * as query from './query.ts'
import { nodeRef, runRef } from './refs.ts'
import { route } from './route.ts'
import { FindingList, TestResultList } from './schema.ts'

const LIMIT_MAX = 1_000
const node = query.name.describe('Id or key of one task; without it those of all')
/** A cursor is how many were given: reports of ended attempts do not change. */
const following = (skip: number, given: number, total: number): string | null =>
  skip + given < total ? String(skip + given) : null

export const listTests = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/tests',
  id: 'listTests',
  tag: 'reports',
  summary: 'What the tests of a run said',
  description: 'Of the newest attempt of each task that has left a report, worst first. Counts are of all tests.',
  query: z.object({
    node,
    status: query.list(TEST_STATUSES).describe('Only these'),
    text: query.name.describe('Only those with this in the name of the suite or test'),
    limit: query.limit(100, LIMIT_MAX),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: TestResultList },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: given }) => {
    const skip = given.cursor ?? 0
    const filter = {
      ...(given.node === undefined ? {} : { node: nodeRef(given.node) }),
      ...(given.status === undefined ? {} : { statuses: given.status }),
      ...(given.text === undefined ? {} : { text: given.text }),
    }
    const found = await app.tests.list(caller, runRef(param('run')), filter, { skip, limit: given.limit })
    return found.ok ? accept({ body: presentTests(found.value, skip) }) : found
  },
})

const presentTests = ({ items, total, counts, durationMs, files, tested }: TestResultsPage, skip: number) => ({
  items: items.map(({ nodeKey, attempt, node: id, durationMs: tookMs, ...rest }) => ({
    ...rest,
    duration_ms: tookMs,
    node: { id, key: nodeKey },
    attempt,
  })),
  total,
  counts,
  duration_ms: durationMs,
  files: [...files],
  tested,
  next: following(skip, items.length, total),
})

export const listFindings = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/findings',
  id: 'listFindings',
  tag: 'reports',
  summary: 'What the checks of a run found',
  description: 'Of the newest attempt of each task that has left a report, worst first. Counts are of all findings.',
  query: z.object({
    node,
    severity: query.list(SEVERITIES).describe('Only these'),
    limit: query.limit(100, LIMIT_MAX),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: FindingList },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: given }) => {
    const skip = given.cursor ?? 0
    const filter = {
      ...(given.node === undefined ? {} : { node: nodeRef(given.node) }),
      ...(given.severity === undefined ? {} : { severities: given.severity }),
    }
    const found = await app.findings.list(caller, runRef(param('run')), filter, { skip, limit: given.limit })
    return found.ok ? accept({ body: presentFindings(found.value, skip) }) : found
  },
})

const presentFindings = ({ items, total, counts, tools, checked }: FindingsPage, skip: number) => ({
  items: items.map(({ ruleId, ...rest }) => ({ ...rest, rule_id: ruleId })),
  total,
  counts,
  tools: [...tools],
  checked,
  next: following(skip, items.length, total),
})
