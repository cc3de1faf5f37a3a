import { isEnded } from '../../../model/status.ts'
import type { RunSummary } from '../../../model/view.ts'
import { foldCase } from '../../kit/text.ts'
import { IDEMPOTENCY_MS, type RunCommit } from '../../store.ts'
import { refuse, type RunPosition, type Writer } from './writer.ts'

type Idempotency = NonNullable<RunCommit['idempotency']>

/** seq, at, number of events, JSON of the entry. A tuple, as it is cloned from thread to thread a lot. */
export type EntryRow = readonly [seq: number, at: number, eventCount: number, body: string]

/**
 * A {@link RunCommit} that was checked, and whose entries were made JSON, by the main thread.
 * @returns the global number of its last event
 */
export function commit(
  writer: Writer,
  runId: string,
  expectedSeq: number,
  entries: readonly EntryRow[],
  summary: RunSummary | null,
  snapshot: string | null,
  idempotency: Idempotency | null,
): number {
  const known = writer.position(runId)
  const seq = known?.seq ?? 0
  if (seq !== expectedSeq) refuse('conflict', `run ${runId} is at seq ${seq}, not ${expectedSeq}`)
  if (idempotency !== null) checkKey(writer, runId, idempotency)
  const run = known ?? create(writer, runId, summary)
  if (known !== undefined && summary !== null) update(writer, summary)
  append(writer, run, entries)
  if (snapshot !== null) {
    writer.connection.run(
      'insert or replace into snapshots (run, seq, data) values (?, ?, ?)',
      run.serial,
      run.seq,
      snapshot,
    )
  }
  if (idempotency !== null) takeKey(writer, run, idempotency)
  return writer.lastNumber
}

function append(writer: Writer, run: RunPosition, entries: readonly EntryRow[]): void {
  for (const [seq, at, eventCount, body] of entries) {
    writer.lastNumber += eventCount
    writer.connection.run(
      'insert into entries (number, run, seq, at, event_count, body) values (?, ?, ?, ?, ?, ?)',
      writer.lastNumber,
      run.serial,
      seq,
      at,
      eventCount,
      body,
    )
    run.seq = seq
  }
}

function create(writer: Writer, runId: string, summary: RunSummary | null): RunPosition {
  if (summary === null) return refuse('conflict', `the first commit of run ${runId} comes without a summary`)
  const { serial, number, pipelineId, projectId } = summary
  const taken = writer.connection.get(
    `select 1 from runs where serial = ?1 union all select 1 from runs where pipeline = ?2 and number = ?3`,
    serial,
    pipelineId,
    number,
  )
  if (taken !== undefined) refuse('conflict', `run ${runId}: its serial or number belongs to another run`)
  const home = 'select 1 from pipelines where id = ? and project = ?'
  if (writer.connection.get(home, pipelineId, projectId) === undefined) {
    refuse('missing', `run ${runId}: there is no pipeline ${pipelineId} in project ${projectId}`)
  }
  writer.connection.run(
    `insert into runs (
       id, serial, number, project, pipeline, pipeline_name, pipeline_name_folded, version, status, live,
       cause_kind, cause_by, needs_person, annotations, created_at, started_at,
       ended_at
     ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    runId,
    serial,
    number,
    projectId,
    pipelineId,
    ...changingColumns(summary),
  )
  return writer.remember(runId, { serial, seq: 0 })
}

function update(writer: Writer, summary: RunSummary): void {
  writer.connection.run(
    `update runs set
       pipeline_name = ?, pipeline_name_folded = ?, version = ?, status = ?, live = ?,
       cause_kind = ?, cause_by = ?, needs_person = ?, annotations = ?, created_at = ?, started_at = ?, ended_at = ?
     where id = ?`,
    ...changingColumns(summary),
    summary.id,
  )
}

/** All but the names of the run and of its home, which it keeps for ever. */
function changingColumns(summary: RunSummary): (string | number | null)[] {
  return [
    summary.pipelineName,
    foldCase(summary.pipelineName),
    summary.version,
    summary.status,
    isEnded(summary.status) ? 0 : 1,
    summary.cause.kind,
    summary.cause.by,
    summary.needsPerson ? 1 : 0,
    Object.keys(summary.annotations).length === 0 ? null : JSON.stringify(summary.annotations),
    summary.createdAt,
    summary.startedAt,
    summary.endedAt,
  ]
}

function checkKey(writer: Writer, runId: string, { key, at }: Idempotency): void {
  const fresh = 'select 1 from idempotency where key = ? and at > ?'
  if (writer.connection.get(fresh, key, at - IDEMPOTENCY_MS) !== undefined) {
    refuse('conflict', `run ${runId}: its idempotency key belongs to another run`)
  }
}

/** Stores the key, and takes away a few that are too old to matter, so that the table does not grow for ever. */
function takeKey(
  writer: Writer,
  run: RunPosition,
  { key, fingerprint, at, standsMs = IDEMPOTENCY_MS }: Idempotency,
): void {
  writer.connection.run(
    'delete from idempotency where key in (select key from idempotency where at <= ? order by at limit 10)',
    at - IDEMPOTENCY_MS,
  )
  writer.connection.run(
    'insert or replace into idempotency (key, fingerprint, run, at) values (?, ?, ?, ?)',
    key,
    fingerprint,
    run.serial,
    // As if it had been stored later: all of them are compared with the same span.
    at + standsMs - IDEMPOTENCY_MS,
  )
}
