import type { EventRecord, RunEvent } from '../../model/event.ts'
import type { JsonObject } from '../../model/json.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { fail, succeed, type Operation } from './call.ts'
import { optionalText } from './params.ts'
import { kindOf } from './shown.ts'
import { locateNamed, refusedHere } from './task-calls.ts'
import { tasksOf } from './task-tree.ts'

/** What people did to tasks, as bk-sops calls it. Source: its `contrib/operate_record`. */
const OPERATIONS = {
  create: '创建',
  start: '执行',
  pause: '暂停',
  resume: '继续',
  revoke: '撤消',
  update: '修改',
  callback: '回调',
  retry: '重试',
  skip: '跳过',
  skip_exg: '跳过失败网关',
  skip_cpg: '跳过并行条件网关',
  pause_subproc: '暂停节点',
  resume_subproc: '继续节点',
  forced_fail: '强制失败',
} as const
type OperateType = keyof typeof OPERATIONS

const PAGE = 1_000
/** Pages of events that are looked through: a run of 10,000 nodes has about 40. */
const PAGES_MAX = 200

export const getTaskOperateRecord: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  about: 'who did what to a task and its nodes; `node_id` asks for one of them',
  async run(call) {
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    const nodeId = optionalText(call.params, 'node_id')
    const tasks = new Map(tasksOf(run).map((task) => [task.index, task]))
    const rows: JsonObject[] = []
    let after = 0
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const found = await call.app.runs.events(call.caller, { id: run.id }, after, PAGE)
      if (!found.ok) return { envelope: refusedHere(call, found.problem, found.problem.message) }
      for (const record of found.value) {
        const row = rowOf(run, record, tasks)
        if (row !== undefined && (nodeId === undefined || row['node_id'] === nodeId)) rows.push(row)
      }
      const last = found.value.at(-1)
      if (last === undefined) break
      after = last.seq
    }
    return succeed(rows)
  },
}

/** @param tasks by their places */
function rowOf(
  run: RunView,
  { event, actor, at }: EventRecord,
  tasks: ReadonlyMap<number, TaskView>,
): JsonObject | undefined {
  if (actor.kind !== 'user') return undefined
  const task = 'node' in event ? tasks.get(event.node) : undefined
  const type = operationOf(event, task)
  if (type === undefined) return undefined
  return {
    project_id: run.project.serial,
    instance_id: run.serial,
    operator: actor.name,
    operate_type: type,
    operate_date: new Date(at).toISOString(),
    operate_source: 'api',
    operate_type_name: OPERATIONS[type],
    operate_source_name: 'api 接口',
    node_id: task?.id ?? '',
    node_name: task?.name ?? '',
  }
}

/** undefined: it was not what a person asked for, but what came of it. */
function operationOf(event: RunEvent, task: TaskView | undefined): OperateType | undefined {
  const kind = task === undefined ? undefined : kindOf(task)
  switch (event.type) {
    case 'RunCreated':
      return 'create'
    case 'RunStarted':
      return 'start'
    case 'RunPaused':
      return 'pause'
    case 'RunResumed':
      return 'resume'
    case 'CancelRequested':
      return 'revoke'
    case 'ParamsChanged':
      return 'update'
    case 'NodeRetried':
      return 'retry'
    case 'NodeSkipped':
      return event.because === 'operator' ? 'skip' : undefined
    case 'NodePassed':
      return event.by === undefined ? undefined : kind === 'exclusive' ? 'skip_exg' : 'skip_cpg'
    case 'NodePaused':
      return kind === 'subProcess' ? 'pause_subproc' : 'pause'
    case 'NodeResumed':
      return kind === 'subProcess' ? 'resume_subproc' : 'resume'
    case 'StopRequested':
    case 'AttemptFailed':
      return event.failure.kind === 'forced' ? 'forced_fail' : undefined
    case 'AttemptSucceeded':
      return task?.work.kind === 'callback' ? 'callback' : undefined
    case 'ReviewDecided':
      return 'callback'
    case 'TriggerFired':
    case 'RunQueued':
    case 'RunRestarted':
    case 'RunReopened':
    case 'StageWaiting':
    case 'StageRetried':
    case 'RollbackStarted':
    case 'RunEnded':
    case 'StageStarted':
    case 'StageEnded':
    case 'StageTimedOut':
    case 'DeadlineMoved':
    case 'ChildStarted':
    case 'TaskQueued':
    case 'TaskWithdrawn':
    case 'AttemptStarted':
    case 'AttemptCancelled':
    case 'HoldExpired':
    case 'ReviewOpened':
      return undefined
  }
}

const LOG_BYTES_MAX = 4_194_304

export const getNodeJobExecutedLog: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  about:
    'the whole log of the last attempt of a node, in `logs` beside `result`; scripts run here, not on a JOB platform',
  async run(call) {
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    const nodeId = optionalText(call.params, 'node_id') ?? ''
    const task = tasksOf(located.run).find(({ id }) => id === nodeId)
    if (task === undefined || task.attempt === 0) {
      const message = `execution data not found for node_id: ${nodeId.slice(0, 64)}`
      return { envelope: { ...fail(message), logs: '' } }
    }
    const log = await call.app.runs.log(call.caller, { id: located.run.id }, { id: task.id }, task.attempt)
    if (!log.ok && log.problem.code !== 'not_found') {
      return { envelope: refusedHere(call, log.problem, log.problem.message) }
    }
    const bytes = log.ok ? await log.value.read(0, Math.min(await log.value.size(), LOG_BYTES_MAX)) : new Uint8Array()
    return { envelope: { result: true, message: 'success', logs: new TextDecoder().decode(bytes) } }
  },
}
