import type { RunEffect } from '../model/effect.ts'
import type { Work } from '../model/definition.ts'
import { openTasks, stageAt, standsStill, taskAt, workAt, type Run } from './run.ts'
import { SERVER } from './transition.ts'

/**
 * What is still due of a run: after a restart the host takes these up as if they had just been ordered.
 * Attempts that a runner holds are not among them: the host asks its runners, and reports the lost ones.
 */
export function dueEffects(run: Run): readonly RunEffect[] {
  if (run.phase === 'waiting') return run.queuedAt === null ? [] : [{ type: 'take-turn' }]
  if (run.phase !== 'live') return []
  const effects: RunEffect[] = []
  const arm = (node: number | null, at: number | null | undefined): void => {
    if (at !== null && at !== undefined) effects.push({ type: 'arm-timer', node, at })
  }
  arm(null, run.cancelling === null ? run.deadlineAt : run.cancelling.deadline)
  for (const { index } of run.open) if (run.rollback === null) arm(index, stageAt(run, index).deadlineAt)
  for (const node of openTasks(run)) {
    const state = taskAt(run, node)
    // While its stage is taken back, nobody gives up what is held: its time, and that of the stage, count no more.
    if (run.rollback !== null && !state.rollingBack) continue
    if (state.status === 'queued' && standsStill(run, node)) continue
    arm(node, state.deadlineAt)
    if (state.status === 'queued' && state.retryAt === null) {
      effects.push({ type: 'offer-attempt', node, attempt: state.attempt })
    }
    if (state.status === 'running' && isInline[workAt(run, node).kind]) {
      effects.push({ type: 'run-inline', node, fence: state.fence })
    }
  }
  return effects
}

/** What the server does itself and reports. */
const isInline: Readonly<Record<Work['kind'], boolean>> = {
  noop: true,
  publish: true,
  run: true,
  runner: false,
  sleep: false,
  review: false,
  callback: false,
  start: false,
  end: false,
  gateway: false,
  subflow: false,
}

/** Attempts that a runner holds, as the log tells. */
export function heldByRunners(
  run: Run,
): readonly { readonly node: number; readonly attempt: number; readonly fence: number; readonly runner: string }[] {
  if (run.phase !== 'live') return []
  return openTasks(run).flatMap((node) => {
    const { status, runner, attempt, fence } = taskAt(run, node)
    return status === 'running' && runner !== null && runner !== SERVER ? [{ node, attempt, fence, runner }] : []
  })
}

/** The runner that has done a task of the run last, and so has its workspace; undefined: none has. */
export function lastRunnerOf(run: Run): string | undefined {
  let last: { readonly runner: string; readonly at: number } | undefined
  for (const node of run.plan.nodes) {
    if (node.kind !== 'task') continue
    const { runner, startedAt } = taskAt(run, node.index)
    if (runner === null || runner === SERVER || startedAt === null) continue
    if (last === undefined || startedAt >= last.at) last = { runner, at: startedAt }
  }
  return last?.runner
}

/** Whether what runs of this task has been told to stop. */
export const isToStop = (run: Run, node: number): boolean =>
  taskAt(run, node).stopping !== null || (run.cancelling !== null && run.cancelling.deadline !== null)
