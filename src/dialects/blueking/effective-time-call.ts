import type { RunView, TaskView } from '../../model/view.ts'
import { fail, locateTask, succeed, type Operation } from './call.ts'
import { categoryOf } from './category.ts'
import { CODES } from './codes.ts'
import { requiredText } from './params.ts'
import { elapsedSeconds } from './present.ts'
import { methodOf, templateIdOf } from './present-rows.ts'
import { isActivity } from './shown.ts'
import { runState } from './status.ts'
import { taskTree, tasksOf } from './task-tree.ts'
import { readTree } from './tree/read-tree.ts'
import { forwardOrder } from './tree/regions.ts'
import { flowsFrom, type WebTree } from './tree/web-tree.ts'

/**
 * Source: bk-sops `analysis_statistics/service.py`. There what comes after parallel branches and what is within a
 * sub-process is left out of `effective_time`, by a defect; here it counts.
 */
export const getTaskEffectiveTime: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  gatewayOnly: true,
  about: 'how long the nodes of a task that is over worked, in seconds: of parallel branches the longest',
  async run(call) {
    const id = requiredText(call.params, 'task_id')
    const missing = `task[id=${id}] does not exist`
    const located = await locateTask(call, id, requiredText(call.params, 'bk_biz_id'), missing)
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    if (run.endedAt === null) return { envelope: fail(`task[id=${id}] is not finished yet`, CODES.badParameter) }
    if (runState[run.status] === 'REVOKED') {
      return { envelope: fail(`task[id=${id}] was revoked, cannot calculate effective time`, CODES.badParameter) }
    }
    const template = templateIdOf(run.annotations, { definition: run.definition, serial: run.pipeline.serial })
    const total = elapsedSeconds(run, run.endedAt)
    const tree = readTree(taskTree(run))
    const worked = new Map(tasksOf(run).map((task) => [task.id, workedSeconds(task, call.app.now())]))
    return succeed({
      task_instance_id: run.serial,
      instance_id: run.serial,
      template_id: template,
      task_template_id: template,
      project_id: run.project.serial,
      creator: run.cause.by,
      create_method: methodOf(run.cause, run.definition),
      create_time: call.time(run.createdAt),
      start_time: call.time(run.startedAt),
      finish_time: call.time(run.endedAt),
      total_elapsed_time: total,
      effective_time: tree.ok ? longestWay(tree.tree, worked) : total,
      excluded_node_count: 0,
      total_node_count: executions(run),
      excluded_component_codes: [],
      category: categoryOf(run),
    })
  },
}

/** Each attempt once: the present one may stand among the earlier ones, too. */
const attemptsOf = (task: TaskView) => [...task.earlier.filter(({ attempt }) => attempt !== task.attempt), task]

const workedSeconds = (task: TaskView, now: number): number =>
  isActivity(task) ? attemptsOf(task).reduce((sum, attempt) => sum + elapsedSeconds(attempt, now), 0) : 0

/** How often nodes of plugins have begun. */
const executions = (run: RunView): number =>
  tasksOf(run)
    .filter(isActivity)
    .flatMap(attemptsOf)
    .filter(({ startedAt }) => startedAt !== null).length

/** Seconds of the nodes along the way from start to end that took the longest; ways back are not gone. */
function longestWay(tree: WebTree, worked: ReadonlyMap<string, number>): number {
  const from = flowsFrom(tree)
  const { order, back } = forwardOrder(tree.start.id, from)
  const behind = new Map<string, number>()
  for (const id of order.toReversed()) {
    const activity = tree.activities.get(id)
    const own = activity?.type === 'SubProcess' ? longestWay(activity.tree, worked) : (worked.get(id) ?? 0)
    const next = (from.get(id) ?? []).filter((flow) => !back.has(flow.id)).map(({ target }) => behind.get(target) ?? 0)
    behind.set(id, own + next.reduce((most, one) => Math.max(most, one), 0))
  }
  return behind.get(tree.start.id) ?? 0
}
