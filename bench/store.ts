import type { LogEntry } from '../src/model/event.ts'
import { asId, type PipelineId, type ProjectId, type RunId, type UserId } from '../src/model/id.ts'
import type { RunCommit, Store } from '../src/store/store.ts'
import { openBenchStore } from './open-store.ts'

const RUNS = 200
const ROUNDS = 300
const IDLE_COMMITS = 500
const READS = 2_000

/** Durable commits through the port: 200 runs that each await one by one, then one alone; and reads meanwhile. */
export async function store(): Promise<Record<string, unknown>> {
  const { store: opened, close } = await openBenchStore()
  try {
    const runIds = await addRuns(opened, RUNS)
    const seqs = new Map<RunId, number>()
    const load = (): Promise<unknown> => Promise.all(runIds.map((id) => commitRounds(opened, id, seqs, ROUNDS)))
    const cpu = process.cpuUsage()
    const began = performance.now()
    await load()
    const seconds = (performance.now() - began) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const idle = await idleLatencies(opened, runIds[0] ?? raise(), seqs)
    const quietReads = await readLatencies(opened, runIds)
    const [busyReads] = await Promise.all([readLatencies(opened, runIds), load()])
    return {
      commits: RUNS * ROUNDS,
      commits_per_s: Math.round((RUNS * ROUNDS) / seconds),
      cpu_us_per_commit: round((user + system) / (RUNS * ROUNDS)),
      idle_commit_p50_ms: percentile(idle, 0.5),
      idle_commit_p99_ms: percentile(idle, 0.99),
      quiet_read_p50_ms: percentile(quietReads, 0.5),
      busy_read_p50_ms: percentile(busyReads, 0.5),
      busy_read_p99_ms: percentile(busyReads, 0.99),
    }
  } finally {
    await close()
  }
}

async function commitRounds(opened: Store, runId: RunId, seqs: Map<RunId, number>, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const seq = seqs.get(runId) ?? 1
    await opened.runs.commit(transition(runId, seq))
    seqs.set(runId, seq + 2)
  }
}

async function idleLatencies(opened: Store, runId: RunId, seqs: Map<RunId, number>): Promise<number[]> {
  const latencies: number[] = []
  for (let commit = 0; commit < IDLE_COMMITS; commit += 1) {
    const began = performance.now()
    await commitRounds(opened, runId, seqs, 1)
    latencies.push(performance.now() - began)
  }
  return latencies
}

async function readLatencies(opened: Store, runIds: readonly RunId[]): Promise<number[]> {
  const latencies: number[] = []
  for (let read = 0; read < READS; read += 1) {
    const began = performance.now()
    await opened.runs.events(runIds[read % runIds.length] ?? raise(), 0, 20)
    latencies.push(performance.now() - began)
  }
  return latencies
}

/** What a task's end and the next one's start write: one entry, no index row. */
function transition(runId: RunId, expectedSeq: number): RunCommit {
  const node = expectedSeq
  const entry: LogEntry = {
    v: 1,
    seq: expectedSeq + 2,
    at: 1_795_000_000_000,
    actor: { kind: 'runner', name: 'runner-1' },
    events: [
      { type: 'AttemptSucceeded', node, attempt: 1, outputs: null },
      { type: 'AttemptStarted', node: node + 1, attempt: 1, runner: null, deadline: null },
    ],
  }
  return { runId, expectedSeq, entries: [entry], summary: null, snapshot: null, idempotency: null }
}

async function addRuns(opened: Store, count: number): Promise<RunId[]> {
  const at = 1_795_000_000_000
  const li = { id: asId<UserId>(hex(1)), name: 'li' }
  const project = { id: asId<ProjectId>(hex(2)), name: 'bench', description: '', createdAt: at }
  const id = asId<PipelineId>(hex(3))
  await opened.catalog.addProject(project)
  await opened.catalog.addPipeline(
    { id, projectId: project.id, name: 'bench', createdAt: at, createdBy: li, updatedAt: at, webhooks: [] },
    { createdAt: at, createdBy: li, text: '', plan: '{}' },
  )
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const runId = asId<RunId>(hex(100 + index))
      const names = await opened.runs.reserve(id)
      const cause = { kind: 'manual', by: 'li' } as const
      const times = { createdAt: at, startedAt: null, endedAt: null, updatedAt: at }
      const home = { projectId: project.id, pipelineId: id, pipelineName: 'bench', version: 1 }
      await opened.runs.commit({
        runId,
        expectedSeq: 0,
        entries: [{ v: 1, seq: 1, at, actor: { kind: 'server', name: '' }, events: [{ type: 'RunStarted' }] }],
        summary: {
          id: runId,
          ...names,
          ...home,
          status: 'queued',
          seq: 1,
          cause,
          needsPerson: false,
          annotations: {},
          ...times,
        },
        snapshot: null,
        idempotency: null,
      })
      return runId
    }),
  )
}

const hex = (number: number): string => number.toString(16).padStart(32, '0')

const round = (value: number): number => Math.round(value * 1_000) / 1_000

const percentile = (values: readonly number[], share: number): number =>
  round(values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN)

function raise(): never {
  throw new Error('there are runs')
}
