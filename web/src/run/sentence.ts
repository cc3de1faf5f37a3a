import type { TFunction } from 'i18next'
import type { Explanation, Run, Task } from '../../../src/client/client.ts'
import { isEnded } from '../../../src/model/status.ts'
import { language } from '../i18n/language.ts'
import { durationText } from '../ui/duration.ts'
import { failureText } from '../ui/said.ts'
import { tasksOf } from './selection.ts'

/** Where the run is and why, in one sentence in the reader's language. The server's own is English. */
export function runSentence(t: TFunction, run: Run, explanations: readonly Explanation[], now: number): string {
  if (run.ended) return endSentence(t, run)
  const own = explanations.find(({ node }) => node === null)
  if (own === undefined) return t(`status.${run.status}`)
  const nodes = explanations.filter(({ node }) => node !== null)
  const about =
    nodes.find((one) => one.code === own.code && one.since === own.since) ?? nodes.find((one) => one.code === own.code)
  const sentence = explanationSentence(t, run, about ?? own)
  const others = nodes.filter((one) => one !== about && one.code !== 'waiting-for-needs').length
  const more = about === undefined || others === 0 ? '' : t('run.say.more', { count: others })
  return `${sentence}${more}${deadlineText(t, own.deadline, now)}`
}

function endSentence(t: TFunction, run: Run): string {
  const from = Date.parse(run.started_at ?? run.created_at)
  const time = durationText(Math.max(0, Date.parse(run.ended_at ?? run.updated_at) - from), language())
  if (run.status === 'succeeded') return t('run.say.succeededIn', { time })
  if (run.status === 'cancelled' && run.cancelling !== null) {
    return t('run.say.cancelledBy', { by: run.cancelling.by.name, time })
  }
  if (run.failure !== null) {
    return t('run.say.failed', { node: run.failure.node.name, why: failureText(t, run.failure.failure) })
  }
  return t('run.say.endedAfter', { status: t(`status.${run.status}`), time })
}

const deadlineText = (t: TFunction, deadline: string | null, now: number): string => {
  const left = deadline === null ? 0 : Date.parse(deadline) - now
  return left <= 0 ? '' : t('run.say.until', { time: durationText(left, language()) })
}

/** The same of one node. */
export function explanationSentence(t: TFunction, run: Run, explanation: Explanation): string {
  const task = tasksOf(run).find(({ id }) => id === explanation.node?.id)
  const node = explanation.node?.name ?? ''
  const { position } = explanation
  switch (explanation.code) {
    case 'waiting-for-start':
    case 'waiting-for-trigger':
      return t(`run.say.${explanation.code}`)
    case 'waiting-for-turn':
      return t('run.say.waiting-for-turn', { position: position ?? 1 })
    case 'waiting-for-callback':
    case 'sleeping':
    case 'waiting-for-retry':
    case 'waiting-for-needs':
      return t(`run.say.${explanation.code}`, { node })
    case 'waiting-for-runner':
      return position === null
        ? t('run.say.waiting-for-some-runner', { node })
        : t('run.say.waiting-for-runner', { node, position })
    case 'no-runner-with-labels': {
      const labels = task?.labels.join(', ') ?? ''
      return labels === '' ? t('run.say.no-runner', { node }) : t('run.say.no-runner-with-labels', { node, labels })
    }
    case 'waiting-for-review':
      return t('run.say.waiting-for-review', { node, ...reviewFacts(t, task) })
    case 'held-after-failure':
      return t('run.say.held-after-failure', { node, why: task?.failure == null ? '' : failureText(t, task.failure) })
    case 'failed':
      return t('run.say.failed', { node, why: task?.failure == null ? '' : failureText(t, task.failure) })
    case 'paused':
      return explanation.node === null ? t('run.say.paused') : t('run.say.node-paused', { node })
    case 'cancelling':
      return t('run.say.cancelling', { by: run.cancelling?.by.name ?? '' })
    case 'ended':
      return t('run.say.ended', { status: t(`status.${run.status}`) })
    case 'running':
      if (explanation.node === null) return t('status.running')
      return task?.runner == null
        ? t('run.say.running', { node })
        : t('run.say.runningOn', { node, runner: task.runner })
  }
}

function reviewFacts(t: TFunction, task: Task | undefined) {
  const review = task?.review ?? null
  const done = review?.decisions.filter(({ decision }) => decision === 'approve').length ?? 0
  const decided = new Set(review?.decisions.map(({ by }) => by))
  const left = review?.reviewers.filter((name) => !decided.has(name)) ?? []
  return {
    who: left.length === 0 ? t('run.say.anyone') : left.join(t('run.say.or')),
    done,
    needed: review?.required ?? 1,
  }
}

/** How many tasks are over; gateways and other symbols of flows are not counted. */
export function progressOf(run: Run): { readonly done: number; readonly total: number } {
  const tasks = tasksOf(run).filter(({ work }) => work !== 'start' && work !== 'end' && work !== 'gateway')
  return { done: tasks.filter((task) => isEnded(task.status)).length, total: tasks.length }
}
