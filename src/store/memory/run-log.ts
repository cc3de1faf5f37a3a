import type { EventRecord } from '../../model/event.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import { isEnded } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import { checkCommit } from '../kit/commit.ts'
import { pageOf, type StoredEntry } from '../kit/flatten.ts'
import { foldCase } from '../kit/text.ts'
import {
  type FeedFilter,
  IDEMPOTENCY_MS,
  type RunCommit,
  type RunFilter,
  type RunLog,
  type RunRef,
  StoreError,
} from '../store.ts'

interface Row {
  summary: RunSummary
  readonly entries: StoredEntry[]
  snapshot: { readonly seq: number; readonly data: string } | undefined
}
type Idempotency = NonNullable<RunCommit['idempotency']> & { readonly runId: RunId }

export function memoryRunLog(
  open: () => void,
  hasPipeline: (id: PipelineId, projectId?: ProjectId) => boolean,
): RunLog {
  const rows = new Map<RunId, Row>()
  /** The same rows, in order of serial. */
  let ordered: Row[] = []
  /** Serials and numbers of the runs there are. */
  const names = new Set<string>()
  let log: StoredEntry[] = []
  const keys = new Map<string, Idempotency>()
  const numbers = new Map<PipelineId, number>()
  let serial = 0
  let lastNumber = 0

  const checkNames = (summary: RunSummary): void => {
    const { id, pipelineId, projectId } = summary
    if (!hasPipeline(pipelineId, projectId)) {
      throw new StoreError('missing', `run ${id}: there is no pipeline ${pipelineId} in project ${projectId}`)
    }
    if (namesOf(summary).some((name) => names.has(name))) {
      throw new StoreError('conflict', `run ${id}: its serial or number belongs to another run`)
    }
  }

  const commit = (commit: RunCommit): number => {
    const { runId, expectedSeq, entries, summary, snapshot, idempotency } = commit
    checkCommit(commit)
    const row = rows.get(runId)
    const seq = row?.summary.seq ?? 0
    if (seq !== expectedSeq) throw new StoreError('conflict', `run ${runId} is at seq ${seq}, not ${expectedSeq}`)
    if (row === undefined && summary !== null) checkNames(summary)
    const taken = idempotency === null ? undefined : keys.get(idempotency.key)
    if (idempotency !== null && taken !== undefined && stands(taken, idempotency.at)) {
      throw new StoreError('conflict', `run ${runId}: its idempotency key belongs to run ${taken.runId}`)
    }

    const kept = row ?? newRow(summary)
    if (row === undefined) {
      rows.set(runId, kept)
      for (const name of namesOf(kept.summary)) names.add(name)
      const isNewest = (ordered.at(-1)?.summary.serial ?? 0) < kept.summary.serial
      ordered.push(kept)
      if (!isNewest) ordered = ordered.toSorted((a, b) => a.summary.serial - b.summary.serial)
    }
    for (const entry of entries) {
      lastNumber += entry.events.length
      const stored = { runId, lastNumber, entry }
      kept.entries.push(stored)
      log.push(stored)
      kept.summary = { ...kept.summary, seq: entry.seq, updatedAt: entry.at }
    }
    const { seq: newest, updatedAt } = kept.summary
    if (summary !== null) kept.summary = { ...summary, seq: newest, updatedAt }
    if (snapshot !== null) kept.snapshot = { seq: newest, data: snapshot }
    if (idempotency !== null) keys.set(idempotency.key, { ...idempotency, runId })
    return lastNumber
  }

  const find = (ref: RunRef): Row | undefined => {
    switch (ref.by) {
      case 'id':
        return rows.get(ref.id)
      case 'serial':
        return ordered.find(({ summary }) => summary.serial === ref.serial)
      case 'number':
        return ordered.find(({ summary }) => summary.pipelineId === ref.pipelineId && summary.number === ref.number)
      case 'latest':
        return ordered.findLast(({ summary }) => summary.pipelineId === ref.pipelineId)
    }
  }

  const inFeed = (filter: FeedFilter, after: number): ((record: EventRecord) => boolean) => {
    return ({ number, runId }) => {
      if (number <= after || (filter.runId !== undefined && filter.runId !== runId)) return false
      const summary = rows.get(runId)?.summary
      return summary !== undefined && isIn(summary, filter)
    }
  }

  return {
    reserve: async (pipelineId) => {
      open()
      if (!hasPipeline(pipelineId)) throw new StoreError('missing', `there is no pipeline ${pipelineId}`)
      const number = (numbers.get(pipelineId) ?? 0) + 1
      numbers.set(pipelineId, number)
      serial += 1
      return { number, serial }
    },
    commit: async (input) => {
      open()
      return { lastNumber: commit(input) }
    },
    remove: async (ids) => {
      open()
      const gone = [...new Set(ids)].filter((id) => {
        const row = rows.get(id)
        return row !== undefined && isEnded(row.summary.status) && row.entries.at(-1)?.lastNumber !== lastNumber
      })
      const isGone = new Set(gone)
      for (const id of gone) rows.delete(id)
      ordered = ordered.filter(({ summary }) => !isGone.has(summary.id))
      log = log.filter(({ runId }) => !isGone.has(runId))
      for (const [key, { runId }] of keys) if (isGone.has(runId)) keys.delete(key)
      return gone
    },
    entries: async (runId, afterSeq, limit) => {
      open()
      const entries = (rows.get(runId)?.entries ?? []).map(({ entry }) => entry)
      return entries.filter(({ seq }) => seq > afterSeq).slice(0, Math.max(0, limit))
    },
    events: async (runId, afterSeq, limit) => {
      open()
      return pageOf(rows.get(runId)?.entries ?? [], ({ seq }) => seq > afterSeq, limit)
    },
    feed: async (after, filter, limit) => {
      open()
      const start = log.findIndex((entry) => entry.lastNumber > after)
      return start === -1 ? [] : pageOf(log.slice(start), inFeed(filter, after), limit)
    },
    lastNumber: async () => {
      open()
      return lastNumber
    },
    snapshot: async (runId) => {
      open()
      return rows.get(runId)?.snapshot
    },
    summary: async (ref) => {
      open()
      return find(ref)?.summary
    },
    summaries: async (ids) => {
      open()
      return ids.flatMap((id) => rows.get(id)?.summary ?? [])
    },
    list: async (filter, before, limit) => {
      open()
      return ordered
        .map(({ summary }) => summary)
        .filter((summary) => (before === null || summary.serial < before) && matches(summary, filter))
        .toReversed()
        .slice(0, Math.max(0, limit))
    },
    count: async (filter) => {
      open()
      return ordered.filter(({ summary }) => matches(summary, filter)).length
    },
    live: async () => {
      open()
      return ordered.filter(({ summary }) => !isEnded(summary.status)).map(({ summary }) => summary.id)
    },
    idempotent: async (key, now) => {
      open()
      const found = keys.get(key)
      if (found === undefined || !stands(found, now)) return undefined
      return { runId: found.runId, fingerprint: found.fingerprint }
    },
  }
}

function newRow(summary: RunSummary | null): Row {
  if (summary === null) throw new TypeError('checkCommit lets no first commit through that has no summary')
  return { summary, entries: [], snapshot: undefined }
}

const stands = ({ at, standsMs = IDEMPOTENCY_MS }: Idempotency, now: number): boolean => now < at + standsMs

const namesOf = ({ serial, pipelineId, number }: RunSummary): string[] => [`${serial}`, `${pipelineId} ${number}`]

const isIn = (summary: RunSummary, filter: Pick<RunFilter, 'projectIds' | 'pipelineId'>): boolean =>
  (filter.projectIds === undefined || filter.projectIds.includes(summary.projectId)) &&
  (filter.pipelineId === undefined || filter.pipelineId === summary.pipelineId)

const matches = (summary: RunSummary, filter: RunFilter): boolean =>
  isIn(summary, filter) &&
  (filter.statuses === undefined || filter.statuses.includes(summary.status)) &&
  (filter.needsPerson === undefined || filter.needsPerson === summary.needsPerson) &&
  (filter.createdFrom === undefined || summary.createdAt >= filter.createdFrom) &&
  (filter.createdTo === undefined || summary.createdAt < filter.createdTo) &&
  (filter.causeBy === undefined || filter.causeBy.includes(summary.cause.by)) &&
  (filter.causeKinds === undefined || filter.causeKinds.includes(summary.cause.kind)) &&
  (filter.isStarted === undefined || filter.isStarted === (summary.startedAt !== null)) &&
  (filter.text === undefined || foldCase(summary.pipelineName).includes(foldCase(filter.text)))
