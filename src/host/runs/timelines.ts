import type { Run } from '../../engine/run.ts'
import { criticalPath, timelineOf } from '../../graph/timeline.ts'
import type { EventRecord, RunEvent } from '../../model/event.ts'
import { nodeId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import type { RunLog } from '../../store/store.ts'
import type { TimelineView } from '../app.ts'

const PAGE = 1_000

/** Where the time of a run went, as its log tells. */
export async function readTimeline(log: RunLog, run: Run, now: Instant): Promise<TimelineView> {
  const records: EventRecord[] = []
  for (let after = 0; after < run.seq;) {
    const page = await log.events(run.id, after, PAGE)
    const last = page.at(-1)
    if (last === undefined) break
    records.push(...page)
    after = last.seq
  }
  const timeline = timelineOf(run.plan, records)
  const id = (index: number) => nodeId(run.id, index)
  return {
    at: now,
    seq: records.at(-1)?.seq ?? 0,
    stages: [...timeline.stages].map(([index, spans]) => ({ id: id(index), spans })),
    tasks: [...timeline.tasks].map(([index, attempts]) => ({ id: id(index), attempts })),
    critical: criticalPath(run.plan, timeline, now).map(id),
  }
}

/** The seq with which an attempt of a node began; undefined: it has not, or the log does not tell. */
export async function seqOfBegin(log: RunLog, run: Run, node: number, attempt: number): Promise<number | undefined> {
  // A node that is only passed has no number of an attempt in the log: each time is the next one.
  let last = 0
  const begins = (event: RunEvent): boolean => {
    if (isPassing(event, node)) return (last += 1) === attempt
    if ('attempt' in event && 'node' in event && event.node === node) last = event.attempt
    return isBegin(event, node, attempt)
  }
  for (let after = 0; after < run.seq;) {
    const page = await log.events(run.id, after, PAGE)
    const begin = page.find(({ event }) => begins(event))
    if (begin !== undefined) return begin.seq
    const end = page.at(-1)
    if (end === undefined) return undefined
    after = end.seq
  }
  return undefined
}

/** Not of a person's choice, which ends the attempt that had failed. */
const isPassing = (event: RunEvent, node: number): boolean =>
  event.type === 'NodePassed' && event.node === node && event.by === undefined

const isBegin = (event: RunEvent, node: number, attempt: number): boolean =>
  (event.type === 'AttemptStarted' || event.type === 'ReviewOpened') && event.node === node && event.attempt === attempt

/** The seq of the last event until an instant; 0: there was none yet. */
export async function seqAt(log: RunLog, run: Run, at: Instant): Promise<number> {
  let seq = 0
  while (seq < run.seq) {
    const page = await log.events(run.id, seq, PAGE)
    const last = page.findLast((record) => record.at <= at)
    if (last === undefined) return seq
    seq = last.seq
    if (last !== page.at(-1)) return seq
  }
  return seq
}
