import { parseExpression } from '../engine/expression.ts'
import type { FailurePolicy, StageSpec, TaskSpec, Work } from '../model/definition.ts'
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
