import { type Run, taskPlan } from '../../engine/run.ts'
import { nodeId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import type { Explanation } from '../app.ts'
import type { Standing } from '../dispatch/standings.ts'
import type { Silence } from '../dispatch/runner.ts'

/** What the runners have to do with why a run is where it is. */
export interface Runners {
  readonly now: Instant
  /** Where a queued task stands. */
  readonly standing: (node: number) => Standing
  /** Of the runner with this name; null: it is well. */
  readonly silence: (name: string) => Silence | null
  /** What the runner with this name sends waits for room on the disk of the server. */
  readonly isHeldUp: (name: string) => boolean
}

export type Reason = Omit<Explanation, 'node'>

export const plain = { unblocks: [] as readonly string[], position: null, deadline: null }

export function named(run: Run, index: number): NonNullable<Explanation['node']> {
  const { key, name } = taskPlan(run.plan, index).spec
  return { id: nodeId(run.id, index), key, name }
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
