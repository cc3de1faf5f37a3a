import type { DurationMs } from '../../model/time.ts'

/** What the host asks of the world outside; given by compose/ (src/outbound/). */
export interface Outbound {
  /**
   * One POST. Follows no redirect, goes to no address that is not allowed. Rejects with {@link OutboundRefused} for an
   * address that is not, with any other error when there was no whole answer.
   */
  post(request: OutboundRequest, timeoutMs: DurationMs): Promise<OutboundAnswer>
  /** null: the server has no way to send e-mail. Rejects when it was not taken. */
  readonly mail: ((message: OutboundMail, timeoutMs: DurationMs) => Promise<void>) | null
  /** Reads a file of a repository; left out: this server reads none. */
  readonly file?: (request: RepositoryRequest) => Promise<RepositoryRead>
  /** Where people find a run; empty: the server does not know its own address. */
  runUrl(runId: string): string
}

export interface OutboundRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export interface OutboundAnswer {
  readonly status: number
  /** By its name in lower case. */
  header(name: string): string | undefined
  /** The beginning of the body, for people and for refusals that are told in words only. */
  readonly start: string
}
export interface OutboundMail {
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
}

/** The address is not one that may be connected to. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused'
}

/** One file of a repository, at a commit or a ref. */
export interface RepositoryRequest {
  readonly url: string
  readonly path: string
  /** A commit, or a whole ref such as `refs/heads/main`. */
  readonly revision: string
  /** A token, or `user:password`; a private key for ssh. */
  readonly credentials: string | undefined
  /** Host keys of ssh servers, as lines of known_hosts; undefined: those of the server's user. */
  readonly knownHosts: string | undefined
  readonly timeoutMs: DurationMs
}
export type RepositoryRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }
