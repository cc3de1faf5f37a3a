import type { App, Caller, NodeActionInput, RunActionInput } from '../../host/app.ts'
import { NODE_ACTIONS, RUN_ACTIONS, type NodeAction, type RunAction } from '../../model/command.ts'
import { asId, type UserId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { below, pickOf } from '../dice.ts'

export const ADMIN: Caller = {
  user: { id: asId<UserId>('a1'.repeat(16)), name: 'li' },
  role: 'admin',
  domain: 'example',
  projectIds: null,
  expiresAt: null,
}

/** What was answered: it must be true for ever. */
export type OnAnswer = (run: RunView) => void

/** What each command is given; a new one stops this from compiling until it is said. */
const RUN_INPUTS: { readonly [Action in RunAction]: (draw: () => number) => RunActionInput } = {
  start: () => ({ action: 'start' }),
  pause: () => ({ action: 'pause' }),
  resume: () => ({ action: 'resume' }),
  retry: () => ({ action: 'retry' }),
  cancel: (draw) => ({ action: 'cancel', reason: 'enough', mode: pickOf(draw, ['stop', 'force', 'after-current']) }),
  modify: () => ({ action: 'modify', params: {} }),
}

const NODE_INPUTS: { readonly [Action in NodeAction]: (draw: () => number) => NodeActionInput } = {
  retry: () => ({ action: 'retry' }),
  skip: () => ({ action: 'skip', comment: 'not needed' }),
  approve: (draw) => ({ action: 'approve', as: pickOf(draw, ['li', 'chen']) }),
  reject: (draw) => ({ action: 'reject', as: pickOf(draw, ['li', 'chen']) }),
  pause: () => ({ action: 'pause' }),
  resume: () => ({ action: 'resume' }),
  fail: () => ({ action: 'fail', comment: 'enough' }),
  callback: (draw) => ({ action: 'callback', succeeded: below(draw, 4) > 0, outputs: { word: 'go' } }),
  choose: () => ({ action: 'choose', edges: [] }),
  rollback: () => ({ action: 'rollback' }),
  delay: (draw) => ({ action: 'delay', byMs: 1 + below(draw, 60_000) }),
  expire: () => ({ action: 'expire' }),
}

/** How often each is given, among a hundred; what is not named is given once in a while. */
const RUN_WEIGHTS: Partial<Record<RunAction, number>> = { pause: 3, resume: 6, cancel: 1, retry: 6, start: 4 }
const NODE_WEIGHTS: Partial<Record<NodeAction, number>> = {
  approve: 30,
  retry: 8,
  skip: 6,
  reject: 3,
  pause: 3,
  resume: 8,
  callback: 8,
  fail: 1,
  choose: 4,
  rollback: 4,
}

const weighted = <Action extends string>(
  draw: () => number,
  actions: readonly Action[],
  weights: Partial<Record<Action, number>>,
): Action =>
  pickOf(
    draw,
    actions.flatMap((action) => Array.from({ length: weights[action] ?? 2 }, () => action)),
  )

/** The webhooks that the pipeline's trigger list names, by their ids. */
export async function fire(app: App, draw: () => number, pipeline: PipelineView, onAnswer: OnAnswer): Promise<void> {
  if (pipeline.webhooks.length === 0) return
  const fired = await app.runs.fireWebhook(pickOf(draw, pipeline.webhooks).id, {})
  if (fired.ok) onAnswer(fired.value.run)
}

/** Anything at all, to any run: most of it is refused. */
export async function meddle(app: App, draw: () => number, id: string, onAnswer: OnAnswer): Promise<void> {
  if (below(draw, 3) === 0) {
    const action = weighted(draw, RUN_ACTIONS, RUN_WEIGHTS)
    tell(await app.runs.act(ADMIN, { id }, RUN_INPUTS[action](draw)), onAnswer)
    return
  }
  const run = await app.runs.get(ADMIN, { id })
  if (!run.ok) return
  const nodes = run.value.stages.flatMap((stage) => [stage.index, ...stage.tasks.map(({ index }) => index)])
  const action = weighted(draw, NODE_ACTIONS, NODE_WEIGHTS)
  const index = pickOf(draw, nodes)
  const input: NodeActionInput =
    action === 'choose' ? { action, edges: edgesOf(run.value, index) } : NODE_INPUTS[action](draw)
  tell(await app.runs.actOnNode(ADMIN, { id }, { index }, input), onAnswer)
}

/** What a person who wants the run to be over would do next; nothing when it goes on by itself. */
export async function help(app: App, id: string, onAnswer: OnAnswer): Promise<void> {
  const found = await app.runs.get(ADMIN, { id })
  if (!found.ok) return
  const run = found.value
  for (const action of ['start', 'resume'] as const)
    if (run.allowed.includes(action)) tell(await app.runs.act(ADMIN, { id }, { action }), onAnswer)
  for (const task of run.stages.flatMap(({ tasks }) => tasks)) {
    const { index } = task
    if (task.allowed.includes('resume'))
      tell(await app.runs.actOnNode(ADMIN, { id }, { index }, { action: 'resume' }), onAnswer)
    if (task.allowed.includes('callback'))
      tell(await app.runs.actOnNode(ADMIN, { id }, { index }, { action: 'callback' }), onAnswer)
    if (task.allowed.includes('approve')) {
      for (const as of task.review === null || task.review.reviewers.length === 0
        ? ['li', 'chen']
        : task.review.reviewers)
        tell(await app.runs.actOnNode(ADMIN, { id }, { index: task.index }, { action: 'approve', as }), onAnswer)
    } else if (task.held) {
      tell(await mend(app, run, task), onAnswer)
    }
  }
}

/** What nobody may skip, and may fail again and again, is not worth another try. */
function mend(app: App, run: RunView, { index, allowed }: TaskView): Promise<Result<RunView>> {
  const { id } = run
  if (allowed.includes('skip')) return app.runs.actOnNode(ADMIN, { id }, { index }, { action: 'skip' })
  if (allowed.includes('choose'))
    return app.runs.actOnNode(ADMIN, { id }, { index }, { action: 'choose', edges: edgesOf(run, index) })
  return app.runs.act(ADMIN, { id }, { action: 'cancel', reason: 'nothing helps', mode: 'stop' })
}

/** The first way out of a gateway. */
function edgesOf({ stages }: RunView, index: number): readonly string[] {
  const stage = stages.find(({ tasks }) => tasks.some((task) => task.index === index))
  const key = stage?.tasks.find((task) => task.index === index)?.key
  return (stage?.flow?.edges ?? [])
    .filter(({ from }) => from === key)
    .flatMap((edge, place) => (place === 0 ? [edge.key] : []))
}

export function tell(result: Result<RunView>, onAnswer: OnAnswer): void {
  if (result.ok) onAnswer(result.value)
}
