import { isLeftAlone } from './left-alone.ts'
import { stageAt, stagePlan, standsStill, taskAt, taskPlan, type Run } from './run.ts'
import { isFailing } from './status.ts'

/** Which tasks may begin now, and which are to be looked at when one has ended. */

/** Its turn has come, and nothing stands still over it. */
export function mayBegin(run: Run, index: number): boolean {
  if (run.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null) return false
  return !standsStill(run, index) && hasItsTurn(run, index)
}

/** Whether it would begin if nothing stood still. */
export function hasItsTurn(run: Run, index: number): boolean {
  const state = taskAt(run, index)
  if (state.status !== 'pending' || (state.unmet > 0 && !isLeftAlone(run, index))) return false
  const { stage, flow, late = false } = taskPlan(run.plan, index)
  const { status } = stageAt(run, stage)
  if (status === 'rolling_back') return state.rollingBack
  if (status !== 'running') return false
  // One that failed as it began, for it had no time or no loop left, has a token inside all the same.
  if (flow !== null && flow.parent !== null && taskAt(run, flow.parent).status !== 'open') return false
  if (state.asked || !isFailing(run.counts) || stagePlan(run.plan, stage).spec.always) return true
  return late && !restarts(run)
}

/** Whether the run, once nothing is at work any more, goes back to its first node. */
export function restarts(run: Run): boolean {
  const { counts, rollback } = run
  // What failed so before the rollback was never to be tried again by it.
  if (rollback !== null) return false
  return counts.restarting > 0 && counts.failed + counts.errored + counts.timed_out + counts.cancelled === 0
}

/** What waits for it, or for what a person has passed over before its turn, which has come with the end of this one. */
export function nextOf(run: Run, index: number): readonly number[] {
  const { dependents, flow } = taskPlan(run.plan, index)
  if (flow !== null || !dependents.some((dependent) => taskAt(run, dependent).status === 'skipped')) return dependents
  const found: number[] = []
  const over = [index]
  for (let at = over.pop(); at !== undefined; at = over.pop()) {
    for (const dependent of taskPlan(run.plan, at).dependents) {
      const { status, unmet } = taskAt(run, dependent)
      if (status !== 'skipped') found.push(dependent)
      else if (unmet === 0) over.push(dependent)
    }
  }
  return found
}
