import type { Plan } from '../model/plan.ts'
import { place, type Draft } from './draft.ts'
import { stagePlan, taskAt, taskPlan, type Run, type TaskState } from './run.ts'

/**
 * The order in which a stage is taken back: the last first. What has a way back waits until all that came after it has
 * been taken back, or could not be; what has none is passed through. `TaskState.unmet` counts what it waits for.
 */

/** It did something that can be taken back, and was not yet. */
export function isToTakeBack(run: Run, index: number): boolean {
  const { attempt, status } = taskAt(run, index)
  const stands = status !== 'skipped' && status !== 'rolled_back'
  return taskPlan(run.plan, index).spec.rollback !== null && attempt > 0 && stands
}

/** Its stage is taken back, and it has not begun to be. */
export const isToComeBack = ({ status, rollingBack }: TaskState): boolean => status === 'pending' && rollingBack

/** What came right before it. In flows of before there was such an order: nothing. */
function cameBefore(plan: Plan, index: number): readonly number[] {
  const { needs, flow } = taskPlan(plan, index)
  return flow === null ? needs : (flow.before ?? [])
}

/** Every task of a stage waits for those that came right after it. */
export function waitInOrder(run: Draft, stage: number): void {
  const { tasks } = stagePlan(run.plan, stage)
  const waits = new Map(tasks.map((task) => [task, 0]))
  for (const task of tasks)
    for (const before of cameBefore(run.plan, task)) waits.set(before, (waits.get(before) ?? 0) + 1)
  for (const [task, unmet] of waits) place(run, task, { ...taskAt(run, task), unmet })
  for (const [task, unmet] of waits) if (unmet === 0 && !isToComeBack(taskAt(run, task))) releaseBack(run, task)
}

/** It has been taken back, could not be, or has no way back: what came before it need not wait for it any more. */
export function releaseBack(run: Draft, index: number): void {
  const over = [index]
  for (let at = over.pop(); at !== undefined; at = over.pop()) {
    for (const before of cameBefore(run.plan, at)) {
      const state = taskAt(run, before)
      place(run, before, { ...state, unmet: state.unmet - 1 })
      if (state.unmet === 1 && !isToComeBack(state)) over.push(before)
    }
  }
}

/** What came before it and need not wait any more. */
export function nextBack(run: Run, index: number): readonly number[] {
  const found: number[] = []
  const over = [index]
  for (let at = over.pop(); at !== undefined; at = over.pop()) {
    for (const before of cameBefore(run.plan, at)) {
      const state = taskAt(run, before)
      if (state.unmet === 0) (isToComeBack(state) ? found : over).push(before)
    }
  }
  return found
}
