import type { App } from '../host/app.ts'
import type { DurationMs } from '../model/time.ts'
import type { RunView } from '../model/view.ts'
import type { EndpointRow } from './kit/endpoints.ts'

/**
 * A foreign wire protocol over our model. Its folder holds everything about one vendor: routes, wire types spelled
 * as on the wire, status tables, presenters, auth, errors, fixtures, README. It sees `App` and the model's views only.
 */
export interface Dialect {
  /** The folder's name. */
  readonly name: string
  /**
   * Path prefixes that belong to it, longest first, e.g. `/api/c/compapi`; one segment may vary (`/v3/:project/tasks`). Under them it answers everything,
   * unknown paths included, in its vendor's own form.
   */
  readonly prefixes: readonly string[]
  /**
   * Everything the vendor has under these paths, served or not: kit/endpoints.ts. The tables between the markers in
   * the folder's README and in `docs/dialects/<name>.md` are written from it.
   */
  readonly endpoints?: readonly EndpointRow[]
  /** Fetch-shaped: no socket needed in tests. Must not throw for any request; an internal error is its vendor's 500. */
  create(app: App, options: DialectOptions): (request: Request) => Promise<Response>
  /** How the vendor's clients ask where this run is, with a token of ours as their credential. Without it: they cannot. */
  asks?(run: RunView, token: string): RunQuestion
  /** What it does besides answering, for as long as the server is up; must not throw. */
  background?(app: App, options: DialectOptions, until: AbortSignal): void
}

/** A GET. */
export interface RunQuestion {
  /** What people call the system. */
  readonly system: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** `newest-run`: it can only be asked about a pipeline, and answers about its newest run. */
  readonly about: 'run' | 'newest-run'
}

export interface DialectOptions {
  /** Without a slash at the end: what links in answers begin with. */
  readonly baseUrl: string
  /** Minutes east of UTC of times that carry no zone (CodeArts Pipeline) or carry the server's (KodeRover, BlueKing). */
  readonly zoneOffsetMinutes: number
  /** Longest request body. */
  readonly bodyMaxBytes: number
  /** Codes of the client apps that a vendor with two generations of answers gives the later one; `*`: all of them. */
  readonly laterApps?: readonly string[]
  /** Told of every error that a dialect answers as its vendor's internal one: nobody else would hear of it. */
  readonly onDefect?: (error: unknown) => void
  /** For answers without an end. Without it (tests) there are none. */
  readonly streams?: Streams
  /**
   * A response of bytes that are kept for many answers: they go out as they are. Without it (tests) they are copied into
   * one.
   */
  readonly inChunks?: (chunks: readonly Buffer[], init: ResponseInit) => Response
  /** Told of every request that no route of the dialect is for, before it is answered with the vendor's 404. */
  readonly onUnrouted?: (request: Request) => void
}

/** Answers without an end: server-sent events, logs that are followed. */
export interface Streams {
  /**
   * A body of chunks that are made only when the reader has taken the ones before. `until` is aborted when the reader
   * goes away or the server closes; the generator must end then. undefined: too many streams are open.
   */
  open(
    request: Request,
    chunks: (until: AbortSignal) => AsyncIterable<Uint8Array>,
  ): ReadableStream<Uint8Array> | undefined
  /** Resolves after this long, or as soon as `until` is aborted. */
  wait(durationMs: DurationMs, until: AbortSignal): Promise<void>
}

/**
 * Response header by which a presenter tells the server what an answer was made from, so that its bytes can be
 * kept and given again: topics joined with `,` (`run:<id>`, `pipeline:<id>`, `project:<id>`). Removed before sending.
 * Only for 200 answers to GET that depend on nothing but the URL, the credential headers, `Accept` and those topics.
 */
export const DEPENDS_HEADER = 'millrace-depends'
/** With {@link DEPENDS_HEADER}: the answer holds elapsed time and is true for this many milliseconds only. */
export const FRESH_HEADER = 'millrace-fresh-ms'
/**
 * Response header of an answer to a request for a WebSocket (`Upgrade: websocket`): its body is lines, each of which the
 * server sends as a text message. Without it the answer goes out as it is, and is all that there will be.
 */
export const FRAMES_HEADER = 'millrace-frames'
