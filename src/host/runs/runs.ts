import { valueOf } from '../../engine/render.ts'
import { type Run, stagePlan } from '../../engine/run.ts'
import { runStatus } from '../../engine/status.ts'
import { viewOf } from '../../engine/view.ts'
import type { OperatorCommand } from '../../model/command.ts'
import type { Actor } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { RunSummary, RunView } from '../../model/view.ts'
import type { PipelineRecord, RunCommit, RunLog } from '../../store/store.ts'
import { lacks } from '../access/rights.ts'
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
import type { CatalogUseCases } from '../catalog/catalog.ts'
import type { SideVersions } from '../catalog/side-versions.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Entropy } from '../entropy.ts'
import type { LogEnds } from '../logs/log-ends.ts'
import { unlessFull } from '../store-problems.ts'
import type { Firing } from '../triggers/firing.ts'
import { isStageFired } from '../triggers/stage-triggers.ts'
import { type ConcurrencyGroups, QUEUE_MAX } from './concurrency.ts'
import { Estimates } from './estimates.ts'
import { explain } from './explain.ts'
import type { Histories } from './history.ts'
import { excludedIn } from './left-out.ts'
import type { LiveRuns } from './live.ts'
import { cut, inputProblem, inputsDenied, nodeCommand } from './node-actions.ts'
import { RunLookup } from './run-lookup.ts'
import { problemOf } from './run-problems.ts'
import { KEY_MAX, type NewRun, type RunStarts } from './run-starts.ts'
import { readTimeline, seqAt, seqOfBegin } from './timelines.ts'

interface Dependencies {
  readonly log: RunLog
  readonly live: LiveRuns
  readonly histories: Histories
  readonly catalog: CatalogUseCases
  readonly sideVersions: SideVersions
  readonly starts: RunStarts
  readonly concurrency: ConcurrencyGroups
  readonly firing: Firing
  readonly dispatcher: Dispatcher
  readonly clock: Clock
  readonly entropy: Entropy
  /** The stored output of an attempt. */
  readonly openLog: (runId: RunId, node: number, attempt: number, ended: AbortSignal) => Omit<LogSource, 'key'>
  readonly logEnds: LogEnds
}

const BATCH_MAX = 100
const CHANNEL_MAX = 128

export class RunUseCases implements Runs {
  readonly #deps: Dependencies
  readonly #lookup: RunLookup
  readonly #estimates: Estimates

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#lookup = new RunLookup(deps)
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
    const create = async (key: RunCommit['idempotency']) => {
      const version = await this.#versionFor(caller, record.value, input)
      if (!version.ok) return version
      return this.#deps.starts.create(
        { ...record.value, version: version.value },
        { ...input, cause, wait, actor, key },
      )
    }
    const { params, annotations = {}, only = null, exclude = [], priority, definition } = input
    // A request that does not name them is the same as one of before it could.
    const more = {
      ...(priority === undefined ? {} : { priority }),
      ...(definition === undefined ? {} : { definition }),
    }
    const request = { pipeline: record.value.id, params, wait, annotations, only, exclude, ...more }
    return this.#viewed(await this.#deps.starts.keyed(caller, input.idempotencyKey, request, create))
  }

  async #versionFor(caller: Caller, record: PipelineRecord, { definition }: StartInput): Promise<Result<number>> {
    if (definition === undefined) return accept(record.version)
    const { catalog, sideVersions } = this.#deps
    const { definition: held } = await catalog.planOf(record.id, record.version)
    const found = { file: 'pipeline.yaml', where: 'the definition of this start', by: caller.user }
    const side = await unlessFull(sideVersions.versionOf(record, held, definition, found))
    return side.ok ? accept(side.value.version) : side
  }

  async rerun(caller: Caller, ref: RunRef, input: RerunInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', 'start a run')
    if (denied !== undefined) return denied
    const found = await this.#lookup.run(caller, ref)
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
    const create = (key: RunCommit['idempotency']) =>
      this.#deps.starts.create({ ...record.value, version }, { ...run, key })
    return this.#viewed(await this.#deps.starts.keyed(caller, input.idempotencyKey, request, create))
  }

  async get(caller: Caller, ref: RunRef): Promise<Result<RunView>> {
    const found = await this.#lookup.run(caller, ref)
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
    const selected = await this.#lookup.filter(caller, filter)
    if (!selected.ok) return selected
    const rows = await this.#deps.log.list(selected.value, page.before, page.limit + 1)
    const items = rows.slice(0, page.limit)
    return accept({ items, next: rows.length > page.limit ? (items.at(-1)?.serial ?? null) : null })
  }

  async count(caller: Caller, filter: RunListFilter): Promise<Result<number>> {
    const selected = await this.#lookup.filter(caller, filter)
    return selected.ok ? accept(await this.#deps.log.count(selected.value)) : selected
  }

  async act(caller: Caller, ref: RunRef, input: RunActionInput): Promise<Result<RunView>> {
    const denied = lacks(caller, 'operator', `${input.action} a run`)
    if (denied !== undefined) return denied
    const found = await this.#lookup.run(caller, ref)
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
    const found = await this.#lookup.node(caller, ref, node)
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
      return refuse(
        'invalid_request',
        `expected an idempotency key of 1 to ${KEY_MAX} characters, found ${idempotencyKey.length}`,
      )
    }
    const { clock, entropy, firing } = this.#deps
    const key = `${caller.user.id}:${idempotencyKey ?? entropy.id(clock.now())}`
    const fired = await firing.publish(project.value.id, channel, params, key)
    return fired.ok ? accept(await Promise.all(fired.value.map((run) => this.#fired(run)))) : fired
  }

  async #fired(run: Run, stage: number | null = null): Promise<Fired> {
    const view = await this.#view(run)
    // A run that has begun waits again when its first stage has triggers of its own.
    if (stage === null) return { run: view, stage: null, started: view.status !== 'waiting' || view.startedAt !== null }
    return { run: view, stage: stagePlan(run.plan, stage).spec.key, started: isStageFired(run, stage) }
  }

  async explain(caller: Caller, ref: RunRef): Promise<Result<readonly Explanation[]>> {
    const found = await this.#lookup.run(caller, ref)
    if (!found.ok) return found
    const record = await this.#deps.catalog.recordOf(found.value.pipelineId)
    const { clock, concurrency, dispatcher } = this.#deps
    const runners = {
      now: clock.now(),
      standing: dispatcher.standings(found.value),
      silence: (name: string) => dispatcher.silence(name),
      isHeldUp: (name: string) => dispatcher.isHeldUp(name),
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
    const found = await this.#lookup.run(caller, ref)
    return found.ok ? accept(await this.#deps.log.events(found.value.id, afterSeq, limit)) : found
  }

  async asOf(caller: Caller, ref: RunRef, moment: number | { readonly at: Instant }): Promise<Result<RunView>> {
    const found = await this.#lookup.run(caller, ref)
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
    const found = await this.#lookup.run(caller, ref)
    return found.ok ? accept(await readTimeline(this.#deps.log, found.value, this.#deps.clock.now())) : found
  }

  async estimate(caller: Caller, ref: RunRef): Promise<Result<Estimate>> {
    const found = await this.#lookup.run(caller, ref)
    return found.ok ? accept(await this.#estimates.of(found.value, this.#deps.clock.now())) : found
  }

  async rendered(caller: Caller, ref: RunRef, node: NodeRef, value: Json, attempt?: number): Promise<Result<Json>> {
    const found = await this.#lookup.node(caller, ref, node)
    if (!found.ok) return found
    const { run, index } = found.value
    if (run.nodes.at(index).kind !== 'task' || !JSON.stringify(value).includes('${')) return accept(value)
    const { log, live } = this.#deps
    const seq = attempt === undefined ? undefined : await seqOfBegin(log, run, index, attempt)
    const then = seq === undefined ? undefined : await live.fromLog(run.id, seq)
    return accept(valueOf(then ?? run, index, value))
  }

  async log(caller: Caller, ref: RunRef, node: NodeRef, attempt: number | null): Promise<Result<LogSource>> {
    const found = await this.#lookup.node(caller, ref, node)
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
        `task ${run.plan.nodes[index]?.spec.key ?? index} has no attempt ${wanted}: expected 1 to ${Math.max(1, state.attempt)}`,
      )
    }
    // As it is by now: an end between the look and this line would be told to nobody.
    const now = this.#deps.live.peek(run.id) ?? run
    const log = this.#deps.openLog(run.id, index, wanted, this.#deps.logEnds.signal(now, index, wanted))
    return accept({ ...log, key: `${run.id}/${index}/${wanted}` })
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
