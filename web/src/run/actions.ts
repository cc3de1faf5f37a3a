import type { TFunction } from 'i18next'
import type { Run, Stage, Task } from '../../../src/client/client.ts'
import type { NodeAction, RunAction } from '../../../src/model/command.ts'
import { isEnded } from '../../../src/model/status.ts'
import { type Node, stageOf, tasksOf } from './selection.ts'

/** Something that can be asked of a run or a node, or that cannot now, and why. */
export interface Choice {
  readonly name: string
  /** null: it is allowed. */
  readonly whyNot: string | null
  /** What will happen, before it does. */
  readonly will: string
  readonly on:
    | { readonly kind: 'run'; readonly action: RunAction | 'rerun' }
    | { readonly kind: 'node'; readonly action: NodeAction; readonly node: Node }
  readonly tone: 'main' | 'plain' | 'danger'
}

const RUN_CHOICES = ['start', 'retry', 'resume', 'pause', 'cancel', 'modify', 'rerun'] as const

const TONES: Readonly<Record<string, Choice['tone']>> = {
  start: 'main',
  approve: 'main',
  resume: 'main',
  retry: 'main',
  choose: 'main',
  callback: 'main',
  cancel: 'danger',
  reject: 'danger',
  fail: 'danger',
}

/** What may be asked of the run; what makes no sense where it is now is left out, what is only refused says why. */
export function runChoices(t: TFunction, run: Run, mayOperate: boolean): readonly Choice[] {
  return RUN_CHOICES.filter((action) => fits(run, action)).map((action) => {
    const allowed = action === 'rerun' || run.allowed.includes(action)
    return {
      name: t(`run.act.run.${action}`),
      whyNot: !mayOperate ? t('run.act.allowedTo') : allowed ? null : whyNotRun(t, run, action),
      will: runWill(t, run, action),
      on: { kind: 'run', action },
      tone: TONES[action] ?? 'plain',
    }
  })
}

function fits(run: Run, action: (typeof RUN_CHOICES)[number]): boolean {
  switch (action) {
    case 'start':
      return run.status === 'waiting' || run.allowed.includes('start')
    case 'resume':
      return run.allowed.includes('resume')
    case 'pause':
      return !run.allowed.includes('resume')
    case 'retry':
      return run.allowed.includes('retry') || tasksOf(run).some(({ failure }) => failure !== null)
    case 'cancel':
      return true
    case 'modify':
      return run.params.some(({ system }) => !system)
    case 'rerun':
      return true
  }
}

function whyNotRun(t: TFunction, run: Run, action: RunAction): string {
  if (run.cancelling !== null && !run.ended) return t('run.act.why.cancelling')
  if (action === 'retry') return t('run.act.why.nothingFailed')
  if (run.ended) return t('run.act.why.ended')
  if (action === 'resume') return t('run.act.why.notPaused')
  if (action === 'pause' && run.paused_at !== null) return t('run.act.why.paused')
  if (action === 'pause') return t('run.act.why.notBegun')
  return action === 'start' ? t('run.act.why.started') : t('run.act.why.notNow', { status: t(`status.${run.status}`) })
}

const NAMES_MAX = 3

const names = (list: readonly { readonly name: string }[]): string =>
  `${list
    .slice(0, NAMES_MAX)
    .map(({ name }) => name)
    .join(', ')}${list.length > NAMES_MAX ? ' …' : ''}`

function runWill(t: TFunction, run: Run, action: (typeof RUN_CHOICES)[number]): string {
  const tasks = tasksOf(run)
  const running = tasks.filter(({ status, work }) => status === 'running' && work === 'runner').length
  switch (action) {
    case 'start': {
      const waiting = run.stages.filter(({ status }) => status === 'waiting')
      return run.started_at === null || waiting.length === 0
        ? t('run.act.will.start')
        : t('run.act.will.startStage', { count: waiting.length, names: names(waiting) })
    }
    case 'pause':
      return t('run.act.will.pauseRun', { count: running })
    case 'resume':
      return t('run.act.will.resumeRun')
    case 'cancel':
      return t('run.act.will.cancel', { count: running })
    case 'retry': {
      if (run.started_at === null) return t('run.act.will.retryUnbegun')
      const again = tasks.filter(
        ({ failure, ignored, status }) =>
          (failure !== null && !ignored && isEnded(status)) || status === 'cancelled' || status === 'held',
      )
      return t('run.act.will.retryRun', { count: again.length, names: names(again) })
    }
    case 'modify':
      return t('run.act.will.modify')
    case 'rerun':
      return t('run.act.will.rerun', { version: run.version })
  }
}

/** In the order of how likely somebody wants them. */
const NODE_CHOICES = [
  'approve',
  'reject',
  'callback',
  'choose',
  'retry',
  'resume',
  'skip',
  'pause',
  'rollback',
  'fail',
  'delay',
  'expire',
] as const satisfies readonly NodeAction[]

export function nodeChoices(t: TFunction, run: Run, node: Node, mayOperate: boolean): readonly Choice[] {
  return NODE_CHOICES.filter((action) => node.allowed.includes(action) || isShown(node, action)).map((action) => ({
    name: node.kind === 'stage' && action === 'retry' ? t('run.act.node.retryStage') : t(`run.act.node.${action}`),
    whyNot: !mayOperate
      ? t('run.act.allowedTo')
      : node.allowed.includes(action)
        ? null
        : whyNotNode(t, run, node, action),
    will: nodeWill(t, run, node, action),
    on: { kind: 'node', action, node },
    tone: TONES[action] ?? 'plain',
  }))
}

/** What people look for on such a node: shown grey with its reason when it cannot be had. */
function isShown(node: Node, action: NodeAction): boolean {
  if (node.kind === 'stage') return action === 'retry'
  if (node.work === 'start' || node.work === 'end' || node.work === 'gateway') return false
  if (node.work === 'review' && (action === 'approve' || action === 'reject')) return true
  return action === 'retry' || action === 'skip' || (action === 'pause' && !node.allowed.includes('resume'))
}

function whyNotNode(t: TFunction, run: Run, node: Node, action: NodeAction): string {
  const { status } = node
  if (run.cancelling !== null && !run.ended) return t('run.act.why.cancelling')
  if (node.kind === 'task' && action === 'retry') {
    if (!node.retryable) return t('run.act.why.notRetryable')
    return status === 'pending' ? t('run.act.why.notBegun') : t('run.act.why.notOver')
  }
  if (node.kind === 'task' && action === 'skip' && !node.skippable) return t('run.act.why.notSkippable')
  if (isEnded(status)) return t('run.act.why.over')
  if (run.ended) return t('run.act.why.ended')
  if (action === 'retry') return status === 'pending' ? t('run.act.why.notBegun') : t('run.act.why.notOver')
  if (status === 'pending') return t('run.act.why.notBegun')
  return t('run.act.why.notNow', { status: t(`status.${status}`) })
}

function nodeWill(t: TFunction, run: Run, node: Node, action: NodeAction): string {
  const { name } = node
  switch (action) {
    case 'retry':
      return node.kind === 'stage'
        ? stageRetryWill(t, run, node)
        : t('run.act.will.retry', { name, attempt: node.attempt + 1 })
    case 'skip': {
      const next = node.kind === 'task' ? after(run, node) : []
      return next.length === 0
        ? t('run.act.will.skip', { name })
        : t('run.act.will.skipBefore', { name, names: names(next) })
    }
    case 'approve': {
      const review = node.kind === 'task' ? node.review : null
      const done = review?.decisions.filter(({ decision }) => decision === 'approve').length ?? 0
      const left = (review?.required ?? 1) - done - 1
      return left <= 0 ? t('run.act.will.approveLast', { name }) : t('run.act.will.approve', { count: left })
    }
    case 'reject':
    case 'pause':
    case 'resume':
    case 'fail':
    case 'callback':
    case 'rollback':
    case 'delay':
    case 'expire':
      return t(`run.act.will.${action}`, { name })
    case 'choose':
      return t('run.act.will.choose')
  }
}

function stageRetryWill(t: TFunction, run: Run, stage: Stage): string {
  const at = run.stages.findIndex(({ id }) => id === stage.id)
  const count = run.stages.slice(at + 1).length
  return t('run.act.will.retryStage', { name: stage.name, tasks: stage.tasks.length, count })
}

/** What waits for a task: tasks of its stage that need it, or the nodes that its edges lead to. */
export function after(run: Run, task: Task): readonly Task[] {
  const stage = stageOf(run, task)
  if (stage === undefined) return []
  if (stage.edges === null) return stage.tasks.filter(({ needs }) => needs.includes(task.key))
  const keys = new Set(stage.edges.filter(({ from }) => from === task.key).map(({ to }) => to))
  return stage.tasks.filter(({ key }) => keys.has(key))
}
