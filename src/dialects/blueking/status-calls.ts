import { locateTask, fail, findBusiness, refused, succeed, type Call, type Operation, type Reply } from './call.ts'
import { DoorRefusal } from './errors.ts'
import { parseSerial } from './ids.ts'
import { arrayParam, isTruthy, optionalText, requiredText } from './params.ts'
import { presentFailures, presentNode, presentStatus } from './present.ts'
import { presentTaskStatus } from './present-rows.ts'

/** The seed's endpoint. */
export const getTaskStatus: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  async run(call) {
    const taskId = requiredText(call.params, 'task_id')
    const located = await locateTask(call, taskId, requiredText(call.params, 'bk_biz_id'), notExecuted(taskId))
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    const nodeId = optionalText(call.params, 'subprocess_id') ?? located.nodeId
    if (nodeId !== null) {
      const node = presentNode(run, nodeId, call.time)
      return node === undefined ? { envelope: fail(notExecuted(nodeId)) } : { ...succeed(node), of: run }
    }
    const status = presentStatus(run, call.time)
    if (status.state === 'FAILED' && isTruthy(call.params, 'with_ex_data')) {
      return { ...succeed({ ...status, ex_data: presentFailures(run) }), of: run }
    }
    return { ...succeed(status), of: run }
  },
}

/** The spelling is the engine's. */
const notExecuted = (id: string): string =>
  `task[id=${id}] get status error: node(${id}) does not exist, may have not by executed`

const TASKS_MAX = 50

/** Unknown tasks and those of another business are left out, without a word, as there. */
export const getTasksStatus: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const refs = taskRefs(call)
    const withChildren = isTruthy(call.params, 'include_children_status')
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const found = await call.app.runs.batch(call.caller, refs)
    if (!found.ok) return refusedReply(call, found.problem, bizId)
    const runs = found.value.filter(({ project }) => project.id === business.project.id)
    return succeed(runs.map((run) => presentTaskStatus(run, call, withChildren)))
  },
}

function taskRefs(call: Call): { readonly serial: number }[] {
  const list = arrayParam(call.params, 'task_id_list')
  if (list === undefined) throw new DoorRefusal('bad-parameter', 'param task_id_list is required')
  if (list.length > TASKS_MAX) {
    throw new DoorRefusal(
      'bad-parameter',
      `param task_id_list must have at most ${TASKS_MAX} items, found ${list.length}`,
    )
  }
  return list.map((item) => {
    const serial = typeof item === 'number' || typeof item === 'string' ? parseSerial(String(item)) : undefined
    if (serial === undefined) throw new DoorRefusal('bad-parameter', 'param task_id_list must hold integers')
    return { serial }
  })
}

function refusedReply(call: Call, problem: Parameters<typeof refused>[1], bizId: string): Reply {
  return { envelope: refused(call, problem, bizId, { missing: problem.message, refused: problem.message }) }
}
