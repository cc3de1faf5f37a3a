import { stageAt, stagePlan, type Run } from '../../engine/run.ts'
import type { OperatorCommand } from '../../model/command.ts'
import { isAwaited, type Triggers, type TriggerSpec } from '../../model/definition.ts'
import type { Actor, Cause } from '../../model/event.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import type { Plan } from '../../model/plan.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { RunStatus } from '../../model/status.ts'
import type { PipelineRecord, RunCommit, RunLog } from '../../store/store.ts'
import type { Ignored, WebhookCall } from '../app.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { ChangeStarts } from './change-starts.ts'
import type { Clock } from '../clock.ts'
import type { LiveRuns } from '../runs/live.ts'
import { problemOf } from '../runs/run-problems.ts'
import { isOpen, stageWebhook } from './stage-triggers.ts'
import { unlessFull } from '../store-problems.ts'
import type { TriggerIndex } from './trigger-index.ts'
import { Turns } from '../turns.ts'
import { deliveryOf, secretsOf, signatureProblem } from './webhook-secret.ts'

type Given = Readonly<Record<string, string>>
type Idempotency = RunCommit['idempotency']

/** `stage`: the place in the plan of the stage whose trigger it was; null: the run's own. */
interface FiredRun {
  readonly run: Run
  readonly stage: number | null
}

/** A run that a trigger makes. */
interface WaitingRun {
  readonly params: Readonly<Record<string, Json>>
  readonly cause: Cause
  readonly actor: Actor
  readonly key: Idempotency
}

interface Dependencies {
  readonly log: Pick<RunLog, 'idempotent' | 'list'>
  readonly live: LiveRuns
  readonly catalog: Pick<CatalogUseCases, 'planOf' | 'recordOf' | 'webhook'>
  readonly index: TriggerIndex
  readonly clock: Clock
  readonly sealKey: Uint8Array
  readonly changes: ChangeStarts
  /** One after the other of a pipeline on all servers; left out: there is only this one. */
  readonly exclusively?: <Value>(name: string, work: () => Promise<Value>) => Promise<Value>
  /** Makes a run that waits for its triggers. */
  readonly create: (record: PipelineRecord, input: WaitingRun) => Promise<Result<Run>>
}

const WAITING_MAX = 100
/** A stage of theirs may still begin. */
const UNDER_WAY: readonly RunStatus[] = ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held']

const ofTheRun = (fired: Result<Run>): Result<FiredRun> =>
  fired.ok ? accept({ run: fired.value, stage: null }) : fired

/**
 * Webhooks and channels fire the triggers of runs that wait for them, or of a new one. What is fired with a key (the
 * name of a webhook's delivery, a publication) fires once, also when the server is killed in between.
 */
export class Firing {
  readonly #deps: Dependencies
  /** Two at once of one pipeline must not make two waiting runs. */
  readonly #turns = new Turns<PipelineId>()
  /** Runs that wait for a channel, by the channel. */
  readonly #waiting = new Map<string, Set<RunId>>()
  /** The channels that a run waits for. */
  readonly #channels = new Map<RunId, readonly string[]>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** After every commit of a run. */
  committed(run: Run): void {
    const before = this.#channels.get(run.id)
    // Most commits are of runs that have long begun.
    if (before === undefined && run.phase !== 'waiting' && run.waiting.length === 0) return
    const now = channelsOf(run)
    if (before === undefined && now.length === 0) return
    for (const channel of before ?? []) {
      const waiting = this.#waiting.get(channel)
      waiting?.delete(run.id)
      if (waiting?.size === 0) this.#waiting.delete(channel)
    }
    for (const channel of now) {
      let waiting = this.#waiting.get(channel)
      if (waiting === undefined) this.#waiting.set(channel, (waiting = new Set<RunId>()))
      waiting.add(run.id)
    }
    if (now.length === 0) this.#channels.delete(run.id)
    else this.#channels.set(run.id, now)
  }

  /** The oldest run that waits for this webhook or, when none does, one that is made for it. */
  async webhook(id: string, params: Given, call: WebhookCall | undefined): Promise<Result<FiredRun | Ignored>> {
    const found = await this.#deps.catalog.webhook(id)
    if (found === undefined) return refuse('not_found', 'there is no such webhook')
    return unlessFull(this.#inTurn(found.record.id, () => this.#webhook(id, params, call)))
  }

  /**
   * Fires every run that waits for the channel, and a new one of each pipeline that listens and has none waiting.
   * @returns the runs that were fired.
   */
  async publish(projectId: ProjectId, channel: string, params: Given, key: string): Promise<Result<readonly Run[]>> {
    const { index, live } = this.#deps
    const waiting = [...(this.#waiting.get(channelKey(projectId, channel)) ?? [])].map((id) => live.peek(id))
    const pipelines = new Set([
      ...index.onChannel(projectId, channel).map(({ record }) => record.id),
      ...waiting.flatMap((run) => (run === undefined ? [] : [run.pipelineId])),
    ])
    const fired: Run[] = []
    for (const pipelineId of pipelines) {
      const work = () => this.#publishTo(pipelineId, { projectId, channel, params, key })
      const runs = await unlessFull(this.#inTurn(pipelineId, work))
      if (!runs.ok) return runs
      fired.push(...runs.value)
    }
    return accept(fired)
  }

  #inTurn<Value>(id: PipelineId, work: () => Promise<Value>): Promise<Value> {
    const { exclusively } = this.#deps
    return this.#turns.take(id, () => (exclusively === undefined ? work() : exclusively(`firing ${id}`, work)))
  }

  /** Within the turn of the pipeline, so it is looked up again: it may have been changed meanwhile. */
  async #webhook(id: string, params: Given, call: WebhookCall | undefined): Promise<Result<FiredRun | Ignored>> {
    const { catalog, clock, sealKey } = this.#deps
    const found = await catalog.webhook(id)
    const plan = found === undefined ? undefined : await catalog.planOf(found.record.id, found.record.version)
    const ofRun = plan?.definition.triggers?.list.find(({ name }) => name === found?.name)
    const spec = ofRun ?? (plan === undefined ? undefined : stageWebhook(plan, found?.name ?? '')?.spec)
    if (found !== undefined && plan !== undefined && spec?.kind === 'forge') {
      const started = await this.#deps.changes.start(found.record, plan, spec, id, call)
      return started.ok && !('ignored' in started.value)
        ? ofTheRun(accept(started.value))
        : (started as Result<Ignored>)
    }
    if (found === undefined || spec?.kind !== 'webhook') return refuse('not_found', 'there is no such webhook')
    const generation = spec.secret ?? null
    if (generation !== null) {
      const secrets = secretsOf(sealKey, found.record.projectId, id, generation)
      const problem = signatureProblem(call, secrets, clock.now())
      if (problem !== undefined) return refuse('unauthenticated', problem)
    }
    const delivery = deliveryOf(call)
    const key = delivery === undefined ? undefined : `webhook:${id}:${delivery}`
    const { record, name } = found
    if (ofRun === undefined) return this.#fireStage(record, name, params, key)
    const repeated = await this.#repeated(key, spec, params)
    if (repeated !== undefined) return ofTheRun(repeated)
    const waiting = await this.#oldestWaiting(record, spec.name)
    const fired = await (waiting === undefined
      ? this.#fireNew(record, spec, params, key)
      : this.#fire(waiting, placeOf(waiting.plan, spec), params, this.#taken(key)))
    return ofTheRun(fired)
  }

  /** The oldest run whose stage waits for it, or will. No run is made for a stage. */
  async #fireStage(
    record: PipelineRecord,
    name: string,
    params: Given,
    key: string | undefined,
  ): Promise<Result<FiredRun>> {
    const { clock, live, log } = this.#deps
    const made = key === undefined ? undefined : await log.idempotent(key, clock.now())
    const delivered = made === undefined ? undefined : await live.get(made.runId)
    const before = delivered === undefined ? undefined : stageWebhook(delivered.plan, name)
    if (delivered !== undefined && before !== undefined) return accept({ run: delivered, stage: before.stage })
    const rows = await log.list({ pipelineId: record.id, statuses: UNDER_WAY }, null, WAITING_MAX)
    for (const row of rows.toReversed()) {
      const run = await live.get(row.id)
      const place = run === undefined ? undefined : stageWebhook(run.plan, name)
      if (run === undefined || place === undefined || !isOpen(run, place)) continue
      const fired = await this.#fire(run, place, params, this.#taken(key))
      return fired.ok ? accept({ run: fired.value, stage: place.stage }) : fired
    }
    return refuse('not_allowed', `no run of pipeline ${record.name} has a stage that waits for this webhook`)
  }

  /** Within the turn of the pipeline. */
  async #publishTo(
    pipelineId: PipelineId,
    {
      projectId,
      channel,
      params,
      key: publication,
    }: { projectId: ProjectId; channel: string; params: Given; key: string },
  ): Promise<Result<readonly Run[]>> {
    const { index, live } = this.#deps
    const key = `channel:${publication}:${pipelineId}`
    const made = await this.#deps.log.idempotent(key, this.#deps.clock.now())
    const fired: Run[] = []
    for (const id of Array.from(this.#waiting.get(channelKey(projectId, channel)) ?? [])) {
      const run = live.peek(id)
      if (run?.pipelineId !== pipelineId) continue
      for (const place of awaited(run, channel)) {
        const taken = made === undefined && fired.length === 0 ? this.#taken(key) : null
        const one = await this.#fire(run, place, params, taken)
        if (one.ok) fired.push(one.value)
        else if (one.problem.code === 'unavailable') return one
      }
    }
    if (fired.length > 0) return accept(fired)
    const listener = index.onChannel(projectId, channel).find(({ record }) => record.id === pipelineId)
    if (made !== undefined || listener === undefined) return accept([])
    const { record, trigger } = listener
    const open = await this.#oldestWaiting(record, trigger.name)
    let one = await (open === undefined
      ? this.#fireNew(record, trigger, params, key)
      : this.#fire(open, placeOf(open.plan, trigger), params, this.#taken(key)))
    // A pipeline may listen twice.
    for (const place of one.ok ? awaited(one.value, channel) : []) {
      if (one.ok) one = await this.#fire(one.value, place, params, null)
    }
    return one.ok ? accept([one.value]) : one.problem.code === 'unavailable' ? one : accept([])
  }

  /** What this delivery did when it came first; a server that was killed may have left it half done. */
  async #repeated(key: string | undefined, spec: TriggerSpec, params: Given): Promise<Result<Run> | undefined> {
    const { clock, live, log } = this.#deps
    const made = key === undefined ? undefined : await log.idempotent(key, clock.now())
    const run = made === undefined ? undefined : await live.get(made.runId)
    if (run === undefined) return undefined
    const isHalfDone = run.phase === 'waiting' && run.triggers[triggerOf(run.plan, spec.name)] === null
    return isHalfDone ? this.#fire(run, placeOf(run.plan, spec), params, null) : accept(run)
  }

  /**
   * The oldest run that waits for this trigger or, when none does, the oldest that a webhook made and that waits for
   * others. It may be one of an older version, with its triggers in another order.
   */
  async #oldestWaiting(record: PipelineRecord, name: string): Promise<Run | undefined> {
    const { live, log } = this.#deps
    const rows = await log.list({ pipelineId: record.id, statuses: ['waiting'] }, null, WAITING_MAX)
    let open: Run | undefined
    for (const row of rows.toReversed()) {
      const run = await live.get(row.id)
      const fired = run?.phase === 'waiting' ? run.triggers[triggerOf(run.plan, name)] : undefined
      if (run === undefined || fired === undefined || run.cause.trusted === false) continue
      if (fired === null) return run
      // Fired again before the others: what it gives replaces what it gave, and no second run waits beside the first.
      if (run.cause.kind === 'webhook' || run.cause.kind === 'channel') open ??= run
    }
    return open
  }

  /** A new run that waits for its triggers. What the call gives counts at once: a param may be required. */
  async #fireNew(
    record: PipelineRecord,
    spec: TriggerSpec,
    given: Given,
    key: string | undefined,
  ): Promise<Result<Run>> {
    const params = Object.entries(spec.params).flatMap(([from, to]) => {
      const value = Object.hasOwn(given, from) ? given[from] : undefined
      return value === undefined ? [] : [[to, value] as const]
    })
    const made = await this.#deps.create(record, {
      params: Object.fromEntries(params),
      cause: { kind: spec.kind === 'channel' ? 'channel' : 'webhook', by: spec.name },
      actor: { kind: 'trigger', name: spec.name },
      key: this.#taken(key),
    })
    return made.ok ? this.#fire(made.value, placeOf(made.value.plan, spec), given, null) : made
  }

  async #fire(run: Run, { stage, trigger, spec }: Place, params: Given, key: Idempotency): Promise<Result<Run>> {
    const command: OperatorCommand = { type: 'fire-trigger', stage, trigger, params }
    const outcome = await this.#deps.live.submit(run.id, command, { kind: 'trigger', name: spec.name }, key)
    if (outcome === undefined) return refuse('not_found', `there is no run ${run.id}`)
    return outcome.ok ? accept(outcome.run) : problemOf(outcome.rejection)
  }

  #taken(key: string | undefined): Idempotency {
    return key === undefined ? null : { key, fingerprint: '', at: this.#deps.clock.now() }
  }
}

const channelKey = (projectId: ProjectId, channel: string): string => `${projectId} ${channel}`

/** A trigger of a run, or of one of its stages. */
interface Place {
  /** null: the run's own. */
  readonly stage: number | null
  readonly trigger: number
  readonly spec: TriggerSpec
}

/** Triggers of the run and its stages that wait for this channel. */
const awaited = (run: Run, channel: string): readonly Place[] =>
  openTriggers(run).filter(({ spec }) => spec.kind === 'channel' && spec.channel === channel)

const channelsOf = (run: Run): readonly string[] =>
  openTriggers(run).flatMap(({ spec }) => (spec.kind === 'channel' ? [channelKey(run.projectId, spec.channel)] : []))

function openTriggers(run: Run): readonly Place[] {
  const { phase, plan, queuedAt, waiting } = run
  // A person decides.
  if (phase === 'waiting' && run.cause.trusted === false) return []
  if (phase === 'waiting') return queuedAt === null ? openOf(null, plan.definition.triggers, run.triggers) : []
  return waiting.flatMap((stage) => openOf(stage, stagePlan(plan, stage).spec.triggers, stageAt(run, stage).triggers))
}

const openOf = (stage: number | null, triggers: Triggers | null, fired: Run['triggers']): readonly Place[] =>
  (triggers?.list ?? []).flatMap((spec, trigger) =>
    isAwaited(spec) && fired[trigger] === null ? [{ stage, trigger, spec }] : [],
  )

/** The run's own trigger of this name. */
const placeOf = (plan: Plan, spec: TriggerSpec): Place => ({ stage: null, trigger: triggerOf(plan, spec.name), spec })

const triggerOf = (plan: Plan, name: string): number =>
  plan.definition.triggers?.list.findIndex((trigger) => trigger.name === name) ?? -1
