import { taskAt, type Run } from '../../engine/run.ts'
import type { PipelineDefinition, TriggerSpec } from '../../model/definition.ts'
import type { Actor, Cause, EventRecord, ParentRef } from '../../model/event.ts'
import type { PipelineId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import { isEnded, type RunStatus } from '../../model/status.ts'
import type { Problem, Result } from '../../model/problem.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import { StoreError, type Catalog, type Keys, type PipelineRecord, type RunLog } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Committed } from '../runs/live.ts'
import { Scheduler, type ScheduleSpec } from './scheduler.ts'
import type { Listener, TriggerIndex } from './trigger-index.ts'

/** A run that nobody asks for: a schedule or the end of another run does. */
export interface AutoStart {
  readonly params: Readonly<Record<string, Json>>
  readonly cause: Cause
  readonly actor: Actor
  /** The same one gives the same run, also after a restart. */
  readonly key: string
  /** The task that starts it. */
  readonly parent?: ParentRef
  readonly annotations?: Readonly<Record<string, string>>
  /** It stays `waiting` until a person starts it. */
  readonly wait?: boolean
  /** Left out: the pipeline's newest. */
  readonly version?: number
}

/** The last one of a trigger that was not made. */
export interface Refusal {
  readonly trigger: string
  readonly at: Instant
  readonly message: string
}

interface Dependencies {
  readonly clock: Clock
  readonly index: TriggerIndex
  readonly catalog: Pick<Catalog, 'audit'>
  readonly settings: Pick<Keys, 'setting' | 'putSetting'>
  readonly log: Pick<RunLog, 'feed'>
  readonly start: (pipelineId: PipelineId, input: AutoStart) => Promise<Result<Run>>
  readonly run: (id: Run['id']) => Promise<Run | undefined>
  /** The pipeline of this name, to look for what ended while no server ran. */
  readonly named: (record: PipelineRecord, name: string) => Promise<PipelineRecord | undefined>
  /** Number of the newest event that {@link AutoStarts.committed} was told of. */
  readonly lastNumber: () => number
  readonly onDefect: (error: unknown) => void
}

/** Up to where all that was to be started is durable. */
interface Mark {
  readonly at: Instant
  /** Number of an event. */
  readonly number: number
}

const MARK = 'auto-starts'
const MARK_EVERY_MS: DurationMs = 60_000
const RETRY_MS: DurationMs = 1_000
const FEED_PAGE = 1_000
/** Runs that lead to runs: pipelines that start each other in a circle come to an end here. */
export const DEPTH_MAX = 16

/**
 * Starts runs when their time has come, or when the runs that they follow have ended: each once, whatever happens to
 * the server. Every start has a key of its own (which trigger, and which instant or end), with which the store makes
 * one run of it; and once a minute it is noted up to where everything has been started, so that a server that comes
 * back looks at what happened since, and no further.
 */
export class AutoStarts {
  readonly #deps: Dependencies
  readonly #scheduler: Scheduler
  readonly #underWay = new Set<Mark>()
  readonly #refusals = new Map<PipelineId, ReadonlyMap<string, Refusal>>()
  #stopMark: (() => void) | undefined
  #isClosed = false

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#scheduler = new Scheduler(deps.clock, (record, spec, at) => this.#due(record, spec, at))
  }

  /** Makes up for what happened while no server ran; the index knows all pipelines by now. */
  async recover(): Promise<void> {
    const { clock, index, lastNumber } = this.#deps
    const mark = (await this.#stored()) ?? { at: clock.now(), number: lastNumber() }
    for (const { record, triggers } of index.all()) {
      this.#scheduler.put(record, triggers, Math.max(mark.at, record.updatedAt))
    }
    for (const { record, triggers } of index.all()) {
      for (const trigger of triggers.list) {
        if (trigger.kind === 'upstream') await this.#catchUp({ record, trigger }, mark.number)
      }
    }
    if (index.size > 0) this.#note()
  }

  /** A pipeline was made, changed or (null) deleted; the index knows. */
  changed(record: PipelineRecord, definition: PipelineDefinition | null): void {
    this.#refusals.delete(record.id)
    if (definition === null) this.#scheduler.remove(record.id)
    else this.#scheduler.put(record, definition.triggers, this.#deps.clock.now())
    if (this.#stopMark === undefined && this.#deps.index.size > 0) this.#note()
  }

  /** After every commit. */
  committed({ run, lastNumber }: Committed): void {
    const { outcome, endedAt } = run
    if (outcome === null || endedAt === null) return
    for (const listener of this.#deps.index.afterRunsOf(run.projectId, run.name)) {
      this.#ended(listener, run, outcome, endedAt, lastNumber)
    }
  }

  refusals(id: PipelineId): readonly Refusal[] {
    return [...(this.#refusals.get(id)?.values() ?? [])]
  }

  close(): void {
    this.#isClosed = true
    this.#stopMark?.()
    this.#scheduler.close()
  }

  #due(record: PipelineRecord, spec: ScheduleSpec, at: Instant): void {
    const { clock, lastNumber } = this.#deps
    const mark = { at: Math.min(at, clock.now()), number: lastNumber() }
    this.#begin(record, spec, mark, {
      params: spec.params,
      cause: { kind: 'schedule', by: spec.name, due: at },
      actor: { kind: 'timer', name: spec.name },
      key: `schedule:${record.id}:${spec.name}:${at}`,
    })
  }

  #ended(
    { record, trigger }: Listener<'upstream'>,
    run: Run,
    outcome: RunStatus,
    endedAt: Instant,
    number: number,
  ): void {
    if (!isEnded(outcome) || !(trigger.statuses as readonly RunStatus[]).includes(outcome)) return
    const depth = (run.cause.origin?.as === 'upstream' ? run.cause.origin.depth : 0) + 1
    const mark = { at: this.#deps.clock.now(), number }
    const title = `${run.name} #${run.number}`
    if (depth > DEPTH_MAX) {
      const message = `${title} is the last of ${DEPTH_MAX} runs that were started by the end of another: do their pipelines start each other in a circle?`
      this.#refused(record, trigger, { code: 'conflict', message })
      return
    }
    this.#begin(record, trigger, mark, {
      params: passedOn(trigger, run, outcome),
      cause: { kind: 'upstream', by: title, origin: { as: 'upstream', runId: run.id, depth } },
      actor: { kind: 'trigger', name: trigger.name },
      key: `upstream:${run.id}:${endedAt}:${record.id}:${trigger.name}`,
    })
  }

  /** What the pipeline that is listened to has ended since the mark. */
  async #catchUp(listener: Listener<'upstream'>, from: number): Promise<void> {
    const { log, named, run } = this.#deps
    const upstream = await named(listener.record, listener.trigger.pipeline)
    if (upstream === undefined) return
    for (let after = from; ;) {
      const events: readonly EventRecord[] = await log.feed(after, { pipelineId: upstream.id }, FEED_PAGE)
      for (const { event, at, number, runId } of events) {
        // What ended before there was this trigger is no business of it.
        if (event.type !== 'RunEnded' || at < listener.record.updatedAt) continue
        const ended = await run(runId)
        if (ended !== undefined) this.#ended(listener, ended, event.status, at, number)
      }
      const last = events.at(-1)
      if (last === undefined || events.length < FEED_PAGE) return
      after = last.number
    }
  }

  /** Until the store has taken it or it is refused: what is under way holds the mark back. */
  #begin(record: PipelineRecord, trigger: TriggerSpec, mark: Mark, input: AutoStart): void {
    this.#underWay.add(mark)
    void this.#attempt(record, trigger, mark, input)
  }

  async #attempt(record: PipelineRecord, trigger: TriggerSpec, mark: Mark, input: AutoStart): Promise<void> {
    const { clock, onDefect, start } = this.#deps
    let again = true
    try {
      const started = await start(record.id, input)
      again = !started.ok && started.problem.code === 'unavailable'
      if (!started.ok && !again) this.#refused(record, trigger, started.problem)
    } catch (error) {
      // A store that is closed takes it from the next server.
      if (!this.#isClosed) onDefect(error)
    }
    if (!again) this.#underWay.delete(mark)
    else if (!this.#isClosed) clock.at(clock.now() + RETRY_MS, () => void this.#attempt(record, trigger, mark, input))
  }

  /** Nobody waits for the answer: it is kept for those who ask why there is no run. */
  #refused(record: PipelineRecord, trigger: TriggerSpec, problem: Problem): void {
    const { catalog, clock } = this.#deps
    const at = clock.now()
    const details = (problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
    const message = [problem.message, ...details].join('; ')
    const before = this.#refusals.get(record.id) ?? new Map<string, Refusal>()
    this.#refusals.set(record.id, new Map([...before, [trigger.name, { trigger: trigger.name, at, message }]]))
    const actor: Actor = { kind: 'trigger', name: trigger.name }
    this.#write(catalog.audit({ at, actor, action: 'start-refused', target: record.id, detail: message }))
  }

  /** Notes the mark now, and every minute from now on. */
  #note(): void {
    const { clock, lastNumber, settings } = this.#deps
    const marks = [...this.#underWay]
    const mark: Mark = {
      at: Math.min(this.#scheduler.handled(), ...marks.map(({ at }) => at - 1)),
      number: Math.min(lastNumber(), ...marks.map(({ number }) => number - 1)),
    }
    this.#write(settings.putSetting(MARK, JSON.stringify(mark)))
    this.#stopMark = clock.at(clock.now() + MARK_EVERY_MS, () => this.#note())
  }

  /** What a full disk keeps from being noted is not missed: the mark of before is right, too. */
  #write(writing: Promise<void>): void {
    writing.catch((error: unknown) => {
      if (!(error instanceof StoreError)) this.#deps.onDefect(error)
    })
  }

  async #stored(): Promise<Mark | undefined> {
    const text = await this.#deps.settings.setting(MARK)
    return text === undefined ? undefined : (JSON.parse(text) as Mark)
  }
}

/** Values of the run that ended, by the names that the trigger gives them. What it does not have is left out. */
function passedOn(
  trigger: Listener<'upstream'>['trigger'],
  run: Run,
  status: RunStatus,
): Readonly<Record<string, Json>> {
  const values = Object.entries(trigger.params).flatMap(([from, to]): readonly (readonly [string, Json])[] => {
    const value = valueOf(run, from, status)
    if (value === undefined || value === null) return []
    // As text every param takes them that takes them at all.
    return [[to, typeof value === 'number' || typeof value === 'boolean' ? String(value) : value]]
  })
  return Object.fromEntries(values)
}

function valueOf(run: Run, name: string, status: RunStatus): Json | undefined {
  if (Object.hasOwn(run.params, name)) return run.params[name]
  if (name === 'run.id') return run.id
  if (name === 'run.number') return run.number
  if (name === 'run.status') return status
  const dot = name.indexOf('.')
  const task = name.slice(0, dot)
  const index = dot > 0 && Object.hasOwn(run.plan.index, task) ? run.plan.index[task] : undefined
  if (index === undefined || run.plan.nodes[index]?.kind !== 'task') return undefined
  const { outputs } = taskAt(run, index)
  const output = name.slice(dot + 1)
  return Object.hasOwn(outputs, output) ? outputs[output] : undefined
}
