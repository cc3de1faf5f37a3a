import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIPv6, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Dialect } from '../dialects/dialect.ts'
import type { App } from '../host/app.ts'
import { ANSWER_CACHE_LIMITS, AnswerCache, type AnswerCacheLimits } from './answer-cache.ts'
import { inChunks } from './chunks.ts'
import { CredentialWatch } from './credential-watch.ts'
import { noteCredentials } from './credentials.ts'
import { answerKey, sendAnswer, sendChunks } from './fast-lane.ts'
import { type Foreign, foreignMounts } from './foreign.ts'
import { answerFault, declaresMore, framingFault, heedExpectations, refuseTunnels } from './framing.ts'
import { errorText, type Logger } from './logger.ts'
import { type Mount, mountTable } from './mounts.ts'
import { answerParserError } from './parser-error.ts'
import { problemResponse } from './problem.ts'
import { hasBody, readBody } from './request-body.ts'
import { requestIds, stampRequestId } from './request-id.ts'
import { responder } from './responder.ts'
import { StalledSockets } from './stalled.ts'
import { dialectStreams, StreamSlots } from './streams.ts'
import { handshakeRequest, isHandshake, sendFrames } from './web-socket.ts'

export interface ServerConfig {
  /** Address to listen on; a loopback one unless the operator says otherwise. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What links begin with, without a slash at the end; null: `http://host:port` of the socket. */
  readonly baseUrl: string | null
  readonly zoneOffsetMinutes: number
  readonly laterApps?: readonly string[]
  readonly bodyMaxBytes: number
  readonly cache?: AnswerCacheLimits
  readonly timeouts?: ServerTimeouts
}

export interface ServerTimeouts {
  /** For all headers of a request to arrive. */
  readonly headersMs: number
  /** For a whole request to arrive, its body too. */
  readonly requestMs: number
  /** How long an idle connection stays open. */
  readonly keepAliveMs: number
  /** How long a client may take nothing of an answer that waits for it; noticed within twice this time. */
  readonly stalledMs: number
  /** How long {@link RunningServer.close} waits for answers that are under way. */
  readonly closeMs: number
}

const TIMEOUTS: ServerTimeouts = {
  headersMs: 20_000,
  requestMs: 120_000,
  keepAliveMs: 75_000,
  stalledMs: 60_000,
  closeMs: 5_000,
}

const NO_BODY = Buffer.alloc(0)

/** Request line and headers together. Huawei's tokens reach 100,000 characters; Node's default is 16 KiB. */
const HEADERS_MAX_BYTES = 256 * 1_024

/** What a part of the server is built with; `app` is to be used instead of the one outside. */
export interface MountContext {
  readonly app: App
  readonly baseUrl: string
  readonly bodyMaxBytes: number
  /** Aborted when the server begins to close: streams end then. */
  readonly closing: AbortSignal
  readonly logger: Logger
  /** Left out where nobody is served but ourselves. */
  readonly foreign?: Foreign
}

export interface ServerParts {
  readonly app: App
  readonly dialects: readonly Dialect[]
  /** The native API and whatever else is ours: made here because they need the server's address. */
  readonly mounts: (context: MountContext) => readonly Mount[]
  readonly config: ServerConfig
  readonly logger: Logger
}

export interface RunningServer {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:8080`, without a slash at the end; by loopback too where it listens on every address. */
  readonly url: string
  /** Takes no new connections, ends streams, lets answers under way finish for a while, then cuts. A second call waits for the same end. */
  close(): Promise<void>
}

/**
 * All of HTTP on one port: kept answers first, by a lane that builds nothing; then the owner of the path.
 * @throws the socket's error when it cannot listen (EADDRINUSE, EACCES), and Error when two parts claim one prefix.
 */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const timeouts = parts.config.timeouts ?? TIMEOUTS
  const server = createServer({
    maxHeaderSize: HEADERS_MAX_BYTES,
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(5_000, timeouts.headersMs),
    // A peer that vanished without a word is found by TCP, also under a stream that has nothing to say.
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    noDelay: true,
    // Node's own answer to a missing Host has no body and no request id; ours has.
    requireHostHeader: false,
    shouldUpgradeCallback: isHandshake,
  })
  await listen(server, parts.config)
  try {
    return serve(server, parts, timeouts)
  } catch (error) {
    server.close()
    throw error
  }
}

function listen(server: Server, { host, port }: ServerConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Puts everything behind a socket that listens. Nothing has come through it yet: this runs in the same turn. */
function serve(server: Server, parts: ServerParts, timeouts: ServerTimeouts): RunningServer {
  const { config, logger } = parts
  const { address, port } = server.address() as AddressInfo
  const url = `http://${hostInUrl(address)}:${port}`
  const closing = new AbortController()
  const cache = new AnswerCache(config.cache ?? ANSWER_CACHE_LIMITS)
  const { app, noted } = noteCredentials(parts.app)
  const nextId = requestIds(app.freshId())
  const now = (): number => app.now()
  const mountFor = mountTable(mountsOf(parts, app, config.baseUrl ?? url, closing.signal))
  const respond = responder({ cache, noted, mountFor, now, logger })
  const serve = async (request: Request, incoming: IncomingMessage, outgoing: ServerResponse): Promise<Response> => {
    const response = await respond(request, incoming)
    return sendChunks(outgoing, response) ? RESPONSE_ALREADY_SENT : response
  }
  const listener = getRequestListener(
    (request, { incoming, outgoing }) => serve(request, incoming as IncomingMessage, outgoing as ServerResponse),
    {
      errorHandler: () =>
        problemResponse({ code: 'invalid_request', message: 'The URL or the Host header is not valid' }, ''),
    },
  )
  const stopListening = parts.app.feed.onChange((topics) => cache.changed(topics))
  const sockets = socketsOf(server)
  const stopLooking = endStalled(sockets, timeouts.stalledMs)

  /** What is under way on each socket: a broken request behind it must not write into its answer. */
  const busy = new Map<Socket, { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }>()

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const requestId = nextId(incoming.headers)
    stampRequestId(incoming, requestId)
    outgoing.setHeader('x-request-id', requestId)
    if (incoming.headers.host === undefined) incoming.headers.host = incoming.httpVersion === '1.0' ? 'localhost' : ''
    if (closing.signal.aborted) outgoing.setHeader('connection', 'close')
    const { socket } = incoming
    busy.set(socket, { incoming, outgoing })
    outgoing.once('close', () => {
      if (busy.get(socket)?.outgoing === outgoing) busy.delete(socket)
      if (closing.signal.aborted) setImmediate(() => server.closeIdleConnections())
    })
    if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
      // What is left of it may come as late as the client likes, or never.
      if (declaresMore(incoming, config.bodyMaxBytes)) outgoing.setHeader('connection', 'close')
      const body = hasBody(incoming) ? await readBody(incoming, config.bodyMaxBytes) : NO_BODY
      if (body === undefined) return
      // The adapter's name for a body that has been read already.
      Object.assign(incoming, { rawBody: body })
    }
    if (!isProbe(incoming.url) && !parts.app.feed.isCurrent() && !(await isCurrentSoon(parts.app))) {
      answerStale(outgoing)
      return
    }
    await listener(incoming, outgoing)
  }

  server.on('request', (incoming, outgoing) => {
    const fault = framingFault(incoming)
    if (fault !== undefined) {
      answerFault(outgoing, fault, nextId({}))
      return
    }
    const key = answerKey(incoming)
    const kept = key === undefined ? undefined : cache.get(key, now)
    if (kept !== undefined && !closing.signal.aborted && parts.app.feed.isCurrent()) {
      sendAnswer(incoming, outgoing, kept, nextId(incoming.headers))
      return
    }
    answer(incoming, outgoing).catch((error: unknown) => {
      logger.error({ error: errorText(error), method: incoming.method }, 'an answer could not be sent')
      outgoing.destroy()
    })
  })
  heedExpectations(server, config.bodyMaxBytes)
  refuseTunnels(server, () => nextId({}))
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const gone = new AbortController()
    socket.on('close', () => gone.abort())
    socket.on('error', () => socket.destroy())
    const requestId = nextId(incoming.headers)
    stampRequestId(incoming, requestId)
    const request = handshakeRequest(incoming, gone.signal)
    const answered =
      request === undefined
        ? Promise.resolve(
            problemResponse({ code: 'invalid_request', message: 'The URL or the Host header is not valid' }, ''),
          )
        : respond(request, incoming)
    answered
      .then((response) => {
        response.headers.set('x-request-id', requestId)
        return sendFrames(incoming, socket, head, response, gone.signal)
      })
      .catch((error: unknown) => {
        logger.error({ error: errorText(error) }, 'a WebSocket could not be served')
        socket.destroy()
      })
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    const current = busy.get(socket)
    const refuse = (): void => answerParserError(error, socket, nextId({}))
    if (current === undefined) refuse()
    // The one under way came whole, so the broken one is behind it and has its turn after it.
    else if (current.incoming.complete) current.outgoing.once('close', refuse)
    else if (current.outgoing.headersSent) socket.destroy(error)
    else refuse()
  })

  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    stopListening()
    stopLooking()
    closing.abort()
    const ended = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    server.closeIdleConnections()
    // All of them: those of WebSockets and tunnels are none of the server's `closeAllConnections`, and yet it waits for them.
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, timeouts.closeMs)
    await ended
    clearTimeout(cut)
  }
  return { host: address, port, url, close: () => (closed ??= close()) }
}

/** So long a request waits for the store when this server may be behind it. */
const CURRENT_MS = 5_000

/** How a URL names an address that is listened on: "every address" is none to go to (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.2). */
function hostInUrl(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  if (address === '::') return '[::1]'
  return isIPv6(address) ? `[${address}]` : address
}

const isProbe = (url: string | undefined): boolean => url === '/healthz' || url === '/readyz'

/** What is in memory may be old, as nothing was heard from the store: whether it is the newest now. */
async function isCurrentSoon({ feed }: App): Promise<boolean> {
  const late = AbortSignal.timeout(CURRENT_MS)
  const timeout = new Promise<void>((resolve) => {
    late.addEventListener('abort', () => resolve(), { once: true })
  })
  await Promise.race([feed.catchUp().catch(() => undefined), timeout])
  return feed.isCurrent()
}

function answerStale(outgoing: ServerResponse): void {
  const problem = {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    code: 'unavailable',
    detail: 'This server does not hear from its store, so what it knows may be old: try again, or another server',
  }
  outgoing.writeHead(503, {
    'content-type': 'application/problem+json',
    'retry-after': '1',
    'cache-control': 'no-store',
  })
  outgoing.end(JSON.stringify(problem))
}

/** Streams of all dialects together that may be open at once. */
const DIALECT_STREAMS_MAX = 1_000

function mountsOf(parts: ServerParts, app: App, baseUrl: string, closing: AbortSignal): readonly Mount[] {
  const { zoneOffsetMinutes, bodyMaxBytes, laterApps = [] } = parts.config
  const streams = dialectStreams(new StreamSlots(DIALECT_STREAMS_MAX, new CredentialWatch(app)), closing)
  const onDefect = (error: unknown): void =>
    parts.logger.error({ error: errorText(error) }, 'a dialect failed to answer a request')
  const options = { baseUrl, zoneOffsetMinutes, bodyMaxBytes, laterApps, onDefect, streams, inChunks }
  for (const dialect of parts.dialects) dialect.background?.(app, options, closing)
  const ticket = (): string => randomBytes(32).toString('hex')
  const { mounts, foreign } = foreignMounts(app, parts.dialects, options, ticket)
  return [...parts.mounts({ app, baseUrl, bodyMaxBytes, closing, logger: parts.logger, foreign }), ...mounts]
}

/** Those that are open. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

/** Looks every `stalledMs` for readers that have stopped reading. Returns the way to stop. */
function endStalled(sockets: ReadonlySet<Socket>, stalledMs: number): () => void {
  const stalled = new StalledSockets()
  const looking = setInterval(() => {
    for (const socket of stalled.look(sockets)) socket.destroy()
  }, stalledMs)
  looking.unref()
  return () => clearInterval(looking)
}
