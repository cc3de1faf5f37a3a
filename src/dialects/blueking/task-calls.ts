import type { RunAction } from '../../model/command.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { Problem } from '../../model/problem.ts'
import type { RunView } from '../../model/view.ts'
import { sealParams } from '../kit/credentials.ts'
import { fail, locateTask, refused, succeed, type Call, type Operation } from './call.ts'
import { CODES } from './codes.ts'
import { refusedUnclaimed } from './functional.ts'
import { taskUrl } from './make-calls.ts'
import { objectParam, requiredText, textOrNone } from './params.ts'
import { stateOf } from './present.ts'
import { shownRun } from './shown.ts'
import { constantNamed, rawConstant, storedTree } from './tree/stored-tree.ts'
import { hasTemplate, paramOf } from './tree/params.ts'
import { sealGiven } from './tree/passwords.ts'
import { shapingConstants } from './tree/shaping.ts'
import { valueOfType, withMeta } from './tree/variable-types.ts'
import type { Failure } from './wire.ts'

const TASK_ACTIONS = { start: 'start', pause: 'pause', resume: 'resume', revoke: 'cancel' } as const satisfies Record<
  string,
  RunAction
>
type TaskAction = keyof typeof TASK_ACTIONS

export function taskNames(call: Call) {
  const taskId = requiredText(call.params, 'task_id')
  const bizId = requiredText(call.params, 'bk_biz_id')
  return { taskId, bizId, missing: `task[id=${taskId}] of business[bk_biz_id=${bizId}] does not exist` }
}

/** The task that the call names, with what its refusals say. @param api the operation that tells of itself by this name. */
export async function locateNamed(call: Call, api?: string) {
  const { taskId, bizId, missing } = taskNames(call)
  const told = `[API] ${api} task[id=${taskId}] of project[project_id=${bizId}, biz_id${bizId}] does not exist`
  return await locateTask(call, taskId, bizId, api === undefined ? missing : told)
}

/** What a refusal of ours is in the call's business. */
export function refusedHere(call: Call, problem: Problem, words: string): Failure {
  const { bizId, missing } = taskNames(call)
  return refused(call, problem, bizId, { missing, refused: words })
}

export const startTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  first: true,
  about: 'a second start is refused',
  async run(call) {
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    const unclaimed = await refusedUnclaimed(call, located.run, 'start')
    if (unclaimed !== undefined) return { envelope: unclaimed }
    const later = call.engine === 2
    const already = later ? 'task already started' : 'pipeline instance already started.'
    const done = await call.app.runs.act(call.caller, { id: located.run.id }, { action: 'start' })
    if (!done.ok) {
      const failure = refusedHere(call, done.problem, already)
      if (failure.message !== already) return { envelope: failure }
      // Both keys hold the same value, whatever it is: `{}` on success, the message on failure.
      const refusal = fail(already, CODES.invalidOperation)
      return { envelope: later ? refusal : { ...refusal, data: already } }
    }
    if (!later) return { envelope: { result: true, data: {}, message: {} } }
    return succeed({ task_url: taskUrl(done.value, call) })
  },
}

export const operateTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  first: true,
  about: 'start, pause, resume, revoke',
  async run(call) {
    const action = textOrNone(call.params, 'action')
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    if (!isTaskAction(action)) return { envelope: await unknownAction(call, located.run, action) }
    const early = refusedEarly(call, located.run, action) ?? (await refusedUnclaimed(call, located.run, action))
    if (early !== undefined) return { envelope: early }
    const done = await call.app.runs.act(call.caller, { id: located.run.id }, { action: TASK_ACTIONS[action] })
    if (!done.ok) return { envelope: refusedHere(call, done.problem, refusalOf(call, located.run, action)) }
    return call.engine === 2 ? { envelope: { result: true, message: 'success' } } : succeed({})
  },
}

const isTaskAction = (action: string): action is TaskAction => Object.hasOwn(TASK_ACTIONS, action)

/** The later version looks first at which phase the task is in: `task_action` of its taskflow3/models.py. */
async function unknownAction(call: Call, run: RunView, action: string): Promise<Failure> {
  if (call.engine === 1) return fail('task action is invalid', CODES.invalidOperation)
  const closed = run.startedAt === null ? undefined : refusedClosed(rootState(run, call), action.slice(0, 64))
  return (
    closed ??
    (await refusedUnclaimed(call, run, action.slice(0, 64))) ??
    fail('task command is invalid', CODES.invalidOperation)
  )
}

const refusedClosed = (state: string, action: string): Failure | undefined =>
  state === 'FINISHED' || state === 'REVOKED'
    ? fail(`task with current_flow:finished cannot be ${action}ed`, CODES.invalidOperation)
    : undefined

/** What bk-sops refuses before it asks its engine. */
function refusedEarly(call: Call, run: RunView, action: TaskAction): Failure | undefined {
  const state = run.startedAt === null ? null : rootState(run, call)
  if (state === null) {
    if (run.endedAt === null && action === 'start') return undefined
    return fail(call.engine === 2 ? 'task not started' : REFUSED, CODES.invalidOperation)
  }
  return call.engine === 2 ? refusedClosed(state, action) : undefined
}

const REFUSED = 'operate failed, please try again later'
const TARGET = { start: 'RUNNING', pause: 'SUSPENDED', resume: 'RUNNING', revoke: 'REVOKED' } as const

function refusalOf(call: Call, run: RunView, action: TaskAction): string {
  if (call.engine === 1) return REFUSED
  const state = rootState(run, call)
  if (action === 'start') return 'task already started'
  if (action === 'resume') return `fail: pipeline(${run.id}) state is: ${state}`
  return `fail: can't not transit node(${run.id}) state from ${state} to ${TARGET[action]}`
}

function rootState(run: RunView, call: Call): string {
  const shown = shownRun(run, '')
  return shown === undefined ? 'CREATED' : stateOf(shown, call.engine)
}

export const modifyConstantsForTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about:
    'other values for constants that are shown, of a task that has not begun, has failed or is paused; it keeps its `name`',
  async run(call) {
    const located = await locateNamed(call)
    if (!located.ok) return { envelope: located.failure }
    const { run } = located
    const read = readConstants(call, run)
    const refusal = refusedAtWork(run, call) ?? (read.ok ? await changeConstants(call, run, read.params) : read.failure)
    return refusal === undefined ? succeed('success') : { envelope: refusal }
  },
}

/** States in which `set_task_constants` of bk-sops' taskflow3/domains/dispatchers/task.py lets a task be changed. */
const CHANGEABLE: readonly string[] = ['CREATED', 'FAILED', 'SUSPENDED']

function refusedAtWork(run: RunView, call: Call): Failure | undefined {
  const state = run.startedAt === null && run.endedAt === null ? 'CREATED' : rootState(run, call)
  if (CHANGEABLE.includes(state)) return undefined
  if (state === 'FINISHED') return fail('task is finished', CODES.badParameter)
  const message = `任务参数设置失败: 任务状态校验失败，任务状态为${state}，不支持进行参数修改。`
  return { ...fail(message, CODES.validation), data: '' }
}

type ReadConstants =
  | { readonly ok: true; readonly params: JsonObject }
  | { readonly ok: false; readonly failure: Failure }

/** What the `constants` of the call are to the params of the task's run, or why they cannot be. */
export function readConstants(call: Call, run: RunView): ReadConstants {
  const seal = sealParams(call.app, run.project.id, run.pipeline.id)
  return modified(run, sealGiven(objectParam(call.params, 'constants'), storedTree(run.definition), seal))
}

/** @returns why not. */
export async function changeConstants(call: Call, run: RunView, params: JsonObject): Promise<Failure | undefined> {
  if (Object.keys(params).length === 0) return undefined
  const done = await call.app.runs.act(call.caller, { id: run.id }, { action: 'modify', params })
  return done.ok ? undefined : refusedHere(call, done.problem, done.problem.message)
}

function modified(run: RunView, constants: JsonObject): ReadConstants {
  const stored = storedTree(run.definition)
  const known = new Set(run.definition.params.map(({ name }) => name))
  const shaping = stored === undefined ? new Set<string>() : shapingConstants(stored.tree)
  const fixed: string[] = []
  const params = Object.fromEntries(
    Object.entries(constants).flatMap(([key, given]) => {
      const constant = stored === undefined ? undefined : constantNamed(stored, key)
      const name = constant === undefined ? key.replace(/^\$\{(\w+)\}$/, '$1') : paramOf(constant)
      const isOther = constant !== undefined && JSON.stringify(given) !== JSON.stringify(constant.value)
      const isFixed = isOther && (shaping.has(constant.key) || (constant.fixed && run.startedAt !== null))
      if (name === null || hasTemplate(given) || isFixed) fixed.push(key)
      const raw = stored === undefined ? undefined : rawConstant(stored, constant?.key ?? key)
      const value = isJsonObject(raw) ? valueOfType(withMeta(raw), given) : given
      return name !== null && known.has(name) ? [[name, value] as const] : []
    }),
  )
  if (fixed.length === 0) return { ok: true, params }
  const message = `constants ${fixed.slice(0, 20).join(', ')} are hidden, name others, or say what work a node is: their values cannot be changed`
  return { ok: false, failure: fail(message, CODES.badParameter) }
}
