import { allowedOnNode, allowedOnRun } from '../engine/admits.ts'
import { advance, type Outcome } from '../engine/advance.ts'
import { compile } from '../engine/compile.ts'
import { createRun } from '../engine/create.ts'
import { stageAt, stagePlan, taskAt, taskPlan, type Run } from '../engine/run.ts'
import {
  NODE_ACTIONS,
  RUN_ACTIONS,
  type AttemptResult,
  type CancelMode,
  type NodeAction,
  type Rejection,
  type RunAction,
  type RunCommand,
} from '../model/command.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import type { Actor } from '../model/event.ts'
import { asId, type RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'
import { runCreated } from './run-created.ts'
import { brokenByStep, brokenLaws, onNode as commandOnNode, onRun as commandOnRun } from './engine-laws.ts'
import { brokenByEvents } from './step-laws.ts'

export interface Exploration {
  /** Different states that the run can be in. */
  readonly states: number
  /** Commands that led from one of them to another, or back to the same. */
  readonly transitions: number
  /** Commands given in them, the refused ones included. */
  readonly commands: number
  /** States from which nothing leads to an end, or that wait for nothing. */
  readonly deadEnds: number
  /** What else was wrong: a law that is broken, a command that is taken and should not be, or the other way round. */
  readonly illegal: number
  /** Sentences about what was wrong, each with the shortest way there; at most 20. */
  readonly problems: readonly string[]
  /** false: it was given up at the limit, so that nothing is said about what can be reached. */
  readonly complete: boolean
}

export interface ExploreOptions {
  /** Given up beyond this. */
  readonly statesMax?: number
  /** Another engine than the real one, to prove that its mistakes are found. */
  readonly advance?: typeof advance
  /** Of nodes: not given, for larger shapes. */
  readonly without?: readonly NodeAction[]
}

interface Found {
  readonly run: Run
  /** The way here, for people. */
  readonly from: number
  readonly by: string
}

const PERSON: Actor = { kind: 'user', name: 'li' }

/**
 * Every state that a run of this definition can get into, whatever people, runners and time do and in whatever order,
 * by the real `advance`: a breadth-first search to its fix-point. Two runs that differ only in times, numbers of
 * attempts and fences are one state ({@link stateOf}). In every state every command is given; looked at are the laws,
 * what is named as allowed, and that no state is a dead end.
 */
export function explore(definition: PipelineDefinition, options: ExploreOptions = {}): Exploration {
  const search = new Search(definition, options)
  search.exhaust()
  return search.result()
}

class Search {
  readonly #statesMax: number
  readonly #advance: typeof advance
  readonly #without: ReadonlySet<NodeAction>
  readonly #twins: readonly (readonly number[])[]
  readonly #known = new Map<string, number>()
  readonly #found: Found[] = []
  /** Of each state: those that lead to it. */
  readonly #before: number[][] = []
  readonly #problems: string[] = []
  #commands = 0
  #transitions = 0
  #deadEnds = 0
  #illegal = 0
  #done = 0

  constructor(definition: PipelineDefinition, options: ExploreOptions) {
    this.#statesMax = options.statesMax ?? 2_000_000
    this.#advance = options.advance ?? advance
    this.#without = new Set(options.without)
    const plan = compile(definition)
    this.#twins = twinsOf(plan)
    const { run } = createRun({
      id: asId<RunId>('019ab000000070008000000000000001'),
      plan,
      created: runCreated(definition.name),
      actor: PERSON,
      at: 0,
      start: false,
      entropy: () => 0,
    })
    this.#reach(run, -1, '')
  }

  exhaust(): void {
    while (this.#done < this.#found.length && this.#found.length <= this.#statesMax && this.#problems.length < 20) {
      const place = this.#done
      this.#done += 1
      this.#visit(place, (this.#found[place] as Found).run)
    }
  }

  result(): Exploration {
    const complete = this.#done === this.#found.length
    if (complete && this.#problems.length === 0) this.#findDeadEnds()
    return {
      states: this.#done,
      transitions: this.#transitions,
      commands: this.#commands,
      deadEnds: this.#deadEnds,
      illegal: this.#illegal,
      problems: this.#problems,
      complete,
    }
  }

  #visit(place: number, run: Run): void {
    for (const law of brokenLaws(run)) this.#problem(place, law)
    const onRun = allowedOnRun(run)
    const give = (command: RunCommand, at: Instant = run.updatedAt): Outcome | undefined => {
      this.#commands += 1
      try {
        const outcome = this.#advance(run, { command, actor: PERSON, at, entropy: () => 0 })
        if (outcome.ok) this.#follow(place, run, outcome, command)
        return outcome
      } catch (error) {
        this.#problem(place, `${nameOf(run, command)} throws ${String(error)}`)
        return undefined
      }
    }
    const ask = (command: RunCommand, action: RunAction | NodeAction, allowed: readonly string[]): void => {
      const outcome = give(command)
      if (outcome === undefined) return
      const name = nameOf(run, command)
      if (outcome.ok !== allowed.includes(action))
        this.#problem(place, `${name}: ${outcome.ok}, allowed ${allowed.join()}`)
      if (!outcome.ok && (!REFUSALS.has(outcome.rejection.code) || outcome.rejection.allowed.join() !== allowed.join()))
        this.#problem(
          place,
          `${name} is refused as ${outcome.rejection.code}, with ${outcome.rejection.allowed.join()}`,
        )
    }
    for (const action of RUN_ACTIONS) {
      if (action === 'cancel') for (const mode of CANCEL_MODES) ask({ type: 'cancel', reason: '', mode }, action, onRun)
      else ask(commandOnRun(action), action, onRun)
    }
    for (const [trigger] of (run.plan.definition.triggers?.list ?? []).entries())
      ask({ type: 'fire-trigger', stage: null, trigger, params: {} }, 'start', onRun)
    for (const node of run.plan.nodes) {
      const allowed = allowedOnNode(run, node.index)
      if (node.kind === 'stage') this.#fireStage(run, node.index, give)
      const isReview = node.kind === 'task' && node.spec.work.kind === 'review'
      for (const action of NODE_ACTIONS) {
        if (this.#without.has(action)) continue
        // Who may decide depends on who has: below.
        if (isReview && (action === 'approve' || action === 'reject')) continue
        ask(commandOnNode(run, node.index, action), action, allowed)
      }
      if (isReview) this.#decide(place, run, node.index, allowed, give)
      this.#fire(
        place,
        run,
        node.index,
        node.kind === 'stage' ? stageAt(run, node.index).deadlineAt : taskAt(run, node.index).deadlineAt,
        give,
      )
      if (node.kind === 'task') this.#report(place, run, node.index, give)
    }
    const deadline = run.cancelling === null ? run.deadlineAt : run.cancelling.deadline
    const ended = this.#fire(place, run, null, deadline, give)
    if (
      run.phase === 'live' &&
      run.cancelling !== null &&
      deadline !== null &&
      !(ended?.ok === true && ended.run.phase === 'ended')
    )
      this.#problem(place, 'a cancel does not end at its deadline')
  }

  /** What a stage waits for before it begins; out of its turn a trigger is refused. */
  #fireStage(run: Run, stage: number, give: Give): void {
    for (const [trigger] of (stagePlan(run.plan, stage).spec.triggers?.list ?? []).entries())
      give({ type: 'fire-trigger', stage, trigger, params: {} })
  }

  #decide(place: number, run: Run, node: number, allowed: readonly string[], give: Give): void {
    for (const by of ['li', 'chen']) {
      const decided = taskAt(run, node).decisions.some((decision) => decision.by === by)
      for (const type of ['approve', 'reject'] as const) {
        const outcome = give({ type, node, by, comment: '' })
        const taken = allowed.includes(type) && !decided
        if (outcome?.ok !== taken) this.#problem(place, `${type} by ${by}: ${outcome?.ok}, should be ${taken}`)
      }
    }
  }

  #report(place: number, run: Run, node: number, give: Give): void {
    const { fence, status, attempt } = taskAt(run, node)
    give({ type: 'lease-attempt', node, attempt, runner: 'r1' })
    for (const result of RESULTS) give({ type: 'report-attempt', node, fence, result })
    give({ type: 'lose-attempt', node, fence, reason: '' })
    for (const late of [
      give({ type: 'lease-attempt', node, attempt: attempt - 1, runner: 'r2' }),
      give({ type: 'report-attempt', node, fence: fence - 1, result: RESULTS[0] }),
      give({ type: 'lose-attempt', node, fence: fence - 1, reason: '' }),
    ]) {
      if (late?.ok !== false) this.#problem(place, `a late report for ${node}, ${status}, is taken`)
    }
  }

  /** Looks at a deadline when it is due and before. */
  #fire(place: number, run: Run, node: number | null, deadlineAt: Instant | null, give: Give): Outcome | undefined {
    if (deadlineAt === null || deadlineAt > run.updatedAt) {
      const early = give({ type: 'check-deadline', node })
      if (early?.ok === true) this.#problem(place, `a deadline of ${node} is taken too early`)
    }
    return deadlineAt === null ? undefined : give({ type: 'check-deadline', node }, deadlineAt)
  }

  #follow(place: number, run: Run, outcome: Extract<Outcome, { ok: true }>, command: RunCommand): void {
    const { run: after, events } = outcome
    const name = nameOf(run, command)
    for (const law of brokenByStep(run, after, events)) this.#problem(place, `${name}: ${law}`)
    if (events.length === 0 || !this.#reach(after, place, name)) return
    // To fold them again costs as much as all else: once for each state will do.
    const entry = { v: 1, seq: after.seq, at: after.updatedAt, actor: PERSON, events } as const
    for (const law of brokenByEvents(run, [entry])) this.#problem(place, `${name}: ${law}`)
  }

  /** @returns whether it is a state that was not known. */
  #reach(run: Run, from: number, by: string): boolean {
    const state = stateOf(run, this.#twins)
    let place = this.#known.get(state)
    const isNew = place === undefined
    if (place === undefined) {
      place = this.#found.length
      this.#known.set(state, place)
      this.#found.push({ run, from, by })
      this.#before.push([])
    }
    if (from < 0) return isNew
    this.#transitions += 1
    this.#before[place]?.push(from)
    return isNew
  }

  /** From every state an end can be reached and, be it that the run is mended first, a success. */
  #findDeadEnds(): void {
    const check = (goal: (run: Run) => boolean, what: string): void => {
      const good = this.#leadingTo(goal)
      for (const place of this.#found.keys()) {
        if (good[place] === 1) continue
        this.#deadEnds += 1
        this.#illegal -= 1
        this.#problem(place, what)
      }
    }
    check((run) => run.phase === 'ended', 'no end can be reached')
    check((run) => run.outcome === 'succeeded', 'no success can be reached')
  }

  #leadingTo(goal: (run: Run) => boolean): Uint8Array {
    const good = new Uint8Array(this.#found.length)
    const ready = [...this.#found.keys()].filter((place) => goal((this.#found[place] as Found).run))
    for (const place of ready) good[place] = 1
    for (let place = ready.pop(); place !== undefined; place = ready.pop()) {
      for (const before of this.#before[place] ?? []) {
        if (good[before] === 1) continue
        good[before] = 1
        ready.push(before)
      }
    }
    return good
  }

  #problem(place: number, what: string): void {
    this.#illegal += 1
    if (this.#problems.length >= 20) return
    const way: string[] = []
    for (let at = place; at > 0; at = (this.#found[at] as Found).from) way.unshift((this.#found[at] as Found).by)
    this.#problems.push(`${what} | after ${way.join(', ')} | ${stateOf((this.#found[place] as Found).run, [])}`)
  }
}

type Give = (command: RunCommand, at?: Instant) => Outcome | undefined

const CANCEL_MODES = ['stop', 'force', 'after-current'] as const satisfies readonly CancelMode[]
/** What is refused because of where the run is, and what is because its definition says so. */
const REFUSALS: ReadonlySet<Rejection['code']> = new Set(['not-allowed', 'not-skippable', 'not-retryable'])

const RESULTS: readonly [AttemptResult, ...AttemptResult[]] = [
  { kind: 'succeeded', outputs: null },
  { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null },
  { kind: 'failed', failure: { kind: 'unauthorized', reason: '' }, outputs: null },
  { kind: 'cancelled' },
]

function nameOf(run: Run, command: RunCommand): string {
  const node = 'node' in command && command.node !== null ? ` ${run.plan.nodes[command.node]?.spec.key}` : ''
  const result = command.type === 'report-attempt' ? ` ${command.result.kind}` : ''
  return `${command.type}${node}${result}`
}

/** Tasks that differ in nothing but their names: it does not matter which of them is in which state. */
function twinsOf(plan: Plan): readonly (readonly number[])[] {
  const alike = new Map<string, number[]>()
  for (const node of plan.nodes) {
    // In a flow a node is told from others by its edges.
    if (node.kind === 'stage' || node.flow !== null) continue
    const { key: _, name: _name, ...spec } = node.spec
    const kind = JSON.stringify([spec, node.stage, node.needs, node.dependents])
    alike.set(kind, [...(alike.get(kind) ?? []), node.index])
  }
  return [...alike.values()].filter((group) => group.length > 1)
}

/**
 * All of a run that the engine's next decisions can depend on. A time counts as set or not, as the search lets every
 * deadline pass at any moment; an attempt counts from when the task was last taken up.
 */
function stateOf(run: Run, twins: readonly (readonly number[])[]): string {
  const nodes = run.plan.nodes.map(({ kind, index }) =>
    kind === 'stage' ? stageState(run, index) : taskState(run, index),
  )
  for (const group of twins) {
    const states = group.map((index) => nodes[index] as string).sort()
    for (const [at, index] of group.entries()) nodes[index] = states[at] as string
  }
  return `${run.phase} ${run.outcome} ${set(run.startedAt)}${set(run.pausedAt)}${set(run.deadlineAt)}${run.begun} ${run.cancelling?.as}${set(run.cancelling?.deadline ?? null)} ${run.pass} ${run.open.map(({ index }) => index).join()} ${run.waiting.join()} ${run.rollback} ${run.triggers.map(set).join('')} ${nodes.join(' ')}`
}

const set = (value: unknown): string => (value === null ? '-' : '+')

function stageState(run: Run, index: number): string {
  const { status, begun, timedOut, startedAt, deadlineAt, triggers } = stageAt(run, index)
  return `${status} ${triggers.map(set).join('')} ${begun} ${timedOut} ${set(startedAt)}${set(deadlineAt)}`
}

function taskState(run: Run, index: number): string {
  const task = taskAt(run, index)
  const times = set(task.retryAt) + set(task.deadlineAt) + set(task.runner) + set(task.failure)
  // What is asked is whether it is the first; how many there may be is tested by itself.
  const tries = Math.min(task.attempt - task.takenUpAt, 2)
  const kept = task.earlier.at(-1)?.attempt === task.attempt
  // Beyond its limit a node is come back to as often as people pass over that.
  const { flow } = stagePlan(run.plan, taskPlan(run.plan, index).stage).spec
  const loop = Math.min(task.loop, (flow?.loopMax ?? 1) + 1)
  const voters = task.decisions.map(({ by }) => by).toSorted()
  return `${task.status} ${task.policy} ${task.unmet} ${loop} ${set(task.pausedAt)}${task.withheld}${task.rollingBack} ${task.taken?.join('.')} ${tries} ${task.retries} ${task.asked} ${times} ${task.stopping?.kind} ${voters.join('.')} ${kept}`
}
