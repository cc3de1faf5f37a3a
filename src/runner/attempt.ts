import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AttemptResult } from '../model/command.ts'
import { failureSentence, type Failure } from '../model/failure.ts'
import { jobName, type Job } from '../model/job.ts'
import type { OutsideStep } from '../steps/outside.ts'
import { stepRuns } from '../steps/runs.ts'
import { CannotStart, MissingTool, type ImageBuilder, type StepContext } from '../steps/step.ts'
import { ArtifactKeeper } from './artifact-store.ts'
import type { AttemptLog } from './attempt-log.ts'
import { MaskedOutput, plainOutput, shownResult, type AttemptOutput } from './attempt-output.ts'
import { secretsFor } from './attempt-secrets.ts'
import { AttemptCaches } from './caches.ts'
import { CacheStore } from './cache-store.ts'
import { CACHE_MAX_BYTES } from './config.ts'
import { fullDisk, isDiskFull } from './disk-room.ts'
import { isDirectory } from './find-program.ts'
import { TAG } from './environment.ts'
import { placeOf, type PlaceSetting } from './executors/index.ts'
import { HOST, type Place } from './executors/place.ts'
import type { Launcher } from './launch.ts'
import { readOutputFile } from './output-file.ts'
import type { RunnerPaths } from './paths.ts'
import { Programs } from './programs.ts'
import { writeReport } from './report-file.ts'
import type { Slot } from './slot.ts'

/** Why an attempt was stopped from outside: the reason of its AbortSignal. */
export type StopReason = 'cancelled' | { readonly logMaxBytes: number }

export interface AttemptSetting {
  readonly paths: RunnerPaths
  readonly launcher: Launcher
  /** The allow-listed part of the runner's environment. */
  readonly env: Readonly<Record<string, string>>
  /** Left out: host processes only. */
  readonly executors?: PlaceSetting
  /** Step types of third parties. */
  readonly steps?: readonly OutsideStep[]
  /** Most bytes of all caches together; left out: {@link CACHE_MAX_BYTES}. */
  readonly cacheMaxBytes?: number
}

export interface AttemptEnd {
  readonly result: AttemptResult
  readonly logBytes: number
}

type Directories = Readonly<Record<string, string>>

/** How long a step may go on after it was stopped and its programs are gone: all that is left is code of ours. */
const STEP_STOP_MS = 2_000

/** One job from its first directory to the last byte of its log. Does not reject. */
export async function runAttempt(
  job: Job,
  log: AttemptLog,
  setting: AttemptSetting,
  slot: Slot,
  stop: AbortSignal,
  kill: AbortSignal,
): Promise<AttemptEnd> {
  const values = (job.secrets ?? []).map(({ value }) => value)
  const output =
    values.length === 0 ? plainOutput(log) : new MaskedOutput(log, values, slot.scratch, setting.env['PATH'] ?? '')
  let result: AttemptResult
  try {
    result = await runStep(job, log, output, setting, slot, stop, kill)
  } catch (error) {
    result = failed(failureOf(error, directoriesOf(job, log, setting.paths, slot)))
  }
  result = stop.aborted ? stoppedResult(stop.reason as StopReason) : shownResult(output, result)
  try {
    if (result.kind === 'failed' && result.failure.kind !== 'exit-code') {
      output.append(`millrace: ${failureSentence(result.failure)}\n`)
    }
    return { result, logBytes: await output.finish() }
  } catch (error) {
    // What went wrong before may well be why.
    if (result.kind === 'failed' && result.failure.kind === 'disk-full') return { result, logBytes: 0 }
    const reason = `the log could not be stored: ${(error as Error).message}`
    const failure: Failure = isDiskFull(error) ? { kind: 'disk-full', what: reason } : { kind: 'internal', reason }
    return { result: failed(failure), logBytes: 0 }
  }
}

async function runStep(
  job: Job,
  log: AttemptLog,
  output: AttemptOutput,
  setting: AttemptSetting,
  slot: Slot,
  stop: AbortSignal,
  kill: AbortSignal,
): Promise<AttemptResult> {
  const { paths } = setting
  const ours = Object.hasOwn(stepRuns, job.uses) ? stepRuns[job.uses] : undefined
  const load = ours ?? setting.steps?.find(({ type }) => type === job.uses)?.load
  if (load === undefined) throw new CannotStart(`this runner has no step type ${JSON.stringify(job.uses)}`)
  const workspace = paths.workspace(job.runId)
  const home = paths.home(job.runId)
  for (const directory of [workspace, home]) {
    // Each by itself, so that each is private; the run's is there with the first that is.
    if (isDirectory(directory)) continue
    mkdirSync(paths.run(job.runId), { recursive: true, mode: 0o700 })
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }
  const { scratch, temporary } = slot
  const record = await slot.take(jobName(job))
  const outputPath = join(scratch, 'output')
  const secrets = secretsFor(job.secrets ?? [], scratch)
  const place = placeOf(job, { workspace, home, scratch }, setting.executors)
  const own = {
    launcher: setting.launcher,
    record,
    workspace,
    scratch,
    logPath: log.path,
    output,
    env: { ...setting.env, HOME: home, TMPDIR: temporary, ...job.env, ...secrets.env },
    ownEnv: { MILLRACE_OUTPUT: outputPath, MILLRACE_WORKSPACE: workspace, [TAG]: jobName(job) },
    graceMs: job.graceMs,
    signal: stop,
    kill,
  }
  const programs = new Programs({ ...own, place })
  const helpers = new Programs({ ...own, place: HOST })
  const caches =
    job.caches === undefined
      ? undefined
      : new AttemptCaches(job.caches, {
          store: new CacheStore(paths.caches, setting.cacheMaxBytes ?? CACHE_MAX_BYTES),
          directory: paths.run(job.runId),
          say: (line) => output.append(line),
          exec: (argv) => helpers.exec(argv),
        })
  const artifacts = new ArtifactKeeper(paths.kept(job), paths.report(job, 'artifacts'))
  const context: StepContext = {
    workspace,
    scratch,
    signal: stop,
    secret: secrets.valueOf,
    log: (text) => output.append(text),
    exec: (argv, options) => programs.exec(argv, options),
    outputs: () => Promise.resolve(readOutputFile(outputPath)),
    keepFindings: (report) => writeReport(paths, job, 'findings', output.shown(report)),
    keepTests: (report) => writeReport(paths, job, 'tests', output.shown(report)),
    keepArtifact: async (path, name) => {
      if (output.shown(name) !== name) throw new CannotStart('the name of an artifact holds a secret')
      return artifacts.keep(path, name)
    },
    imageBuilder: place === HOST ? builderOf(setting) : null,
  }
  try {
    secrets.writeFiles()
    const { run } = await loaded(load)
    await caches?.restore()
    const result = await Promise.race([run(job, context), overdue(stop, programs)])
    if (result.kind === 'succeeded') await caches?.save()
    return withCause(result, programs.oomKilled ? place : undefined, directoriesOf(job, log, paths, slot))
  } finally {
    await programs.idle()
    await helpers.idle()
    await place.close()
    await slot.leave()
  }
}

/** What may be full, by what people call it. */
const directoriesOf = (job: Job, log: AttemptLog, paths: RunnerPaths, slot: Slot): Directories => ({
  'the workspace': paths.workspace(job.runId),
  'the temporary directory': slot.temporary,
  'the log': dirname(log.path),
})

/** An import costs some 50 us each time, however often it was done before. One that failed is tried again. */
const modules = new Map<StepLoad, Awaited<ReturnType<StepLoad>>>()
type StepLoad = OutsideStep['load']
async function loaded(load: StepLoad): Promise<Awaited<ReturnType<StepLoad>>> {
  const known = modules.get(load)
  if (known !== undefined) return known
  const module = await load()
  modules.set(load, module)
  return module
}

function builderOf({ executors }: AttemptSetting): ImageBuilder | null {
  const found = executors?.executors.imageBuilder ?? null
  return executors === undefined || found === null ? null : { ...found, env: executors.engineEnv }
}

/** What a program that failed cannot say itself: that there was no memory, or no room on the disk. */
function withCause(result: AttemptResult, outOfMemory: Place | undefined, directories: Directories): AttemptResult {
  if (result.kind !== 'failed') return result
  const { failure } = result
  if (failure.kind !== 'exit-code' && failure.kind !== 'signal') return result
  if (outOfMemory !== undefined) {
    return { ...result, failure: { kind: 'out-of-memory', limitBytes: outOfMemory.limitBytes } }
  }
  const what = fullDisk(directories)
  return what === undefined ? result : { ...result, failure: { kind: 'disk-full', what } }
}

/** Gives up on a step that does not end although it was stopped and no program of it runs. */
function overdue(stop: AbortSignal, programs: Programs): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const wait = (): void => {
      void programs.idle().then(() => setTimeout(() => resolve({ kind: 'cancelled' }), STEP_STOP_MS).unref())
    }
    if (stop.aborted) wait()
    else stop.addEventListener('abort', wait, { once: true })
  })
}

const failed = (failure: Failure): AttemptResult => ({ kind: 'failed', failure, outputs: null })

function failureOf(error: unknown, directories: Directories): Failure {
  const reason = error instanceof Error ? error.message : String(error)
  if (isDiskFull(error)) {
    const full = fullDisk(directories)
    return { kind: 'disk-full', what: full === undefined ? reason : `${reason} (${full})` }
  }
  if (error instanceof MissingTool) return { kind: 'missing-tool', tool: error.tool }
  return error instanceof CannotStart ? { kind: 'cannot-start', reason } : { kind: 'internal', reason }
}

function stoppedResult(reason: StopReason): AttemptResult {
  if (reason === 'cancelled') return { kind: 'cancelled' }
  return failed({ kind: 'output-limit', reason: `the log passed its limit of ${reason.logMaxBytes} bytes` })
}
