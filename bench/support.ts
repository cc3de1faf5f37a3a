import { tuneHeap } from '../src/compose/heap.ts'
import { compile } from '../src/engine/compile.ts'
import type { Run } from '../src/engine/run.ts'
import { systemClock } from '../src/host/clock.ts'
import { systemEntropy } from '../src/host/entropy.ts'
import { createHost, type Host } from '../src/host/host.ts'
import type { Caller } from '../src/host/app.ts'
import type { PipelineDefinition } from '../src/model/definition.ts'
import type { RunId } from '../src/model/id.ts'
import type { PipelineView } from '../src/model/view.ts'
import type { Store } from '../src/store/store.ts'
import { NO_FILES } from '../src/testing/no-files.ts'
import { definition, stageSpec, taskSpec } from '../src/testing/views.ts'
import { need } from '../src/testing/world.ts'
import { openBenchStore } from './open-store.ts'

/** A host on an empty store. */
export interface BenchHost {
  readonly host: Host
  readonly store: Store
  readonly admin: Caller
  readonly pipeline: (definition: PipelineDefinition) => Promise<PipelineView>
  close(): Promise<void>
}

export const openHostOn = (store: Store): Promise<Host> =>
  createHost({
    store,
    clock: systemClock,
    entropy: systemEntropy,
    ...NO_FILES,
    onDefect: (error) => {
      throw error
    },
  })

export async function openBenchHost(): Promise<BenchHost> {
  tuneHeap()
  const { store, close } = await openBenchStore()
  const host = await openHostOn(store)
  const admin = await host.credentials.addUser({ name: 'bench', domain: 'bench', password: null, role: 'admin' })
  const project = need(await host.app.projects.create(admin, { name: 'bench', description: '' }))
  return {
    host,
    store,
    admin,
    pipeline: async (text) =>
      need(await host.app.pipelines.create(admin, { project: { id: project.id }, text: JSON.stringify(text) })),
    close: async () => {
      host.close()
      await close()
    },
  }
}

/** One stage of `count` no-op tasks, each needing the one before it. */
export function chain(count: number, name = `chain of ${count}`): PipelineDefinition {
  const tasks = Array.from({ length: count }, (_, index) =>
    taskSpec({
      key: `step-${index}`,
      name: `step ${index}`,
      needs: index === 0 ? [] : [`step-${index - 1}`],
      work: { kind: 'noop' },
    }),
  )
  const whole = definition({ name, stages: [stageSpec({ key: 'all', tasks })] })
  compile(whole)
  return whole
}

/** Starts a run and resolves when it has ended, durably. */
export async function runToEnd(bench: Pick<BenchHost, 'host' | 'admin'>, pipeline: PipelineView): Promise<void> {
  const started = need(await bench.host.app.runs.start(bench.admin, { pipeline: { id: pipeline.id }, params: {} }))
  await ended(bench, started.id)
}

const waiting = new WeakMap<Host, Map<string, () => void>>()

/** Resolves when the run has ended, durably. It has to be live or kept in memory. */
export function ended(bench: Pick<BenchHost, 'host'>, id: string): Promise<void> {
  let waiters = waiting.get(bench.host)
  if (waiters === undefined) {
    const all = new Map<string, () => void>()
    waiting.set(bench.host, (waiters = all))
    bench.host.app.feed.onChange(([topic]) => {
      const runId = topic?.slice('run:'.length) as RunId
      if (!all.has(runId) || bench.host.live.peek(runId)?.phase !== 'ended') return
      all.get(runId)?.()
      all.delete(runId)
    })
  }
  const run: Run | undefined = bench.host.live.peek(id as RunId)
  if (run?.phase === 'ended') return Promise.resolve()
  return new Promise((resolve) => waiters.set(id, resolve))
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits))
