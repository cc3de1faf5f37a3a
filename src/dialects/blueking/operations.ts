import type { Operation } from './call.ts'
import { createTask, operateNode, operateTask, startTask } from './commands.ts'
import { getTaskList, getTemplateList } from './list-calls.ts'
import { getTasksStatus, getTaskStatus } from './status-calls.ts'

/** Every operation by the name that all three addressings give it. README.md lists what is not here. */
export const operations: Readonly<Record<string, Operation>> = {
  get_task_status: getTaskStatus,
  get_tasks_status: getTasksStatus,
  get_task_list: getTaskList,
  get_template_list: getTemplateList,
  create_task: createTask,
  start_task: startTask,
  operate_task: operateTask,
  operate_node: operateNode,
}
