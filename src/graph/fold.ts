import { NODE_STATUSES, type NodeStatus } from '../model/status.ts'
import type { GraphRun, GraphStage } from './shape.ts'

/** More tasks than this are not drawn one by one unless someone asks for it. */
export const VISIBLE_MAX = 150

/**
 * Which stages are drawn as one box: none up to {@link VISIBLE_MAX} tasks; above, the largest ones, until the rest fits.
 * @param open keys of stages that someone has unfolded: they are drawn whatever they hold.
 */
export function foldedStages({ stages }: GraphRun, open: ReadonlySet<string>): ReadonlySet<string> {
  const folded = new Set<string>()
  let visible = 0
  for (const { key, tasks } of stages) if (!open.has(key)) visible += tasks.length
  const largest = stages
    .filter(({ key, tasks }) => !open.has(key) && tasks.length > 1)
    .toSorted((left, right) => right.tasks.length - left.tasks.length)
  for (const { key, tasks } of largest) {
    if (visible <= VISIBLE_MAX) break
    folded.add(key)
    visible -= tasks.length
  }
  return folded
}

/** How many of its tasks are in each status; statuses that none is in are left out. */
export function countStatuses({
  tasks,
}: GraphStage): readonly { readonly status: NodeStatus; readonly count: number }[] {
  const counts = new Map<NodeStatus, number>()
  for (const { status } of tasks) counts.set(status, (counts.get(status) ?? 0) + 1)
  return NODE_STATUSES.flatMap((status) => {
    const count = counts.get(status)
    return count === undefined ? [] : [{ status, count }]
  })
}
