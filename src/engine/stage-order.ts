import type { EndStatus } from '../model/status.ts'
import { isOpen, stageAt, stagePlan, standsStill, taskAt, type Counts, type OpenStage, type Run } from './run.ts'
import { isActive, isFailing, outcomeOf, rollbackOutcome } from './status.ts'
import { haveFired } from './triggers.ts'
import { hasItsTurn } from './turn.ts'

/** Which stages are over, how they end, and which come next. */

/** Whether a stage under way is over. */
export function isStageOver(run: Run, { index, counts }: OpenStage): boolean {
  if (isActive(counts)) return false
  if (run.rollback !== null) return true
  if (counts.held === 0 && counts.paused === 0 && !isFailing(counts) && isThrough(run, index, counts)) return true
  // While the run is paused a person may still mend what failed.
  return isFailing(run.counts) && run.pausedAt === null && !isAskedFor(run, index, counts)
}

/** Whether a person took up something in it that stands still, be it with a sub-flow: it is tried when it is resumed. */
function isAskedFor(run: Run, stage: number, counts: Counts): boolean {
  if (counts.paused === 0) return false
  return stagePlan(run.plan, stage).tasks.some((index) => {
    const { asked, status } = taskAt(run, index)
    if (!asked || !standsStill(run, index)) return false
    return status === 'queued' || hasItsTurn(run, index)
  })
}

/** Nothing of it is left to come: its tasks are over, or its token has reached the end. */
function isThrough(run: Run, index: number, counts: Counts): boolean {
  const { flow } = stagePlan(run.plan, index)
  return flow === null ? counts.pending === 0 && counts.paused === 0 : taskAt(run, flow.end).status === 'succeeded'
}

/** How a stage ends that is over by itself. */
export function outcomeOfStage(run: Run, { index, counts }: OpenStage): EndStatus {
  if (run.rollback !== null) return rollbackOutcome(counts)
  // A stage that could not go on because another one failed ends as the run will.
  if (isFailing(counts) || isThrough(run, index, counts)) return outcomeOf(counts)
  return outcomeOf(run.counts)
}

/** How a stage ends that its run takes with it: as the run, unless nothing of it was left to come. */
export function endWithRun(run: Run, { index, counts }: OpenStage, status: EndStatus): EndStatus {
  if (counts.held > 0 || isFailing(counts)) return status
  if (run.rollback !== null) return rollbackOutcome(counts)
  return isThrough(run, index, counts) ? 'succeeded' : status
}

/**
 * The stages to enter now, all of one row: of the first row that has not succeeded, be it that it was never reached or
 * that its failures were mended. When the run is failing: the next `always` ones, or what a person took up.
 */
export function nextStages(run: Run): readonly number[] {
  const { plan, counts, open } = run
  const failing = isFailing(counts)
  for (const [place, row] of plan.rows.entries()) {
    const found = row.filter((stage) => !isOpen(run, stage) && isToEnter(run, stage, failing))
    if (found.length === 0) continue
    // One row at a time: what was taken up in another waits until those under way have ended.
    const isUnderWay = open[0] === undefined || stagePlan(plan, open[0].index).row === place
    return isUnderWay ? found : []
  }
  return []
}

function isToEnter(run: Run, stage: number, failing: boolean): boolean {
  const { status, startedAt } = stageAt(run, stage)
  if (status === 'succeeded' || status === 'skipped') return false
  if (!failing) return true
  const { spec, tasks } = stagePlan(run.plan, stage)
  if (status !== 'pending') return status === 'waiting' && spec.always
  return startedAt !== null || spec.always || tasks.some((task) => taskAt(run, task).asked)
}

/** What it waits for, if anything, has come. */
export function hasFired(run: Run, stage: number): boolean {
  const { triggers } = stagePlan(run.plan, stage).spec
  return triggers === null || haveFired(triggers, stageAt(run, stage).triggers)
}
