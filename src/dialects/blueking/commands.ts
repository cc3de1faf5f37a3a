import type { NodeAction, RunAction } from '../../model/command.ts'
import type { ParamSpec } from '../../model/definition.ts'
import type { Json } from '../../model/json.ts'
import { fail, isNodeOf, locateTask, refused, succeed, type Call, type Operation } from './call.ts'
import { parseSerial } from './ids.ts'
import { arrayParam, isTruthy, objectParam, optionalText, requiredText } from './params.ts'

const TASK_ACTIONS = { start: 'start', pause: 'pause', resume: 'resume', revoke: 'cancel' } as const satisfies Record<
  string,
  RunAction
>

export const startTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  async run(call) {
    const done = await actOnTask(call, 'start', ALREADY_STARTED)
    // Both keys hold the same value, whatever it is: `{}` on success, the message on failure.
    if (done === null) return { envelope: { result: true, data: {}, message: {} } }
    return { envelope: done.message === ALREADY_STARTED ? { ...done, data: done.message } : done }
  },
}
const ALREADY_STARTED = 'pipeline instance already started.'

export const operateTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  async run(call) {
    const action = requiredText(call.params, 'action')
    if (!isKey(TASK_ACTIONS, action)) return { envelope: fail('task action is invalid') }
    const done = await actOnTask(call, TASK_ACTIONS[action], 'operate failed, please try again later')
    return done === null ? succeed({}) : { envelope: done }
  },
}

async function actOnTask(call: Call, action: Exclude<RunAction, 'modify'>, notAllowed: string) {
  const { taskId, bizId, missing } = taskNames(call)
  const located = await locateTask(call, taskId, bizId, missing)
  if (!located.ok) return located.failure
  const done = await call.app.runs.act(call.caller, { id: located.run.id }, { action })
  return done.ok ? null : refused(call, done.problem, bizId, { missing, refused: notAllowed })
}

/** What an operator may do to a node here, and what of BlueKing's list has nothing to stand for it. */
const NODE_ACTIONS = { retry: 'retry', skip: 'skip', callback: 'approve' } as const satisfies Record<string, NodeAction>
const OTHER_NODE_ACTIONS = [
  'skip_exg',
  'skip_cpg',
  'pause',
  'resume',
  'pause_subproc',
  'resume_subproc',
  'forced_fail',
  'retry_subprocess',
]

export const operateNode: Operation = {
  method: 'POST',
  // Unlike most, the business comes first.
  path: ['bk_biz_id', 'task_id'],
  async run(call) {
    const { taskId, bizId, missing } = taskNames(call)
    const nodeId = requiredText(call.params, 'node_id')
    const action = requiredText(call.params, 'action')
    if (OTHER_NODE_ACTIONS.includes(action))
      return { envelope: fail(`node action ${action} is not supported by this server`) }
    if (!isKey(NODE_ACTIONS, action)) return { envelope: fail('node action is invalid') }
    if (action === 'retry' && Object.keys(objectParam(call.params, 'inputs')).length > 0) {
      return {
        envelope: fail('inputs are not supported by this server: a node is retried with what its definition gives it'),
      }
    }
    const located = await locateTask(call, taskId, bizId, missing)
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    if (!isNodeOf(run, nodeId)) return { envelope: fail('node which be operated is not in this flow') }
    const answer = action === 'callback' ? callbackOf(call) : { action: NODE_ACTIONS[action] }
    const done = await call.app.runs.actOnNode(call.caller, { id: run.id }, { id: nodeId }, answer)
    if (done.ok) return { envelope: { result: true, data: 'success', message: 'success' } }
    return { envelope: refused(call, done.problem, bizId, { missing, refused: done.problem.message }) }
  },
}

/** A review is their bk_approve plugin, which waits for `{approve_result: bool}`; a pause_node sends no such word and goes on. */
function callbackOf(call: Call): { readonly action: 'approve' | 'reject'; readonly comment?: string } {
  const data = objectParam(call.params, 'data')
  const action = data['approve_result'] === false ? 'reject' : 'approve'
  const comment = optionalText(data, 'message')
  return comment === undefined ? { action } : { action, comment }
}

function taskNames(call: Call) {
  const taskId = requiredText(call.params, 'task_id')
  const bizId = requiredText(call.params, 'bk_biz_id')
  return { taskId, bizId, missing: `task[id=${taskId}] of business[bk_biz_id=${bizId}] does not exist` }
}

const NAME_MAX = 100

/** What would change which nodes run, or promise a call that we do not make: refused rather than passed over. */
const UNSUPPORTED = [
  'exclude_task_nodes_id',
  'execute_task_nodes_id',
  'template_schemes_id',
  'pipeline_tree',
  'callback_url',
]

export const createTask: Operation = {
  method: 'POST',
  path: ['template_id', 'bk_biz_id'],
  async run(call) {
    const templateId = requiredText(call.params, 'template_id')
    const bizId = requiredText(call.params, 'bk_biz_id')
    const name = requiredText(call.params, 'name')
    if (name.length > NAME_MAX) return { envelope: invalid(`name must have at most ${NAME_MAX} characters`) }
    const flowType = optionalText(call.params, 'flow_type') ?? 'common'
    if (flowType !== 'common') return { envelope: invalid(`flow_type ${flowType} is not supported by this server`) }
    const unsupported = UNSUPPORTED.find((key) => isGiven(call, key))
    if (unsupported !== undefined) return { envelope: invalid(`${unsupported} is not supported by this server`) }
    const missing = `template[id=${templateId}] of business[bk_biz_id=${bizId}] does not exist`
    if (optionalText(call.params, 'template_source') === 'common') {
      return { envelope: fail(`common template[id=${templateId}] does not exist`) }
    }
    const serial = parseSerial(templateId)
    if (serial === undefined) return { envelope: fail(missing) }
    const template = await call.app.pipelines.get(call.caller, { serial })
    if (!template.ok) return { envelope: refused(call, template.problem, bizId, { missing, refused: missing }) }
    const pipeline = template.value
    if (pipeline.project.serial !== parseSerial(bizId)) return { envelope: fail(missing) }
    const params = constantsOf(call, pipeline.definition.params)
    const made = await call.app.runs.start(call.caller, { pipeline: { id: pipeline.id }, params, wait: true })
    if (made.ok) return succeed({ task_id: made.value.serial })
    return { envelope: refused(call, made.problem, bizId, { missing, refused: made.problem.message }) }
  },
}

const invalid = (detail: string) => fail(`task params is invalid: ${detail}`)

function isGiven(call: Call, key: string): boolean {
  if (!isTruthy(call.params, key)) return false
  if (key.endsWith('_id')) return (arrayParam(call.params, key) ?? []).length > 0
  return key !== 'pipeline_tree' || Object.keys(objectParam(call.params, key)).length > 0
}

/** `{"${branch}": "main"}` -> our params. Unknown names go on, to be refused by name. */
function constantsOf(call: Call, specs: readonly ParamSpec[]): Record<string, Json> {
  const given = Object.entries(objectParam(call.params, 'constants'))
  return Object.fromEntries(
    given.map(([key, value]) => {
      const name = /^\$\{(\w{1,64})\}$/.exec(key)?.[1] ?? key
      return [
        name,
        typedValue(
          specs.find((spec) => spec.name === name),
          value,
        ),
      ]
    }),
  )
}

/** Constants are texts to most BlueKing clients, params have types: a text that reads as the type is taken for it. */
function typedValue(spec: ParamSpec | undefined, value: Json): Json {
  if (typeof value === 'number' && spec?.type === 'string') return String(value)
  if (typeof value !== 'string') return value
  if (spec?.type === 'number' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value)
  if (spec?.type === 'boolean' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  return value
}

const isKey = <Table extends object>(table: Table, key: string): key is Extract<keyof Table, string> =>
  Object.hasOwn(table, key)
