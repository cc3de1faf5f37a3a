import { fold, foldOnto } from '../../engine/evolve.ts'
import type { Run } from '../../engine/run.ts'
import { runOfSnapshot } from '../../engine/snapshot.ts'
import { upcastEntry } from '../../engine/upcast.ts'
import type { LogEntry } from '../../model/event.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import type { RunLog } from '../../store/store.ts'

interface Source {
  readonly log: Pick<RunLog, 'entries' | 'snapshot'>
  readonly planOf: (pipelineId: PipelineId, version: number) => Promise<Plan>
}

/** Entries that are read at a time. */
const PAGE = 1_000

/** A run as its log tells it, up to this seq; undefined: there is none. */
export async function readRun({ log, planOf }: Source, id: RunId, upTo: number): Promise<Run | undefined> {
  const read = async (afterSeq: number, limit: number): Promise<readonly LogEntry[]> =>
    (await log.entries(id, afterSeq, limit)).map(upcastEntry)
  const [first, snapshot] = await Promise.all([read(0, 1), log.snapshot(id)])
  const created = first[0]?.events[0]
  if (created?.type !== 'RunCreated') return undefined
  const plan = await planOf(created.pipelineId, created.version)
  let run: Run | undefined
  if (snapshot !== undefined && snapshot.seq <= upTo) run = runOfSnapshot(id, plan, snapshot.data)
  run ??= fold(id, plan, first, upTo)
  for (;;) {
    const entries = await read(run.seq, PAGE)
    run = foldOnto(run, entries, upTo)
    if (entries.length < PAGE || run.seq >= upTo) return run
  }
}
