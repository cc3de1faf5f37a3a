import { stageAt, taskAt, type Run } from '../../engine/run.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import { isEnded } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { RunLog } from '../../store/store.ts'
import type { Estimate, Quartiles } from '../app.ts'
import { Lru } from '../lru.ts'

/** How many of the last runs that succeeded tell how long one takes. */
const SAMPLES_MAX = 20
/** Tasks are looked at one by one up to this many in a run; larger runs are told by their whole durations. */
const TASKS_MAX = 2_000
/** Numbers kept of runs that have ended, one for each of their nodes. */
const KEPT_MAX = 200_000

/** How long a run that has succeeded took: whole, without its pauses, and its nodes by key. */
export interface Sample {
  readonly wholeMs: DurationMs
  readonly tasks: ReadonlyMap<string, DurationMs>
  readonly stages: ReadonlyMap<string, DurationMs>
}

/** When runs will have ended, as earlier runs of their pipelines tell. */
export class Estimates {
  readonly #log: RunLog
  readonly #load: (id: RunId) => Promise<Run | undefined>
  readonly #kept = new Lru<RunId, Sample>(KEPT_MAX)

  constructor(log: RunLog, load: (id: RunId) => Promise<Run | undefined>) {
    this.#log = log
    this.#load = load
  }

  async of(run: Run, now: Instant): Promise<Estimate> {
    return estimateOf(run, await this.#samples(run.pipelineId, run.id), now)
  }

  async #samples(pipelineId: PipelineId, not: RunId): Promise<readonly Sample[]> {
    const ended = await this.#log.list({ pipelineId, statuses: ['succeeded'] }, null, SAMPLES_MAX + 1)
    const samples: Sample[] = []
    for (const { id } of ended.filter((one) => one.id !== not).slice(0, SAMPLES_MAX)) {
      const kept = this.#kept.get(id)
      const run = kept === undefined ? await this.#load(id) : undefined
      const sample = kept ?? (run === undefined ? undefined : sampleOf(run))
      if (sample === undefined) continue
      if (kept === undefined) this.#kept.set(id, sample, 1 + sample.tasks.size + sample.stages.size)
      samples.push(sample)
    }
    return samples
  }
}

export function sampleOf(run: Run): Sample | undefined {
  if (run.startedAt === null || run.endedAt === null) return undefined
  const tasks = new Map<string, DurationMs>()
  const stages = new Map<string, DurationMs>()
  for (const { kind, index, spec } of run.plan.taskCount > TASKS_MAX ? [] : run.plan.nodes) {
    const { status, startedAt, endedAt } = kind === 'task' ? taskAt(run, index) : stageAt(run, index)
    // What was left out says nothing about how long it takes.
    if (startedAt === null || endedAt === null || status === 'skipped') continue
    if (kind === 'task') tasks.set(spec.key, endedAt - startedAt)
    else stages.set(spec.key, endedAt - startedAt)
  }
  return { wholeMs: Math.max(0, run.endedAt - run.startedAt - run.pausedMs), tasks, stages }
}

const QUARTILES = [0.25, 0.5, 0.75] as const

/** Pure. Null where no run of the pipeline has succeeded yet, and of what has ended. */
export function estimateOf(run: Run, samples: readonly Sample[], now: Instant): Estimate {
  const none = { samples: samples.length, usualMs: null, remainingMs: null }
  if (samples.length === 0) return none
  const usualMs = quartiles(samples.map(({ wholeMs }) => wholeMs))
  if (run.phase === 'ended') return { ...none, usualMs }
  const known = samples.some(({ tasks }) => tasks.size > 0)
  const [early = 0, likely = 0, late = 0] = QUARTILES.map((part, at) =>
    known && run.phase === 'live'
      ? remaining(run, samples, part, now)
      : Math.max(0, [usualMs.p25, usualMs.p50, usualMs.p75][at]! - elapsed(run, now)),
  )
  return { ...none, usualMs, remainingMs: { p25: early, p50: likely, p75: late } }
}

const elapsed = (run: Run, now: Instant): DurationMs =>
  run.startedAt === null ? 0 : Math.max(0, (run.pausedAt ?? now) - run.startedAt - run.pausedMs)

/** Row after row, each as long as the longest of its stages. */
function remaining(run: Run, samples: readonly Sample[], part: number, now: Instant): DurationMs {
  let sum = 0
  for (const row of run.plan.rows)
    sum += Math.max(0, ...row.map((stage) => remainingOfStage(run, stage, samples, part, now)))
  return sum
}

function remainingOfStage(run: Run, index: number, samples: readonly Sample[], part: number, now: Instant): DurationMs {
  const plan = run.plan.nodes[index]
  const state = stageAt(run, index)
  if (plan?.kind !== 'stage' || state.excluded || isEnded(state.status)) return 0
  const usual = quantile(
    samples.flatMap(({ stages }) => stages.get(plan.spec.key) ?? []),
    part,
  )
  if (plan.flow !== null) {
    // Nobody knows the way of a flow before it was gone.
    return Math.max(0, (usual ?? 0) - (state.startedAt === null ? 0 : now - state.startedAt))
  }
  const left = new Map<number, DurationMs>()
  let longest = 0
  const order = [...plan.tasks]
  // Tasks stand in any order: one is done when those that it needs are.
  for (let turn = 0; order.length > 0 && turn <= plan.tasks.length; turn += 1) {
    const later: number[] = []
    for (const task of order) {
      const node = run.plan.nodes[task]
      if (node?.kind !== 'task') continue
      const needs = node.needs.map((need) => left.get(need))
      if (needs.includes(undefined)) {
        later.push(task)
        continue
      }
      const { status, startedAt, excluded } = taskAt(run, task)
      const own = quantile(
        samples.flatMap(({ tasks }) => tasks.get(node.spec.key) ?? []),
        part,
      )
      const gone = status === 'running' || status === 'reviewing' ? now - (startedAt ?? now) : 0
      const rest = excluded || (status !== 'open' && isEnded(status)) ? 0 : Math.max(0, (own ?? 0) - gone)
      const end = Math.max(0, ...needs.map((need) => need ?? 0)) + rest
      left.set(task, end)
      longest = Math.max(longest, end)
    }
    order.splice(0, order.length, ...later)
  }
  return longest
}

const quartiles = (values: readonly number[]): Quartiles => ({
  p25: quantile(values, 0.25) ?? 0,
  p50: quantile(values, 0.5) ?? 0,
  p75: quantile(values, 0.75) ?? 0,
})

/** Between the two nearest values; undefined of none. */
export function quantile(values: readonly number[], part: number): number | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)]
  const above = sorted[Math.ceil(place)]
  return below === undefined || above === undefined ? undefined : Math.round(below + (above - below) * (place % 1))
}
