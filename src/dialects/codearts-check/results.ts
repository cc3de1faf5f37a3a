import { FINDINGS_MAX, SEVERITIES, type Finding, type Severity } from '../../model/finding.ts'
import type { FindingsPage } from '../../host/app.ts'
import type { RunId } from '../../model/id.ts'
import { isEnded, RUN_STATUSES } from '../../model/status.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import { need, refusal, type Call } from './call.ts'
import { defectStates, type DefectStatus } from './defect-states.ts'
import { errors } from './errors.ts'

/** A finding, with what people have said of it. */
export interface Defect extends Finding {
  readonly status: DefectStatus
}

/** What a task's newest check found. */
export interface Results {
  readonly run: RunView
  readonly found: FindingsPage
  readonly defects: readonly Defect[]
  /** Of what nobody has dealt with, what was not kept included. */
  readonly open: Readonly<Record<Severity, number>>
}

export const ENDED = RUN_STATUSES.filter(isEnded)

/** A run that was cancelled, or failed before its check, found nothing: the one before it is looked at, so many times. */
const LOOKS_MAX = 10

/** Of one run, or else of the newest that has come to the end of a check. undefined: there is none. */
export async function resultsOf(call: Call, task: PipelineView, runId?: string): Promise<Results | undefined> {
  const { app, caller } = call
  for (const id of runId === undefined ? await newestRuns(call, task) : [runId]) {
    const found = need(await app.findings.list(caller, { id }, {}, { skip: 0, limit: FINDINGS_MAX }), errors.noTask)
    if (!found.checked && runId === undefined) continue
    const run = need(await app.runs.get(caller, { id }), errors.noTask)
    const states = await defectStates(call, task)
    const defects = found.items.map((finding) => ({ ...finding, status: states.get(finding.fingerprint) ?? '0' }))
    return { run, found, defects, open: openOf(found, defects) }
  }
  return undefined
}

async function newestRuns({ app, caller }: Call, task: PipelineView): Promise<readonly RunId[]> {
  const page = { before: null, limit: LOOKS_MAX }
  const listed = need(await app.runs.list(caller, { pipeline: { id: task.id } }, page), errors.noTask)
  return listed.items.map(({ id }) => id)
}

function openOf({ counts }: FindingsPage, defects: readonly Defect[]): Record<Severity, number> {
  const open = { ...counts }
  for (const { severity, status } of defects) if (status !== '0') open[severity] -= 1
  return open
}

export const totalOf = (counts: Readonly<Record<Severity, number>>): number =>
  SEVERITIES.reduce((total, severity) => total + counts[severity], 0)

const FINGERPRINT = /^[0-9a-f]{32}$/

/** The defects that ids joined with commas name, each once; all must be of the newest check, or of the run `runId`. */
export async function knownDefects(call: Call, task: PipelineView, joined: string, runId?: string): Promise<string[]> {
  const run = runId === undefined ? undefined : need(await call.app.runs.get(call.caller, { id: runId }), errors.noTask)
  if (run !== undefined && run.pipeline.id !== task.id) throw refusal(errors.noTask, `the task has no job ${run.id}`)
  const ids = [...new Set(joined.split(',').map((id) => id.trim()))]
  const known = new Set((await resultsOf(call, task, run?.id))?.defects.map(({ fingerprint }) => fingerprint))
  const unknown = ids.find((id) => !FINGERPRINT.test(id) || !known.has(id))
  if (unknown !== undefined) throw refusal(errors.badParameter, `there is no defect ${unknown.slice(0, 64)}`)
  return ids
}
