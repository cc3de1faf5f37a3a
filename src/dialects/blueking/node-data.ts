import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { AttemptView, RunView, TaskView } from '../../model/view.ts'
import type { Call } from './call.ts'
import { isForced } from './ids.ts'
import { taskUrl } from './make-calls.ts'
import { exData, lastFailure } from './present.ts'
import { isActivity } from './shown.ts'
import { subProcessInputs, subProcessOutputs } from './sub-process-data.ts'
import { taskName } from './task-name.ts'
import { assignKeys } from './tree/keys.ts'
import { PLUGIN_ANNOTATION } from './tree/to-definition.ts'
import { constantVariable, type ServiceActivity } from './tree/web-tree.ts'
import { pluginOutputs, pluginOf } from './tree/plugins.ts'
import { serviceActivities, storedTree } from './tree/stored-tree.ts'

/** What a node was given and what it has made, as get_task_node_data and get_task_node_detail tell it. */
export interface NodeData {
  readonly inputs: JsonObject
  readonly outputs: readonly JsonObject[]
  readonly ex_data: string
}

/** Of an attempt of the task, or of its present one. */
type Attempt = Pick<AttemptView, 'attempt' | 'inputs' | 'given' | 'outputs' | 'loop' | 'innerLoop' | 'failure'> | null

export async function nodeInputs(call: Call, run: RunView, task: TaskView, asked: Attempt): Promise<JsonObject> {
  const attempt = passBefore(task, asked) ?? asked
  if (task.work.kind === 'subflow') return await subProcessInputs(call, run, task, (attempt ?? task).attempt)
  if (!isActivity(task)) return {}
  const replaced = givenFields(task, attempt ?? task)
  const activity = activityOf(run, task)
  const data = activity === undefined ? undefined : Object.fromEntries(activity.data)
  const given = replaced ?? data ?? (task.work.kind === 'runner' ? task.work.with : {})
  const isVerbatim = (key: string): boolean => replaced === null && activity?.verbatim.has(key) === true
  const { loop, innerLoop, attempt: nth } = attempt ?? task
  const templates = Object.fromEntries(Object.entries(given).filter(([key]) => !isVerbatim(key)))
  const found = await call.app.runs.rendered(call.caller, { id: run.id }, { id: task.id }, templates, nth)
  const rendered = found.ok && isJsonObject(found.value) ? found.value : templates
  const inputs = Object.fromEntries(
    Object.entries(given).map(([key, value]) => [key, Object.hasOwn(rendered, key) ? (rendered[key] ?? null) : value]),
  )
  return loop === 0 ? inputs : { ...inputs, _loop: loop, _inner_loop: innerLoop }
}

/** What a retry gave, in the fields of the node's plugin: as it came, or of a call that is not theirs. */
function givenFields(task: TaskView, { inputs, given }: Pick<TaskView, 'inputs' | 'given'>): JsonObject | null {
  if (given !== null) return given
  const fields = inputs === null ? undefined : pluginOf(pluginCode(task) ?? '')?.fields?.(inputs)
  return fields === undefined || Object.keys(fields).length === 0 ? inputs : fields
}

export async function nodeOutputs(call: Call, run: RunView, task: TaskView, attempt: Attempt): Promise<JsonObject> {
  if (isActivity(task)) return activityOutputs(run, task, attempt)
  const made = task.work.kind === 'subflow' ? await subProcessOutputs(call, run, task, attempt) : {}
  // A gateway has nothing to tell but why it failed, and that stays when a person chose its way.
  const failure = attempt === null ? lastFailure(task) : attempt.failure
  return failure === null ? made : { ...made, ex_data: exData(run, failure) }
}

/** A pass that was refused, as there were too many, made nothing: what the one before was given and made stays, as there. */
function passBefore(task: TaskView, attempt: Attempt): AttemptView | undefined {
  const isRefused = ({ failure }: Pick<AttemptView, 'failure'>): boolean => failure?.kind === 'loop-limit'
  return isRefused(attempt ?? task) ? task.earlier.findLast((earlier) => !isRefused(earlier)) : undefined
}

/** While the next one is waited for, its attempt is the one before. */
const presentOf = (task: TaskView): NonNullable<Attempt> => ({
  ...task,
  outputs: task.retryAt !== null && task.failure === null ? (task.earlier.at(-1)?.outputs ?? {}) : task.made,
  failure: lastFailure(task),
})

function activityOutputs(run: RunView, task: TaskView, attempt: Attempt): JsonObject {
  const before = passBefore(task, attempt)
  if (before !== undefined) {
    return { ...activityOutputs(run, task, before), ex_data: exData(run, (attempt ?? task).failure) }
  }
  const { outputs, failure, loop, innerLoop } = attempt ?? presentOf(task)
  if (loop === 0) return {}
  const failed = failure !== null
  const unseen = pluginOf(pluginCode(task) ?? '')?.unseen ?? []
  return {
    ...Object.fromEntries(Object.entries(outputs).filter(([key]) => !unseen.includes(key))),
    ...(task.review === null || attempt !== null ? {} : reviewOutputs(task)),
    // A node that was failed by force had not failed by itself.
    ...(isForced(failure) ? { _forced_failed: true } : {}),
    _result: !failed || isForced(failure),
    _loop: loop,
    _inner_loop: innerLoop,
    ...(failed ? { ex_data: exData(run, failure) } : {}),
  }
}

/** Their plugin's words for yes and no. */
function reviewOutputs(task: TaskView): JsonObject {
  const last = task.review?.decisions.at(-1)
  return last === undefined ? {} : { sn: '', approve_result: last.decision === 'approve' ? '通过' : '拒绝' }
}

/** @param componentCode given: outputs that its plugin names come first, `preset`, whether there or not. */
export async function nodeData(
  call: Call,
  run: RunView,
  task: TaskView,
  attempt: Attempt,
  componentCode: string | undefined,
): Promise<NodeData> {
  const outputs = { ...(await childOutputs(call, task)), ...(await nodeOutputs(call, run, task, attempt)) }
  const names = hookedNames(run, task)
  const nameOf = (key: string): string => names.get(constantVariable(key) ?? key) ?? key
  const preset = componentCode === undefined ? [] : (pluginOutputs(componentCode) ?? [])
  const own = new Set(preset.map(({ key }) => key))
  const failure = attempt === null ? lastFailure(task) : attempt.failure
  return {
    inputs: await nodeInputs(call, run, task, attempt),
    outputs: [
      ...preset.map(({ key, name }) => ({ name, key: nameOf(key), value: outputs[key] ?? '', preset: true })),
      ...Object.entries(outputs)
        .filter(([key]) => !own.has(key))
        .map(([key, value]) => ({
          ...(componentCode === undefined ? {} : { name: key }),
          key: nameOf(key),
          value,
          preset: false,
        })),
    ],
    ex_data: exData(run, failure),
  }
}

/** Where the task is that a node has started. */
async function childOutputs(call: Call, { childRun }: TaskView): Promise<JsonObject> {
  const found = childRun === null ? undefined : await call.app.runs.get(call.caller, { id: childRun })
  if (found?.ok !== true) return {}
  const child = found.value
  return { task_id: child.serial, task_url: taskUrl(child, call), task_name: taskName(child, call) }
}

/** Names of the task's constants that stand for outputs of this node, by output: lists of outputs show those. */
function hookedNames(run: RunView, task: TaskView): ReadonlyMap<string, string> {
  const stored = storedTree(run.definition)
  if (stored === undefined) return new Map()
  const { nodes } = assignKeys(stored.tree)
  return new Map(
    [...stored.tree.constants.values()].flatMap(({ from, variable }) =>
      from !== null && (nodes.get(from.node) ?? from.node) === task.key ? [[from.output, variable] as const] : [],
    ),
  )
}

/** As its plugin calls it, of a tree that was made here. */
function activityOf(run: RunView, task: TaskView): ServiceActivity | undefined {
  const stored = storedTree(run.definition)
  return stored === undefined ? undefined : serviceActivities(stored).get(task.key)
}

/** `code` of the plugin that a node is of. */
export const pluginCode = (task: TaskView): string | undefined => task.annotations[PLUGIN_ANNOTATION]?.split(' ')[0]
