import fc from 'fast-check'
import type { PipelineDefinition, StageSpec, TaskSpec, Work } from '../model/definition.ts'
import { definition, script, stage, when } from './definitions.ts'
import { flowOf, looseFlow, type LooseFlow } from './random-flows.ts'

const RUNNER = { kind: 'runner', uses: 'script', with: {} } as const

/**
 * Definitions of 1 to 3 stages with 1 to 4 tasks each, or with a flow, of all kinds, policies and limits that the
 * engine knows.
 */
export const definitions: fc.Arbitrary<PipelineDefinition> = fc
  .array(looseStage(), { minLength: 1, maxLength: 3 })
  .chain((stages) =>
    fc.record({ timeoutMs: limit(120_000), restartsMax: fc.nat(2), triggers: triggers() }).map((rest) =>
      definition({
        ...rest,
        stages: stages.map((loose, place) => stageOf(place, loose)),
      }),
    ),
  )

interface LooseStage {
  readonly what: readonly LooseTask[] | LooseFlow<LooseTask>
  readonly always: boolean
  readonly parallel: boolean
  readonly when: LooseTask['condition']
  readonly timeoutMs: number | null
  readonly triggers: PipelineDefinition['triggers']
}

function looseStage(): fc.Arbitrary<LooseStage> {
  return fc.record({
    what: fc.oneof(
      { weight: 2, arbitrary: fc.array(looseTask(), { minLength: 1, maxLength: 4 }) },
      { weight: 1, arbitrary: looseFlow(looseTask()) },
    ),
    always: seldom(),
    parallel: seldom(),
    when: condition(),
    timeoutMs: limit(40_000),
    triggers: triggers(),
  })
}

interface LooseTask {
  readonly work: Work
  /** Which of the tasks before it, bit by bit, it needs. */
  readonly needs: number
  readonly condition: 'none' | 'true' | 'false' | 'needed'
  readonly changes: Omit<Partial<TaskSpec>, 'work' | 'needs' | 'when'>
}

function looseTask(): fc.Arbitrary<LooseTask> {
  return fc.record({
    work: work(),
    needs: fc.nat(15),
    condition: condition(),
    changes: fc.record({
      onFailure: fc.record({
        policy: fc.constantFrom('stop', 'stop', 'hold', 'continue', 'restart'),
        expireMs: limit(15_000),
      }),
      onLost: fc.constantFrom('error', 'rerun'),
      retry: fc.record({
        max: fc.constantFrom(0, 0, 0, 1, 2),
        delayMs: fc.constantFrom(0, 1_000, 5_000),
        delayMaxMs: fc.constant(8_000),
        jitter: fc.constantFrom(0, 0.5, 1),
      }),
      timeoutMs: limit(10_000),
      onTimeout: fc.constantFrom('fail', 'fail', 'skip'),
      notStartedMs: limit(8_000),
      skippable: mostly(),
      retryable: mostly(),
      rollback: fc.constantFrom(null, null, RUNNER),
      always: seldom(),
    }),
  })
}

function stageOf(place: number, { what, when: say, ...loose }: LooseStage): StageSpec {
  const earlier = place === 0 ? undefined : `t${place - 1}0`
  const changes = { ...loose, ...conditionOf(say, earlier) }
  if (!('parts' in what)) return stage(`s${place}`, tasksOf(place, what), changes)
  const { tasks, flow } = flowOf(what, `t${place}`, nodeOf)
  return stage(`s${place}`, tasks, { ...changes, flow })
}

function tasksOf(place: number, loose: readonly LooseTask[]): readonly TaskSpec[] {
  const keys = loose.map((_, at) => `t${place}${at}`)
  return loose.map((task, at) => ({
    ...taskOf(keys[at] as string, task, keys[at - 1]),
    needs: keys.slice(0, at).filter((_, need) => (task.needs & (1 << need)) !== 0),
  }))
}

const taskOf = (key: string, { work: kind, condition: say, changes }: LooseTask, other: string | undefined): TaskSpec =>
  script(key, { ...changes, work: kind, ...conditionOf(say, other) })

/** In a flow nothing runs but what its token comes to. */
const nodeOf = (key: string, task: LooseTask, other: string | undefined): TaskSpec => ({
  ...taskOf(key, task, other),
  always: false,
})

const conditionOf = (say: LooseTask['condition'], other: string | undefined): Partial<TaskSpec> => {
  if (say === 'none' || (say === 'needed' && other === undefined)) return {}
  return when(say === 'needed' ? `tasks.${other}.status == 'succeeded'` : say)
}

function work(): fc.Arbitrary<Work> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(RUNNER) },
    { weight: 2, arbitrary: fc.constant<Work>({ kind: 'noop' }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('sleep' as const), duration: fc.constantFrom(0, 3_000, 'for ever') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('callback' as const), expireMs: limit(20_000) }) },
    { weight: 1, arbitrary: fc.constant<Work>({ kind: 'publish', channel: 'images', params: {} }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('run' as const),
        pipeline: fc.constantFrom('p0', 'p1'),
        params: fc.constant({}),
        wait: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('review' as const),
        reviewers: fc.constantFrom([], ['li'], ['li', 'chen']),
        required: fc.constantFrom<(number | 'all')[]>(1, 'all'),
        expireMs: limit(20_000),
        question: fc.constant('Go on?'),
      }),
    },
  )
}

function condition(): fc.Arbitrary<LooseTask['condition']> {
  return fc.constantFrom('none', 'none', 'none', 'none', 'true', 'needed', 'false')
}

function seldom(): fc.Arbitrary<boolean> {
  return fc.constantFrom(false, false, false, true)
}

function mostly(): fc.Arbitrary<boolean> {
  return fc.constantFrom(true, true, true, false)
}

function limit(durationMs: number): fc.Arbitrary<number | null> {
  return fc.constantFrom(null, null, durationMs)
}

function triggers(): fc.Arbitrary<PipelineDefinition['triggers']> {
  const list = [
    { kind: 'webhook', name: 'go', params: {} },
    { kind: 'channel', name: 'image', channel: 'images', params: {} },
  ] as const
  return fc.constantFrom(null, null, null, null, null, { operator: 'and', list }, { operator: 'or', list })
}
