import { nodeAdmits, runAdmits, allowedOnNode, allowedOnRun } from '../engine/admits.ts'
import { dueEffects, heldByRunners } from '../engine/effects.ts'
import { noCounts, slotNow, slotOf, stagePlan, taskAt, taskPlan, type Run, type TaskState } from '../engine/run.ts'
import { runStatus, stageStatus, taskStatus } from '../engine/status.ts'
import { isEnded, type NodeStatus } from '../model/status.ts'

/** What must hold of each node by itself: which of its fields go together, that its history is whole, what is shown of it. */
export function nodeLaws(run: Run): readonly string[] {
  const broken: string[] = []
  for (const { kind, index } of run.plan.nodes) {
    const say = (what: string): void => void broken.push(`${kind} ${index} ${what}`)
    if (kind === 'task') {
      const state = taskAt(run, index)
      fieldLaws(run, index, state, say)
      historyLaws(state, say)
    }
    shownLaws(run, index, say)
  }
  for (const action of allowedOnRun(run)) {
    if (!(runAdmits[action] as readonly string[]).includes(runStatus(run)))
      broken.push(`${action} is allowed in a run that is ${runStatus(run)}`)
  }
  if (run.phase === 'ended') broken.push(...overLaws(run))
  return broken
}

type Say = (what: string) => void

/** Nothing is left to be done of a run that has ended. */
function overLaws(run: Run): readonly string[] {
  const due = [...dueEffects(run), ...heldByRunners(run)]
  return [
    ...(due.length > 0 ? [`ended, and ${JSON.stringify(due)} is due`] : []),
    ...(run.deadlineAt === null ? [] : ['ended with a deadline']),
    ...(run.rollback === null ? [] : ['ended while it is taken back']),
  ]
}

const AT_WORK: ReadonlySet<TaskState['status']> = new Set(['running', 'reviewing', 'open'])
const UNSUCCESSFUL: ReadonlySet<TaskState['status']> = new Set([
  'failed',
  'errored',
  'timed_out',
  'rollback_failed',
  'rollback_errored',
])

function fieldLaws(run: Run, index: number, state: TaskState, say: Say): void {
  const { spec, flow } = taskPlan(run.plan, index)
  const { status, deadlineAt, retryAt, startedAt, endedAt, queuedAt } = state
  const isOver = isEnded(status === 'open' ? 'running' : status)
  if (deadlineAt !== null && status !== 'queued' && !AT_WORK.has(status) && slotOf(state) !== 'held')
    say(`is ${status} and has a deadline`)
  if (retryAt !== null && (status !== 'queued' || state.failure === null || deadlineAt !== retryAt))
    say(`is ${status} and waits for its next attempt until ${retryAt}, its deadline is ${deadlineAt}`)
  if (state.stopping !== null && (status !== 'running' || state.runner === null || deadlineAt === null))
    say(`is ${status} and is to be stopped`)
  if (state.withheld && (state.pausedAt === null || !isOver)) say(`is ${status} and its end is kept for nobody`)
  if (UNSUCCESSFUL.has(status) !== (state.policy !== null)) say(`is ${status} with policy ${state.policy}`)
  if (UNSUCCESSFUL.has(status) && state.failure === null) say(`is ${status} and nothing says why`)
  if ((status === 'skipped') !== (state.skipped !== null)) say(`is ${status}, skipped is ${state.skipped?.because}`)
  if (AT_WORK.has(status) && (startedAt === null || endedAt !== null || state.fence === 0))
    say(`is ${status}, started ${startedAt}, ended ${endedAt}, fence ${state.fence}`)
  if (status === 'queued' && queuedAt === null && retryAt === null) say('is queued since never')
  if (status === 'pending' && (startedAt ?? endedAt ?? queuedAt ?? deadlineAt ?? state.failure) !== null)
    say('is pending and remembers an attempt as its present one')
  if (isOver && endedAt === null) say(`is ${status} without an end`)
  if (state.fence > run.seq) say(`has fence ${state.fence} at ${run.seq}`)
  if (state.decisions.length > 0 && spec.work.kind !== 'review') say('was decided and is no review')
  if (new Set(state.decisions.map(({ by }) => by)).size < state.decisions.length) say('was decided twice by somebody')
  if (state.taken !== null && spec.work.kind !== 'gateway') say('has chosen edges and is no gateway')
  if (state.childRun !== null && spec.work.kind !== 'run') say('has started a run and is no task that does')
  if (state.rollingBack && spec.rollback === null) say('is taken back and has no way back')
  // What was skipped with its stage has seen no token, and what is taken back has forgotten them.
  const hasToken = flow !== null && status !== 'pending' && status !== 'skipped' && !state.rollingBack
  if (flow === null ? state.loop !== 0 : hasToken && state.loop === 0) say(`is ${status} in loop ${state.loop}`)
  if (state.innerLoop > state.loop) say(`is in inner loop ${state.innerLoop} of loop ${state.loop}`)
}

/** Attempts are counted from 1 without a gap, each is kept once, and what is kept is over. */
function historyLaws({ status, attempt, earlier }: TaskState, say: Say): void {
  const numbers = earlier.map((one) => one.attempt)
  if (numbers.some((number, place) => number !== place + 1)) say(`keeps attempts ${numbers.join()}`)
  const isKept = status === 'pending'
  if (isKept && numbers.length !== attempt) say(`is ${status} at attempt ${attempt}, kept are ${numbers.join()}`)
  if (numbers.length !== attempt && numbers.length !== attempt - 1)
    say(`is at attempt ${attempt}, kept are ${numbers.join()}`)
  if ((AT_WORK.has(status) || status === 'queued') && numbers.length !== attempt - 1)
    say(`is ${status} at attempt ${attempt}, kept are ${numbers.join()}`)
  for (const one of earlier) {
    if (!isEnded(one.status) || one.endedAt === null)
      say(`keeps attempt ${one.attempt} as ${one.status}, ended ${one.endedAt}`)
  }
}

/** What readers see, and that people may do what the tables say of it, and nothing else. */
function shownLaws(run: Run, index: number, say: Say): void {
  const node = run.plan.nodes[index]
  const shown = node?.kind === 'stage' ? stageStatus(run, index) : taskStatus(run, index, insideOf(run, index))
  if (run.phase === 'ended' && !isEnded(shown) && shown !== 'pending') say(`is ${shown} in a run that has ended`)
  const own: NodeStatus = node?.kind === 'stage' ? shown : ownStatus(taskAt(run, index))
  for (const action of allowedOnNode(run, index)) {
    const statuses = nodeAdmits[action] as readonly NodeStatus[]
    // What is paused, and a sub-flow that shows what is in it, is at something of its own, too.
    const hasOwn = shown === 'paused' || (node?.kind === 'task' && node.spec.work.kind === 'subflow')
    if (!statuses.includes(shown) && !(hasOwn && statuses.includes(own))) say(`is ${shown}, and ${action} is allowed`)
  }
}

const ownStatus = ({ status }: TaskState): NodeStatus => (status === 'open' ? 'running' : status)

/** How many tasks of a sub-flow are where, all that is in it counted. */
function insideOf(run: Run, index: number) {
  const { spec, stage } = taskPlan(run.plan, index)
  if (spec.work.kind !== 'subflow') return undefined
  const isInside = (task: number): boolean => {
    const parent = taskPlan(run.plan, task).flow?.parent ?? null
    return parent !== null && (parent === index || isInside(parent))
  }
  const counts = noCounts()
  for (const task of stagePlan(run.plan, stage).tasks.filter(isInside)) counts[slotNow(run, task)] += 1
  return counts
}
