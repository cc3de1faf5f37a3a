import type { NodeActionInput } from '../../host/app.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { Problem } from '../../model/problem.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { fail, type Call, type Operation, type Reply } from './call.ts'
import { CODES } from './codes.ts'
import { DoorRefusal } from './errors.ts'
import { arrayParam, isTruthy, jsonParam, objectParam, optionalText, requiredText, textOrNone } from './params.ts'
import { isSameAttempt } from './ids.ts'
import { findShown, givenVersion } from './present.ts'
import { isActivity, kindOf, shownRun } from './shown.ts'
import { locateNamed, refusedHere } from './task-calls.ts'
import { edgeKey, tasksOf } from './task-tree.ts'
import { pluginOf } from './tree/plugins.ts'
import { PLUGIN_ANNOTATION } from './tree/to-definition.ts'
import type { ClassKey, State } from './wire.ts'

/** What is asked of a node, or why it is not even asked. */
type Asked = NodeActionInput | { readonly refusal: string }

/** By the names that bk-sops gives them. Source: its `taskflow3/domains/dispatchers/node.py`. */
const NODE_ACTIONS: Readonly<Record<string, (call: Call, run: RunView, task: TaskView) => Asked>> = {
  retry: (call, _, task) => retry(call, task),
  skip: () => ({ action: 'skip' }),
  callback: (call, _, task) => answer(call.caller.user.name, task, fieldsIn(call, 'data'), null),
  skip_exg: (call, run, task) =>
    task.work.kind === 'gateway' && task.work.gateway === 'exclusive'
      ? choose(run, [optionalText(call.params, 'flow_id') ?? ''])
      : { refusal: `${task.id} is not exclusive gateway, actual: ${shownKind(task)}` },
  skip_cpg: (call, run, task) =>
    task.work.kind === 'gateway' && task.work.gateway === 'conditional'
      ? choose(run, (arrayParam(call.params, 'flow_ids') ?? []).map(String))
      : { refusal: `${task.id} is not conditional parallel gateway, actual: ${shownKind(task)}` },
  pause: (_call, _run, task) => notOfSubProcess(task, { action: 'pause' }),
  resume: (_call, _run, task) => notOfSubProcess(task, { action: 'resume' }),
  pause_subproc: (_call, _run, task) => ofSubProcess(task, { action: 'pause' }),
  resume_subproc: (_call, _run, task) => ofSubProcess(task, { action: 'resume' }),
  forced_fail: (call, _, task) =>
    isActivity(task)
      ? { action: 'fail', comment: forcedText(call) }
      : { refusal: `${task.id} is not activity, actual: ${shownKind(task)}` },
  retry_subprocess: (_call, _run, task) => ofSubProcess(task, { action: 'retry' }),
}

/** @throws DoorRefusal in the words of their `apigw/views/operate_node.py`. */
function fieldsIn(call: Call, name: 'data' | 'inputs'): JsonObject {
  const value = jsonParam(call.params, name) ?? {}
  if (isJsonObject(value)) return value
  throw new DoorRefusal('bad-parameter', `${name} field is not a valid object`)
}

const forcedText = ({ engine, caller }: Call): string =>
  engine === 1 ? `forced fail by ${caller.user.name}` : `The node has been terminated by ${caller.user.name}.`

function retry(call: Call, task: TaskView): Asked {
  const inputs = fieldsIn(call, 'inputs')
  if (Object.keys(inputs).length === 0) return { action: 'retry' }
  const [code = ''] = (task.annotations[PLUGIN_ANNOTATION] ?? '').split(' ')
  const plugin = pluginOf(code)
  if (plugin === undefined) return { action: 'retry', inputs }
  const around = { names: new Set<string>(), zoneOffsetMinutes: call.zoneOffsetMinutes, inline: true } as const
  const work = plugin.work({ data: new Map(Object.entries(inputs)) }, around)
  return work.ok ? { action: 'retry', inputs: work.with, given: inputs } : { refusal: `inputs: ${work.message}` }
}

function choose(run: RunView, flowIds: readonly string[]): Asked {
  const edges = flowIds.map((id) => edgeKey(run, id))
  const unknown = flowIds.findIndex((_, at) => edges[at] === undefined)
  if (flowIds.length === 0 || unknown !== -1) return { refusal: `'${(flowIds[unknown] ?? '').slice(0, 64)}'` }
  return { action: 'choose', edges: edges.filter((key) => key !== undefined) }
}

const isSubProcess = ({ work }: TaskView): boolean => work.kind === 'subflow'

const ofSubProcess = (task: TaskView, action: NodeActionInput): Asked =>
  isSubProcess(task) ? action : { refusal: `node(${task.id}) type is not SubProcess` }
const notOfSubProcess = (task: TaskView, action: NodeActionInput): Asked =>
  isSubProcess(task) ? { refusal: 'can not use pause_node_appoint api for NodeType.SubProcess' } : action

/** The word of their engine for what a node is. */
const KINDS = {
  pipeline: 'Pipeline',
  startEvent: 'EmptyStartEvent',
  endEvent: 'EmptyEndEvent',
  activity: 'ServiceActivity',
  subProcess: 'SubProcess',
  exclusive: 'ExclusiveGateway',
  parallel: 'ParallelGateway',
  conditional: 'ConditionalParallelGateway',
  converge: 'ConvergeGateway',
} as const satisfies Record<ClassKey, string>
const shownKind = (task: TaskView): string => KINDS[kindOf(task)]

/** Of what is no activity, these alone may be skipped as far as their engine's node goes; its call refuses them all the same. */
const SKIPPABLE: readonly string[] = ['ServiceActivity', 'EmptyStartEvent', 'ExclusiveGateway']

/**
 * A review is their bk_approve, whose ticket answers `{approve_result: bool}`; everything else that waits takes what it
 * is told as its output, as pause_node does.
 */
function answer(user: string, task: TaskView, data: JsonObject, version: string | null): Asked {
  if (task.work.kind === 'review') {
    const rejected = data['approve_result'] === false || data['approve_result'] === 'false'
    const comment = typeof data['message'] === 'string' ? data['message'] : undefined
    // The ticket speaks for its verifiers; who is one speaks for himself.
    const { reviewers } = task.work
    const as = reviewers.includes(user) ? undefined : reviewers[0]
    return {
      action: rejected ? 'reject' : 'approve',
      ...(comment === undefined ? {} : { comment }),
      ...(as === undefined ? {} : { as }),
    }
  }
  return { action: 'callback', outputs: { callback_data: data }, ...(version === null ? {} : { version }) }
}

export const operateNode: Operation = {
  method: 'POST',
  // Unlike most, the business comes first.
  path: ['bk_biz_id', 'task_id'],
  about:
    'retry (with `inputs`), skip, callback, skip_exg, skip_cpg (with `flow_ids`), pause, resume, pause_subproc, resume_subproc, forced_fail, retry_subprocess',
  async run(call) {
    const nodeId = textOrNone(call.params, 'node_id')
    const action = textOrNone(call.params, 'action')
    fieldsIn(call, 'data')
    fieldsIn(call, 'inputs')
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    // Whatever is refused from here on has one code: the view gives it (apigw/views/operate_node.py).
    const task = tasksOf(located.run).find(({ id }) => id === nodeId)
    if (task === undefined) return { envelope: fail('node which be operated is not in this flow') }
    const ask = Object.hasOwn(NODE_ACTIONS, action) ? NODE_ACTIONS[action] : undefined
    if (ask === undefined) return { envelope: fail('task command is invalid') }
    return await act(call, located.run, task, ask(call, located.run, task), action)
  },
}

export const nodeCallback: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about: 'what a waiting node is told; `version` as get_task_status shows it',
  async run(call) {
    const nodeId = textOrNone(call.params, 'node_id')
    const located = await locateNamed(call, 'node_callback')
    if (!located.ok) return { envelope: located.failure }
    const task = tasksOf(located.run).find(({ id }) => id === nodeId)
    if (task === undefined) {
      const message = `task[${requiredText(call.params, 'task_id')}] does not have node[${nodeId}]`
      return { envelope: fail(message, CODES.badParameter) }
    }
    const version = optionalText(call.params, 'version')
    const data = isTruthy(call.params, 'callback_data') ? objectParam(call.params, 'callback_data') : {}
    const asked = answer(call.caller.user.name, task, data, version === undefined ? null : givenVersion(version))
    const state = ownStateOf(located.run, task)
    if (version !== undefined && state === 'RUNNING' && givenVersion(version) !== task.version) {
      return { envelope: fail(`fail: ${callbackRefusal(task, state, givenVersion(version))}`) }
    }
    return await act(call, located.run, task, asked, 'callback')
  },
}

async function act(call: Call, run: RunView, task: TaskView, asked: Asked, word: string): Promise<Reply> {
  if ('refusal' in asked) return { envelope: fail(`fail: ${asked.refusal}`) }
  const unwanted = refusedEarly(run, task, asked)
  if (unwanted !== undefined) return { envelope: fail(`fail: ${unwanted}`) }
  if (asked.action === 'resume' && isUntouched(run, task)) return { envelope: DONE }
  const done = await call.app.runs.actOnNode(call.caller, { id: run.id }, { id: task.id }, asked)
  if (done.ok) return { envelope: DONE }
  return { envelope: refusedHere(call, done.problem, `fail: ${refusalOf(run, task, word, done.problem)}`) }
}

const DONE = { result: true, data: 'success', message: 'success' } as const

/** Their engine resumes what nobody has paused, as long as the flow has not come there: it notes that it is ready. */
const isUntouched = (run: RunView, task: TaskView): boolean =>
  run.endedAt === null && !isSubProcess(task) && !task.paused && ownStateOf(run, task) === undefined

/** What their engine refuses and ours would do, as a node may be skipped here before it has begun. */
function refusedEarly(run: RunView, task: TaskView, asked: NodeActionInput): string | undefined {
  const state = ownStateOf(run, task)
  // The task stays revoked there, whatever is said to its nodes; here the word would bring it back to life.
  if (run.status === 'cancelled' && ['skip', 'retry', 'choose'].includes(asked.action)) {
    return `can not find sleep process with current node id: ${task.id}`
  }
  if (asked.action === 'skip') {
    const kind = shownKind(task)
    if (!task.skippable || !SKIPPABLE.includes(kind)) return 'can not skip this node'
    if (kind === 'ExclusiveGateway') return `can not use skip_node api for NodeType.${kind}`
  }
  const asksState = ['skip', 'retry', 'choose', 'fail'].includes(asked.action)
  if (asked.action === 'retry' && !task.retryable) return `can not retry node(${task.id}) with can_retry(False)`
  if (asked.action === 'pause' && isSubProcess(task) && state === undefined) return `node(${task.id}) does not exist`
  // As their database says it of a node that has not been entered.
  if ((asksState || (asked.action === 'resume' && isSubProcess(task))) && state === undefined)
    return 'State matching query does not exist.'
  if ((asked.action === 'skip' || asked.action === 'retry' || asked.action === 'choose') && state !== 'FAILED') {
    return `${task.id} state is not FAILED, actual ${state}`
  }
  if (asked.action === 'fail' && state !== 'RUNNING') return `${task.id} state is not RUNNING, actual: ${state}`
  return undefined
}

/** As their engine keeps it, before its children have their say: a sub-process with a failed node is RUNNING. undefined: not entered. */
function ownStateOf(run: RunView, task: TaskView): State | undefined {
  const root = shownRun(run, '')
  return root === undefined ? undefined : findShown(root, task.id)?.shown.own
}

/** In the order in which their engine looks: a process that waits there, a schedule of that version, the node's own. */
function callbackRefusal(task: TaskView, state: State | null, version: string): string {
  if (state !== 'RUNNING') return `can not find process with current node id: ${task.id}`
  const known = task.earlier.some((attempt) => isSameAttempt(attempt.version, version))
  return known ? `node version v${version} not exist` : 'Schedule matching query does not exist.'
}

function refusalOf(run: RunView, task: TaskView, word: string, problem: Problem): string {
  const state = ownStateOf(run, task) ?? (task.paused ? 'SUSPENDED' : 'READY')
  switch (word) {
    case 'callback':
      return callbackRefusal(task, null, '')
    case 'pause':
    case 'pause_subproc':
      return `can't not transit node(${task.id}) state from ${state} to SUSPENDED`
    case 'resume':
      return `can't not transit node(${task.id}) state from ${state} to READY`
    case 'resume_subproc':
      return `pipeline(${task.id}) state is: ${state}`
    case 'retry':
    case 'skip':
    case 'skip_exg':
    case 'skip_cpg':
    case 'retry_subprocess':
      return `${task.id} state is not FAILED, actual ${state}`
    case 'forced_fail':
      return `${task.id} state is not RUNNING, actual: ${state}`
  }
  return problem.message
}
