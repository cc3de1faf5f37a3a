import { existsSync, readdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DefinitionChecker } from './checker/checker.ts'
import { shownSettings } from './config/shown.ts'
import { definitionJsonSchema } from './definition/json-schema.ts'
import { parseDefinition } from './definition/parse-definition.ts'
import { dialects } from './dialects/index.ts'
import { machineUptime, systemClock } from './host/clock.ts'
import { systemEntropy } from './host/entropy.ts'
import { examine, type Examination } from './host/doctor.ts'
import { createHost, type Host } from './host/host.ts'
import { openSealKeys, rotateSealKey, type GivenKeys } from './host/key-file.ts'
import { openArtifact } from './host/artifact-file.ts'
import { sweepArtifacts } from './host/kept-files.ts'
import { openLog } from './host/logs.ts'
import { MovedFiles } from './host/moved-files.ts'
import { measuredStore, measures } from './host/measures.ts'
import type { Logger } from './http/logger.ts'
import { metricsMount } from './http/metrics.ts'
import { mountTable } from './http/mounts.ts'
import { nativeMounts } from './http/native/index.ts'
import { readPageBuild } from './http/page/build.ts'
import { NOT_BUILT, pageOf } from './http/page/page.ts'
import { poster } from './outbound/http.ts'
import { mailer } from './outbound/mail.ts'
import { repositoryReader } from './outbound/repository-file.ts'
import { guard } from './steps/kit/guard.ts'
import { runnerMount } from './http/runner/index.ts'
import { startServer, type RunningServer } from './http/server.ts'
import type { ContainerChoice } from './model/executor.ts'
import { parseRunId, type RunId } from './model/id.ts'
import type { LocatedError, Result } from './model/problem.ts'
import type { DurationMs } from './model/time.ts'
import type { RunView } from './model/view.ts'
import { capabilityLabels, detectExecutors, NO_EXECUTORS, type Executors } from './runner/capabilities.ts'
import { allowedEnvironment } from './runner/environment.ts'
import { startEmbeddedRunner, type EmbeddedRunner } from './runner/embedded.ts'
import { type RunnerPaths, runnerPaths } from './runner/paths.ts'
import { startRemoteRunner, type RemoteRunner } from './runner/remote/remote.ts'
import { listReports, readReport, reportsAmong } from './runner/report-file.ts'
import { removeTree } from './runner/remove-tree.ts'
import { firstStart, refreshQuickstart, type FirstStart } from './samples/first-start.ts'
import { stepSpecs } from './steps/index.ts'
import { outsideLabel, outsideSteps } from './steps/outside.ts'
import type { StepSpec } from './steps/step.ts'
import { openSqliteStore } from './store/sqlite/index.ts'
import { lockDirectory } from './store/sqlite/lock.ts'
import { type Store, StoreError } from './store/store.ts'
import { Metrics } from './telemetry/metrics.ts'

/** What a server is made of; config/ reads it from flags and environment. */
export interface MillraceOptions {
  /** Of Millrace itself. */
  readonly version: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What links begin with; null: `http://host:port`. */
  readonly baseUrl: string | null
  readonly dataDirectory: string
  /** Where runs, pipelines and keys are kept: `postgres://...`; null: in the data directory. */
  readonly databaseUrl?: string | null
  /** Connections at once, and how long a statement may take; only with a database. */
  readonly databasePool?: number
  readonly databaseTimeoutMs?: DurationMs
  /** Who may read `/metrics`; left out: whoever has a token of a user of all projects. */
  readonly metrics?: 'token' | 'open' | 'off'
  /**
   * Where logs, reports and artifacts are: a directory that all servers of one database share; null: in the data
   * directory.
   */
  readonly filesDirectory?: string | null
  /** Where they go when their run has ended: `s3://bucket/prefix?endpoint=...`; null: nowhere. */
  readonly filesStorage?: string | null
  /** Attempts at once. */
  readonly slots: number
  readonly labels: readonly string[]
  readonly zoneOffsetMinutes: number
  /** BlueKing apps that get the answers of its later engine; `*`: all. */
  readonly laterApps?: readonly string[]
  readonly bodyMaxBytes: number
  /** Addresses that `http` steps may reach although they are not public, e.g. `127.0.0.1:9000`; null: none. */
  readonly httpAllow: string | null
  /** PEM file of authorities that the runner's process trusts, too; this process does when it was told to. */
  readonly caFile?: string | null
  /** What `distribute` steps may put files below; null or left out: `distributed` in the data directory. */
  readonly distributeTo?: readonly string[] | null
  /** What runs containers; left out, nothing is tried and there are neither containers nor sandboxes. */
  readonly containers?: ContainerChoice
  /** Directories of the machine that volumes of containers may name. */
  readonly containerPaths?: readonly string[]
  /** Directories of step types of third parties. */
  readonly stepDirectories?: readonly string[]
  /** Most bytes of all caches of tasks together. */
  readonly cacheMaxBytes?: number
  /** How long runs are kept; left out or null: for ever. */
  readonly keepRuns?: number | null
  readonly keepForMs?: number | null
  /** Keys that seal secrets, instead of the one in the data directory. */
  readonly sealKeys?: GivenKeys
  /** `smtp://...` and whom e-mail comes from; without both none is sent. */
  readonly smtp?: string | null
  readonly mailFrom?: string | null
  /** Whether the first start makes the sample project. */
  readonly samples: boolean
  /** How long a runner on another machine keeps what it has while it is not heard of. */
  readonly runnerLeaseMs?: DurationMs
}

export interface Millrace {
  readonly url: string
  readonly dataDirectory: string
  /** What the first start made; null on every later one. */
  readonly firstStart: FirstStart | null
  /** Why browsers see no page; null: they do. */
  readonly pageProblem: string | null
  /** Runs that an earlier server left under way, taken up again. */
  readonly recovered: { readonly runs: number; readonly lostAttempts: number }
  /** Takes no more requests, stops what runs, closes the store. A second call waits for the same end. */
  close(): Promise<void>
}

/** The engine at work on a store and an embedded runner, without HTTP: what `serve` and `run FILE` have in common. */
export interface Works {
  readonly host: Host
  readonly store: Store
  readonly recovered: Millrace['recovered']
  readonly metrics: Metrics
  /** The address that people find it at, for links in what others are told. */
  found(baseUrl: string): void
  close(): Promise<void>
}

const FIRST_START = 'first-start'

/** Where `npm run build:web` leaves the page. */
const PAGE = join(import.meta.dirname, '../dist/web')

/**
 * Opens the data directory, takes up what was under way, and serves.
 * @throws StoreError `conflict` when another server holds the directory; the socket's error when the port is taken.
 */
export async function openMillrace(options: MillraceOptions, logger: Logger): Promise<Millrace> {
  const works = await openWorks(options, logger)
  let server: RunningServer | undefined
  const closeAll = async (): Promise<void> => {
    await server?.close()
    await works.close()
  }
  try {
    const { app } = works.host
    const build = readPageBuild(PAGE)
    const native = nativeMounts({
      version: options.version,
      settings: shownSettings(options),
      pipelineSchema: definitionJsonSchema(stepsOf(options)),
      page: pageOf(build),
    })
    server = await startServer({
      app,
      dialects,
      mounts: (context) => [
        ...native(context),
        runnerMount(context),
        metricsMount(context.app, options.metrics ?? 'token', works.metrics),
      ],
      config: options,
      logger,
    })
    const baseUrl = options.baseUrl ?? server.url
    works.found(baseUrl)
    const first = await alone(works.store, 'first start', () => foundOnce(works, options, baseUrl))
    let closing: Promise<void> | undefined
    return {
      url: baseUrl,
      dataDirectory: resolve(options.dataDirectory),
      firstStart: first,
      pageProblem: build === undefined ? NOT_BUILT : null,
      recovered: works.recovered,
      close: () => (closing ??= closeAll()),
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** @throws StoreError `conflict` when another server holds the directory. */
export async function openWorks(
  options: Pick<
    MillraceOptions,
    | 'dataDirectory'
    | 'databaseUrl'
    | 'databasePool'
    | 'databaseTimeoutMs'
    | 'filesDirectory'
    | 'filesStorage'
    | 'slots'
    | 'labels'
    | 'caFile'
    | 'httpAllow'
    | 'distributeTo'
    | 'containers'
    | 'containerPaths'
    | 'stepDirectories'
    | 'cacheMaxBytes'
    | 'keepRuns'
    | 'keepForMs'
    | 'smtp'
    | 'mailFrom'
    | 'sealKeys'
    | 'runnerLeaseMs'
  > &
    Partial<Pick<MillraceOptions, 'version'>>,
  logger: Logger,
): Promise<Works> {
  let publicUrl: string | null = null
  const steps = stepsOf(options)
  const trial = new AbortController()
  // Containers are tried while the store is opened.
  const trying = foundExecutors(options.containers, trial.signal)
  const dataDirectory = resolve(options.dataDirectory)
  const filesDirectory = resolve(options.filesDirectory ?? options.dataDirectory)
  const paths = runnerPaths(dataDirectory, filesDirectory)
  const logs = join(filesDirectory, 'logs')
  const moved = await movedFiles(options.filesStorage ?? null, logs, paths)
  const sweepDisk = async (): Promise<void> => {
    await sweepArtifacts(logs, paths.artifacts, systemClock.now())
  }
  const onFatal = (error: Error): void => {
    logger.error({ error: error.message }, 'the store died: ending, so that nothing is answered that is not durable')
    process.exit(70)
  }
  // Its own runner is found again by this name after a restart, with the workspaces that it has.
  const embeddedName = options.databaseUrl == null ? 'embedded' : `embedded-${await serverName(dataDirectory)}`
  const serverId = systemEntropy.bytes(4).toString('hex')
  const opened = await openStore(dataDirectory, options, onFatal, serverId)
  await mkdir(filesDirectory, { recursive: true, mode: 0o700 })
  let current: Host | undefined
  const looks = measures(opened, systemClock, dataDirectory, () => current)
  const metrics = new Metrics(options.version ?? '', looks)
  const store = measuredStore(opened, metrics)
  const checker = new DefinitionChecker({ stepDirectories: options.stepDirectories ?? [] })
  let runner: EmbeddedRunner | undefined
  try {
    const host: Host = await createHost({
      store,
      clock: systemClock,
      entropy: systemEntropy,
      ...(await alone(store, 'seal key', () =>
        openSealKeys(store, systemEntropy, filesDirectory, options.sealKeys ?? { key: null, old: null }),
      )),
      check: (text, file) => checker.check(text, file),
      verbatim: (uses) => steps.find(({ type }) => type === uses)?.verbatim ?? [],
      openLog: (runId, node, attempt, ended) => {
        if (runner === undefined) throw new Error('no log is read before the runner is there')
        const log = openLog(runner.logPath({ runId, node, attempt }), attempt, ended)
        return moved?.log(log, runId, node) ?? log
      },
      reports: {
        list: async (runId, kind) => [
          ...(await listReports(paths, runId, kind)),
          ...reportsAmong((await moved?.names(runId)) ?? [], kind),
        ],
        read: async (runId, node, attempt, kind) =>
          (await readReport(paths, { runId, node, attempt }, kind)) ?? moved?.report(runId, node, attempt, kind),
      },
      retention: {
        policy: { runs: options.keepRuns ?? null, forMs: options.keepForMs ?? null },
        files: {
          runs: async () => [...new Set([...runsIn(logs), ...((await moved?.runs()) ?? [])])],
          remove: async (runId) => {
            await removeTree(paths.logs(runId))
            await moved?.remove(runId)
          },
          sweepArtifacts: sweepDisk,
        },
      },
      openArtifact: async (sha256) => (await openArtifact(paths.artifact(sha256))) ?? moved?.artifact(sha256),
      ...(moved === undefined
        ? undefined
        : {
            movable: {
              runs: () => Promise.resolve(runsIn(logs)),
              move: (runId: RunId) => moved.move(runId),
              sweepArtifacts: sweepDisk,
            },
          }),
      outbound: {
        post: poster(guard(options.httpAllow ?? '')),
        mail: options.smtp == null || options.mailFrom == null ? null : mailer(options.smtp, options.mailFrom),
        // A file: address would reach the server's own disk.
        file: repositoryReader(guard(options.httpAllow ?? ''), 'https:http:ssh'),
        runUrl: (id) => (publicUrl === null ? '' : `${publicUrl}/runs/${id}`),
      },
      attemptFiles:
        filesDirectory === dataDirectory ? paths : { ...paths, parts: join(filesDirectory, 'parts', embeddedName) },
      embedded: embeddedName,
      onGivenUp: () => onFatal(new Error('this server was not heard of, and the others have gone on without it')),
      ...(options.runnerLeaseMs === undefined ? undefined : { leaseMs: options.runnerLeaseMs }),
      onDefect: (error) =>
        logger.error({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'a defect'),
    })
    current = host
    // Kills what an earlier server left running, before anything is begun again.
    const embedded = await startEmbeddedRunner({
      dataDirectory,
      filesDirectory,
      name: embeddedName,
      slots: options.slots,
      labels: [...options.labels, ...outsideLabels(options)],
      containerPaths: options.containerPaths ?? [],
      stepDirectories: options.stepDirectories ?? [],
      ...(options.cacheMaxBytes === undefined ? undefined : { cacheMaxBytes: options.cacheMaxBytes }),
      env: {
        ...(options.httpAllow === null ? undefined : { MILLRACE_HTTP_ALLOW: options.httpAllow }),
        ...authorities(options.caFile ?? null),
        MILLRACE_DISTRIBUTE_TO: (options.distributeTo ?? [join(dataDirectory, 'distributed')]).join(':'),
      },
      onEnded: (ended) => host.dispatcher.ended(embedded.name, ended, ended.result),
      onLost: (attempt, reason) => host.dispatcher.lost(embedded.name, attempt, reason),
      onNotice: (sentence) => logger.warn({}, sentence),
    })
    runner = embedded
    const recovered = await host.recover()
    let closing: Promise<void> | undefined
    const addRunner = (): void =>
      host.addRunner({
        name: embedded.name,
        labels: embedded.labels,
        slots: embedded.slots,
        start: (job) => embedded.start(job),
        cancel: (attempt) => embedded.cancel(attempt),
        clean: (runId) => {
          void embedded.clean(runId).then((wrong) => {
            // What a closing runner has not cleaned is left for the next one.
            if (wrong !== null && closing === undefined) logger.warn({ run: runId }, wrong)
          })
        },
      })
    await host.announceRunner(embedded)
    addRunner()
    // A container takes seconds on a busy machine: what needs none begins at once, and what needs one waits for the label.
    const found = trying.then(async (executors) => {
      if (trial.signal.aborted) return
      for (const notice of executors.notices) logger.info({}, notice)
      await embedded.found(executors)
      if (closing === undefined) addRunner()
    })
    await host.sweep(runsIn(join(dataDirectory, 'work')))
    const closeAll = async (): Promise<void> => {
      host.close()
      await host.leave()
      await checker.close()
      trial.abort()
      await found
      await embedded.close()
      await store.close()
    }
    return {
      host,
      store,
      metrics,
      recovered,
      found: (baseUrl) => {
        publicUrl = baseUrl
      },
      close: () => (closing ??= closeAll()),
    }
  } catch (error) {
    trial.abort()
    await runner?.close()
    await store.close()
    throw error
  }
}

/**
 * Checks a store against its log; makes none where there is none.
 * @throws StoreError `conflict` when a server works on it, `missing` when there is none
 */
export async function examineStore(
  options: Pick<MillraceOptions, 'dataDirectory' | 'databaseUrl'>,
  onProgress: (runs: number) => void,
): Promise<Examination> {
  const directory = resolve(options.dataDirectory)
  const databaseUrl = options.databaseUrl ?? null
  if (databaseUrl === null && !existsSync(join(directory, 'millrace.db'))) {
    throw new StoreError('missing', `there is no store in ${directory}`)
  }
  const store = await openStore(directory, { databaseUrl }, () => {})
  try {
    return await examine(store, onProgress)
  } finally {
    await store.close()
  }
}

type Database = Pick<MillraceOptions, 'databaseUrl' | 'databasePool' | 'databaseTimeoutMs'>

/**
 * Workspaces and keys are in the data directory whichever it is: one server holds it.
 * @param serverId of this server among others that may work on the database; left out: nobody else may
 */
async function openStore(
  directory: string,
  { databaseUrl = null, databasePool, databaseTimeoutMs }: Database,
  onFatal: (error: Error) => void,
  serverId?: string,
): Promise<Store> {
  if (databaseUrl === null) return openSqliteStore({ directory, onFatal })
  const release = await lockDirectory(directory)
  try {
    const { openPostgresStore } = await import('./store/postgres/index.ts')
    const store = await openPostgresStore({
      url: databaseUrl,
      ...(databasePool === undefined ? undefined : { connections: databasePool }),
      ...(databaseTimeoutMs === undefined ? undefined : { statementTimeoutMs: databaseTimeoutMs }),
      onFatal,
      ...(serverId === undefined ? undefined : { serverId }),
    })
    return { ...store, close: () => store.close().then(release) }
  } catch (error) {
    release()
    throw error
  }
}

/** The client is large: nobody waits for it who has no such storage. */
async function movedFiles(url: string | null, logs: string, paths: RunnerPaths): Promise<MovedFiles | undefined> {
  if (url === null) return undefined
  const { s3Depot } = await import('./outbound/s3-depot.ts')
  const artifact = (sha256: string): string => paths.artifact(sha256)
  return new MovedFiles({ depot: s3Depot(url), logs, artifact, now: () => systemClock.now() })
}

/** What a runner on another machine is made of. */
export interface RunnerOptions {
  /** Of Millrace itself. */
  readonly version: string
  /** Of servers of one store: when one does not answer, the next is asked. */
  readonly urls: readonly string[]
  readonly token: string
  /** What the server must call it; null: whatever its token says. */
  readonly name: string | null
  readonly labels: readonly string[]
  readonly slots: number
  readonly dataDirectory: string
  readonly drainMs: DurationMs
  readonly containers?: ContainerChoice
  /** As of a server's options. */
  readonly containerPaths: readonly string[]
  readonly stepDirectories?: readonly string[]
  readonly cacheMaxBytes: number
  readonly httpAllow: string | null
}

/**
 * Works for a server on another machine, with the same agent as the embedded runner.
 * @throws StoreError `conflict` when another server or runner holds the directory.
 */
export async function openRunner(
  options: RunnerOptions,
  onNotice: (sentence: string) => void,
  onReady: (name: string) => void,
): Promise<RemoteRunner> {
  // What `http` steps may reach is read where they run, which is in this process.
  if (options.httpAllow !== null) process.env['MILLRACE_HTTP_ALLOW'] = options.httpAllow
  const dataDirectory = resolve(options.dataDirectory)
  const unlock = await lockDirectory(dataDirectory)
  try {
    const executors = await foundExecutors(options.containers)
    for (const notice of executors.notices) onNotice(notice)
    const capabilities = capabilityLabels(allowedEnvironment(process.env).PATH, executors)
    const runner = await startRemoteRunner({
      ...options,
      urls: options.urls.map((url) => url.replace(/\/+$/, '')),
      labels: [...new Set([...options.labels, ...capabilities, ...outsideLabels(options)])],
      stepDirectories: options.stepDirectories ?? [],
      executors,
      dataDirectory,
      incarnation: systemEntropy.id(systemClock.now()),
      uptime: machineUptime,
      onNotice,
      onReady,
    })
    void runner.ended.then(unlock, unlock)
    return runner
  } catch (error) {
    unlock()
    throw error
  }
}

/** What Node reads when a process begins. */
function authorities(caFile: string | null): Readonly<Record<string, string>> {
  const path = caFile ?? process.env['NODE_EXTRA_CA_CERTS'] ?? ''
  return path === '' ? {} : { NODE_EXTRA_CA_CERTS: resolve(path) }
}

/** A server without a socket, for one command: its API is a function, and who calls it may decide for others. */
export interface Local {
  /** As the global one, for the client; the path decides, host and port do not matter. */
  readonly fetch: (input: string, init?: RequestInit) => Promise<Response>
  readonly token: string
  /** The one project there is. */
  readonly project: string
  /** Decides a review in the name of this reviewer: nobody else can log in here. */
  decide(run: string, node: string, decision: 'approve' | 'reject', as: string): Promise<Result<RunView>>
  close(): Promise<void>
}

/** @param options as for `serve`; the directory is meant to be thrown away. */
export async function openLocal(
  options: Pick<
    MillraceOptions,
    | 'version'
    | 'dataDirectory'
    | 'slots'
    | 'labels'
    | 'httpAllow'
    | 'distributeTo'
    | 'containers'
    | 'containerPaths'
    | 'stepDirectories'
    | 'cacheMaxBytes'
    | 'bodyMaxBytes'
  >,
  logger: Logger,
): Promise<Local> {
  const works = await openWorks(options, logger)
  const { app, credentials } = works.host
  const admin = await credentials.addUser({ name: 'local', domain: 'local', password: null, role: 'admin' })
  const { token } = await app.access.issueToken(admin, 'local', null)
  const project = await app.projects.create(admin, { name: 'local', description: '' })
  if (!project.ok) throw new Error(`the project was refused: ${project.problem.message}`)
  const closing = new AbortController()
  const mounts = nativeMounts({ version: options.version, pipelineSchema: definitionJsonSchema(stepsOf(options)) })
  const mountFor = mountTable(
    mounts({ app, baseUrl: 'http://local', bodyMaxBytes: options.bodyMaxBytes, closing: closing.signal, logger }),
  )
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const mount = mountFor(new URL(request.url).pathname)
      return mount === undefined ? new Response(null, { status: 404 }) : mount.handle(request)
    },
    token,
    project: project.value.name,
    decide: (run, node, action, as) => app.runs.actOnNode(admin, { id: run }, { id: node }, { action, as }),
    close: () => {
      closing.abort()
      return works.close()
    },
  }
}

/** Of servers that start at once one does it, and the others find it done. */
const alone = <Value>(store: Store, what: string, work: () => Promise<Value>): Promise<Value> =>
  store.shared === undefined ? work() : store.shared.exclusively(what, work)

/** 8 hex digits that stay with a data directory. */
async function serverName(directory: string): Promise<string> {
  const path = join(directory, 'server-name')
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (/^[0-9a-f]{8}$/.test(kept)) return kept
  const name = systemEntropy.bytes(4).toString('hex')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(path, name, { mode: 0o600 })
  return name
}

/** What is wrong with a definition; empty: nothing. Needs no server. */
export function checkDefinition(
  text: string,
  file: string,
  stepDirectories: readonly string[] = [],
): readonly LocatedError[] {
  const result = parseDefinition(text, file, stepsOf({ stepDirectories }))
  return result.ok ? [] : result.errors
}

/** Those of third parties besides ours. @throws Error that names all that is wrong with them. */
const stepsOf = (options: Pick<MillraceOptions, 'stepDirectories'>): readonly StepSpec[] => [
  ...stepSpecs,
  ...outsideSteps(options.stepDirectories ?? []),
]

const outsideLabels = (options: Pick<MillraceOptions, 'stepDirectories'>): readonly string[] =>
  outsideSteps(options.stepDirectories ?? []).map(({ type }) => outsideLabel(type))

async function foundOnce(works: Works, options: MillraceOptions, baseUrl: string): Promise<FirstStart | null> {
  const { store, host } = works
  if ((await store.keys.setting(FIRST_START)) !== undefined) {
    await refreshQuickstart(options.dataDirectory, baseUrl)
    return null
  }
  const made = await firstStart(
    {
      app: host.app,
      credentials: host.credentials,
      password: () => systemEntropy.bytes(18).toString('base64url'),
      dataDirectory: resolve(options.dataDirectory),
      baseUrl,
    },
    options.samples,
  )
  await store.keys.putSetting(FIRST_START, String(systemClock.now()))
  return made
}

const foundExecutors = async (choice: ContainerChoice | undefined, signal?: AbortSignal): Promise<Executors> =>
  choice === undefined ? NO_EXECUTORS : detectExecutors(allowedEnvironment(process.env).PATH, choice, signal)

/** Runs that have a directory of their own in there. */
function runsIn(folder: string): readonly RunId[] {
  return existsSync(folder) ? readdirSync(folder).flatMap((name) => parseRunId(name) ?? []) : []
}

/** A new key for what is sealed in a data directory that no server holds. @throws StoreError `conflict` when one does. */
export async function rotateKey(dataDirectory: string): Promise<{ readonly before: string; readonly after: string }> {
  const directory = resolve(dataDirectory)
  const store = await openSqliteStore({
    directory,
    onFatal: (error) => {
      throw error
    },
  })
  try {
    return await rotateSealKey(store, systemEntropy, directory)
  } finally {
    await store.close()
  }
}
