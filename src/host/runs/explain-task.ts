import { approvalsNeeded } from '../../engine/deadline.ts'
import { type Run, slotOf, taskAt, taskPlan, type TaskState, workAt } from '../../engine/run.ts'
import { failureSentence } from '../../model/failure.ts'
import { type DurationMs, formatDuration } from '../../model/time.ts'
import type { Explanation } from '../app.ts'
import { mending, urgencyOf } from './explain-run.ts'
import { capital, named, plain, type Reason, type Runners } from './reason.ts'

export function explainTask(run: Run, index: number, runners: Runners): Explanation {
  return { node: named(run, index), ...taskReason(run, index, runners) }
}

function taskReason(run: Run, index: number, runners: Runners): Reason {
  const state = taskAt(run, index)
  const work = workAt(run, index)
  const deadline = state.deadlineAt
  if (slotOf(state) === 'paused') {
    const since = state.pausedAt ?? run.updatedAt
    return { ...plain, code: 'paused', sentence: 'Paused by a person', since, unblocks: ['resume'] }
  }
  switch (state.status) {
    case 'queued':
      return queuedReason(run, index, state, runners)
    case 'running':
      if (work.kind === 'callback') {
        const since = state.startedAt ?? run.updatedAt
        const sentence = 'Waiting for a callback'
        return { ...plain, code: 'waiting-for-callback', sentence, since, unblocks: ['callback', 'fail'], deadline }
      }
      if (work.kind === 'run') {
        const child = state.childRun
        const sentence =
          child === null ? `Starting a run of ${work.pipeline}` : `Waiting for run ${child}, which it started`
        const since = state.startedAt ?? run.updatedAt
        return {
          ...plain,
          code: 'running',
          sentence,
          since,
          unblocks: child === null ? [] : [`the end of run ${child}`],
          deadline,
        }
      }
      if (work.kind === 'sleep')
        return { ...plain, code: 'sleeping', sentence: 'Sleeping', since: state.startedAt ?? run.updatedAt, deadline }
      return runningReason(run, state, runners)
    case 'reviewing':
      return reviewReason(run, index, state)
    case 'failed':
    case 'errored':
    case 'timed_out': {
      const why = state.failure === null ? 'failed' : failureSentence(state.failure)
      return {
        ...plain,
        code: 'held-after-failure',
        sentence: `Held after it failed: ${why}`,
        since: state.endedAt ?? run.updatedAt,
        unblocks: [...mending(run, index), 'cancel'],
        deadline,
      }
    }
    case 'pending':
    case 'open':
    case 'skipped':
    case 'succeeded':
    case 'cancelled':
    case 'rolled_back':
    case 'rollback_failed':
    case 'rollback_errored':
      return neededReason(run, index)
  }
}

function runningReason(run: Run, { runner, startedAt, deadlineAt }: TaskState, runners: Runners): Reason {
  const { silence, isHeldUp, now } = runners
  const reason = { ...plain, code: 'running', since: startedAt ?? run.updatedAt, deadline: deadlineAt } as const
  if (runner === null) return { ...reason, sentence: 'Running' }
  const silent = silence(runner)
  if (silent === null && isHeldUp(runner)) {
    const sentence = `Running on ${runner}; what it sends waits for room on the disk of the server`
    return { ...reason, sentence, unblocks: ['room on the disk of the server'] }
  }
  if (silent === null) return { ...reason, sentence: `Running on ${runner}` }
  const [past, left] = [seconds(now - silent.since), seconds(silent.lostAt - now)]
  return {
    ...reason,
    sentence: `Running on ${runner}; its runner has been silent for ${past}, lost in ${left}`,
    unblocks: [`a word of runner ${runner}`],
  }
}

const seconds = (durationMs: DurationMs): string => formatDuration(Math.max(0, Math.round(durationMs / 1_000)) * 1_000)

function queuedReason(run: Run, index: number, state: TaskState, { standing, silence, now }: Runners): Reason {
  const { labels } = taskPlan(run.plan, index).spec
  const since = state.queuedAt ?? run.updatedAt
  if (state.retryAt !== null) {
    const why = state.failure === null ? '' : ` after: ${failureSentence(state.failure)}`
    return {
      ...plain,
      code: 'waiting-for-retry',
      sentence: `Waiting to be tried again${why}`,
      since,
      deadline: state.retryAt,
    }
  }
  const { position, capable, only, pinned, hindrance } = standing(index)
  if (!capable) {
    const wanted = labels.length === 0 ? 'no runner is connected' : `no runner can do this: needs ${labels.join(', ')}`
    return {
      ...plain,
      code: 'no-runner-with-labels',
      sentence: capital(wanted),
      since,
      unblocks: ['a runner with these labels', 'skip', 'cancel'],
      deadline: state.deadlineAt,
    }
  }
  const place = position === null ? '' : `, number ${position} in the queue${urgencyOf(run)}`
  const reason = { code: 'waiting-for-runner', since, position, deadline: state.deadlineAt } as const
  const silent = only === null ? null : silence(only)
  if (only !== null && hindrance === 'paused') {
    const sentence = `Waiting for runner ${only}, which is paused${place}`
    return { ...reason, sentence, unblocks: [`resuming runner ${only}`] }
  }
  if (only !== null && silent !== null) {
    const [past, left] = [seconds(now - silent.since), seconds(silent.lostAt - now)]
    const sentence = `Waiting for runner ${only}, which has been silent for ${past} and is lost in ${left}${place}`
    return { ...reason, sentence, unblocks: [`a word of runner ${only}`] }
  }
  if (hindrance !== null) {
    const what = hindrance === 'paused' ? 'those that could do it are paused' : 'nothing is heard of those that could'
    return { ...reason, sentence: `Waiting for a runner: ${what}${place}`, unblocks: ['a runner that is there'] }
  }
  const who = only !== null && pinned ? `runner ${only}, which has the workspace of this run` : 'a free runner'
  return { ...reason, sentence: `Waiting for ${who}${place}`, unblocks: ['a free runner'] }
}

function reviewReason(run: Run, index: number, state: TaskState): Reason {
  const { work } = taskPlan(run.plan, index).spec
  if (work.kind !== 'review') throw new TypeError(`node ${index} is reviewing, but its work is ${work.kind}`)
  const needed = approvalsNeeded(work)
  const decided = state.decisions.map(({ by }) => by)
  const left = work.reviewers.filter((reviewer) => !decided.includes(reviewer))
  const who =
    work.reviewers.length === 0
      ? 'anyone who may operate the project'
      : left.join(needed - decided.length === left.length ? ' and ' : ' or ')
  const sentence = `Waiting for review by ${who} (${decided.length} of ${needed} approval${needed === 1 ? '' : 's'})`
  return {
    ...plain,
    code: 'waiting-for-review',
    sentence,
    since: state.startedAt ?? run.updatedAt,
    unblocks: ['approve', 'reject'],
    deadline: state.deadlineAt,
  }
}

function neededReason(run: Run, index: number): Reason {
  const { needs } = taskPlan(run.plan, index)
  const waits = needs.filter((need) => {
    const state = taskAt(run, need)
    return slotOf(state) !== 'done'
  })
  const names = waits.map((need) => taskPlan(run.plan, need).spec.name)
  const sentence = names.length === 0 ? 'Waiting for the run to go on' : `Waiting for ${names.join(', ')}`
  return { ...plain, code: 'waiting-for-needs', sentence, since: run.updatedAt, unblocks: names }
}
