import { secretNamesOf } from '../../engine/job.ts'
import type { Creation } from '../../engine/create.ts'
import { resolveParams, systemParams } from '../../engine/params.ts'
import { stagePlan, type Run } from '../../engine/run.ts'
import { runStatus } from '../../engine/status.ts'
import { viewOf } from '../../engine/view.ts'
import type { OperatorCommand } from '../../model/command.ts'
import type { Actor, Cause, ParentRef } from '../../model/event.ts'
import { asId, nodeIndexOf, parseRunId, type PipelineId, type RunId } from '../../model/id.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import { OUTPUTS_MAX_BYTES } from '../../model/limits.ts'
import type { Plan } from '../../model/plan.ts'
import type { Priority } from '../../model/priority.ts'
import { DURATION_MAX_MS, type DurationMs, type Instant } from '../../model/time.ts'
import type { RunSummary, RunView } from '../../model/view.ts'
import type { PipelineRecord, RunCommit, RunFilter, RunLog, RunRef as StoredRef } from '../../store/store.ts'
import type {
  Caller,
  Estimate,
  Explanation,
  Fired,
  Ignored,
  LogSource,
  NodeActionInput,
  NodeRef,
  Page,
  PipelineRef,
  ProjectRef,
  QueuedRun,
  QueueView,
  RerunInput,
  RunActionInput,
  RunListFilter,
  RunRef,
  Runs,
  StartInput,
  TimelineView,
  WebhookCall,
} from '../app.ts'
import type { AutoStart } from '../triggers/auto-starts.ts'
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import { type ConcurrencyGroups, QUEUE_MAX } from './concurrency.ts'
import type { Entropy } from '../entropy.ts'
import { Estimates } from './estimates.ts'
import { explain } from './explain.ts'
import type { Firing } from '../triggers/firing.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Histories } from './history.ts'
import type { LiveRuns } from './live.ts'
import type { LogEnds } from '../logs/log-ends.ts'
import { Lru } from '../lru.ts'
import { lacks, maySee } from '../access/rights.ts'
import { fingerprintOf, problemOf } from './run-problems.ts'
import { holdsSealed } from '../secrets/sealed-text.ts'
import { isStageFired } from '../triggers/stage-triggers.ts'
import { unlessFull } from '../store-problems.ts'
import { readTimeline, seqAt } from './timelines.ts'
import { Turns } from '../turns.ts'

interface Dependencies {
  readonly log: RunLog
  readonly live: LiveRuns
  readonly histories: Histories
  readonly catalog: CatalogUseCases
  readonly concurrency: ConcurrencyGroups
  readonly firing: Firing
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly entropy: Entropy
  /** The stored output of an attempt. */
  readonly openLog: (runId: RunId, node: number, attempt: number, ended: AbortSignal) => Omit<LogSource, 'key'>
  readonly logEnds: LogEnds
}

interface NewRun {
  readonly params: Readonly<Record<string, Json>>
  readonly cause: Cause
  readonly wait: boolean
  readonly actor: Actor
  readonly key: RunCommit['idempotency']
  readonly annotations?: Readonly<Record<string, string>>
  readonly only?: readonly string[]
  readonly exclude?: readonly string[]
  /** The same by place in the plan, instead of both. */
  readonly excluded?: readonly number[]
  readonly parent?: ParentRef
  readonly priority?: Priority
}

const BATCH_MAX = 100
const IDS_MAX = 100_000
const KEY_MAX = 255
const COMMENT_MAX = 4_096
const CHANNEL_MAX = 128
const AUTO_KEY_MS: DurationMs = 30 * 86_400_000

export class RunUseCases implements Runs {
  readonly #deps: Dependencies
  /** By idempotency key: a second start waits for the first. */
  readonly #starts = new Turns<string>()
  readonly #ids = new Lru<string, RunId>(IDS_MAX)
  readonly #estimates: Estimates

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#estimates = new Estimates(deps.log, (id) => deps.live.get(id))
  }

  async start(caller: Caller, input: StartInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', 'start a run')
    if (denied !== undefined) return denied
    const record = await this.#deps.catalog.record(caller, input.pipeline)
    if (!record.ok) return record
    const wait = input.wait ?? false
    const cause = input.cause ?? { kind: 'manual', by: caller.user.name }
    const actor = userActor(caller)
    const create = (key: RunCommit['idempotency']) => this.#create(record.value, { ...input, cause, wait, actor, key })
    const { params, annotations = {}, only = null, exclude = [] } = input
    // A request that does not name it is the same as one of before it could.
    const urgency = input.priority === undefined ? undefined : { priority: input.priority }
    const request = { pipeline: record.value.id, params, wait, annotations, only, exclude, ...urgency }
    return this.#viewed(await this.#keyed(caller, input.idempotencyKey, request, create))
  }

  async rerun(caller: Caller, ref: RunRef, input: RerunInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', 'start a run')
    if (denied !== undefined) return denied
    const found = await this.#run(caller, ref)
    if (!found.ok) return found
    const { id, pipelineId, version, plan, params: given, annotations, cause, priority } = found.value
    const { kind: _kind, by: _by, due: _due, origin: _origin, ...ofChange } = cause
    const record = await this.#deps.catalog.record(caller, { id: pipelineId })
    if (!record.ok) return record
    const own = plan.definition.params.flatMap(({ name }) => {
      const value = given[name] ?? null
      return value === null ? [] : [[name, value] as const]
    })
    const { only, exclude } = input
    const run: Omit<NewRun, 'key'> = {
      params: { ...Object.fromEntries(own), ...input.params },
      annotations: { ...ofTheFirst(annotations), ...input.annotations },
      cause: { ...ofChange, kind: 'manual', by: caller.user.name, origin: { as: 'rerun', runId: id, depth: 0 } },
      // What nobody knew is not known better now.
      wait: cause.trusted === false,
      priority: input.priority ?? priority,
      actor: userActor(caller),
      ...(only === undefined && exclude === undefined
        ? { excluded: excludedIn(found.value) }
        : { ...(only === undefined ? {} : { only }), ...(exclude === undefined ? {} : { exclude }) }),
    }
    const urgency = input.priority === undefined ? undefined : { priority: input.priority }
    const left = { only: only ?? null, exclude: exclude ?? null, ...urgency }
    const request = { rerun: id, params: run.params, annotations: input.annotations ?? {}, ...left }
    const create = (key: RunCommit['idempotency']) => this.#create({ ...record.value, version }, { ...run, key })
    return this.#viewed(await this.#keyed(caller, input.idempotencyKey, request, create))
  }

  /** What a schedule or the end of another run does. */
  async startBy(pipelineId: PipelineId, { key, ...input }: AutoStart): Promise<Result<Run>> {
    const record = await this.#deps.catalog.recordOf(pipelineId)
    if (record === undefined || record.deletedAt !== null) return refuse('not_found', 'the pipeline is deleted')
    // Kept for longer than those of clients: a server may be down for as long.
    const kept = (taken: RunCommit['idempotency']) => (taken === null ? null : { ...taken, standsMs: AUTO_KEY_MS })
    return this.#starts.take(key, () =>
      this.#once({ key, fingerprint: '' }, (taken) =>
        this.#create(
          { ...record, version: input.version ?? record.version },
          { ...input, wait: input.wait ?? false, key: kept(taken) },
        ),
      ),
    )
  }

  async get(caller: Caller, ref: RunRef): Promise<Result<RunView>> {
    const found = await this.#run(caller, ref)
    return found.ok ? accept(await this.#view(found.value)) : found
  }

  async batch(caller: Caller, refs: readonly RunRef[]): Promise<Result<readonly RunView[]>> {
    if (refs.length > BATCH_MAX)
      return refuse('invalid_request', `expected at most ${BATCH_MAX} runs, found ${refs.length}`)
    const found = await Promise.all(refs.map((ref) => this.get(caller, ref)))
    return accept(found.flatMap((one) => (one.ok ? [one.value] : [])))
  }

  async list(
    caller: Caller,
    filter: RunListFilter,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<RunSummary>>> {
    const selected = await this.#filter(caller, filter)
    if (!selected.ok) return selected
    const rows = await this.#deps.log.list(selected.value, page.before, page.limit + 1)
    const items = rows.slice(0, page.limit)
    return accept({ items, next: rows.length > page.limit ? (items.at(-1)?.serial ?? null) : null })
  }

  async count(caller: Caller, filter: RunListFilter): Promise<Result<number>> {
    const selected = await this.#filter(caller, filter)
    return selected.ok ? accept(await this.#deps.log.count(selected.value)) : selected
  }

  async act(caller: Caller, ref: RunRef, input: RunActionInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', `${input.action} a run`)
    if (denied !== undefined) return denied
    const found = await this.#run(caller, ref)
    if (!found.ok) return found
    const command: OperatorCommand =
      input.action === 'cancel'
        ? {
            type: 'cancel',
            reason: cut(input.reason) ?? `cancelled by ${caller.user.name}`,
            mode: input.force === true ? 'force' : (input.mode ?? 'stop'),
          }
        : input.action === 'modify'
          ? { type: 'modify', params: input.params }
          : { type: input.action }
    return this.#submit(found.value.id, command, userActor(caller))
  }

  async actOnNode(caller: Caller, ref: RunRef, node: NodeRef, input: NodeActionInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', `${input.action} a node`)
    if (denied !== undefined) return denied
    const found = await this.#node(caller, ref, node)
    if (!found.ok) return found
    if (input.as !== undefined && input.as !== caller.user.name && caller.role !== 'admin') {
      return refuse(
        'forbidden',
        `${caller.user.name} may not decide as ${input.as}: it takes the role admin, found ${caller.role}`,
      )
    }
    const wrong = inputProblem(input)
    if (wrong !== undefined) return refuse('invalid_request', wrong)
    const { run, index } = found.value
    return (
      inputsDenied(caller, run, index, input) ??
      this.#submit(run.id, nodeCommand(input, index, caller.user.name), userActor(caller))
    )
  }

  async fireWebhook(id: string, params: Readonly<Record<string, string>>, call?: WebhookCall): Promise<Result<Fired>> {
    const fired = await this.#deps.firing.webhook(id, params, call)
    if (!fired.ok) return fired
    if ('ignored' in fired.value) return refuse('not_allowed', fired.value.ignored)
    return accept(await this.#fired(fired.value.run, fired.value.stage))
  }

  async deliver(
    id: string,
    params: Readonly<Record<string, string>>,
    call: WebhookCall,
  ): Promise<Result<Fired | Ignored>> {
    const fired = await this.#deps.firing.webhook(id, params, call)
    if (!fired.ok) return fired
    return accept('ignored' in fired.value ? fired.value : await this.#fired(fired.value.run, fired.value.stage))
  }

  async publish(
    caller: Caller,
    input: {
      readonly project: ProjectRef
      readonly channel: string
      readonly params: Readonly<Record<string, string>>
      readonly idempotencyKey?: string
    },
  ): Promise<Result<readonly Fired[]>> {
    const denied = lacks(caller, 'operator', 'publish to a channel')
    if (denied !== undefined) return denied
    const project = await this.#deps.catalog.projects.get(caller, input.project)
    if (!project.ok) return project
    const { channel, idempotencyKey, params } = input
    if (channel === '' || channel.length > CHANNEL_MAX) {
      return refuse('invalid_request', `expected a channel of 1 to ${CHANNEL_MAX} characters, found ${channel.length}`)
    }
    if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > KEY_MAX)) {
      return refuse('invalid_request', `expected an idempotency key of 1 to ${KEY_MAX} characters`)
    }
    const { clock, entropy, firing } = this.#deps
    const key = `${caller.user.id}:${idempotencyKey ?? entropy.id(clock.now())}`
    const fired = await firing.publish(project.value.id, channel, params, key)
    return fired.ok ? accept(await Promise.all(fired.value.map((run) => this.#fired(run)))) : fired
  }

  /** A run that waits for its triggers. */
  createWaiting(record: PipelineRecord, input: Omit<NewRun, 'wait'>): Promise<Result<Run>> {
    return this.#create(record, { ...input, wait: true })
  }

  async #fired(run: Run, stage: number | null = null): Promise<Fired> {
    const view = await this.#view(run)
    // A run that has begun waits again when its first stage has triggers of its own.
    if (stage === null) return { run: view, stage: null, started: view.status !== 'waiting' || view.startedAt !== null }
    return { run: view, stage: stagePlan(run.plan, stage).spec.key, started: isStageFired(run, stage) }
  }

  async explain(caller: Caller, ref: RunRef): Promise<Result<readonly Explanation[]>> {
    const found = await this.#run(caller, ref)
    if (!found.ok) return found
    const record = await this.#deps.catalog.recordOf(found.value.pipelineId)
    const { clock, concurrency, dispatcher } = this.#deps
    const runners = {
      now: clock.now(),
      standing: dispatcher.standings(found.value),
      silence: (name: string) => dispatcher.silence(name),
    }
    return accept(explain(found.value, record?.webhooks ?? [], runners, concurrency.turn(found.value.id)))
  }

  async queue(caller: Caller, ref: PipelineRef): Promise<Result<QueueView>> {
    const { catalog, concurrency, live } = this.#deps
    const record = await catalog.record(caller, ref)
    if (!record.ok) return record
    const { definition } = await catalog.planOf(record.value.id, record.value.version)
    const { running, queue, queued } = concurrency.group(record.value, definition)
    const known = (id: RunId): readonly Run[] => {
      const run = live.peek(id)
      return run === undefined ? [] : [run]
    }
    return accept({
      concurrency: definition.concurrency ?? null,
      running: running.slice(0, QUEUE_MAX).flatMap(known).map(queuedRun),
      runningCount: running.length,
      queue: queue.flatMap(({ id, since }, place) =>
        known(id).map((run) => ({ ...queuedRun(run), position: place + 1, since })),
      ),
      queuedCount: queued,
    })
  }

  async events(caller: Caller, ref: RunRef, afterSeq: number, limit: number) {
    const found = await this.#run(caller, ref)
    return found.ok ? accept(await this.#deps.log.events(found.value.id, afterSeq, limit)) : found
  }

  async asOf(caller: Caller, ref: RunRef, moment: number | { readonly at: Instant }): Promise<Result<RunView>> {
    const found = await this.#run(caller, ref)
    if (!found.ok) return found
    const seq = typeof moment === 'number' ? moment : await seqAt(this.#deps.log, found.value, moment.at)
    if (typeof moment !== 'number' && seq === 0) {
      return refuse('not_found', `run #${found.value.number} was not there yet`)
    }
    if (!Number.isSafeInteger(seq) || seq < 1 || seq > found.value.seq) {
      return refuse(
        'invalid_request',
        `run #${found.value.number} has the events 1 to ${found.value.seq}, found ${seq}`,
      )
    }
    const run = await this.#deps.live.fromLog(found.value.id, seq)
    return run === undefined ? refuse('not_found', `there is no run ${found.value.id}`) : accept(await this.#view(run))
  }

  async timeline(caller: Caller, ref: RunRef): Promise<Result<TimelineView>> {
    const found = await this.#run(caller, ref)
    return found.ok ? accept(await readTimeline(this.#deps.log, found.value, this.#deps.clock.now())) : found
  }

  async estimate(caller: Caller, ref: RunRef): Promise<Result<Estimate>> {
    const found = await this.#run(caller, ref)
    return found.ok ? accept(await this.#estimates.of(found.value, this.#deps.clock.now())) : found
  }

  async log(caller: Caller, ref: RunRef, node: NodeRef, attempt: number | null): Promise<Result<LogSource>> {
    const found = await this.#node(caller, ref, node)
    if (!found.ok) return found
    const { run, index } = found.value
    const state = run.nodes.at(index)
    if (state.kind === 'stage')
      return refuse(
        'not_found',
        `stage ${run.plan.nodes[index]?.spec.key ?? index} has no log of its own: its tasks have`,
      )
    const wanted = attempt ?? Math.max(1, state.attempt)
    if (wanted < 1 || wanted > Math.max(1, state.attempt)) {
      return refuse(
        'not_found',
        `task ${run.plan.nodes[index]?.spec.key ?? index} has ${state.attempt} attempts, found ${wanted}`,
      )
    }
    // As it is by now: an end between the look and this line would be told to nobody.
    const now = this.#deps.live.peek(run.id) ?? run
    const log = this.#deps.openLog(run.id, index, wanted, this.#deps.logEnds.signal(now, index, wanted))
    return accept({ ...log, key: `${run.id}/${index}/${wanted}` })
  }

  /** Within the turn of the client's key, when it gave one. */
  async #keyed(
    caller: Caller,
    given: string | undefined,
    request: JsonObject,
    create: (key: RunCommit['idempotency']) => Promise<Result<Run>>,
  ): Promise<Result<Run>> {
    if (given === undefined) return create(null)
    if (given === '' || given.length > KEY_MAX) {
      return refuse(
        'invalid_request',
        `expected an idempotency key of 1 to ${KEY_MAX} characters, found ${given.length}`,
      )
    }
    const key = `${caller.user.id}:${given}`
    return this.#starts.take(key, () => this.#once({ key, fingerprint: fingerprintOf(request) }, create))
  }

  #create(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    return unlessFull(this.#createInPlace(record, input))
  }

  /** With a place among the runs of a pipeline that takes only so many at once. */
  async #createInPlace(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    if (input.wait) return this.#createOnDisk(record, input)
    const plan = await this.#deps.catalog.planOf(record.id, record.version)
    const claim = this.#deps.concurrency.claim(record, plan.definition)
    if (!claim.ok) return claim
    try {
      return await this.#createOnDisk(record, input)
    } finally {
      claim.value()
    }
  }

  async #createOnDisk(record: PipelineRecord, input: NewRun): Promise<Result<Run>> {
    const { catalog, clock, entropy, live, log } = this.#deps
    const plan = await catalog.planOf(record.id, record.version)
    const at = clock.now()
    const subMs = Math.floor(entropy.draw() * 10)
    const system = (number: number): JsonObject => systemParams({ at, number, subMs })
    // Checked before a number is taken: a refused start leaves no gap in the numbers.
    const checked = resolveParams(plan.definition, input.params, system(0))
    if (!checked.ok) {
      return refuse('invalid_request', `the params of pipeline ${record.name} were not accepted`, {
        errors: checked.errors,
      })
    }
    const excluded =
      input.excluded === undefined ? excludedOf(plan, input.only, input.exclude ?? []) : accept(input.excluded)
    if (!excluded.ok) return excluded
    const annotated = annotationsProblem(input.annotations ?? {})
    if (annotated !== undefined) return refuse('invalid_request', annotated)
    const { number, serial } = await log.reserve(record.id)
    const creation: Creation = {
      id: asId<RunId>(entropy.id(at)),
      plan,
      created: {
        type: 'RunCreated',
        projectId: record.projectId,
        pipelineId: record.id,
        version: record.version,
        number,
        serial,
        name: record.name,
        cause: input.cause,
        params: { ...checked.params, ...system(number) },
        ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
        ...(input.parent === undefined ? {} : { parent: input.parent }),
        ...(input.priority === undefined ? {} : { priority: input.priority }),
        ...(excluded.value.length === 0 ? {} : { excluded: excluded.value }),
      },
      actor: input.actor,
      at,
      start: !input.wait,
      entropy: () => entropy.draw(),
    }
    return accept(await live.create(creation, input.key))
  }

  /** Within the turn of the key. */
  async #once(
    key: { readonly key: string; readonly fingerprint: string },
    create: (key: RunCommit['idempotency']) => Promise<Result<Run>>,
  ): Promise<Result<Run>> {
    const now = this.#deps.clock.now()
    const made = await this.#deps.log.idempotent(key.key, now)
    if (made === undefined) return create({ ...key, at: now })
    if (made.fingerprint !== key.fingerprint) {
      return refuse('idempotency_reused', 'this idempotency key was used with another request')
    }
    const run = await this.#deps.live.get(made.runId)
    return run === undefined ? refuse('not_found', `there is no run ${made.runId}`) : accept(run)
  }

  #submit(id: RunId, command: OperatorCommand, actor: Actor): Promise<Result<RunView>> {
    return unlessFull(this.#submitOnDisk(id, command, actor))
  }

  async #submitOnDisk(id: RunId, command: OperatorCommand, actor: Actor): Promise<Result<RunView>> {
    const outcome = await this.#deps.live.submit(id, command, actor)
    if (outcome === undefined) return refuse('not_found', `there is no run ${id}`)
    return outcome.ok ? accept(await this.#view(outcome.run)) : problemOf(outcome.rejection)
  }

  async #viewed(run: Result<Run>): Promise<Result<RunView>> {
    return run.ok ? accept(await this.#view(run.value)) : run
  }

  viewOf(run: Run): Promise<RunView> {
    return this.#view(run)
  }

  async #view(run: Run): Promise<RunView> {
    const { catalog } = this.#deps
    const record = await catalog.recordOf(run.pipelineId)
    if (record === undefined) throw new Error(`pipeline ${run.pipelineId} of run ${run.id} is not there`)
    const { id, serial, name, createdAt, createdBy, updatedAt, webhooks } = record
    const pipeline = { id, serial, name, version: run.version, createdAt, createdBy, updatedAt, webhooks }
    return viewOf(run, catalog.projectOf(run.projectId), pipeline)
  }

  async #run(caller: Caller, ref: RunRef): Promise<Result<Run>> {
    const id = await this.#runId(caller, ref)
    if (!id.ok) return id
    const run = id.value === undefined ? undefined : await this.#deps.live.get(id.value)
    if (run === undefined || !maySee(caller, run.projectId))
      return refuse('not_found', `there is no run ${runName(ref)}`)
    return accept(run)
  }

  async #runId(caller: Caller, ref: RunRef): Promise<Result<RunId | undefined>> {
    if ('id' in ref) return accept(parseRunId(ref.id))
    if ('serial' in ref) return accept(await this.#named({ by: 'serial', serial: ref.serial }, ref.serial))
    const record = await this.#deps.catalog.record(caller, ref.pipeline)
    if (!record.ok) return record
    const pipelineId = record.value.id
    if ('latest' in ref) return accept((await this.#deps.histories.of(pipelineId)).latestRun?.id)
    return accept(await this.#named({ by: 'number', pipelineId, number: ref.number }, ref.number))
  }

  /** A number or serial never comes to mean another run, so it is looked up once. */
  async #named(ref: Extract<StoredRef, { by: 'serial' | 'number' }>, integer: number): Promise<RunId | undefined> {
    if (!Number.isSafeInteger(integer)) return undefined
    const key = ref.by === 'serial' ? `${integer}` : `${ref.pipelineId}/${integer}`
    const kept = this.#ids.get(key)
    if (kept !== undefined) return kept
    const found = await this.#deps.log.summary(ref)
    if (found !== undefined) this.#ids.set(key, found.id)
    return found?.id
  }

  async #node(
    caller: Caller,
    ref: RunRef,
    node: NodeRef,
  ): Promise<Result<{ readonly run: Run; readonly index: number }>> {
    const found = await this.#run(caller, ref)
    if (!found.ok) return found
    const index = indexOf(found.value, node)
    if (index === undefined)
      return refuse('not_found', `run ${found.value.name} #${found.value.number} has no node ${nodeName(node)}`)
    return accept({ run: found.value, index })
  }

  async #filter(caller: Caller, filter: RunListFilter): Promise<Result<RunFilter>> {
    const { project, pipeline, ...rest } = filter
    const scope = this.#deps.catalog.scope(caller, project)
    if (!scope.ok) return scope
    const record = pipeline === undefined ? undefined : await this.#deps.catalog.record(caller, pipeline)
    if (record !== undefined && !record.ok) return record
    return accept({
      ...rest,
      ...(scope.value === undefined ? undefined : { projectIds: scope.value }),
      ...(record === undefined ? undefined : { pipelineId: record.value.id }),
    })
  }
}

const ANNOTATIONS_MAX = 50
const ANNOTATIONS_MAX_BYTES = 65_536

function annotationsProblem(annotations: Readonly<Record<string, string>>): string | undefined {
  const count = Object.keys(annotations).length
  if (count > ANNOTATIONS_MAX) return `expected at most ${ANNOTATIONS_MAX} annotations, found ${count}`
  const bytes = Buffer.byteLength(JSON.stringify(annotations))
  return bytes > ANNOTATIONS_MAX_BYTES
    ? `expected annotations of at most ${ANNOTATIONS_MAX_BYTES} bytes in all, found ${bytes}`
    : undefined
}

/** A caller of a vendor's wire is told of the run that it asked for, not of those that others make of it. */
const ofTheFirst = (annotations: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(annotations).filter(([name]) => !/\/callback_(?:url|version)$/.test(name)))

const queuedRun = (run: Run): QueuedRun => ({
  id: run.id,
  number: run.number,
  pipelineId: run.pipelineId,
  pipelineName: run.name,
  status: runStatus(run),
  priority: run.priority,
})

const userActor = (caller: Caller): Actor => ({ kind: 'user', name: caller.user.name })

const cut = (text: string | undefined): string | undefined => text?.slice(0, COMMENT_MAX)

function nodeCommand(input: NodeActionInput, node: number, user: string): OperatorCommand {
  const comment = cut(input.comment) ?? ''
  const by = input.as ?? user
  const reason = (otherwise: string): string => (comment === '' ? `${otherwise} by ${user}` : comment)
  switch (input.action) {
    case 'retry':
      return { type: 'retry-node', node, inputs: input.inputs ?? null }
    case 'skip':
      return { type: 'skip-node', node, reason: reason('skipped') }
    case 'approve':
      return { type: 'approve', node, by, comment }
    case 'reject':
      return { type: 'reject', node, by, comment }
    case 'pause':
      return { type: 'pause-node', node }
    case 'resume':
      return { type: 'resume-node', node }
    case 'fail':
      return { type: 'fail-node', node, by, reason: comment }
    case 'callback': {
      const { version = null, succeeded = true, outputs = {} } = input
      return { type: 'callback', node, version, succeeded, outputs, reason: reason('called back as failed') }
    }
    case 'choose':
      return { type: 'choose', node, edges: input.edges, reason: reason('chosen') }
    case 'rollback':
      return { type: 'rollback', node }
    case 'delay':
      return { type: 'delay-node', node, byMs: input.byMs }
    case 'expire':
      return { type: 'expire-node', node }
  }
}

/** Other inputs are another script: with them, who may only start and steer a task could read the secrets it is given. */
function inputsDenied(caller: Caller, run: Run, index: number, input: NodeActionInput) {
  const node = run.plan.nodes[index]
  if (input.action !== 'retry' || input.inputs === undefined || node?.kind !== 'task') return undefined
  const names = secretNamesOf(run, node)
  if (names.length > 0) return lacks(caller, 'admin', `give other inputs to a task with secrets (${names.join(', ')})`)
  return holdsSealed([run.plan.definition, run.params, input.inputs])
    ? lacks(caller, 'admin', 'give other inputs to a task of a run with credentials')
    : undefined
}

/** What is wrong with what came with an action; undefined: nothing. */
function inputProblem(input: NodeActionInput): string | undefined {
  switch (input.action) {
    case 'callback': {
      const bytes = Buffer.byteLength(JSON.stringify(input.outputs ?? {}))
      if (holdsSealed(input.outputs)) return 'expected outputs without sealed credentials, found one'
      return bytes > OUTPUTS_MAX_BYTES
        ? `expected outputs of at most ${OUTPUTS_MAX_BYTES} bytes, found ${bytes}`
        : undefined
    }
    case 'retry': {
      const bytes = Buffer.byteLength(JSON.stringify(input.inputs ?? {}))
      return bytes > INPUTS_MAX_BYTES
        ? `expected inputs of at most ${INPUTS_MAX_BYTES} bytes, found ${bytes}`
        : undefined
    }
    case 'delay':
      return Number.isSafeInteger(input.byMs) && input.byMs > 0 && input.byMs <= DURATION_MAX_MS
        ? undefined
        : `expected a delay of 1 to ${DURATION_MAX_MS} ms, found ${input.byMs}`
    case 'choose':
      return input.edges.length <= EDGES_MAX
        ? undefined
        : `expected at most ${EDGES_MAX} edges, found ${input.edges.length}`
    case 'skip':
    case 'approve':
    case 'reject':
    case 'pause':
    case 'resume':
    case 'fail':
    case 'rollback':
    case 'expire':
      return undefined
  }
}

const INPUTS_MAX_BYTES = 262_144
const EDGES_MAX = 1_000

const excludedIn = (run: Run): readonly number[] =>
  run.plan.nodes.flatMap(({ index }) => (run.nodes.at(index).excluded ? [index] : []))

/** What is left out of a run, by place in the plan; or the key that names nothing. */
function excludedOf(
  plan: Plan,
  only: readonly string[] | undefined,
  exclude: readonly string[],
): Result<readonly number[]> {
  const unknown = [...(only ?? []), ...exclude].find((key) => !Object.hasOwn(plan.index, key))
  if (unknown !== undefined)
    return refuse('invalid_request', `the pipeline has no stage or task ${unknown.slice(0, 80)}`)
  const out = new Set<number>()
  for (const key of exclude) out.add(plan.index[key]!)
  if (only !== undefined) for (const index of leftOut(plan, new Set(only))) out.add(index)
  if (isEmptyWithout(plan, out))
    return refuse('invalid_request', 'a run needs a stage or task that is not left out, found none')
  return accept([...out].toSorted((left, right) => left - right))
}

const isEmptyWithout = ({ nodes, stages }: Plan, out: ReadonlySet<number>): boolean =>
  stages.every((index) => {
    const stage = nodes[index]
    return out.has(index) || (stage?.kind === 'stage' && stage.tasks.every((task) => out.has(task)))
  })

/** A stage that is named, or holds a task that is, stays; of the second kind only those tasks. */
function leftOut(plan: Plan, only: ReadonlySet<string>): readonly number[] {
  return plan.stages.flatMap((index) => {
    const stage = plan.nodes[index]
    if (stage?.kind !== 'stage' || only.has(stage.spec.key)) return []
    const others = stage.tasks.filter((task) => {
      const node = plan.nodes[task]
      return node?.kind === 'task' && !only.has(node.spec.key) && (stage.flow === null || node.spec.optional)
    })
    return others.length === stage.tasks.length ? [index] : others
  })
}

function indexOf(run: Run, node: NodeRef): number | undefined {
  const { plan } = run
  if ('index' in node)
    return Number.isSafeInteger(node.index) && plan.nodes[node.index] !== undefined ? node.index : undefined
  if ('key' in node) return Object.hasOwn(plan.index, node.key) ? plan.index[node.key] : undefined
  return nodeIndexOf(run.id, node.id, plan.nodes.length)
}

const nodeName = (node: NodeRef): string => ('id' in node ? node.id : 'key' in node ? node.key : String(node.index))

function runName(ref: RunRef): string {
  if ('id' in ref) return ref.id
  if ('serial' in ref) return String(ref.serial)
  return 'latest' in ref ? 'of this pipeline' : `#${ref.number} of this pipeline`
}
