import type { GivenKeys } from '../host/secrets/key-file.ts'
import type { ContainerChoice } from '../model/executor.ts'
import type { DurationMs } from '../model/time.ts'

/** What an engine at work is made of, with its store and its own runner; config/ reads it from flags and environment. */
export interface WorksOptions {
  /** Of Millrace itself; left out: nobody asks. */
  readonly version?: string
  readonly dataDirectory: string
  /** Where runs, pipelines and keys are kept: `postgres://...`; null: in the data directory. */
  readonly databaseUrl?: string | null
  /** Connections at once, and how long a statement may take; only with a database. */
  readonly databasePool?: number
  readonly databaseTimeoutMs?: DurationMs
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
  /** How long a runner on another machine keeps what it has while it is not heard of. */
  readonly runnerLeaseMs?: DurationMs
}

/** What a whole server is made of. */
export interface MillraceOptions extends WorksOptions {
  readonly version: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What links begin with; null: `http://host:port`. */
  readonly baseUrl: string | null
  /** Who may read `/metrics`; left out: whoever has a token of a user of all projects. */
  readonly metrics?: 'token' | 'open' | 'off'
  readonly zoneOffsetMinutes: number
  /** BlueKing apps that get the answers of its later engine; `*`: all. */
  readonly laterApps?: readonly string[]
  readonly bodyMaxBytes: number
  /** Whether the first start makes the sample project. */
  readonly samples: boolean
}
