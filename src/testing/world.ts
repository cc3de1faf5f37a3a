import { scryptSync } from 'node:crypto'
import { parseDefinition } from '../definition/parse-definition.ts'
import { createHost, type Host, type HostOptions } from '../host/host.ts'
import type { App, ArtifactFile, Caller, LogSource } from '../host/app.ts'
import type { PipelineDefinition } from '../model/definition.ts'
import type { ReportFiles } from '../host/reports/reports.ts'
import type { Artifact } from '../model/artifact.ts'
import type { FindingsReport } from '../model/finding.ts'
import type { TestsReport } from '../model/test-report.ts'
import { asId, type UserId } from '../model/id.ts'
import type { Result } from '../model/problem.ts'
import type { Instant } from '../model/time.ts'
import type { PipelineView, ProjectView, RunView } from '../model/view.ts'
import { openMemoryStore } from '../store/memory/index.ts'
import { runnerPaths } from '../runner/paths.ts'
import { stepSpecs } from '../steps/index.ts'
import type { Store } from '../store/store.ts'
import { FakeClock } from './clock.ts'
import { seededEntropy } from './entropy.ts'
import { ScriptedRunner } from './scripted-runner.ts'

/** A host with its runner on a store. */
export interface Served {
  readonly store: Store
  readonly app: App
  readonly host: Host
  readonly runner: ScriptedRunner
  readonly recovered: { readonly runs: number; readonly lostAttempts: number }
  run(id: string): Promise<RunView>
  /** Until nothing more happens by itself: with the memory store, one turn of the event loop. */
  settled(): Promise<void>
  /** Another host on the same store, as after a restart; with the runs that there are taken up. */
  restarted(): Promise<Served>
}

/** A whole host on the memory store: the real use cases and engine, a clock that is moved, a runner that is told. */
export interface World extends Served {
  readonly clock: FakeClock
  readonly project: ProjectView
  /** Sees and may do all. */
  readonly admin: Caller
  readonly credentials: {
    readonly token: string
    readonly user: string
    readonly password: string
    readonly domain: string
    readonly ak: string
    readonly sk: string
    readonly appCode: string
    readonly appSecret: string
  }
  /** Bytes of the logs, by `<run>/<node>/<attempt>`. */
  readonly logs: Map<string, Uint8Array>
  /** What checks found, by `<run>/<node>/<attempt>`. */
  readonly findings: Map<string, FindingsReport>
  /** What tests said, by `<run>/<node>/<attempt>`. */
  readonly tests: Map<string, TestsReport>
  /** What tasks have kept, by `<run>/<node>/<attempt>`. */
  readonly artifacts: Map<string, readonly (Artifact & { readonly bytes: Uint8Array })[]>
  /** Stores a pipeline of the world's project. */
  pipeline(definition: PipelineDefinition): Promise<PipelineView>
  start(pipeline: PipelineView, params?: Parameters<App['runs']['start']>[1]['params']): Promise<RunView>
}

const USER = { name: 'ci', password: 'correct horse battery staple', domain: 'example' } as const

const USER_RECORD = { id: asId<UserId>('a1'.repeat(16)), role: 'admin', projectIds: null } as const

const EVERYONE: Caller = {
  user: { id: USER_RECORD.id, name: USER.name },
  role: 'viewer',
  domain: USER.domain,
  projectIds: null,
  expiresAt: null,
}

/** As host/secrets/seal.ts stores it, at a cost that a new world for every test can bear. */
function cheapHash(password: string): string {
  const costs = { N: 2, r: 8, p: 1 }
  const salt = Buffer.from('world')
  const hash = scryptSync(password, salt, 32, costs)
  return ['scrypt', costs.N, costs.r, costs.p, salt.toString('base64'), hash.toString('base64')].join(':')
}

export interface WorldOptions {
  readonly outbound?: HostOptions['outbound']
  /** Left out: runs are kept for ever. */
  readonly retention?: HostOptions['retention']
  readonly runner?: ScriptedRunner
  /** Of its own, e.g. one that can be full (full-store.ts). */
  readonly store?: Store
  /** Where files of runners on other machines go, when there are any. */
  readonly directory?: string
  /** Of files, which can be followed; left out: they are in memory, and end where they end. */
  readonly openLog?: HostOptions['openLog']
  /** What reads definitions; without it: texts as people and dialects write them, and JSON of the checked form, as the builders give it. */
  readonly check?: HostOptions['check']
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const clock = new FakeClock()
  const logs = new Map<string, Uint8Array>()
  const findings = new Map<string, FindingsReport>()
  const tests = new Map<string, TestsReport>()
  const artifacts: World['artifacts'] = new Map()
  const store = options.store ?? openMemoryStore()
  await store.keys.addUser({
    ...USER_RECORD,
    name: USER.name,
    domain: USER.domain,
    passwordHash: cheapHash(USER.password),
    createdAt: clock.now(),
    disabledAt: null,
  })
  const served = await serve(store, clock, { logs, findings, tests, artifacts }, options, 1)
  const { app } = served
  const { credentials } = served.host
  const admin = await credentials.byPassword(USER.name, USER.password, USER.domain)
  if (admin === undefined) throw new Error('the user of the world is not let in')
  const { token } = await credentials.issueToken(admin, 'world', null)
  const { ak, sk } = await credentials.addAccessKey(admin, 'world')
  const appCode = 'esb_test'
  const { secret: appSecret } = await credentials.addApp(admin, appCode, 'world')
  const project = need(await app.projects.create(admin, { name: 'default', description: '' }))

  return {
    ...served,
    clock,
    project,
    admin,
    credentials: { token, user: USER.name, password: USER.password, domain: USER.domain, ak, sk, appCode, appSecret },
    logs,
    findings,
    tests,
    artifacts,
    pipeline: async (definition) =>
      need(await app.pipelines.create(admin, { project: { id: project.id }, text: JSON.stringify(definition) })),
    start: async (pipeline, params = {}) =>
      need(await app.runs.start(admin, { pipeline: { id: pipeline.id }, params })),
  }
}

type MemoryReports = Pick<World, 'findings' | 'tests' | 'artifacts'>

const memoryReports = (files: MemoryReports): ReportFiles => ({
  list: (runId, kind) =>
    Promise.resolve(
      [...files[kind].keys()].flatMap((name) => {
        const [run, node, attempt] = name.split('/')
        return run === runId ? [{ node: Number(node), attempt: Number(attempt) }] : []
      }),
    ),
  read: (runId, node, attempt, kind) => {
    const found = files[kind].get(`${runId}/${node}/${attempt}`)
    return Promise.resolve(found === undefined ? undefined : JSON.stringify(found))
  },
})

const memoryFile = (bytes: Uint8Array): ArtifactFile => ({
  sizeBytes: bytes.length,
  async *read(offset, length) {
    yield bytes.subarray(offset, offset + length)
  },
})

/** @param life how many servers there were on this store, this one counted: each draws other ids. */
async function serve(
  store: Store,
  clock: FakeClock,
  files: Pick<World, 'logs' | keyof MemoryReports>,
  options: WorldOptions,
  life: number,
): Promise<Served> {
  const runner = options.runner ?? new ScriptedRunner()
  const defects: unknown[] = []
  const host = await createHost({
    store,
    clock,
    entropy: seededEntropy(life === 1 ? 'world' : `world ${life}`),
    sealKey: new Uint8Array(32).fill(7),
    check: options.check ?? checkEither,
    verbatim: (uses) => (uses === 'script' ? ['script'] : []),
    openLog:
      options.openLog ??
      ((runId, node, attempt, ended) => memoryLog(files.logs, `${runId}/${node}/${attempt}`, attempt, ended)),
    reports: memoryReports(files),
    openArtifact: (sha256) => {
      const kept = [...files.artifacts.values()].flat().find((one) => one.sha256 === sha256)
      return Promise.resolve(kept === undefined ? undefined : memoryFile(kept.bytes))
    },
    ...(options.outbound === undefined ? {} : { outbound: options.outbound }),
    ...(options.retention === undefined ? {} : { retention: options.retention }),
    attemptFiles: runnerPaths(options.directory ?? 'no-runner-is-on-another-machine'),
    onDefect: (error) => defects.push(error),
  })
  const { app } = host
  runner.report = (job, result) => host.dispatcher.ended(runner.name, job, result)
  const recovered = await host.recover()
  host.addRunner(runner)
  return {
    store,
    app,
    host,
    runner,
    recovered,
    run: async (id) => need(await app.runs.get(EVERYONE, { id })),
    settled: async () => {
      await new Promise((resolve) => setImmediate(resolve))
      if (defects.length > 0) throw new AggregateError(defects.splice(0), 'the host met a defect')
    },
    restarted: async () => {
      host.close()
      const { slots, labels } = runner
      return serve(store, clock, files, { ...options, runner: new ScriptedRunner(slots, labels) }, life + 1)
    },
  }
}

/** Only the checked form has this word; what people write says `restarts`. */
const checkEither: HostOptions['check'] = (text, file) =>
  text.startsWith('{') && text.includes('"restartsMax":')
    ? { ok: true, definition: JSON.parse(text) as PipelineDefinition }
    : parseDefinition(text, file, stepSpecs)

/** The value of a result that a test expects to be good. @throws Error with the problem otherwise. */
export function need<Value>(result: Result<Value>): Value {
  if (result.ok) return result.value
  throw new Error(`${result.problem.code}: ${result.problem.message} ${JSON.stringify(result.problem.errors ?? [])}`)
}

/** In memory a log begins then, and gets a byte every millisecond. */
export const LOGS_BEGAN: Instant = Date.UTC(2026, 0, 1)

function memoryLog(
  logs: ReadonlyMap<string, Uint8Array>,
  name: string,
  attempt: number,
  ended: AbortSignal,
): Omit<LogSource, 'key'> {
  const bytes = (): Uint8Array => logs.get(name) ?? new Uint8Array()
  return {
    attempt,
    ended: () => ended.aborted,
    size: () => Promise.resolve(bytes().length),
    read: (offset, length) => Promise.resolve(bytes().subarray(offset, offset + length)),
    times: (offsets) => Promise.resolve(offsets.map((offset) => LOGS_BEGAN + offset)),
    async *follow(offset) {
      if (bytes().length > offset) yield bytes().subarray(offset)
    },
  }
}
