import type { Json } from '../../model/json.ts'
import type { RunView } from '../../model/view.ts'
import {
  fail,
  findBusiness,
  locateTask,
  refused,
  styleOf,
  succeed,
  type Call,
  type Operation,
  type Reply,
} from './call.ts'
import { CODES } from './codes.ts'
import { DoorRefusal } from './errors.ts'
import { parseSerial } from './ids.ts'
import { presentLarge } from './large-status.ts'
import { isTruthy, jsonParam, optionalText, requiredText } from './params.ts'
import { CREATED, failedLeaves, presentFailures, presentNode, presentStatus, stateOf } from './present.ts'
import { presentTaskStatus } from './present-rows.ts'
import { shownRun, type Shown } from './shown.ts'
import type { Engine } from './status.ts'
import { taskName } from './task-name.ts'
import { PLUGIN_ANNOTATION } from './tree/to-definition.ts'

/** The seed's endpoint. */
export const getTaskStatus: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  first: true,
  about:
    'the seed; also `subprocess_id`, `with_ex_data`, `with_failed_node_info`, `with_auto_retry_status`, `engine_ver`',
  async run(call) {
    const taskId = requiredText(call.params, 'task_id')
    const located = await locateTask(call, taskId, requiredText(call.params, 'bk_biz_id'), notExecuted(taskId))
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    // Elapsed time goes on by itself.
    const kept = call.engine === 1 || run.endedAt !== null ? { of: run } : {}
    const subprocessId = optionalText(call.params, 'subprocess_id')
    const nodeId = subprocessId ?? located.nodeId
    const large = nodeId === null ? presentLarge(run, styleOf(call)) : undefined
    if (large !== undefined) {
      const { status, children } = large
      return { ...succeed({ ...status, ...asked(call, run, status.state) }), ...kept, children }
    }
    const status = nodeId === null ? presentStatus(run, styleOf(call)) : presentNode(run, nodeId, styleOf(call))
    if (status === undefined) {
      // Later versions take what was not reached, and what is not there, for what has not begun; `subprocess_id` is theirs.
      if (call.engine === 2) return { ...succeed({ ...CREATED, name: taskName(run, call) }), ...kept }
      return subprocessId === undefined
        ? { envelope: fail(notExecuted(nodeId ?? taskId)) }
        : { ...succeed(CREATED), ...kept }
    }
    return { ...succeed({ ...status, ...asked(call, run, status.state) }), ...kept }
  },
}

/** The spelling is the engine's. */
const notExecuted = (id: string): string =>
  `task[id=${id}] get status error: node(${id}) does not exist, may have not by executed`

/** What later versions add when they are asked. */
function asked(call: Call, run: RunView, state: string): Readonly<Record<string, unknown>> {
  const { params, engine } = call
  return {
    ...(isTruthy(params, 'with_ex_data') && state === 'FAILED' ? { ex_data: presentFailures(run, engine) } : {}),
    ...(isTruthy(params, 'with_failed_node_info') ? { failed_node_info: failedNodeInfo(run, engine) } : {}),
    ...(isTruthy(params, 'with_auto_retry_status') ? { auto_retry_status: autoRetryStatus(run, engine) } : {}),
  }
}

/** Of sub-processes that have failed, too: `extract_failed_nodes` of bk-sops' taskflow3/utils.py. */
function failedNodeInfo(run: RunView, engine: Engine): Readonly<Record<string, object>> {
  const root = shownRun(run, '')
  return Object.fromEntries(
    (root === undefined ? [] : failedBelow(root, engine)).map(({ id, task }) => {
      const max = task === null ? 0 : retriesOf(run, task.key)
      if (task === null || max === 0) return [id, {}]
      return [id, { node_id: id, auto_retry_times: task.retries, max_auto_retry_times: max }]
    }),
  )
}

const failedBelow = (shown: Shown, engine: Engine): readonly Shown[] =>
  shown.children
    .filter((child) => stateOf(child, engine) === 'FAILED')
    .flatMap((child) => [child, ...failedBelow(child, engine)])

/** Failed nodes that will be tried again by themselves. */
function autoRetryStatus(run: RunView, engine: Engine) {
  const nodes = leavesOf(run, engine)
    .filter(({ task }) => task?.retryAt !== null && task !== null)
    .map(({ id }) => id)
  return { exist_auto_retry_nodes: nodes.length > 0, auto_retry_nodes: nodes }
}

function leavesOf(run: RunView, engine: Engine): readonly Shown[] {
  const root = shownRun(run, '')
  return root === undefined ? [] : failedLeaves(root, engine)
}

const retriesOf = (run: RunView, key: string): number =>
  run.definition.stages.flatMap(({ tasks }) => tasks).find((task) => task.key === key)?.retry.max ?? 0

const TASKS_MAX = 50

/** Unknown tasks and those of another business are left out, without a word, as there. */
export const getTasksStatus: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  about: 'up to 50 tasks at once; `include_children_status`',
  async run(call) {
    const refs = taskRefs(call, TASKS_MAX)
    const withChildren = isTruthy(call.params, 'include_children_status')
    const found = await tasksOf(call, refs)
    if (!found.ok) return found.reply
    return succeed(await Promise.all(found.runs.map((run) => presentTaskStatus(run, call, withChildren))))
  },
}

const INTERVENTION_TASKS_MAX = 9

export const getTasksManualInterventionState: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  about: 'whether a person must do something, of up to 9 tasks',
  async run(call) {
    if (taskIdList(call).length > INTERVENTION_TASKS_MAX) {
      return { envelope: fail('task_ids_list length can not exceeds 10', CODES.badParameter) }
    }
    const found = await tasksOf(call, taskRefs(call, INTERVENTION_TASKS_MAX))
    if (!found.ok) return found.reply
    const { engine } = call
    return succeed(
      found.runs.map((run) => ({ id: run.serial, manual_intervention_required: needsPerson(run, engine) })),
    )
  },
}

/** Something failed or stands still in it, or one of its nodes waits for a person's word. */
function needsPerson(run: RunView, engine: Engine): boolean {
  const root = shownRun(run, '')
  if (root === undefined) return false
  const state = stateOf(root, engine)
  return state !== 'FINISHED' && state !== 'REVOKED' && waitsForPerson(root, engine)
}

function waitsForPerson(shown: Shown, engine: Engine): boolean {
  const state = stateOf(shown, engine)
  if (state === 'FAILED' || state === 'SUSPENDED' || state === 'NODE_SUSPENDED') return true
  const { task } = shown
  const kind = task?.work.kind
  // Of their plugins that wait for somebody, pause_node alone counts: MANUAL_INTERVENTION_COMP_CODES of taskflow3/models.py.
  const waits = kind === 'callback' || (kind === 'review' && task?.annotations[PLUGIN_ANNOTATION] === undefined)
  if (state === 'RUNNING' && waits) return true
  return shown.children.some((child) => waitsForPerson(child, engine))
}

type Found = { readonly ok: true; readonly runs: readonly RunView[] } | { readonly ok: false; readonly reply: Reply }

async function tasksOf(call: Call, refs: readonly { readonly serial: number }[]): Promise<Found> {
  const bizId = requiredText(call.params, 'bk_biz_id')
  const business = await findBusiness(call, bizId)
  if (!business.ok) return { ok: false, reply: { envelope: business.failure } }
  const found = await call.app.runs.batch(call.caller, refs)
  if (!found.ok) {
    const words = { missing: found.problem.message, refused: found.problem.message }
    return { ok: false, reply: { envelope: refused(call, found.problem, bizId, words) } }
  }
  const own = new Map(found.value.map((run) => [run.serial, run]))
  // Each once, the newest first: `ordering` of TaskFlowInstance (taskflow3/models.py), whose `id__in` they ask for.
  const runs = [...own.values()].toSorted((a, b) => b.serial - a.serial)
  return { ok: true, runs: runs.filter(({ project }) => project.id === business.project.id) }
}

function taskIdList(call: Call): readonly Json[] {
  const list = jsonParam(call.params, 'task_id_list', 'task_id_list must be a list') ?? []
  if (!Array.isArray(list)) throw new DoorRefusal('bad-parameter', 'task_id_list must be a list')
  return list as readonly Json[]
}

function taskRefs(call: Call, most: number): { readonly serial: number }[] {
  const list = taskIdList(call)
  if (list.length > most) {
    throw new DoorRefusal('bad-parameter', `param task_id_list must have at most ${most} items, found ${list.length}`)
  }
  return list.map((item) => {
    const serial = typeof item === 'number' || typeof item === 'string' ? parseSerial(String(item)) : undefined
    if (serial === undefined) throw new DoorRefusal('bad-parameter', 'param task_id_list must hold integers')
    return { serial }
  })
}
