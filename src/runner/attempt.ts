import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AttemptResult } from '../model/command.ts'
import { failureSentence, type Failure } from '../model/failure.ts'
import { jobName, type Job } from '../model/job.ts'
import { stepRuns } from '../steps/runs.ts'
import { CannotStart, MissingTool, type StepContext } from '../steps/step.ts'
import { ArtifactKeeper } from './artifact-store.ts'
import { giveSecrets } from './attempt-secrets.ts'
import type { AttemptLog } from './attempt-log.ts'
import { TAG } from './environment.ts'
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
}

export interface AttemptEnd {
  readonly result: AttemptResult
  readonly logBytes: number
}

/** How long a step may go on after it was stopped and its programs are gone: all that is left is code of ours. */
const STEP_STOP_MS = 2_000

/** One job from its first directory to the last byte of its log. Does not reject. */
export async function runAttempt(
  job: Job,
  log: AttemptLog,
  setting: AttemptSetting,
  slot: Slot,
  stop: AbortSignal,
): Promise<AttemptEnd> {
  let result: AttemptResult
  try {
    result = await runStep(job, log, setting, slot, stop)
  } catch (error) {
    result = failed(failureOf(error))
  }
  if (stop.aborted) result = stoppedResult(stop.reason as StopReason)
  try {
    if (result.kind === 'failed' && result.failure.kind !== 'exit-code') {
      log.append(`millrace: ${failureSentence(result.failure)}\n`)
    }
    return { result, logBytes: await log.finish() }
  } catch (error) {
    const reason = `the log could not be stored: ${(error as Error).message}`
    return { result: failed({ kind: 'internal', reason }), logBytes: 0 }
  }
}

async function runStep(
  job: Job,
  log: AttemptLog,
  setting: AttemptSetting,
  slot: Slot,
  stop: AbortSignal,
): Promise<AttemptResult> {
  const { paths } = setting
  const load = Object.hasOwn(stepRuns, job.uses) ? stepRuns[job.uses] : undefined
  if (load === undefined) throw new CannotStart(`this runner has no step type ${JSON.stringify(job.uses)}`)
  const workspace = paths.workspace(job.runId)
  const home = paths.home(job.runId)
  for (const directory of [paths.run(job.runId), workspace, home]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }
  const { scratch, temporary } = slot
  const record = await slot.take(jobName(job))
  const outputPath = join(scratch, 'output')
  const secrets = giveSecrets(job.secrets ?? [], scratch)
  const programs = new Programs({
    launcher: setting.launcher,
    record,
    workspace,
    scratch,
    logPath: log.path,
    env: { ...setting.env, HOME: home, TMPDIR: temporary, ...job.env, ...secrets.env },
    ownEnv: { MILLRACE_OUTPUT: outputPath, MILLRACE_WORKSPACE: workspace, [TAG]: jobName(job) },
    graceMs: job.graceMs,
    signal: stop,
  })
  const artifacts = new ArtifactKeeper(paths.artifacts, paths.report(job, 'artifacts'))
  const context: StepContext = {
    workspace,
    scratch,
    signal: stop,
    secret: secrets.valueOf,
    log: (text) => log.append(text),
    exec: (argv, options) => programs.exec(argv, options),
    outputs: () => Promise.resolve(readOutputFile(outputPath)),
    keepFindings: (report) => writeReport(paths, job, 'findings', report),
    keepTests: (report) => writeReport(paths, job, 'tests', report),
    keepArtifact: (path, name) => artifacts.keep(path, name),
  }
  try {
    const { run } = await load()
    return await Promise.race([run(job, context), overdue(stop, programs)])
  } finally {
    await programs.idle()
    await slot.leave()
  }
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

function failureOf(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error)
  if (error instanceof MissingTool) return { kind: 'missing-tool', tool: error.tool }
  return error instanceof CannotStart ? { kind: 'cannot-start', reason } : { kind: 'internal', reason }
}

function stoppedResult(reason: StopReason): AttemptResult {
  if (reason === 'cancelled') return { kind: 'cancelled' }
  return failed({ kind: 'output-limit', reason: `the log passed its limit of ${reason.logMaxBytes} bytes` })
}
