import { parseExpression } from '../engine/expression/expression.ts'
import type { EdgeSpec, FailurePolicy, GatewayKind, StageSpec, TaskSpec, Work } from '../model/definition.ts'
import type { Expression } from '../model/expression.ts'
import { stageSpec, taskSpec } from './views.ts'

/**
 * Definitions in few words, for tests of the engine and the host: `definition({ stages: [stage('build', [script('a'),
 * script('b', { needs: ['a'] })])] })`. Names are the keys; what a test is about goes into `changes`.
 */

/** Work for a runner, unless `changes` say otherwise. */
export const script = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec =>
  taskSpec({ key, name: key, ...changes })

export const noop = (key: string, changes: Partial<TaskSpec> = {}): TaskSpec =>
  script(key, { work: { kind: 'noop' }, ...changes })

/** `duration`: milliseconds, or a text as a definition has it. */
export const sleep = (key: string, duration: number | string, changes: Partial<TaskSpec> = {}): TaskSpec =>
  script(key, { work: { kind: 'sleep', duration }, ...changes })

export const review = (
  key: string,
  work: Partial<Extract<Work, { kind: 'review' }>> = {},
  changes: Partial<TaskSpec> = {},
): TaskSpec =>
  script(key, {
    role: 'review',
    work: { kind: 'review', reviewers: [], required: 1, expireMs: null, question: 'Go on?', ...work },
    ...changes,
  })

export const stage = (key: string, tasks: readonly TaskSpec[], changes: Partial<StageSpec> = {}): StageSpec =>
  stageSpec({ key, name: key, tasks, ...changes })

/** What a failure means: `script('a', on('hold', 60_000))`. */
export const on = (policy: FailurePolicy, expireMs: number | null = null): Pick<TaskSpec, 'onFailure'> => ({
  onFailure: { policy, expireMs },
})

/** `max` retries, 1 s after the first failure and twice as long after each next one, without jitter. */
export const retries = (max: number, changes: Partial<TaskSpec['retry']> = {}): Pick<TaskSpec, 'retry'> => ({
  retry: { max, delayMs: 1_000, delayMaxMs: 60_000, jitter: 0, ...changes },
})

/** @throws TypeError when the text is no expression. */
export function when(text: string): { readonly when: Expression } {
  const parsed = parseExpression(text)
  if (!parsed.ok) throw new TypeError(`${text}: ${parsed.message}`)
  return { when: parsed.expression }
}

export { definition } from './views.ts'

/** A node that only a flow has. Its key says what it is when nothing else does: `node('start')`. */
export const node = (
  key: string,
  kind: 'start' | 'end' | 'subflow' = key === 'end' ? 'end' : 'start',
  changes: Partial<TaskSpec> = {},
): TaskSpec => script(key, { work: { kind }, ...changes })

export const gateway = (key: string, kind: GatewayKind, changes: Partial<TaskSpec> = {}): TaskSpec =>
  script(key, { work: { kind: 'gateway', gateway: kind }, ...changes })

/** Waits for the command `callback`. */
export const callback = (key: string, changes: Partial<TaskSpec> = {}, expireMs: number | null = null): TaskSpec =>
  script(key, { work: { kind: 'callback', expireMs }, ...changes })

/** A sub-flow and what is in it; its start and end are `<key>-start` and `<key>-end`. */
export const subflow = (
  key: string,
  nodes: readonly TaskSpec[],
  changes: Partial<TaskSpec> = {},
): readonly TaskSpec[] => [
  node(key, 'subflow', changes),
  node(`${key}-start`, 'start', { parent: key }),
  ...nodes.map((inner) => ({ ...inner, parent: inner.parent ?? key })),
  node(`${key}-end`, 'end', { parent: key }),
]

/** Its key is `from-to`. */
export const edge = (from: string, to: string, changes: Partial<EdgeSpec> = {}): EdgeSpec => ({
  key: `${from}-${to}`,
  name: '',
  from,
  to,
  when: null,
  default: false,
  ...changes,
})

/**
 * Edges in few words, one way for each text: `a -> b -> c`, `x -> b if params.n > 1`, `x -> b rule ${n} > 1` (a
 * BoolRule), `x -> c else`.
 */
export function edges(...ways: readonly string[]): readonly EdgeSpec[] {
  return ways.flatMap((way) => {
    const [, path = way, word, text = ''] = /^(.*?)(?: (if|rule|else)(?: (.*))?)?$/.exec(way) ?? []
    const keys = path.split(' -> ')
    const changes: Partial<EdgeSpec> =
      word === 'if'
        ? when(text)
        : word === 'rule'
          ? { when: { op: 'bool-rule', text } }
          : word === 'else'
            ? { default: true }
            : {}
    return keys.slice(1).map((to, place) => edge(keys[place] ?? '', to, changes))
  })
}

/** A stage with a flow, which has a start and an end besides these nodes. */
export const flow = (
  nodes: readonly (TaskSpec | readonly TaskSpec[])[],
  ways: readonly string[],
  changes: Partial<StageSpec> = {},
  loopMax = 100,
): StageSpec =>
  stage('flow', [node('start'), ...nodes.flat(), node('end')], {
    flow: { edges: edges(...ways), loopMax },
    ...changes,
  })
