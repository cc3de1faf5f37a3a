import { failureStatus } from '../model/failure.ts'
import { attemptVersion } from '../model/id.ts'
import type { AttemptView } from '../model/view.ts'
import {
  freshTask,
  isAhead,
  keptRetries,
  ownOutputs,
  slotOf,
  stageAt,
  taskAt,
  taskPlan,
  type Counts,
  type Run,
  type Slot,
  type TaskState,
} from './run.ts'

/** A copy of a run of which nobody else knows yet: it is changed in place until evolve.ts gives it away. */
export type Draft = { -readonly [Key in keyof Run]: Run[Key] }

/** Puts a task in its place and moves it in the counts of its stage and of the run. */
export function place(run: Draft, index: number, after: TaskState): void {
  const [from, to] = [slotOf(taskAt(run, index)), slotOf(after)]
  run.nodes = run.nodes.with(index, after)
  if (from === to) return
  run.counts = moved(run.counts, from, to)
  const { stage } = taskPlan(run.plan, index)
  const [only] = run.open
  if (run.open.length === 1 && only?.index === stage)
    run.open = [{ index: stage, counts: moved(only.counts, from, to) }]
  else if (run.open.length > 1) {
    run.open = run.open.map((open) =>
      open.index === stage ? { index: stage, counts: moved(open.counts, from, to) } : open,
    )
  }
}

function moved(counts: Counts, from: Slot, to: Slot): Counts {
  const after: Record<Slot, number> = { ...counts }
  after[from] -= 1
  after[to] += 1
  return after
}

/** An attempt has begun, the first of its stage perhaps. */
export function begin(run: Draft, index: number, after: TaskState): void {
  place(run, index, after)
  const { stage } = taskPlan(run.plan, index)
  const stageState = stageAt(run, stage)
  if (!stageState.begun) run.nodes = run.nodes.with(stage, { ...stageState, begun: true })
  run.begun = true
}

/** A task is over in a way that lets those behind it go on: along these edges of its flow, or all of them. */
export function release(run: Draft, index: number, edges: readonly number[] | null = null): void {
  const { flow } = taskPlan(run.plan, index)
  if (flow === null) {
    releaseNeeds(run, index)
    return
  }
  const taken = edges === null ? flow.out : chosen(flow.out, edges)
  const { work } = taskPlan(run.plan, index).spec
  if (work.kind === 'gateway' && flow.inner !== null) expect(run, flow.inner, taken.length)
  for (const { to } of taken) arrive(run, to)
}

/** What a person has passed over before its turn lets others go on when its turn has come: `c` needs what `b` needs. */
function releaseNeeds(run: Draft, index: number): void {
  const over = [index]
  for (let at = over.pop(); at !== undefined; at = over.pop()) {
    for (const dependent of taskPlan(run.plan, at).dependents) {
      const state = taskAt(run, dependent)
      place(run, dependent, { ...state, unmet: state.unmet - 1 })
      if (isAhead(state) && state.unmet === 1) over.push(dependent)
    }
  }
}

function chosen<Edge extends { readonly edge: number }>(
  out: readonly Edge[],
  edges: readonly number[],
): readonly Edge[] {
  const wanted = new Set(edges)
  return out.filter(({ edge }) => wanted.has(edge))
}

/** A gateway has sent so many tokens on their way to where its branches meet. */
function expect(run: Draft, index: number, tokens: number): void {
  const state = taskAt(run, index)
  const next = state.loop === 0 ? state : again(run, index, state)
  place(run, index, { ...next, ...onePassMore(run, index, state), unmet: tokens })
}

/** A token comes to a node: for the first time, to where others are awaited, or back to one that was over. */
export function arrive(run: Draft, index: number): void {
  const { work } = taskPlan(run.plan, index).spec
  const state = taskAt(run, index)
  if (work.kind === 'gateway' && work.gateway === 'converge') {
    place(run, index, { ...state, unmet: state.unmet - 1 })
  } else {
    const next =
      state.loop === 0 ? state : { ...again(run, index, state), outputs: state.outputs, madeBy: state.madeBy }
    place(run, index, { ...next, ...onePassMore(run, index, state), unmet: 0 })
  }
}

/** Where a sub-flow has begun once more, what is in it is counted anew, too. */
function onePassMore(run: Draft, index: number, { loop, innerLoop, outerAttempt }: TaskState) {
  const parent = taskPlan(run.plan, index).flow?.parent ?? null
  const outer = parent === null ? 0 : taskAt(run, parent).attempt
  return { loop: loop + 1, innerLoop: outer === outerAttempt ? innerLoop + 1 : 1, outerAttempt: outer }
}

/** As new, but that its attempts go on counting (their logs are kept) and are remembered. */
function again(run: Draft, index: number, state: TaskState): TaskState {
  const { attempt, pausedAt, excluded, inputs, given, loop, innerLoop, outerAttempt } = state
  return {
    ...freshTask(taskPlan(run.plan, index)),
    attempt,
    takenUpAt: attempt,
    retries: keptRetries(run, state),
    loopAt: attempt,
    loop,
    innerLoop,
    outerAttempt,
    pausedAt,
    excluded,
    inputs,
    given,
    earlier: attemptsOf(run, index, state),
  }
}

/** Back to where a run begins: no token has come to it yet. */
export const anew = (run: Draft, index: number): TaskState => ({
  ...again(run, index, taskAt(run, index)),
  loop: 0,
  innerLoop: 0,
  outerAttempt: 0,
})

/** The same of a task. */
type TaskDraft = { -readonly [Key in keyof TaskState]: TaskState[Key] }

/** What a new attempt begins with; the one before it goes to the earlier ones. */
export function nextAttempt(run: Draft, index: number, attempt: number): TaskDraft {
  const state = taskAt(run, index)
  return {
    ...state,
    attempt,
    retryAt: null,
    endedAt: null,
    stopping: null,
    failure: null,
    policy: null,
    runner: null,
    childRun: null,
    earlier: attempt === state.attempt ? state.earlier : attemptsOf(run, index, state),
  }
}

/** All attempts so far, the present one included. */
export function attemptsOf(run: Draft, index: number, state: TaskState): readonly AttemptView[] {
  if (state.attempt === 0 || state.earlier.at(-1)?.attempt === state.attempt) return state.earlier
  const { attempt, status, startedAt, endedAt, runner, failure, inputs, given, skipped, loop, innerLoop, loopAt } =
    state
  const present: AttemptView = {
    attempt,
    loop: Math.max(1, loop),
    innerLoop: Math.max(1, innerLoop),
    retry: Math.max(0, attempt - loopAt - 1),
    version: attemptVersion(run.id, index, attempt),
    // While it waits for the next attempt the task is queued; the attempt itself has failed.
    status: statusOfAttempt(state),
    startedAt,
    endedAt: status === 'open' ? run.updatedAt : endedAt,
    runner,
    failure,
    skipped: skipped !== null,
    inputs,
    given,
    outputs: ownOutputs(state),
    decisions: state.decisions,
  }
  return [...state.earlier, present]
}

function statusOfAttempt({ status, failure }: TaskState): AttemptView['status'] {
  // A sub-flow that its run, or its stage, was begun anew without.
  if (status === 'open') return 'cancelled'
  return status === 'queued' && failure !== null ? failureStatus[failure.kind] : status
}

/** Something in a stage was retried or skipped: if it has ended, it waits for its turn again. */
export function takeUp(run: Draft, index: number): void {
  const stage = stageAt(run, index)
  if (stage.status !== 'running') run.nodes = run.nodes.with(index, { ...stage, status: 'pending', endedAt: null })
}
