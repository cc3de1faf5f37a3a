import type { AttemptResult } from './command.ts'
import { parseRunId, type RunId } from './id.ts'
import type { Job } from './job.ts'
import type { DurationMs, Instant } from './time.ts'

/**
 * What a server and a runner on another machine say to each other over HTTP: docs/reference/runner-protocol.md. The
 * number changes when one side would not understand the other; a server refuses what it does not speak.
 */
export const RUNNER_PROTOCOL = 1

/** Where every request of it goes. */
export const RUNNER_PATH = '/runner/v1'

/**
 * Header of every answer, with the number: what a proxy, a portal or another program says in the server's place has
 * none, however much it looks like an answer. A runner that took it for one would think itself heard.
 */
export const RUNNER_PROTOCOL_HEADER = 'millrace-runner-protocol'

/** One attempt, with the fence that whatever is said of it must carry. */
export interface AttemptRef {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
  readonly fence: number
}

export interface RunnerHello {
  readonly protocol: number
  /** 32 hex digits, drawn by every start of a runner: what an earlier one held is lost. */
  readonly incarnation: string
  /** What it thinks it is called; null: as its token says. */
  readonly name: string | null
  readonly version: string
  readonly labels: readonly string[]
  readonly slots: number
  /** All attempts that it has, or has a report of that was not taken yet. */
  readonly holds: readonly AttemptRef[]
  /** Runs of which it has files. */
  readonly workspaces: readonly RunId[]
}

export interface RunnerWelcome {
  readonly protocol: number
  readonly name: string
  /** Named by every poll until the next hello. */
  readonly session: string
  /** How long after its last word to us a runner may go on with what it has. It stops it then. */
  readonly leaseMs: DurationMs
  /** How long after that it is given up: until then nothing of it may live any more. */
  readonly slackMs: DurationMs
  /** How long a poll waits for orders: it is the heartbeat. */
  readonly pollMs: DurationMs
  /** Longest piece of a file in one request. */
  readonly chunkBytes: number
  /** Of what it holds: what it must stop and forget, as the run has gone on without it. */
  readonly stop: readonly AttemptRef[]
}

export interface RunnerPoll {
  readonly session: string
  /** Number of the last order that was taken; 0: none. */
  readonly ack: number
  /** Gets nothing more: it ends when it has done what it has. */
  readonly draining: boolean
  /** Runs whose files it was told to remove, and why they are still there (null: they are not). */
  readonly cleaned: readonly { readonly runId: RunId; readonly problem: string | null }[]
}

/** What a runner is to do. Numbered from 1 in each session, given again until it is acknowledged. */
export type RunnerOrder = { readonly number: number } & (
  | { readonly type: 'start'; readonly job: Job }
  | ({ readonly type: 'cancel' } & AttemptRef)
  | { readonly type: 'clean'; readonly runId: RunId }
)

/** How an attempt ended on a runner; `lost`: it was stopped because the server was not heard of. */
export type RunnerResult = AttemptResult | { readonly kind: 'lost'; readonly reason: string }

/** The last word about an attempt, when its log and its reports are on the server. */
export interface RunnerReport {
  readonly result: RunnerResult
  readonly logBytes: number
}

/** How much of a file the server has. */
export interface Received {
  readonly size: number
}

/**
 * Why a runner was refused, for its code to act on.
 * - `unauthenticated`: the token is not known, or the runner was removed: it ends
 * - `protocol`: another one is spoken here: it ends
 * - `superseded`: another process has come with the same token: it ends
 * - `hello_again`: the server does not know this session: it says hello with what it holds
 * - `stale`: the attempt is not this runner's (any more): it stops it and forgets it
 * - `offset`: the piece does not begin where the file ends; `size` says where
 * - `mismatch`: the bytes are not what they were said to be; they are forgotten
 * - `incomplete`: something is missing that the report needs
 * - `invalid_request`, `too_large`, `not_found`: a defect of the runner
 * - `unavailable`: later
 */
export const RUNNER_REFUSALS = [
  'unauthenticated',
  'protocol',
  'superseded',
  'hello_again',
  'stale',
  'offset',
  'mismatch',
  'incomplete',
  'invalid_request',
  'too_large',
  'not_found',
  'unavailable',
] as const
export type RunnerRefusalCode = (typeof RUNNER_REFUSALS)[number]
export interface RunnerRefusal {
  readonly code: RunnerRefusalCode
  readonly message: string
  /** With `offset`: how much there is. */
  readonly size?: number
}
export type RunnerAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: RunnerRefusal }

/** A runner as readers see it. */
export interface RunnerView {
  /** `embedded`: the server's own. */
  readonly id: string
  readonly name: string
  readonly kind: 'embedded' | 'remote'
  readonly labels: readonly string[]
  readonly slots: number
  /** Attempts that it has. */
  readonly busy: number
  /** `silent`: not heard of for longer than it should be, and not lost yet. */
  readonly status: 'online' | 'silent' | 'draining' | 'offline'
  /** By a person: it gets nothing. */
  readonly paused: boolean
  readonly lastSeenAt: Instant | null
  readonly createdAt: Instant | null
  readonly version: string | null
}

/** Of one server. */
export const RUNNERS_MAX = 1_000
export const RUNNER_SLOTS_MAX = 1_024
export const RUNNER_LABELS_MAX = 100
/** The same words that `runs_on` takes. */
export const RUNNER_LABEL = /^[A-Za-z0-9_.:/=-]{1,64}$/
export const RUNNER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
/** Attempts in one hello: those that run, and reports that wait. */
export const RUNNER_HOLDS_MAX = 4_096
export const RUNNER_WORKSPACES_MAX = 10_000
/** Of the text in which an attempt's reports are kept, e.g. its findings. */
export const REPORT_BYTES_MAX = 32 * 1_024 ** 2
export const INCARNATION = /^[0-9a-f]{32}$/

export const refOf = ({ runId, node, attempt, fence }: AttemptRef): AttemptRef => ({ runId, node, attempt, fence })

/** `<runId>/<node>/<attempt>/<fence>`, as paths have it. */
export const refText = ({ runId, node, attempt, fence }: AttemptRef): string => `${runId}/${node}/${attempt}/${fence}`

const COUNT = /^(?:0|[1-9]\d{0,14})$/

/** The inverse of {@link refText}, of its parts. */
export function parseRefText(parts: readonly string[]): AttemptRef | undefined {
  const [runText = '', ...counts] = parts
  const runId = parseRunId(runText)
  if (runId === undefined || counts.length !== 3 || !counts.every((count) => COUNT.test(count))) return undefined
  const [node = 0, attempt = 0, fence = 0] = counts.map(Number)
  return { runId, node, attempt, fence }
}
