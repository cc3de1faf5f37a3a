import type { JsonObject } from '../../../model/json.ts'
import type { RunView } from '../../../model/view.ts'
import { success } from '../errors.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { creatorOf } from '../status.ts'
import { customWord, isByHand } from './custom-task.ts'
import { customBodyOf, stageKey } from './custom-workflow.ts'
import { zadigFace as face } from './face.ts'
import { runOf } from './request.ts'

/**
 * `?stageName=`: begins a stage that is begun by hand. What its `jobs` say anew is passed over: the start holds. Source:
 * `ManualExecWorkflowTaskV4` of aslan's service/workflow/workflow_task_v4.go.
 */
export async function manualExec(call: Call): Promise<Response> {
  const run = await runOf(call, face, 'approveTask', call.param('taskID'), call.param('workflowName'))
  if (run instanceof Response) return run
  const name = call.query('stageName')
  if (customWord(run) !== 'pause') return face.operation('approveTask', '工作流任务状态无法手动执行')
  const waiting = run.stages.flatMap((stage) =>
    stage.tasks.filter((task) => isByHand(task) && task.allowed.includes('approve')).map((task) => ({ stage, task })),
  )
  const found = waiting.find(({ stage }) => stage.name === name || (name === '' && waiting.length === 1))
  if (found === undefined)
    return face.operation(
      'approveTask',
      `stage ${name.slice(0, 64)} not found in workflow ${run.pipeline.name} or status is passed`,
    )
  const users = objectsOf(objectOf(saidOf(run, found.stage.key), 'manual_exec'), 'manual_exec_users')
  const user = call.caller.user.name
  const isCreators = users.some((one) => textOf(one, 'type') === 'task_creator')
  const isNamed = users.some((one) => [textOf(one, 'user_name'), textOf(one, 'name')].includes(user))
  if (users.length > 0 && !isNamed && !(isCreators && creatorOf(run) === user) && call.caller.role !== 'admin')
    return face.operation('approveTask', `user ${user} is not allowed to manually execute stage ${found.stage.name}`)
  const done = await call.app.runs.actOnNode(
    call.caller,
    { id: run.id },
    { id: found.task.id },
    { action: 'approve', comment: '' },
  )
  return done.ok ? success() : face.problem('approveTask', done.problem)
}

/** A stage as the workflow has it. */
const saidOf = (run: RunView, key: string): JsonObject =>
  objectsOf(customBodyOf(run.definition) ?? {}, 'stages').find((_, place) => stageKey(place) === key) ?? {}
