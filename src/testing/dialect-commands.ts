import { taskWord as zadigWord, type ZadigStatus } from '../dialects/koderover/zadig/status.ts'
import type { PipelineView, RunView, StageView, TaskView } from '../model/view.ts'

/** A request of some dialect. */
export interface Command {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** Why it must be taken. */
  readonly because: string
}
type Request = Omit<Command, 'because'>

const RESTARTED: readonly ZadigStatus[] = ['failed', 'timeout', 'cancelled']

const post = (name: string, path: string, body: unknown = {}): Request => ({ name, method: 'POST', path, body })

/** Every call that starts a pipeline; one by a webhook only where the pipeline has one. */
export function starters({ id, serial, name, project, webhooks }: PipelineView): readonly Request[] {
  const [webhook] = webhooks
  return [
    post('koderover, start', '/api/tasks', { pipeline_name: name }),
    post('zadig v4, start', '/api/workflow/v4/workflowtask', { name }),
    post('codearts-pipeline, start', `/v3/pipelines/${id}/start`),
    post('codearts-pipeline v5, run', `/v5/${project.id}/api/pipelines/${id}/run`),
    post('blueking, create_and_start_task', `/api/bk-sops/prod/create_and_start_task/${serial}/${project.serial}/`, {
      name: 'by chance',
    }),
    post('codearts-check, run', `/v2/tasks/${id}/run`),
    post('the native API, start', `/api/v1/pipelines/${id}/runs`),
    ...(webhook === undefined ? [] : [post('swr, webhook', `/v2/manage/webhooks/${webhook.id}`)]),
  ]
}

/** Every call of any dialect that the model says must be taken now, as far as its words reach. */
export const commandsFor = (run: RunView): readonly Command[] => [
  ...onRun(run),
  ...run.stages.flatMap((stage) => [
    ...onStage(run, stage),
    ...stage.tasks.flatMap((task) => onTask(run, stage, task)),
  ]),
]

interface Paths {
  readonly own: string
  readonly koderover: string
  readonly zadig: string
  readonly v5: string
  readonly swr: string
  blueking(operation: 'operate_task' | 'start_task' | 'operate_node'): string
}

function pathsOf({ id, number, serial, pipeline, project }: RunView): Paths {
  const name = encodeURIComponent(pipeline.name)
  return {
    own: `/api/v1/runs/${id}`,
    koderover: `id/${number}/pipeline/${name}`,
    zadig: `/api/workflow/v2/tasks/id/${number}/pipelines/${name}`,
    v5: `/v5/${project.id}/api/pipelines/${pipeline.id}/pipeline-runs/${id}`,
    swr: `/v3/manage/pipelines/${pipeline.serial}/stages`,
    blueking: (operation) =>
      operation === 'operate_node'
        ? `/api/bk-sops/prod/${operation}/${project.serial}/${serial}/`
        : `/api/bk-sops/prod/${operation}/${serial}/${project.serial}/`,
  }
}

function onRun(run: RunView): readonly Command[] {
  const paths = pathsOf(run)
  const { pipeline } = run
  const because = `the run allows ${run.allowed.join(', ')}`
  const requests = run.allowed.flatMap((action): readonly Request[] => {
    switch (action) {
      case 'start':
        return [
          post('the native API, start', `${paths.own}/actions/start`),
          post('blueking, start', paths.blueking('start_task')),
        ]
      case 'pause':
      case 'resume':
        return [
          post(`the native API, ${action}`, `${paths.own}/actions/${action}`),
          // There it has begun as soon as it was started.
          ...(run.startedAt === null ? [] : [post(`blueking, ${action}`, paths.blueking('operate_task'), { action })]),
        ]
      case 'cancel':
        // One that is under way takes a firmer one only, and no vendor has a word for that.
        if (run.cancelling !== null)
          return [post('the native API, force', `${paths.own}/actions/cancel`, { mode: 'force' })]
        return [
          post('the native API, cancel', `${paths.own}/actions/cancel`),
          post('the native API, after-current', `${paths.own}/actions/cancel`, { mode: 'after-current' }),
          { name: 'koderover, cancel', method: 'DELETE', path: `/api/tasks/${paths.koderover}` },
          { name: 'zadig, cancel', method: 'DELETE', path: paths.zadig },
          post('codearts-pipeline, stop', `/v3/pipelines/${pipeline.id}/stop?build_id=${run.number}`),
          post('codearts-pipeline v5, stop', `${paths.v5}/stop`),
          post('codearts-check, stop', `/v2/tasks/${pipeline.id}/stop`),
          ...(run.startedAt === null
            ? []
            : [post('blueking, revoke', paths.blueking('operate_task'), { action: 'revoke' })]),
        ]
      case 'retry':
        return [
          post('the native API, retry', `${paths.own}/actions/retry`),
          { name: 'koderover, restart', method: 'GET', path: `/api/tasks/restart/${paths.koderover}` },
          // Zadig's are restarted once they are over, by their own word.
          ...(RESTARTED.includes(zadigWord(run)) ? [post('zadig, restart', `${paths.zadig}/restart`)] : []),
          { name: 'codearts-pipeline v5, retry', method: 'PUT', path: `${paths.v5}/retry`, body: {} },
        ]
      case 'modify':
        return [post('the native API, modify', `${paths.own}/actions/modify`, { params: {} })]
    }
  })
  return requests.map((request) => ({ ...request, because }))
}

function onStage(run: RunView, stage: StageView): readonly Command[] {
  const because = `the stage ${stage.key} allows ${stage.allowed.join(', ')}`
  const paths = pathsOf(run)
  const requests = stage.allowed.flatMap((action): readonly Request[] => [
    post(`the native API, ${action} of ${stage.key}`, `${paths.own}/nodes/${stage.id}/actions/${action}`),
    // Only what deploys is taken back there.
    ...(action === 'rollback' && stage.tasks[0]?.role === 'deploy'
      ? [
          post(
            `swr, rollback of ${stage.key}`,
            `${paths.swr}/${placeOf(run, stage)}/start?mode=rollback&source=rollback::true`,
          ),
        ]
      : []),
  ])
  return requests.map((request) => ({ ...request, because }))
}

/** SWR's stages are those that are not there only to tell others of an end. */
const placeOf = (run: RunView, stage: StageView): number =>
  run.stages.filter(({ annotations }) => annotations['post'] !== 'true').indexOf(stage)

function onTask(run: RunView, stage: StageView, task: TaskView): readonly Command[] {
  const paths = pathsOf(run)
  const because = `${task.key} is ${task.status} and allows ${task.allowed.join(', ')}`
  const actions = `${paths.own}/nodes/${task.id}/actions`
  const index = placeOf(run, stage)
  const node = (action: string, more: object = {}): Request =>
    post(`blueking, ${action} of ${task.key}`, paths.blueking('operate_node'), { node_id: task.id, action, ...more })
  const step = (action: string): Request =>
    post(
      `codearts-pipeline v5, ${action} of ${task.key}`,
      `${paths.v5}/jobs/${jobOf(stage, task).id}/steps/${task.id}/${action}`,
    )
  const own = (action: string, body: object = {}): Request =>
    post(`the native API, ${action} of ${task.key}`, `${actions}/${action}`, body)
  const isActivity = !['start', 'end', 'gateway', 'subflow'].includes(task.work.kind)
  const isFailed = ['failed', 'errored', 'timed_out'].includes(task.status) && !task.ignored
  // There a task that was revoked stays so.
  const isMendable = isFailed && run.status !== 'cancelled'

  const requests = task.allowed.flatMap((action): readonly Request[] => {
    switch (action) {
      case 'retry':
        return [
          own(action),
          ...(isMendable && task.retryable ? [node('retry')] : []),
          ...(index < 0 ? [] : [post(`swr, retry of ${stage.key}`, `${paths.swr}/${index}/start?mode=retry`)]),
          ...(task.held ? [step('resume')] : []),
        ]
      case 'skip':
        return [own(action), ...(isMendable && isActivity && task.skippable ? [node('skip')] : [])]
      case 'approve':
      case 'reject':
        if (!mayDecide(task)) return []
        return [
          own(action),
          step(action === 'approve' ? 'pass' : 'refuse'),
          node('callback', { data: { approve_result: action === 'approve' } }),
          {
            name: `swr, ${action} in ${stage.key}`,
            method: 'PUT',
            path: `${paths.swr}/${index}/start_info`,
            body: { mode: 'review', review_result: action === 'approve' ? 'pass' : 'refuse' },
          },
          post(`zadig v4, ${action} of ${task.key}`, '/api/workflow/v4/workflowtask/approve', {
            workflow_name: run.pipeline.name,
            job_name: task.key,
            task_id: run.number,
            approve: action === 'approve',
          }),
        ]
      case 'pause':
      case 'resume':
        return [
          own(action),
          node(task.work.kind === 'subflow' ? `${action}_subproc` : action),
          ...(action === 'resume' && !task.held ? [step('resume')] : []),
        ]
      case 'fail':
        return [
          own(action),
          ...(isActivity && task.retryAt === null && task.status !== 'paused' ? [node('forced_fail')] : []),
        ]
      case 'callback':
        return [own(action, { outputs: { by: 'chance' } }), node('callback', { data: { by: 'chance' } })]
      case 'choose': {
        const out = stage.flow?.edges.find(({ from }) => from === task.key)
        return out === undefined ? [] : [own(action, { edges: [out.key] })]
      }
      case 'delay':
        return [own(action, { by_ms: 1_000 })]
      case 'expire':
        return [own(action)]
      case 'rollback':
        return [own(action)]
    }
  })
  return requests.map((request) => ({ ...request, because }))
}

/** A job of v5 is called as its first step. */
function jobOf(stage: StageView, task: TaskView): TaskView {
  const part = (one: TaskView): string | undefined =>
    one.annotations['codearts-pipeline/at']?.split('.').slice(0, 2).join('.')
  return part(task) === undefined ? task : (stage.tasks.find((one) => part(one) === part(task)) ?? task)
}

/** The world's user is among those who are asked, and has not said yet. */
const mayDecide = ({ review }: TaskView): boolean =>
  review !== null &&
  (review.reviewers.length === 0 || review.reviewers[0] === 'ci') &&
  !review.decisions.some(({ by }) => by === 'ci')
