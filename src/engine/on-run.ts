import type { CancelMode, OperatorCommand, Rejection } from '../model/command.ts'
import { isAwaited, type Triggers, type TriggerSpec } from '../model/definition.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import { allowedOnRun, takenBack, isTakenUp } from './admits.ts'
import { checkParamValue } from './params.ts'
import { refuse } from './rejection.ts'
import { openTasks, stageAt, stagePlan, standsStill, taskAt, taskPlan, type Run } from './run.ts'
import { runStatus, startableStages } from './status.ts'
import type { Transition } from './transition.ts'
import { haveFired } from './triggers.ts'

/** What people and their tools ask of a whole run. */
export type OnRun = Extract<
  OperatorCommand,
  { type: 'start' | 'fire-trigger' | 'pause' | 'resume' | 'cancel' | 'retry' | 'modify' }
>

export function decideOnRun(transition: Transition, command: OnRun): Rejection | null {
  const { run } = transition
  if (command.type === 'fire-trigger' && command.stage !== null) return fireStage(transition, command, command.stage)
  const action = command.type === 'fire-trigger' ? 'start' : command.type
  const allowed = allowedOnRun(run)
  if (!allowed.includes(action) || (command.type === 'fire-trigger' && run.phase !== 'waiting')) {
    const ending = run.cancelling !== null && run.phase === 'live' ? ' and being cancelled' : ''
    return refuse('not-allowed', `cannot ${action} ${nameOf(run)}: it is ${runStatus(run)}${ending}`, allowed)
  }
  switch (command.type) {
    case 'start':
      if (run.phase === 'waiting') transition.start()
      else for (const stage of startableStages(run)) transition.startStage(stage)
      return null
    case 'fire-trigger':
      return fireRun(transition, command)
    case 'pause':
      transition.emit({ type: 'RunPaused' })
      return null
    case 'resume':
      transition.emit({ type: 'RunResumed' })
      rearm(transition)
      transition.flow()
      return null
    case 'cancel':
      cancel(transition, 'cancelled', command.reason, command.mode)
      return null
    case 'retry':
      retryAll(transition)
      return null
    case 'modify':
      return modify(transition, command.params)
  }
}

const nameOf = (run: Run): string => `run ${run.name} #${run.number}`

type Fire = Extract<OnRun, { type: 'fire-trigger' }>

function fireRun(transition: Transition, command: Fire): Rejection | null {
  const { run } = transition
  const { triggers } = run.plan.definition
  if (run.cause.trusted === false) {
    const message = `cannot fire a trigger of ${nameOf(run)}: its change is from a fork, and a person must start it`
    return refuse('not-allowed', message, allowedOnRun(run))
  }
  const refused = fire(transition, command, triggers, nameOf(run))
  if (refused !== null) return refused
  if (triggers !== null && haveFired(triggers, transition.run.triggers)) transition.start()
  return null
}

/** A stage's trigger may fire before its turn has come: it is kept for then. */
function fireStage(transition: Transition, command: Fire, stage: number): Rejection | null {
  const { run } = transition
  const plan = run.plan.nodes[stage]
  if (plan?.kind !== 'stage') return refuse('no-such-node', `${nameOf(run)} has no stage ${stage}`, [])
  const where = `stage ${plan.spec.key} of ${nameOf(run)}`
  const { status } = stageAt(run, stage)
  if (run.phase === 'ended' || run.cancelling !== null || (status !== 'pending' && status !== 'waiting')) {
    return refuse('not-allowed', `cannot fire a trigger of ${where}: it is ${status}`, allowedOnRun(run))
  }
  const refused = fire(transition, command, plan.spec.triggers, where)
  if (refused !== null) return refused
  transition.flow()
  return null
}

function fire(transition: Transition, command: Fire, triggers: Triggers | null, where: string): Rejection | null {
  const { run } = transition
  const spec = triggers?.list[command.trigger]
  if (spec === undefined || !isAwaited(spec)) {
    return refuse('no-such-trigger', `${where} has no trigger ${command.trigger}`, allowedOnRun(run))
  }
  const given = converted(run, spec, command.params)
  if (typeof given === 'string') {
    return refuse('invalid-params', `trigger ${spec.name} of ${where}, ${given}`, allowedOnRun(run))
  }
  const stage = command.stage === null ? {} : { stage: command.stage }
  transition.emit({ type: 'TriggerFired', trigger: command.trigger, ...stage, params: command.params })
  if (Object.keys(given).length > 0) transition.emit({ type: 'ParamsChanged', params: { ...run.params, ...given } })
  return null
}

/** Params of the pipeline that a trigger's params stand for, or what is wrong with one. */
function converted(run: Run, spec: TriggerSpec, params: Readonly<Record<string, string>>): JsonObject | string {
  const given: Record<string, Json> = {}
  for (const [from, to] of Object.entries(spec.params)) {
    const value = Object.hasOwn(params, from) ? params[from] : undefined
    const param = run.plan.definition.params.find((candidate) => candidate.name === to)
    if (value === undefined || param === undefined) continue
    const checked = checkParamValue(param, value)
    if (!checked.ok) return `${from}: ${checked.message}`
    given[to] = checked.value
  }
  return given
}

function modify(transition: Transition, params: JsonObject): Rejection | null {
  const { run } = transition
  const given: Record<string, Json> = {}
  for (const [name, value] of Object.entries(params)) {
    const spec = run.plan.definition.params.find((candidate) => candidate.name === name)
    const checked =
      spec === undefined ? undefined : value === null ? { ok: true as const, value } : checkParamValue(spec, value)
    if (checked?.ok === true) given[name] = checked.value
    else {
      const message = checked === undefined ? 'there is no such param' : checked.message
      return refuse('invalid-params', `param ${name.slice(0, 80)} of ${nameOf(run)}: ${message}`, allowedOnRun(run))
    }
  }
  if (Object.keys(given).length > 0) transition.emit({ type: 'ParamsChanged', params: { ...run.params, ...given } })
  return null
}

/** Deadlines have moved by the pause: the host's timers follow. */
function rearm(transition: Transition): void {
  const { run } = transition
  transition.armTimer(null, run.deadlineAt)
  for (const { index } of run.open) transition.armTimer(index, stageAt(run, index).deadlineAt)
  for (const node of openTasks(run)) {
    const { status, retryAt, deadlineAt, attempt } = taskAt(run, node)
    if (status !== 'queued' || standsStill(run, node)) continue
    if (retryAt === null) transition.effect({ type: 'offer-attempt', node, attempt })
    transition.armTimer(node, deadlineAt)
  }
}

export function cancel(transition: Transition, as: 'cancelled' | 'timed_out', reason: string, mode: CancelMode): void {
  const { cancelling, phase } = transition.run
  const gentle = mode === 'after-current'
  // A gentle one may be followed by a firm one, and not the other way round.
  if (cancelling === null || (cancelling.deadline === null && !gentle)) {
    const deadline = gentle ? null : transition.at + GRACE_MS + LEASE_MS
    transition.emit({ type: 'CancelRequested', as, reason, deadline })
    transition.armTimer(null, deadline)
  }
  if (gentle) transition.cancelWaiting(reason)
  else transition.cancelAttempts(reason, mode === 'force')
  if (phase === 'waiting') transition.emit({ type: 'RunEnded', status: as })
}

function retryAll(transition: Transition): void {
  // A rollback that was cancelled: from its stage on all is done again.
  const isReopened = transition.run.phase === 'ended'
  const from = isReopened ? takenBack(transition.run) : undefined
  if (isReopened) reopen(transition)
  if (transition.run.phase === 'waiting') {
    // It never began, and begins as a new one would. What was to be looked at by a person is still.
    if (transition.run.cause.trusted !== false) transition.start()
    return
  }
  if (from !== undefined) retryFrom(transition, from)
  for (const { index, kind } of transition.run.plan.nodes) {
    if (kind === 'task' && isTakenUp(transition.run, index)) retryTask(transition, index, isReopened)
  }
  transition.flow()
}

/** What a retry gives in place of the definition's inputs. */
export type RetryInputs = Pick<Extract<OperatorCommand, { type: 'retry-node' }>, 'inputs' | 'given'>

/** @param isReopened its run had ended, and with it the sub-flows that it is in. */
export function retryTask(
  transition: Transition,
  node: number,
  isReopened: boolean,
  { inputs, given }: RetryInputs = { inputs: null },
): void {
  const { plan } = transition.run
  letGo(transition, node)
  for (let at = taskPlan(plan, node).flow?.parent ?? null; isReopened && at !== null;) {
    letGo(transition, at)
    at = taskPlan(plan, at).flow?.parent ?? null
  }
  transition.emit({
    type: 'NodeRetried',
    node,
    ...(inputs === null ? {} : { inputs, ...(given === undefined ? {} : { given }) }),
  })
}

/** The pause of an attempt that is over does not hold the next one; one that was asked for before any does. */
function letGo(transition: Transition, node: number): void {
  const { pausedAt, status } = taskAt(transition.run, node)
  if (pausedAt !== null && status !== 'pending') transition.emit({ type: 'NodeResumed', node })
}

/** From this stage on all is done again, and with it what was taken back of those that run beside it. */
export function retryFrom(transition: Transition, stage: number): void {
  retryStage(transition, stage)
  const { plan } = transition.run
  for (const beside of plan.rows[stagePlan(plan, stage).row] ?? []) {
    const isTakenBack = stagePlan(plan, beside).tasks.some((task) => taskAt(transition.run, task).rollingBack)
    if (isTakenBack) retryStage(transition, beside)
  }
}

function retryStage(transition: Transition, stage: number): void {
  const { plan } = transition.run
  const { row } = stagePlan(plan, stage)
  const anew = plan.stages.filter((one) => one === stage || stagePlan(plan, one).row > row)
  for (const one of anew) for (const task of stagePlan(plan, one).tasks) letGo(transition, task)
  transition.emit({ type: 'StageRetried', node: stage })
}

export function reopen(transition: Transition): void {
  transition.emit({ type: 'RunReopened' })
  transition.armTimer(null, transition.run.deadlineAt)
}
