import type { LogEntry, RunEvent } from '../../model/event.ts'
import { asId, type PipelineId, type ProjectId, type RunId, type UserId } from '../../model/id.ts'
import type { ProjectView, RunSummary } from '../../model/view.ts'
import type { PipelineRecord, RunCommit, Store, VersionRecord } from '../store.ts'

/** A moment that all samples count from. */
export const T0 = Date.UTC(2026, 10, 21, 8, 0, 0)

let drawn = 0
/** A fresh id; ids of one process are unique, so samples of one test never meet those of another. */
export function freshId<Id extends ProjectId | PipelineId | RunId | UserId>(): Id {
  drawn += 1
  return asId<Id>(drawn.toString(16).padStart(32, '0'))
}

export const li = { id: freshId<UserId>(), name: 'li' }

export function sampleProject(name: string): Omit<ProjectView, 'serial'> {
  return { id: freshId<ProjectId>(), name, description: `about ${name}`, createdAt: T0 }
}

export function samplePipeline(
  projectId: ProjectId,
  name: string,
  webhooks: PipelineRecord['webhooks'] = [],
): Omit<PipelineRecord, 'serial' | 'version' | 'deletedAt'> {
  return { id: freshId<PipelineId>(), projectId, name, createdAt: T0, createdBy: li, updatedAt: T0, webhooks }
}

export function sampleVersion(text: string, createdAt = T0): Omit<VersionRecord, 'version'> {
  return { createdAt, createdBy: li, text, plan: JSON.stringify({ v: 1, text }) }
}

export async function addPipeline(store: Store, name = 'build', project?: ProjectView): Promise<PipelineRecord> {
  const home = project ?? (await store.catalog.addProject(sampleProject(`project of ${freshId()}`)))
  return store.catalog.addPipeline(samplePipeline(home.id, name), sampleVersion(`name: ${name}`))
}

/** The index row of a run that is not committed yet. */
export async function reserveRun(
  store: Store,
  pipeline: PipelineRecord,
  more: Partial<RunSummary> = {},
): Promise<RunSummary> {
  const { number, serial } = await store.runs.reserve(pipeline.id)
  return {
    id: freshId<RunId>(),
    number,
    serial,
    projectId: pipeline.projectId,
    pipelineId: pipeline.id,
    pipelineName: pipeline.name,
    version: 1,
    status: 'queued',
    seq: 0,
    cause: { kind: 'manual', by: 'li' },
    needsPerson: false,
    annotations: {},
    createdAt: T0,
    startedAt: null,
    endedAt: null,
    updatedAt: T0,
    ...more,
  }
}

/** Entries of so many events each, that follow on `afterSeq`. Every event says which seq it has. */
export function sampleEntries(afterSeq: number, sizes: readonly number[]): LogEntry[] {
  let seq = afterSeq
  return sizes.map((size) => {
    const events = Array.from({ length: size }, (_, index): RunEvent => eventAt(seq + index + 1))
    seq += size
    return { v: 1, seq, at: T0 + seq, actor: { kind: 'user', name: 'li' }, events }
  })
}

export const eventAt = (seq: number): RunEvent => ({ type: 'RunRestarted', pass: seq })

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** The commit that makes a run. */
export function firstCommit(
  summary: RunSummary,
  sizes: readonly number[] = [1],
  more: Partial<RunCommit> = {},
): RunCommit {
  return {
    runId: summary.id,
    expectedSeq: 0,
    entries: sampleEntries(0, sizes),
    summary: { ...summary, seq: sum(sizes), updatedAt: T0 + sum(sizes) },
    snapshot: null,
    idempotency: null,
    ...more,
  }
}

/** A later commit, of a run that is at `expectedSeq`. */
export function nextCommit(
  runId: RunId,
  expectedSeq: number,
  sizes: readonly number[] = [1],
  more: Partial<RunCommit> = {},
): RunCommit {
  const entries = sampleEntries(expectedSeq, sizes)
  return { runId, expectedSeq, entries, summary: null, snapshot: null, idempotency: null, ...more }
}

/** A committed run. */
export async function addRun(
  store: Store,
  pipeline: PipelineRecord,
  sizes: readonly number[] = [1],
  more: Partial<RunSummary> = {},
): Promise<RunSummary> {
  const commit = firstCommit(await reserveRun(store, pipeline, more), sizes)
  await store.runs.commit(commit)
  return commit.summary ?? Promise.reject(new Error('a first commit has a summary'))
}
