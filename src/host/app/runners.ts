import type { Result } from '../../model/problem.ts'
import type { ReportKind } from '../../model/report.ts'
import type {
  AttemptRef,
  Received,
  RunnerAnswer,
  RunnerHello,
  RunnerOrder,
  RunnerPoll,
  RunnerReport,
  RunnerView,
  RunnerWelcome,
} from '../../model/runner.ts'
import type { Caller } from './access.ts'

/** The runners of the server: for all to see, for admins of all projects to change. By id or name; `embedded` is the server's own. */
export interface Runners {
  list(caller: Caller): Promise<readonly RunnerView[]>
  get(caller: Caller, ref: string): Promise<Result<RunnerView>>
  /** The token is given this once. */
  create(
    caller: Caller,
    input: { readonly name: string },
  ): Promise<Result<{ readonly runner: RunnerView; readonly token: string }>>
  /** It gets nothing more; what it has it does. */
  pause(caller: Caller, ref: string): Promise<Result<RunnerView>>
  resume(caller: Caller, ref: string): Promise<Result<RunnerView>>
  /** What it has is lost, its token is worth nothing any more. */
  remove(caller: Caller, ref: string): Promise<Result<null>>
}

/**
 * The server's side of docs/reference/runner-protocol.md. A runner sees and touches only the attempts that it has been
 * given, by their fence; all else is refused as `stale`. Every call is a word that renews its lease.
 */
export interface RunnerWire {
  /** Id of the runner with this token. */
  byToken(token: string): string | undefined
  hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>>
  /** Waits for orders, at most until the heartbeat is due or `signal` is aborted. */
  poll(
    from: RunnerName,
    poll: RunnerPoll,
    signal: AbortSignal,
  ): Promise<RunnerAnswer<{ readonly orders: readonly RunnerOrder[] }>>
  log(from: RunnerName, ref: AttemptRef, offset: number, bytes: Uint8Array): Promise<RunnerAnswer<Received>>
  artifact(from: RunnerName, ref: AttemptRef, sha256: string, piece: Piece): Promise<RunnerAnswer<Received>>
  report(from: RunnerName, ref: AttemptRef, kind: ReportKind, piece: Piece): Promise<RunnerAnswer<Received>>
  /** How much there is of a log (`sha256` null) or an artifact. */
  received(from: RunnerName, ref: AttemptRef, sha256: string | null): Promise<RunnerAnswer<Received>>
  /** Resolves when it is durable. */
  ended(from: RunnerName, ref: AttemptRef, report: RunnerReport): Promise<RunnerAnswer<null>>
  /** It has ended in good order. */
  leave(from: RunnerName): Promise<RunnerAnswer<null>>
}
/** A runner, and which process of it. */
export interface RunnerName {
  readonly id: string
  readonly incarnation: string
}
/** One piece of a file. */
export interface Piece {
  /** Where it begins in the file. */
  readonly offset: number
  /** How long the file is, all pieces together. */
  readonly total: number
  readonly bytes: Uint8Array
}
