import type { DurationMs } from '../model/time.ts'
import type { Executors } from './capabilities.ts'

/** What a runner's process is told at its start. */
export interface RunnerConfig {
  /** Absolute. Workspaces, attempts and logs lie below it. */
  readonly dataDirectory: string
  /** Absolute. Logs and artifacts lie below it. */
  readonly filesDirectory: string
  readonly name: string
  readonly labels: readonly string[]
  /** Attempts at once, at least 1. */
  readonly slots: number
  /** What attempts get from TERM to KILL when the server goes away. */
  readonly graceMs: DurationMs
  /** An attempt whose log grows beyond it is ended. */
  readonly logMaxBytes: number
  readonly executors: Executors
  /** Directories of the machine that volumes of containers may name, with all in them. */
  readonly containerPaths: readonly string[]
  /** Directories of step types of third parties. */
  readonly stepDirectories: readonly string[]
  /** Most bytes of all caches of tasks together. */
  readonly cacheMaxBytes: number
}

/** 10 GiB. */
export const CACHE_MAX_BYTES = 10 * 1024 ** 3

/** 1 GiB. */
export const LOG_MAX_BYTES = 1024 ** 3
