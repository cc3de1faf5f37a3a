// What one step costs in the engine alone, with no store, clock or runner: a chain of noop tasks in one stage, one
// `report-attempt` after another. `node bench/engine-pure.ts`: steps per second for 20 and for 20,000 nodes, and how
// much dearer a step is in the long one.
import { advance } from '../src/engine/advance.ts'
import { compile } from '../src/engine/compile.ts'
import { createRun } from '../src/engine/create.ts'
import type { Run } from '../src/engine/run.ts'
import { asId, type PipelineId, type ProjectId, type RunId } from '../src/model/id.ts'
import type { Plan } from '../src/model/plan.ts'
import { definition, noop, stage } from '../src/testing/definitions.ts'

const server = { kind: 'server', name: 'server' } as const
const entropy = (): number => 0
const result = { kind: 'succeeded', outputs: null } as const

const chain = (tasks: number): Plan =>
  compile(
    definition({
      stages: [
        stage(
          's',
          Array.from({ length: tasks }, (_, at) => noop(`t${at}`, { needs: at === 0 ? [] : [`t${at - 1}`] })),
        ),
      ],
    }),
  )

/** Takes one run from its start to its end. @returns the steps that it took. */
function drive(plan: Plan): number {
  const created = createRun({
    id: asId<RunId>('019ab000000070008000000000000001'),
    plan,
    created: {
      type: 'RunCreated',
      projectId: asId<ProjectId>('1b'.repeat(16)),
      pipelineId: asId<PipelineId>('2c'.repeat(16)),
      version: 1,
      number: 1,
      serial: 1,
      name: 'chain',
      cause: { kind: 'manual', by: 'li' },
      params: {},
    },
    actor: server,
    at: 0,
    start: true,
    entropy,
  })
  let run: Run = created.run
  let effects = created.effects
  let steps = 0
  for (;;) {
    const work = effects.find((effect) => effect.type === 'run-inline')
    if (work === undefined) break
    const outcome = advance(run, {
      command: { type: 'report-attempt', node: work.node, fence: work.fence, result },
      actor: server,
      at: steps,
      entropy,
    })
    if (!outcome.ok) throw new Error(outcome.rejection.message)
    run = outcome.run
    effects = outcome.effects
    steps += 1
  }
  if (run.outcome !== 'succeeded') throw new Error(`the chain ended as ${run.outcome}`)
  return steps
}

/** Microseconds of processor time per step. */
function measure(plan: Plan, steps: number): number {
  const before = process.cpuUsage().user
  let done = 0
  while (done < steps) done += drive(plan)
  return (process.cpuUsage().user - before) / done
}

/** The least of several rounds, as what else runs here only adds; in turns, so that both lengths have the same luck. */
const least: { readonly plan: Plan; micros: number }[] = [20, 20_000].map((nodes) => ({
  plan: chain(nodes),
  micros: Number.POSITIVE_INFINITY,
}))
for (let round = 0; round < 20; round += 1) {
  for (const figure of least) figure.micros = Math.min(figure.micros, measure(figure.plan, 40_000))
}
const [short, long] = least.map(({ micros }) => micros) as [number, number]
const shown = (micros: number): object => ({
  us_per_step: Number(micros.toFixed(2)),
  steps_per_s: Math.round(1e6 / micros),
})
console.log(
  JSON.stringify({ nodes_20: shown(short), nodes_20000: shown(long), ratio: Number((long / short).toFixed(2)) }),
)
