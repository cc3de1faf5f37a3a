import { isAhead, slotOf, stagePlan, taskAt, taskPlan, type Run, type Slot } from './run.ts'
import { isFailing } from './status.ts'

/**
 * Whether a task that always runs has its turn although not all that it needs has gone well: nothing that it needs,
 * directly or not, is at work, waits for somebody, or may still come. Costs what stands before it.
 */
export function isLeftAlone(run: Run, index: number): boolean {
  const { spec, needs } = taskPlan(run.plan, index)
  if (spec.always !== true || !isFailing(run.counts)) return false
  const before = new Set(needs)
  for (const need of before) {
    const state = taskAt(run, need)
    const isToCome = state.status === 'pending' && mayCome(run, need)
    if (isToCome || !IS_OVER[slotOf(state)]) return false
    // It was never reached, or passed over ahead of time: what comes before it may still be at work.
    if (state.status === 'pending' || isAhead(state))
      for (const other of taskPlan(run.plan, need).needs) before.add(other)
  }
  return true
}

/** What is `pending` is not reached in a failing run, unless one of these things lets it begin all the same. */
function mayCome(run: Run, index: number): boolean {
  const { spec, late = false, stage } = taskPlan(run.plan, index)
  const { asked, unmet } = taskAt(run, index)
  if (spec.always === true || asked) return true
  return unmet === 0 && (late || stagePlan(run.plan, stage).spec.always)
}

const IS_OVER = {
  pending: true,
  done: true,
  failed: true,
  errored: true,
  timed_out: true,
  cancelled: true,
  rolled_back: true,
  rollback_failed: true,
  rollback_errored: true,
  queued: false,
  running: false,
  reviewing: false,
  held: false,
  restarting: false,
  paused: false,
  open: false,
} as const satisfies Record<Slot, boolean>
