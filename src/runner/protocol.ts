import type { AttemptResult } from '../model/command.ts'
import { CACHE_KEY_MAX, CACHE_PATHS_MAX, CACHES_MAX } from '../model/cache.ts'
import { parseRunId, type RunId } from '../model/id.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { Job } from '../model/job.ts'
import type { AttemptRef } from '../model/runner.ts'
import { isSecretName } from '../model/secret.ts'
import type { Executors } from './capabilities.ts'

/**
 * What a server and a runner say to each other. Plain JSON, one message at a time, in order; today over Node's IPC.
 * A runner says `hello` first; a server that does not know its protocol number ends the talk.
 */
export const PROTOCOL = 1

export type ToRunner =
  /** `logPath`: absolute; the runner makes it and appends to it. */
  | { readonly type: 'start'; readonly job: Job; readonly logPath: string }
  /** Answered by `ended`, unless that was sent already. */
  | ({ readonly type: 'cancel' } & AttemptRef)
  /** Removes the run's workspace, after its attempts here are over. Answered by `cleaned`. */
  | { readonly type: 'clean'; readonly runId: RunId }
  /** What was found to work on its machine, once it was tried: for the attempts that begin from now on. */
  | { readonly type: 'executors'; readonly executors: Executors }
  /** Ends the process when the attempts it has are over. */
  | { readonly type: 'drain' }

export type ToServer =
  | {
      readonly type: 'hello'
      readonly protocol: number
      readonly name: string
      readonly labels: readonly string[]
      readonly slots: number
    }
  | EndedMessage
  /** `problem`: why something of it is still there. */
  | { readonly type: 'cleaned'; readonly runId: RunId; readonly problem: string | null }

/** No process of the attempt lives any more and its log is whole and on disk. */
export interface EndedMessage extends AttemptRef {
  readonly type: 'ended'
  readonly result: AttemptResult
  readonly logBytes: number
}

/** @returns undefined for what no server of this protocol sends. */
export function parseToRunner(value: Json | undefined): ToRunner | undefined {
  if (!isMessage(value)) return undefined
  switch (textOf(value['type'])) {
    case 'start': {
      const { job, logPath } = value
      return typeof logPath === 'string' && isJob(job) ? (value as unknown as ToRunner) : undefined
    }
    case 'cancel': {
      const ref = parseRef(value)
      return ref === undefined ? undefined : { type: 'cancel', ...ref }
    }
    case 'clean': {
      const runId = parseRunId(textOf(value['runId']))
      return runId === undefined ? undefined : { type: 'clean', runId }
    }
    case 'executors':
      return isMessage(value['executors']) ? (value as unknown as ToRunner) : undefined
    case 'drain':
      return { type: 'drain' }
    default:
      return undefined
  }
}

/** @returns undefined for what no runner of this protocol sends. */
export function parseToServer(value: Json | undefined): ToServer | undefined {
  if (!isMessage(value)) return undefined
  switch (textOf(value['type'])) {
    case 'hello':
      return typeof value['protocol'] === 'number' && Array.isArray(value['labels'])
        ? (value as unknown as ToServer)
        : undefined
    case 'ended':
      return parseRef(value) !== undefined && isMessage(value['result']) && typeof value['logBytes'] === 'number'
        ? (value as unknown as ToServer)
        : undefined
    case 'cleaned': {
      const runId = parseRunId(textOf(value['runId']))
      const problem = value['problem']
      return runId === undefined
        ? undefined
        : { type: 'cleaned', runId, problem: typeof problem === 'string' ? problem : null }
    }
    default:
      return undefined
  }
}

const isMessage = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  value !== undefined && isJsonObject(value)

/** Longer than any grace that a definition can ask for, and short enough for a timer. */
const GRACE_MAX_MS = 2 ** 31 - 1
/** Made of ids, and a directory of the runner is called so. */
const CACHE_SCOPE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/

/** What `with` must hold each step type says itself (steps/step.ts), and a place what its executor must (executors/). */
function isJob(job: Json | undefined): boolean {
  if (!isMessage(job) || parseRef(job) === undefined) return false
  const { uses, with: input, env, secrets, graceMs, takesBack, executor, caches } = job
  if (typeof uses !== 'string' || !isMessage(input) || !isMessage(env)) return false
  if (!Object.values(env).every((value) => typeof value === 'string')) return false
  if (!isCount(graceMs) || graceMs > GRACE_MAX_MS) return false
  if (secrets !== undefined && !isSecrets(secrets)) return false
  if (takesBack !== undefined && takesBack !== null && !isMessage(takesBack)) return false
  if (executor !== undefined && !isExecutor(executor)) return false
  return caches === undefined || isCaches(caches)
}

function isExecutor(value: Json): boolean {
  if (!isMessage(value)) return false
  const { kind, image, volumes, pidsMax } = value
  if (kind !== 'container') return kind === 'host' || kind === 'sandbox'
  if (typeof image !== 'string' || !isCount(pidsMax) || !Array.isArray(volumes)) return false
  return (volumes as readonly Json[]).every(
    (volume) => isMessage(volume) && typeof volume['source'] === 'string' && typeof volume['target'] === 'string',
  )
}

function isCaches(value: Json): boolean {
  if (!isMessage(value) || !CACHE_SCOPE.test(textOf(value['scope'])) || typeof value['write'] !== 'boolean')
    return false
  const { list } = value
  if (!Array.isArray(list) || list.length > CACHES_MAX) return false
  return (list as readonly Json[]).every(
    (cache) =>
      isMessage(cache) &&
      typeof cache['key'] === 'string' &&
      cache['key'].length <= CACHE_KEY_MAX * 2 &&
      [cache['files'], cache['restore'], cache['paths']].every((texts) => isTexts(texts)),
  )
}

const isTexts = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.length <= CACHE_PATHS_MAX * 2 && value.every((text) => typeof text === 'string')

const isSecrets = (value: Json): boolean =>
  Array.isArray(value) &&
  (value as readonly Json[]).every((secret) => {
    if (!isMessage(secret) || typeof secret['value'] !== 'string' || !isSecretName(textOf(secret['name']))) return false
    return (
      secret['as'] === 'step' || (typeof secret['env'] === 'string' && ['env', 'file'].includes(textOf(secret['as'])))
    )
  })

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function parseRef(value: Json): AttemptRef | undefined {
  if (!isMessage(value)) return undefined
  const runId = parseRunId(textOf(value['runId']))
  const { node, attempt, fence } = value
  if (runId === undefined || !isCount(node) || !isCount(attempt) || !isCount(fence)) return undefined
  return { runId, node, attempt, fence }
}

const isCount = (value: Json | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0
