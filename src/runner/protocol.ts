import type { AttemptResult } from '../model/command.ts'
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
      if (!isMessage(job) || typeof logPath !== 'string' || parseRef(job) === undefined) return undefined
      const shaped = typeof job['uses'] === 'string' && isMessage(job['with']) && isMessage(job['env'])
      if (job['secrets'] !== undefined && !isSecrets(job['secrets'])) return undefined
      return shaped && typeof job['graceMs'] === 'number' ? (value as unknown as ToRunner) : undefined
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
