import type { Operation } from './call.ts'
import {
  dispatchPluginQuery,
  getMiniAppList,
  getPluginDetail,
  getPluginList,
  getTaskPluginLog,
  getUserProjectDetail,
  getUserProjectList,
  importCommonTemplate,
  registerProject,
} from './catalog-calls.ts'
import { createClockedTask, getClockedTaskList } from './clocked-calls.ts'
import { copyTemplateAcrossProject } from './copy-call.ts'
import { queryTaskCount } from './count-call.ts'
import { getTaskDetail, getTaskNodeData, getTaskNodeDetail, getTaskNodeLog } from './detail-calls.ts'
import { claimFunctionalizationTask, getFunctionalizationTaskList } from './function-calls.ts'
import { getTaskCount, getTaskList, getTemplateList } from './list-calls.ts'
import { importProjectTemplate } from './import-call.ts'
import { createAndStartTask, createTask, fastCreateTask } from './make-calls.ts'
import { nodeCallback, operateNode } from './node-calls.ts'
import {
  createPeriodicTask,
  getPeriodicTaskInfo,
  getPeriodicTaskList,
  modifyConstantsForPeriodicTask,
  modifyCronForPeriodicTask,
  setPeriodicTaskEnabled,
} from './periodic-calls.ts'
import { getTaskEffectiveTime } from './effective-time-call.ts'
import { getNodeExecutionRecord } from './node-record-call.ts'
import { getNodeJobExecutedLog, getTaskOperateRecord } from './record-calls.ts'
import { createTemplateScheme, getTemplateSchemes } from './scheme-calls.ts'
import { getTasksManualInterventionState, getTasksStatus, getTaskStatus } from './status-calls.ts'
import { modifyConstantsForTask, operateTask, startTask } from './task-calls.ts'
import {
  createTemplate,
  getCommonTemplateInfo,
  getCommonTemplateList,
  getTemplateInfo,
  previewCommonTaskTree,
  previewTaskTree,
} from './template-calls.ts'

/** Every operation by the name that all three addressings give it; endpoints.ts makes the tables of it. */
export const operations: Readonly<Record<string, Operation>> = {
  get_task_status: getTaskStatus,
  get_tasks_status: getTasksStatus,
  get_tasks_manual_intervention_state: getTasksManualInterventionState,
  create_template: createTemplate,
  get_template_list: getTemplateList,
  get_template_info: getTemplateInfo,
  get_common_template_list: getCommonTemplateList,
  get_common_template_info: getCommonTemplateInfo,
  get_template_schemes: getTemplateSchemes,
  create_template_scheme: createTemplateScheme,
  preview_task_tree: previewTaskTree,
  preview_common_task_tree: previewCommonTaskTree,
  copy_template_across_project: copyTemplateAcrossProject,
  import_project_template: importProjectTemplate,
  import_common_template: importCommonTemplate,
  create_task: createTask,
  fast_create_task: fastCreateTask,
  create_and_start_task: createAndStartTask,
  start_task: startTask,
  operate_task: operateTask,
  operate_node: operateNode,
  node_callback: nodeCallback,
  get_task_detail: getTaskDetail,
  get_task_node_detail: getTaskNodeDetail,
  get_task_node_data: getTaskNodeData,
  get_task_node_log: getTaskNodeLog,
  get_node_job_executed_log: getNodeJobExecutedLog,
  get_task_operate_record: getTaskOperateRecord,
  get_node_execution_record: getNodeExecutionRecord,
  get_task_effective_time: getTaskEffectiveTime,
  get_task_list: getTaskList,
  get_task_count: getTaskCount,
  query_task_count: queryTaskCount,
  modify_constants_for_task: modifyConstantsForTask,
  get_plugin_list: getPluginList,
  get_plugin_detail: getPluginDetail,
  dispatch_plugin_query: dispatchPluginQuery,
  get_task_plugin_log: getTaskPluginLog,
  get_functionalization_task_list: getFunctionalizationTaskList,
  claim_functionalization_task: claimFunctionalizationTask,
  get_mini_app_list: getMiniAppList,
  get_user_project_list: getUserProjectList,
  get_user_project_detail: getUserProjectDetail,
  register_project: registerProject,
  create_periodic_task: createPeriodicTask,
  get_periodic_task_list: getPeriodicTaskList,
  get_periodic_task_info: getPeriodicTaskInfo,
  set_periodic_task_enabled: setPeriodicTaskEnabled,
  modify_cron_for_periodic_task: modifyCronForPeriodicTask,
  modify_constants_for_periodic_task: modifyConstantsForPeriodicTask,
  create_clocked_task: createClockedTask,
  get_clocked_task_list: getClockedTaskList,
}
