import { NODE_ACTIONS, RUN_ACTIONS, type NodeAction, type RunAction } from '../model/command.ts'
import type { NodeStatus, RunStatus } from '../model/status.ts'
import { runStatus } from './status.ts'
import { stageAt, taskAt, taskPlan, type Run } from './run.ts'

/**
 * Which statuses admit each operator action. Engine, API, page, CLI and dialects read these two tables and no other.
 * Every status that is not an end admits something: no run is ever stuck.
 */
export const runAdmits = {
  start: ['waiting'],
  pause: ['queued', 'running', 'reviewing', 'held'],
  resume: ['paused'],
  cancel: ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held', 'rolling_back'],
  retry: ['held', 'paused', 'running', 'failed', 'errored', 'timed_out', 'cancelled'],
} as const satisfies Record<RunAction, readonly RunStatus[]>

/** Of a node. `retry` and `skip` of a node also reopen a run that ended unsuccessfully; nothing reopens a success. */
export const nodeAdmits = {
  retry: ['failed', 'errored', 'timed_out', 'cancelled'],
  skip: ['pending', 'queued', 'failed', 'errored', 'timed_out', 'cancelled'],
  approve: ['reviewing'],
  reject: ['reviewing'],
} as const satisfies Record<NodeAction, readonly NodeStatus[]>

const REOPENABLE: readonly RunStatus[] = ['failed', 'errored', 'timed_out', 'cancelled']

const admitted = <Status extends string>(statuses: readonly Status[], status: string): boolean =>
  (statuses as readonly string[]).includes(status)

export function allowedOnRun(run: Run): readonly RunAction[] {
  const status = runStatus(run)
  return RUN_ACTIONS.filter((action) => {
    if (!admitted(runAdmits[action], status)) return false
    // A cancel is under way: it may be forced, nothing else changes its course.
    if (run.cancelling !== null && run.phase === 'live') return action === 'cancel'
    // What waits for its turn has nothing to pause yet.
    if (action === 'pause') return run.phase === 'live'
    return action !== 'retry' || isRetryable(run)
  })
}

export function allowedOnNode(run: Run, index: number): readonly NodeAction[] {
  const state = run.nodes.at(index)
  if (state.kind === 'stage') return allowedOnStage(run, index)
  return NODE_ACTIONS.filter((action) => admitted(nodeAdmits[action], state.status) && isOpenTo(run, index, action))
}

/** One that was begun and taken up again holds tasks that are over: of those that are not, each can be skipped. */
function allowedOnStage(run: Run, index: number): readonly NodeAction[] {
  const { status, startedAt } = stageAt(run, index)
  return run.phase === 'live' && run.cancelling === null && status === 'pending' && startedAt === null ? ['skip'] : []
}

function isOpenTo(run: Run, index: number, action: NodeAction): boolean {
  if (run.phase === 'waiting' || isPassedOver(run, index)) return false
  if (run.phase === 'live' ? run.cancelling !== null : !admitted(REOPENABLE, runStatus(run))) return false
  return action !== 'skip' || taskAt(run, index).status !== 'pending' || isStillToCome(run, index)
}

/** What was never reached in a run or a stage that is over has nothing to mend: what failed before it has. */
function isStillToCome(run: Run, index: number): boolean {
  const { status } = stageAt(run, taskPlan(run.plan, index).stage)
  return run.phase === 'live' && (status === 'pending' || status === 'running')
}

/** Its failure was passed over: what comes after it has gone on, so it cannot be taken up again. */
const isPassedOver = (run: Run, index: number): boolean => taskAt(run, index).policy === 'continue'

/** A run that was cancelled between two nodes has none to retry and goes on; one that never began has nothing to go on with. */
const isRetryable = ({ phase, startedAt, counts }: Run): boolean =>
  phase === 'ended'
    ? startedAt !== null
    : counts.failed + counts.errored + counts.timed_out + counts.held + counts.restarting + counts.cancelled > 0
