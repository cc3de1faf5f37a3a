import fc from 'fast-check'
import type { PipelineDefinition, StageSpec, TaskSpec, Work } from '../model/definition.ts'
import { definition, script, stage, when } from './definitions.ts'

/** Definitions of 1 to 3 stages with 1 to 4 tasks each, of all kinds, policies and limits that the engine knows. */
export const definitions: fc.Arbitrary<PipelineDefinition> = fc
  .array(
    fc.record({
      tasks: fc.array(looseTask(), { minLength: 1, maxLength: 4 }),
      always: seldom(),
      when: condition(),
      timeoutMs: limit(40_000),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .chain((stages) =>
    fc.record({ timeoutMs: limit(120_000), restartsMax: fc.nat(2), triggers: triggers() }).map((rest) =>
      definition({
        ...rest,
        stages: stages.map((loose, place) => stageOf(place, loose)),
      }),
    ),
  )

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
      notStartedMs: limit(8_000),
    }),
  })
}

function stageOf(
  place: number,
  loose: {
    readonly tasks: readonly LooseTask[]
    readonly always: boolean
    readonly when: LooseTask['condition']
    readonly timeoutMs: number | null
  },
): StageSpec {
  const keys = loose.tasks.map((_, at) => `t${place}${at}`)
  const tasks = loose.tasks.map(({ work: kind, needs, condition: say, changes }, at) =>
    script(keys[at] as string, {
      ...changes,
      work: kind,
      needs: keys.slice(0, at).filter((_, need) => (needs & (1 << need)) !== 0),
      ...conditionOf(say, keys[at - 1]),
    }),
  )
  const earlier = place === 0 ? undefined : `t${place - 1}0`
  return stage(`s${place}`, tasks, {
    always: loose.always,
    timeoutMs: loose.timeoutMs,
    ...conditionOf(loose.when, earlier),
  })
}

const conditionOf = (say: LooseTask['condition'], other: string | undefined): Partial<TaskSpec> => {
  if (say === 'none' || (say === 'needed' && other === undefined)) return {}
  return when(say === 'needed' ? `tasks.${other}.status == 'succeeded'` : say)
}

function work(): fc.Arbitrary<Work> {
  const runner: Work = { kind: 'runner', uses: 'script', with: {} }
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant(runner) },
    { weight: 2, arbitrary: fc.constant<Work>({ kind: 'noop' }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('sleep' as const), duration: fc.constantFrom(0, 3_000, 'for ever') }),
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

function limit(durationMs: number): fc.Arbitrary<number | null> {
  return fc.constantFrom(null, null, durationMs)
}

function triggers(): fc.Arbitrary<PipelineDefinition['triggers']> {
  const list = ['image', 'go'].map((name) => ({ kind: 'webhook', name, params: {} }) as const)
  return fc.constantFrom(null, null, null, null, null, { operator: 'and', list }, { operator: 'or', list })
}
