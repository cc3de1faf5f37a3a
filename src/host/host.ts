import type { Run } from '../engine/run.ts'
import type { Actor, LogEntry } from '../model/event.ts'
import { accept } from '../model/problem.ts'
import { isEnded, RUN_STATUSES } from '../model/status.ts'
import type { Store } from '../store/store.ts'
import { Credentials } from './access/access.ts'
import type { App, ArtifactFile, LogSource } from './app.ts'
import { CatalogUseCases, type Checked } from './catalog/catalog.ts'
import { SideVersions } from './catalog/side-versions.ts'
import { artifactUseCases } from './reports/artifacts.ts'
import { ChangeStarts } from './triggers/change-starts.ts'
import { auditTrail } from './access/audit.ts'
import { InlineWork } from './runs/inline-work.ts'
import type { Clock } from './clock.ts'
import { ConcurrencyGroups } from './runs/concurrency.ts'
import { Dispatcher } from './dispatch/dispatcher.ts'
import type { Runner } from './dispatch/runner.ts'
import { Follower } from './servers/follower.ts'
import { Servers } from './servers/servers.ts'
import { Standby } from './servers/standby.ts'
import { leaseTimes } from './runners/runner-link.ts'
import { documentUseCases } from './documents.ts'
import { Duties } from './duties.ts'
import { Effects } from './effects.ts'
import type { Entropy } from './entropy.ts'
import type { MovableFiles } from './keeping/mover.ts'
import { EventFeed } from './feed/feed.ts'
import { feedUseCases } from './feed/feed-use-cases.ts'
import { findingsUseCases } from './reports/findings.ts'
import { Firing } from './triggers/firing.ts'
import { Histories } from './runs/history.ts'
import { LiveRuns, type Committed } from './runs/live.ts'
import { LogEnds } from './logs/log-ends.ts'
import type { ReportFiles } from './reports/reports.ts'
import { EMBEDDED, RunnerRoster } from './runners/runner-roster.ts'
import { RunnerAttendance } from './runners/attendance.ts'
import { RunnerWireUseCases } from './runners/runner-wire.ts'
import { RunnerUseCases } from './runners/runners.ts'
import { RunStarts } from './runs/run-starts.ts'
import { RunUseCases } from './runs/runs.ts'
import { testUseCases } from './reports/tests.ts'
import { SecretUseCases } from './secrets/secrets.ts'
import { RepositoryDefinitions } from './triggers/repository-definitions.ts'
import { NotificationUseCases } from './notifications/notifications.ts'
import type { Outbound } from './notifications/outbound.ts'
import { Timers } from './runs/timers.ts'
import { TriggerIndex } from './triggers/trigger-index.ts'
import { Uploads, type AttemptFiles } from './runners/uploads.ts'
import { usesRunners, Workspaces } from './runners/workspaces.ts'
import { Recovery, SERVER } from './recovery.ts'
import { Renewal } from './servers/renewal.ts'
import type { RunFiles } from './keeping/retention.ts'
import type { Retention } from '../model/retention.ts'
import type { RunId } from '../model/id.ts'
import { LEASE_MS } from '../model/limits.ts'
import type { DurationMs } from '../model/time.ts'
import type { RunSummary } from '../model/view.ts'

export interface HostOptions {
  readonly store: Store
  readonly clock: Clock
  readonly entropy: Entropy
  /** 32 bytes that seal secrets at rest. */
  readonly sealKey: Uint8Array
  /** What the secrets of webhooks are made of; without it, the seal key. */
  readonly webhookRoot?: Uint8Array
  readonly check: (text: string, file: string) => Checked | Promise<Checked>
  /** Input fields of a step type in which nothing is rendered. */
  readonly verbatim: (uses: string) => readonly string[]
  readonly openLog: (runId: RunId, node: number, attempt: number, ended: AbortSignal) => Omit<LogSource, 'key'>
  /** What attempts have left beside their logs. */
  readonly reports: ReportFiles
  readonly openArtifact: (sha256: string) => Promise<ArtifactFile | undefined>
  /** How others are told of runs; left out: what is to be told waits. */
  readonly outbound?: Outbound
  /** How long runs are kept, and where their files are; left out: for ever. */
  readonly retention?: { readonly policy: Retention; readonly files: RunFiles }
  /** Files that have another place once their run has ended; left out: they stay. */
  readonly movable?: MovableFiles
  /** Where files go that runners on other machines send. */
  readonly attemptFiles: AttemptFiles
  /** How long a runner that is not heard of keeps what it has; without: {@link LEASE_MS}. */
  readonly leaseMs?: DurationMs
  /** Of one log that comes from another machine; without: 1 GiB and a little. */
  readonly logMaxBytes?: number
  /** Name of the server's own runner, where other servers of the same store have theirs; without: `embedded`. */
  readonly embedded?: string
  /** The other servers of the store think that this one is gone: it must end. */
  readonly onGivenUp?: () => void
  readonly onDefect: (error: unknown) => void
}

/** The use cases and the parts that set-up, runners and tests need. */
export interface Host {
  readonly app: App
  readonly credentials: Credentials
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  /** Takes up every run that has not ended, as its log left it. Call it once, before the first runner is added. */
  recover(): Promise<{ readonly runs: number; readonly lostAttempts: number }>
  /** Other servers of the store are told of this server's own runner, before it is added. @throws StoreError */
  announceRunner(runner: Pick<Runner, 'name' | 'labels' | 'slots'>): Promise<void>
  addRunner(runner: Runner): void
  /** Lets runs go that were kept for long enough, now and not in an hour. @returns how many. */
  sweepRuns(): Promise<number>
  /** Lets the files go that an earlier server left of runs that have ended. Call it after the runner is added. */
  sweep(workspaces: readonly RunId[]): Promise<void>
  close(): void
  /** After {@link close}: tells other servers of the store that this one goes. */
  leave(): Promise<void>
  /** Resolves when all that was to be told is told, or waits for a later try: for tests. */
  told(): Promise<void>
}

const TIMER: Actor = { kind: 'timer', name: 'deadline' }
const OPEN = RUN_STATUSES.filter((status) => !isEnded(status))
/** So long the server that has queued an attempt has the first go at it. */
const SOON_MS: DurationMs = 5
/** A server under load may be late to say that it is there. */
const SILENT_MIN_MS: DurationMs = 10_000
/** What a runner is given beyond its lease: its server tells the others only once a second. */
const SILENT_MORE_MS: DurationMs = 3_000
/** A runner ends a task whose log passes 1 GiB, and looks four times a second. */
const REMOTE_LOG_MAX_BYTES = 1024 ** 3 + 512 * 1024 ** 2

/** Puts the host together. It owns no process and no socket: those are given by compose/. */
export async function createHost(options: HostOptions): Promise<Host> {
  const { store, clock, entropy } = options
  const { shared } = store
  const embedded = options.embedded ?? EMBEDDED
  const feed = new EventFeed(store.runs, await store.runs.lastNumber())
  const histories = new Histories(store.runs, (id) => live.isCreating(id))
  const audit = auditTrail({ store, clock, onDefect: options.onDefect })
  const credentials = await Credentials.open({
    audit,
    projectId: async (caller, ref) => {
      const found = await catalog.projects.get(caller, ref)
      return found.ok ? accept(found.value.id) : found
    },
    keys: store.keys,
    clock,
    entropy,
    sealKey: options.sealKey,
    onChange: () => feed.changed(['keys']),
  })
  const index = new TriggerIndex()
  const catalog = await CatalogUseCases.open({
    catalog: store.catalog,
    clock,
    entropy,
    check: options.check,
    history: (id) => histories.of(id),
    openRuns: (pipelineId) => store.runs.count({ pipelineId, statuses: OPEN }),
    onChange: (topics) => feed.changed(topics),
    onPipeline: (record, definition) => {
      index.put(record, definition?.triggers ?? null)
      duties.pipelineChanged(record, definition)
      if (definition === null) secrets.dropPipeline(record.id).catch(options.onDefect)
    },
    audit,
    sealKey: options.webhookRoot ?? options.sealKey,
    refusals: (id) => duties.refusals(id),
  })
  const live = new LiveRuns({
    log: store.runs,
    clock,
    entropy,
    planOf: (id, version) => catalog.planOf(id, version),
    onCommitted: (committed) => onCommitted(committed),
    perform: (run, effect) => effects.perform(run, effect),
    onDefect: options.onDefect,
    ...(shared === undefined ? undefined : { catchUp: () => follower?.catchUp() ?? Promise.resolve() }),
  })
  const follower =
    shared === undefined
      ? undefined
      : new Follower({
          shared,
          now: () => clock.now(),
          last: () => feed.last(),
          passed: (number) => feed.passed(number),
          follow: (...args) => live.follow(...args),
          onDefect: options.onDefect,
        })
  const logEnds = new LogEnds()
  const secrets = await SecretUseCases.open({
    secrets: store.secrets,
    projects: catalog.projects,
    pipelines: catalog,
    clock,
    entropy,
    sealKey: options.sealKey,
    textRoot: options.webhookRoot ?? options.sealKey,
    audit,
    onDefect: options.onDefect,
  })
  const dispatcher = new Dispatcher(
    live,
    options.verbatim,
    (run, request) => secrets.resolve(run, request),
    (work) => void clock.at(clock.now() + SOON_MS, work),
  )
  const workspaces = new Workspaces(
    clock,
    (runId) => dispatcher.clean(runId),
    (runId) => live.peek(runId)?.phase !== 'live',
  )
  const leaseMs = options.leaseMs ?? LEASE_MS
  const { slackMs } = leaseTimes(leaseMs)
  const servers =
    shared === undefined || follower === undefined
      ? undefined
      : new Servers({
          shared,
          clock,
          live,
          follower,
          runners: () => attendance,
          embedded,
          silentMs: Math.max(SILENT_MIN_MS, leaseMs + slackMs + SILENT_MORE_MS),
          changed: (what) => renewal.changed(what),
          renew: () => renewal.all(),
          onDuty: beginDuties,
          offDuty: endDuties,
          onGivenUp: () => options.onGivenUp?.(),
          onDefect: options.onDefect,
        })
  const roster = await RunnerRoster.open({ keys: store.keys, clock, entropy }, embedded)
  const uploads = new Uploads(options.attemptFiles, options.logMaxBytes ?? REMOTE_LOG_MAX_BYTES, options.onDefect)
  const among = servers === undefined ? undefined : { among: servers.among() }
  const attendance: RunnerAttendance = new RunnerAttendance({ ...among, roster, dispatcher, uploads, clock, leaseMs })
  const runnerWire = new RunnerWireUseCases({
    ...among,
    roster,
    attendance,
    dispatcher,
    uploads,
    clock,
    entropy,
    sweep: (ids) => sweep(ids),
    isLive: (id) => live.peek(id)?.phase === 'live',
  })
  const concurrency = new ConcurrencyGroups({
    admit: (id, done) => live.report(id, { type: 'admit' }, SERVER, done),
    cancel: (id, reason) => live.report(id, { type: 'cancel', reason, mode: 'stop' }, SERVER),
  })
  const starts = new RunStarts({ log: store.runs, live, catalog, concurrency, clock, entropy })
  const standby = new Standby(clock, (id) => effects.takeUp(id))
  // Each server a little later than others, so that the first that is too late for another is the only one.
  const behindMs = 1_000 + Math.floor(entropy.draw() * 1_000)
  const timers = new Timers(clock, (runId, node) => live.report(runId, { type: 'check-deadline', node }, TIMER))
  const { check } = options
  const sideVersions = new SideVersions({ check, catalog: store.catalog, documents: store.documents, clock })
  const changes = new ChangeStarts({
    clock,
    sealKey: options.webhookRoot ?? options.sealKey,
    log: store.runs,
    start: (pipelineId, input) => starts.startBy(pipelineId, input),
    run: (id) => live.get(id),
    definitions: new RepositoryDefinitions({
      read: options.outbound?.file,
      sideVersions,
      secret: (...place) => secrets.valueOf(...place),
    }),
  })
  const firing: Firing = new Firing({
    changes,
    log: store.runs,
    live,
    catalog,
    index,
    clock,
    sealKey: options.webhookRoot ?? options.sealKey,
    ...(shared === undefined || follower === undefined
      ? undefined
      : {
          exclusively: (name, work) =>
            shared.exclusively(name, async () => {
              await follower.catchUp()
              return work()
            }),
        }),
    create: (record, input) => starts.createWaiting(record, input),
  })
  const runs = new RunUseCases({
    log: store.runs,
    live,
    histories,
    catalog,
    sideVersions,
    starts,
    concurrency,
    firing,
    dispatcher,
    clock,
    entropy,
    logEnds,
    openLog: options.openLog,
  })

  const inlineWork = new InlineWork({
    live,
    publish: (...args) => firing.publish(...args),
    start: (pipeline, input) => starts.startBy(pipeline.id, input),
    named: (projectId, name) => store.catalog.pipeline({ by: 'name', projectId, name }),
    given: (run, pipeline, params) => secrets.given(run, pipeline, params),
    onDefect: options.onDefect,
  })

  const projectIds = (await store.catalog.projects()).map(({ id }) => id)
  const subscriptions = await NotificationUseCases.open(
    {
      store,
      catalog,
      clock,
      entropy,
      webhookRoot: options.webhookRoot ?? options.sealKey,
      hasMail: (options.outbound?.mail ?? null) !== null,
      wake: () => duties.wake(),
    },
    projectIds,
  )
  const duties: Duties = new Duties({
    store,
    clock,
    entropy,
    index,
    live,
    feed,
    catalog,
    starts,
    runs,
    subscriptions,
    secrets,
    outbound: options.outbound,
    retention: options.retention,
    movable: options.movable,
    onRemoved: removed,
    onDefect: options.onDefect,
  })

  async function beginDuties(): Promise<void> {
    concurrency.open()
    await duties.open([...live.live()])
  }

  function endDuties(): void {
    concurrency.close()
    duties.drop()
  }

  function onCommitted(committed: Committed): void {
    const { run, entries, lastNumber, summaryChanged } = committed
    const { id: runId, pipelineId, projectId } = run
    // First: the stream waits for every number, so nothing that could throw may stand before it.
    feed.publish({ last: lastNumber, projectId, pipelineId, runId, entries })
    histories.committed(committed)
    concurrency.committed(run)
    firing.committed(run)
    if (committed.foreign !== true) inlineWork.committed(run)
    duties.committed(committed)
    if (run.outcome !== null) {
      timers.forget(runId)
      dispatcher.withdraw(runId)
      if (usesRunners(run.plan)) {
        workspaces.ended(runId, run.outcome, run.endedAt ?? run.updatedAt, run.plan.definition.workspace)
      }
    }
    logEnds.changed(run)
    // Pipelines and lists tell of a run's status, not of its every step.
    const topics = summaryChanged
      ? [`run:${runId}`, `pipeline:${pipelineId}`, `project:${projectId}`]
      : [`run:${runId}`]
    feed.changed(topics)
    if (committed.foreign === true) followed(run, entries)
  }

  /** Another server has committed this, and does what follows from it; unless it is gone by then. */
  function followed(run: Run, entries: readonly LogEntry[]): void {
    dispatcher.followed(run, entries)
    if (run.phase === 'waiting' && run.queuedAt !== null) concurrency.enqueue(run)
    if (run.outcome === null) standby.moved(run.id)
    else if (run.parent !== null) standby.moved(run.parent.runId)
  }

  const effects: Effects = new Effects({ live, dispatcher, inlineWork, concurrency, timers, clock, behindMs })
  if (shared === undefined) duties.take()

  const recovery = new Recovery({
    store,
    embedded,
    live,
    effects,
    attendance,
    servers,
    follower,
    standby,
    concurrency,
    firing,
    dispatcher,
    index,
    catalog,
    duties,
    onDefect: options.onDefect,
  })

  async function sweep(ids: readonly RunId[]): Promise<void> {
    const known = new Map((await store.runs.summaries(ids)).map((summary) => [summary.id, summary]))
    for (const id of ids) {
      const summary = known.get(id)
      if (summary === undefined) dispatcher.clean(id)
      else if (summary.endedAt !== null) {
        const { definition } = await catalog.planOf(summary.pipelineId, summary.version)
        workspaces.ended(id, summary.status, summary.endedAt, definition.workspace)
      }
    }
  }

  function removed(gone: readonly Pick<RunSummary, 'id' | 'pipelineId' | 'projectId'>[]): void {
    for (const { id, pipelineId, projectId } of gone) {
      live.forget(id)
      histories.forget(pipelineId)
      workspaces.forget(id)
      dispatcher.clean(id)
      feed.changed([`run:${id}`, `pipeline:${pipelineId}`, `project:${projectId}`])
    }
  }

  const renewal: Renewal = new Renewal({
    store,
    credentials,
    attendance,
    catalog,
    secrets,
    subscriptions,
    index,
    duties,
    feed,
    removed,
  })

  const app: App = {
    access: credentials,
    projects: catalog.projects,
    pipelines: catalog,
    runs,
    notifications: subscriptions,
    documents: documentUseCases({
      documents: store.documents,
      projects: catalog.projects,
      clock,
      onChange: (topics) => feed.changed(topics),
    }),
    findings: findingsUseCases({ runs, files: options.reports }),
    tests: testUseCases({ runs, files: options.reports }),
    artifacts: artifactUseCases({ runs, files: options.reports, open: options.openArtifact }),
    secrets,
    users: credentials,
    audit,
    feed: feedUseCases({ feed, catalog, clock, follower }),
    runners: new RunnerUseCases({ roster, attendance, dispatcher, audit }),
    runnerWire,
    now: () => clock.now(),
    freshId: () => entropy.id(clock.now()),
  }

  /** The others know of it before it gets anything: what is held by nobody they know is lost. */
  async function announceRunner({ name, labels, slots }: Pick<Runner, 'name' | 'labels' | 'slots'>): Promise<void> {
    const facts = { kind: 'embedded', labels, slots, busy: 0, taking: attendance.taking(name) }
    await servers?.claim({ runner: name, facts: JSON.stringify(facts), ageMs: 0, claims: true })
  }

  return {
    app,
    credentials,
    dispatcher,
    live,
    recover: () => recovery.recover(),
    told: () => duties.told(),
    announceRunner,
    addRunner: (runner) => dispatcher.add(runner, attendance.taking(runner.name)),
    sweep,
    sweepRuns: () => duties.sweep(),
    close: () => {
      endDuties()
      attendance.close()
      timers.close()
      workspaces.close()
      standby.close()
    },
    leave: () => servers?.close() ?? Promise.resolve(),
  }
}
