import { isAwaited, type Triggers } from '../model/definition.ts'
import type { Fired } from './run.ts'

/** Of those that a run waits for; schedules and upstreams start one. */
export const haveFired = ({ operator, list }: Triggers, fired: readonly Fired[]): boolean => {
  const awaited = list.flatMap((trigger, index) => (isAwaited(trigger) ? [fired[index] ?? null] : []))
  return operator === 'or' ? awaited.some((one) => one !== null) : awaited.every((one) => one !== null)
}
