import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asId, type PipelineId, type ProjectId } from '../../model/id.ts'
import { END_STATUSES } from '../../model/status.ts'
import { readMigrations } from '../kit/migrations.ts'
import type { RunFilter } from '../store.ts'
import { Connection } from './connection.ts'
import { migrate } from './migrate.ts'
import { list } from './reads/runs.ts'

/** What lists go by, however many runs there are: a page of any of them reads no more rows than it has, and few beside. */

let directory: string
let connection: Connection
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-plans-'))
  const path = join(directory, 'millrace.db')
  connection = new Connection(path, 'read-write')
  migrate(connection, readMigrations(join(import.meta.dirname, 'migrations')), path)
})
afterAll(() => {
  connection.close()
  rmSync(directory, { recursive: true })
})

/** How SQLite finds the runs of each part of a list, and whether it sorts what it has found there. */
function waysOf(filter: RunFilter, before: number | null): readonly string[] {
  const ways: string[] = []
  const asked = {
    all: (sql: string, ...values: never[]) => {
      const steps = connection.all<{ detail: string }>(`explain query plan ${sql}`, ...values)
      const at = steps.findIndex(({ detail }) => / r\b/.test(detail))
      ways.push(...steps.slice(at).flatMap(({ detail }) => (/^(SEARCH|SCAN) r\b/.test(detail) ? [detail] : [])))
      return []
    },
  } as unknown as Connection
  list(asked, filter, before, 50)
  // The last one takes up the page itself.
  return ways.slice(0, -1)
}

const project = asId<ProjectId>('0a'.repeat(16))
const other = asId<ProjectId>('0b'.repeat(16))
const pipelineId = asId<PipelineId>('0c'.repeat(16))
const spans = { createdFrom: 5, createdTo: 9 }

test.each<[string, RunFilter, readonly string[]]>([
  ['all', {}, ['INTEGER PRIMARY KEY (rowid<?)']],
  ['of a project', { projectIds: [project] }, ['INDEX runs_by_project (project=? AND rowid<?)']],
  [
    'of two projects',
    { projectIds: [project, other] },
    ['INDEX runs_by_project (project=? AND rowid<?)', 'INDEX runs_by_project (project=? AND rowid<?)'],
  ],
  ['of a pipeline', { projectIds: [project], pipelineId }, ['INDEX runs_by_pipeline (pipeline=? AND rowid<?)']],
  ['that failed', { statuses: ['failed'] }, ['INDEX runs_by_end (status=? AND rowid<?)']],
  [
    'of a project that failed',
    { projectIds: [project], statuses: ['failed'] },
    ['INDEX runs_by_project_end (project=? AND status=? AND rowid<?)'],
  ],
  [
    'of a pipeline that failed',
    { pipelineId, statuses: ['failed'] },
    ['INDEX runs_by_pipeline_end (pipeline=? AND status=? AND rowid<?)'],
  ],
  [
    'of a pipeline, that failed or are under way',
    { pipelineId, statuses: ['failed', 'running'] },
    ['INDEX runs_by_pipeline_end (pipeline=? AND status=? AND rowid<?)', 'INDEX runs_live (live=? AND rowid<?)'],
  ],
  ['that need a person', { needsPerson: true }, ['INDEX runs_needing_person (needs_person=? AND rowid<?)']],
  [
    'that somebody made, that failed or are under way',
    { causeBy: ['li'], statuses: ['failed', 'running'] },
    ['INDEX runs_by_cause (cause_by=? AND status=? AND rowid<?)', 'INDEX runs_live (live=? AND rowid<?)'],
  ],
  [
    'of a project that one of two made, that failed',
    { projectIds: [project], causeBy: ['li', 'wang'], statuses: ['failed'] },
    Array.from({ length: 2 }, () => 'INDEX runs_by_project_cause (project=? AND cause_by=? AND status=? AND rowid<?)'),
  ],
  [
    'of a pipeline that somebody made',
    { pipelineId, causeBy: ['li'] },
    [
      ...END_STATUSES.map(() => 'INDEX runs_by_pipeline_cause (pipeline=? AND cause_by=? AND status=? AND rowid<?)'),
      'INDEX runs_live (live=? AND rowid<?)',
    ],
  ],
  ['of no project', { projectIds: [] }, []],
  ['in no status', { statuses: [] }, []],
])('a list of runs %s', (_, filter, expected) => {
  expect(waysOf(filter, 100)).toEqual(expected.map((way) => `SEARCH r USING ${way}`))
  // Of a time long ago it begins, and ends, where there are such runs.
  const bounded = expected.map((way) => `SEARCH r USING ${way.replace('rowid<?', 'rowid>? AND rowid<?')}`)
  expect(waysOf({ ...filter, ...spans }, null)).toEqual(bounded)
})
