import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { AttemptView, RunView, TaskView } from '../../model/view.ts'
import { fail, styleOf, succeed, type Call, type Operation, type Reply } from './call.ts'
import { CODES } from './codes.ts'
import { DoorRefusal } from './errors.ts'
import { isSameAttempt, versionAfter } from './ids.ts'
import { taskUrl } from './make-calls.ts'
import { nodeData, nodeInputs, nodeOutputs, pluginCode } from './node-data.ts'
import { executionRecord } from './node-record-call.ts'
import { integerParam, isTruthy, optionalText, requiredText, textOrNone } from './params.ts'
import { elapsedSeconds, exData, givenVersion, presentFailures, presentNode, presentStatus } from './present.ts'
import { locateNamed, refusedHere } from './task-calls.ts'
import { taskName } from './task-name.ts'
import { taskTree, tasksOf } from './task-tree.ts'
import { pluginOutputs } from './tree/plugins.ts'
import { storedTree } from './tree/stored-tree.ts'
import { executorOf, methodOf, templateIdOf } from './present-rows.ts'

export const getTaskDetail: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  about: 'a task with its tree, constants and outputs; `include_children_status` adds its status',
  async run(call) {
    const located = await locateNamed(call, 'get_task_detail')
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    const tree = taskTree(run)
    return succeed({
      id: run.serial,
      project_id: run.project.serial,
      project_name: run.project.name,
      name: taskName(run, call),
      create_time: call.time(run.createdAt),
      creator: run.cause.by,
      create_method: methodOf(run.cause, run.definition),
      template_id: templateNumber(run),
      start_time: call.time(run.startedAt),
      finish_time: call.time(run.endedAt),
      executor: executorOf(run),
      elapsed_time: elapsedSeconds(run, call.app.now()),
      pipeline_tree: tree,
      task_url: taskUrl(run, call),
      constants: tree['constants'] ?? {},
      outputs: outputsOf(run, tree),
      ex_data: exDataOf(run, call),
      ...(isTruthy(call.params, 'include_children_status') ? { status: presentStatus(run, styleOf(call)) } : {}),
    })
  },
}

/** A number here, unlike in lists; empty text without a template. */
function templateNumber(run: RunView): number | '' {
  const id = templateIdOf(run.annotations, { definition: run.definition, serial: run.pipeline.serial })
  return id === '' ? '' : Number(id)
}

/** They are told when the task has finished; one that nothing has made is its own key. */
function outputsOf(run: RunView, tree: JsonObject): readonly JsonObject[] {
  if (run.status !== 'succeeded') return []
  const constants = isJsonObject(tree['constants']) ? tree['constants'] : {}
  return Object.entries(run.outputs).map(([variable, value]) => {
    const key = `\${${variable}}`
    const constant = constants[key]
    const name = isJsonObject(constant) && typeof constant['name'] === 'string' ? constant['name'] : variable
    const isMade = isJsonObject(constant) && constant['source_type'] === 'component_outputs'
    return { key, name, value: value === null && isMade ? key : value }
  })
}

/** One text for all that failed. */
const exDataOf = (run: RunView, call: Call): string =>
  Object.entries(presentFailures(run, call.engine))
    .map(([id, text]) => `${id}: ${text}`)
    .join('\n')

export const getTaskNodeDetail: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  about: 'where a node is, what it was given and has made, and its attempts before; `loop` asks for an earlier pass',
  async run(call) {
    const located = await locateNode(call, 'get_task_node_detail')
    if (!located.ok) return { envelope: located.failure }
    const { run, task } = located
    const code = optionalText(call.params, 'component_code')
    const wanted = integerParam(call.params, 'loop', 0, [0, 1_000_000])
    const style = styleOf(call)
    const status = presentNode(run, task.id, style, true)
    if (status === undefined) {
      return told({
        ...namedIn(taskTree(run), task),
        // Who pauses a node ahead of time makes engine 2 note a state of it, which its tree leaves out as yet.
        state: call.engine === 2 && task.paused ? 'SUSPENDED' : 'READY',
        ...(await nodeData(call, run, task, null, code)),
      })
    }
    const present = Math.max(1, task.loop)
    if (wanted === 0 || wanted >= status.loop) {
      const histories = await rowsOf(call, run, task, present)
      return told({ ...status, history_id: -1, histories, ...(await nodeData(call, run, task, null, code)) })
    }
    const own = task.earlier.filter(({ loop }) => loop === wanted)
    const last = own.at(-1)
    if (last === undefined)
      return told({ ...status, history_id: -1, histories: [], ...(await nodeData(call, run, task, null, code)) })
    const histories = await Promise.all(own.slice(0, -1).map((attempt) => historyRow(call, run, task, attempt)))
    // What is over in an earlier pass was finished: else there would be no later one.
    const row = { ...(await historyRow(call, run, task, last)), state: 'FINISHED' }
    const data = await nodeData(call, run, task, last, code)
    return told({ ...status, ...row, id: task.id, children: {}, histories, ...data })
  },
}

/** What the tree says of a node that has not begun. */
function namedIn(tree: JsonObject, task: TaskView): { readonly name: Json; readonly error_ignorable: boolean } {
  const node = nodeOf(tree, task.id)
  return { name: node?.['name'] ?? '', error_ignorable: node?.['error_ignorable'] === true }
}

function nodeOf(level: JsonObject, id: string): JsonObject | undefined {
  const parts = [level['activities'], level['gateways']].filter((part) => isJsonObject(part))
  const nodes = [...parts.flatMap((part) => Object.values(part)), level['start_event'], level['end_event']]
  for (const node of nodes) {
    if (!isJsonObject(node)) continue
    const inner = node['pipeline']
    const found = node['id'] === id ? node : isJsonObject(inner) ? nodeOf(inner, id) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

/** A row for each attempt that is over: of the pass, before the present one, and the one that was skipped over. */
async function rowsOf(call: Call, run: RunView, task: TaskView, loop: number): Promise<readonly JsonObject[]> {
  const { skipped, attempt, startedAt, endedAt, runner, failure, inputs, given, made, retry, version, innerLoop } = task
  const passed: readonly AttemptView[] =
    (skipped?.because === 'operator' || skipped?.because === 'timeout') && attempt > 0
      ? [
          {
            attempt,
            loop,
            innerLoop,
            retry,
            version,
            status: 'failed',
            startedAt,
            endedAt,
            runner,
            failure,
            skipped: false,
            inputs,
            given,
            outputs: made,
            decisions: task.review?.decisions ?? [],
          },
        ]
      : []
  const own = task.earlier.filter((earlier) => earlier.loop === loop && earlier.attempt !== attempt)
  return await Promise.all([...own, ...passed].map((one) => historyRow(call, run, task, one)))
}

async function historyRow(call: Call, run: RunView, task: TaskView, attempt: AttemptView): Promise<JsonObject> {
  const style = styleOf(call)
  const elapsed = elapsedSeconds(attempt, style.now)
  const [start, finish] = [style.time(attempt.startedAt), style.time(attempt.endedAt)]
  const version = versionAfter(attempt.version, attempt.failure)
  return {
    id: attempt.attempt,
    history_id: attempt.attempt,
    node_id: task.id,
    retry: attempt.retry,
    loop: attempt.loop,
    inner_loop: attempt.innerLoop,
    skip: attempt.skipped,
    version: style.engine === 2 ? `v${version}` : version,
    start_time: start,
    finish_time: finish,
    elapsed_time: elapsed,
    children: {},
    inputs: await nodeInputs(call, run, task, attempt),
    outputs: await nodeOutputs(call, run, task, attempt),
    ex_data: exData(run, attempt.failure),
    // Nothing is tried again but what failed.
    state: 'FAILED',
  }
}

export const getTaskNodeData: Operation = {
  method: 'GET',
  path: ['bk_biz_id', 'task_id'],
  about:
    'what a node was given and has made; `loop` asks for an earlier pass, `template_node_id` for how long that node took in other tasks',
  async run(call) {
    const located = await locateNode(call)
    if (!located.ok) return { envelope: located.failure }
    const { run, task } = located
    const code = optionalText(call.params, 'component_code') ?? pluginCode(task)
    const wanted = integerParam(call.params, 'loop', 0, [0, 1_000_000])
    const isEarlier = wanted > 0 && wanted < Math.max(1, task.loop)
    const last = isEarlier ? task.earlier.findLast(({ loop }) => loop === wanted) : undefined
    const data = await nodeData(call, run, task, last ?? null, code)
    return told({ ...data, ...(await recordOf(call, run)) })
  },
}

/** What tasks of the same template have taken for the node that `template_node_id` names; nothing where nobody asks. */
async function recordOf(call: Call, run: RunView): Promise<JsonObject> {
  const nodeId = optionalText(call.params, 'template_node_id')
  const id = nodeId === undefined ? '' : templateNumber(run)
  if (nodeId === undefined || id === '') return {}
  const template = await call.app.pipelines.get(call.caller, { serial: id })
  const record = template.ok ? await executionRecord(call, template.value, nodeId) : template
  return record.ok ? record.value : {}
}

/** These two have a message always. */
const told = (data: unknown): Reply => ({ envelope: { result: true, data, message: '' } })

async function locateNode(call: Call, api?: string) {
  const nodeId = textOrNone(call.params, 'node_id')
  checkStack(call)
  const located = await locateNamed(call, api)
  if (!located.ok) return located
  const task = tasksOf(located.run).find(({ id }) => id === nodeId)
  if (task === undefined) {
    const message = `node[node_id=${nodeId}] not found in task[task_id=${located.run.serial}]`
    // The view of get_task_node_data has one code for whatever it refuses.
    const code = api === undefined ? CODES.unknown : CODES.badParameter
    return { ok: false as const, failure: { ...fail(message, code), data: {} } }
  }
  const code = optionalText(call.params, 'component_code')
  const isKnown =
    code === undefined || pluginOutputs(code) !== undefined || storedTree(located.run.definition) === undefined
  if (isKnown) return { ok: true as const, run: located.run, task }
  // There are no outputs of a plugin that there is not; what was made elsewhere has codes of its own.
  return { ok: false as const, failure: { ...fail('_format_outputs fail'), data: {} } }
}

/** Ids here are a whole task's, so that the way to a node says nothing; it must be one all the same. */
function checkStack(call: Call): void {
  const text = optionalText(call.params, 'subprocess_stack') ?? '[]'
  let stack: Json = null
  try {
    stack = JSON.parse(text) as Json
  } catch {
    stack = null
  }
  if (!Array.isArray(stack)) throw new DoorRefusal('bad-parameter', 'subprocess_stack is not a valid array json')
}

const LOG_BYTES_MAX = 1_048_576

export const getTaskNodeLog: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  about: 'the log of the attempt with this `version`, in pages of lines',
  async run(call) {
    const page = integerParam(call.params, 'page', 1, [1, 1_000_000])
    const size = integerParam(call.params, 'page_size', 30, [1, 10_000])
    const located = await locateNamed(call, 'get_task_node_log')
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    // Source: its apigw/log_auth.py.
    const nodeId = optionalText(call.params, 'node_id')
    if (nodeId === undefined) {
      return { envelope: fail('[API] get_task_node_log node_id is required', CODES.badParameter) }
    }
    const task = tasksOf(run).find(({ id }) => id === nodeId)
    if (task === undefined) {
      const message = `[API] get_task_node_log task[id=${run.serial}] does not have node[${nodeId}]`
      return { envelope: fail(message, CODES.notFound) }
    }
    const version = requiredText(call.params, 'version')
    const attempt = attemptOf(task, version)
    if (attempt === undefined) return { envelope: fail(`node(${task.id}) has no version ${version.slice(0, 64)}`) }
    const log =
      attempt === 0 ? undefined : await call.app.runs.log(call.caller, { id: run.id }, { id: task.id }, attempt)
    if (log !== undefined && !log.ok && log.problem.code !== 'not_found') {
      return { envelope: refusedHere(call, log.problem, log.problem.message) }
    }
    const bytes =
      log?.ok === true ? await log.value.read(0, Math.min(await log.value.size(), LOG_BYTES_MAX)) : new Uint8Array()
    const lines = new TextDecoder().decode(bytes).split('\n')
    if (lines.at(-1) === '') lines.pop()
    return {
      envelope: {
        result: true,
        message: 'success',
        data: lines.slice((page - 1) * size, page * size).join('\n'),
        page: { page, page_size: size, total: lines.length },
      },
    }
  },
}

/** Number of the attempt; 0: none has begun; undefined: there is no such version. */
function attemptOf(task: TaskView, text: string): number | undefined {
  const version = givenVersion(text)
  const found = task.earlier.find((attempt) => isSameAttempt(attempt.version, version))
  if (found !== undefined) return found.attempt
  return isSameAttempt(version, task.version) ? task.attempt : undefined
}
