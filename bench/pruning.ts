import { RetentionSweep } from '../src/host/keeping/retention.ts'
import type { PipelineId, RunId } from '../src/model/id.ts'
import type { LogEntry } from '../src/model/event.ts'
import type { Store } from '../src/store/store.ts'
import { percentile, round } from './support.ts'

const ROUNDS = 300
const WEEK_MS = 7 * 24 * 3_600_000
/** So often somebody commits meanwhile. */
const EVERY_MS = 4

/**
 * What it costs to let all runs of a pipeline go but the newest, as the server does it once an hour, and how long a commit of
 * another run takes meanwhile; before it, how long one takes otherwise, and a sweep that finds nothing to let go.
 */
export async function pruning(open: () => Promise<Store>, pipelineId: PipelineId | undefined): Promise<object> {
  const store = await open()
  try {
    const [committed] = await store.runs.live()
    if (committed === undefined) throw new Error('some runs were to be under way')
    const before = await commits(store, committed, (done) => done >= ROUNDS)
    const idle = performance.now()
    await swept(store, undefined)
    const idleMs = performance.now() - idle
    let isOver = false
    const began = performance.now()
    const removing = swept(store, pipelineId).finally(() => {
      isOver = true
    })
    const meanwhile = await commits(store, committed, () => isOver)
    const runs = await removing
    const ms = performance.now() - began
    return {
      'commit, p50 and p99': `${round(percentile(before, 0.5))} and ${round(percentile(before, 0.99))}`,
      'commit while runs go, p50, p99 and max': [0.5, 0.99, 1]
        .map((part) => round(percentile(meanwhile, part)))
        .join(', '),
      'pruned runs': runs,
      'pruned, ms a run': round(ms / runs),
      'sweep that lets nothing go': round(idleMs),
    }
  } finally {
    await store.close()
  }
}

/** @returns how many have gone. */
async function swept(store: Store, pipelineId: PipelineId | undefined): Promise<number> {
  const newest = await store.runs.list({}, null, 1)
  const now = (newest[0]?.createdAt ?? 0) + WEEK_MS
  const sweep = new RetentionSweep({
    log: store.runs,
    clock: { now: () => now, at: () => () => undefined },
    policyOf: (id) => Promise.resolve({ runs: id === pipelineId ? 1 : null, forMs: null }),
    onRemoved: () => undefined,
    files: { runs: async () => [], remove: async () => undefined, sweepArtifacts: async () => undefined },
    onDefect: (error) => {
      throw error
    },
  })
  try {
    return await sweep.sweep()
  } finally {
    sweep.close()
  }
}

/** How long each takes, one after the other. */
async function commits(store: Store, runId: RunId, isOver: (done: number) => boolean): Promise<number[]> {
  const took: number[] = []
  let seq = (await store.runs.summary({ by: 'id', id: runId }))?.seq ?? 0
  while (!isOver(took.length)) {
    const entry: LogEntry = {
      v: 1,
      seq: seq + 1,
      at: Date.now(),
      actor: { kind: 'server', name: 'bench' },
      events: [{ type: 'RunRestarted', pass: seq }],
    }
    const began = performance.now()
    await store.runs.commit({
      runId,
      expectedSeq: seq,
      entries: [entry],
      summary: null,
      snapshot: null,
      idempotency: null,
    })
    took.push(performance.now() - began)
    seq += 1
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  return took
}
