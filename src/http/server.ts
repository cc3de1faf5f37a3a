import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Dialect } from '../dialects/dialect.ts'
import type { App } from '../host/app.ts'
import { ANSWER_CACHE_LIMITS, AnswerCache, type AnswerCacheLimits } from './answer-cache.ts'
import { conditional } from './conditional.ts'
import { type CredentialNote, noteCredentials } from './credentials.ts'
import { answerKey, keep, keptUntil, sendAnswer, takeHints } from './fast-lane.ts'
import { errorText, type Logger } from './logger.ts'
import { type Mount, mountTable } from './mounts.ts'
import { answerParserError } from './parser-error.ts'
import { problemResponse } from './problem.ts'
import { hasBody, readBody } from './request-body.ts'
import { requestIds, stampRequestId } from './request-id.ts'
import { StalledSockets } from './stalled.ts'

export interface ServerConfig {
  /** Address to listen on; a loopback one unless the operator says otherwise. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What links begin with, without a slash at the end; null: `http://host:port` of the socket. */
  readonly baseUrl: string | null
  readonly zoneOffsetMinutes: number
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
  /** `http://127.0.0.1:8080`, without a slash at the end. */
  readonly url: string
  /** Takes no new connections, ends streams, lets answers under way finish for a while, then cuts. A second call waits for the same end. */
  close(): Promise<void>
}

/**
 * All of HTTP on one port: kept answers first, by a lane that builds nothing; then the owner of the path.
 * @throws the socket's error when it cannot listen (EADDRINUSE, EACCES).
 */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { config, logger } = parts
  const timeouts = config.timeouts ?? TIMEOUTS
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
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(config.port, config.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const { address, port, family } = server.address() as AddressInfo
  const url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`

  const nextId = requestIds(parts.app.freshId())
  const closing = new AbortController()
  const cache = new AnswerCache(config.cache ?? ANSWER_CACHE_LIMITS)
  const stopListening = parts.app.feed.onChange((topics) => cache.changed(topics))
  const credentials = noteCredentials(parts.app)
  const { app } = credentials
  const now = (): number => app.now()
  const baseUrl = config.baseUrl ?? url
  const mountFor = mountTable([
    ...parts.mounts({ app, baseUrl, bodyMaxBytes: config.bodyMaxBytes, closing: closing.signal, logger }),
    ...parts.dialects.map((dialect) => ({
      name: dialect.name,
      prefixes: dialect.prefixes,
      handle: dialect.create(app, {
        baseUrl,
        zoneOffsetMinutes: config.zoneOffsetMinutes,
        bodyMaxBytes: config.bodyMaxBytes,
      }),
    })),
  ])

  /** What is under way on each socket: a broken request behind it must not write into its answer. */
  const busy = new Map<Socket, { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse }>()
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const stalled = new StalledSockets()
  const looking = setInterval(() => {
    for (const socket of stalled.look(sockets)) socket.destroy()
  }, timeouts.stalledMs)
  looking.unref()

  const respond = async (request: Request, incoming: IncomingMessage): Promise<Response> => {
    const requestId = String(incoming.headers['x-request-id'])
    const path = new URL(request.url).pathname
    const mount = mountFor(path)
    if (mount === undefined) return problemResponse({ code: 'not_found', message: `Nothing is at ${path}` }, requestId)
    const note: CredentialNote = { expiresAt: null, once: false }
    const ticket = cache.begin()
    try {
      const response = await credentials.noted(note, () => mount.handle(request))
      const { topics, freshMs } = takeHints(response)
      const ifNoneMatch =
        incoming.method === 'GET' || incoming.method === 'HEAD' ? incoming.headers['if-none-match'] : null
      if (topics === null || response.status !== 200) return conditional(ifNoneMatch, response)
      const key = answerKey(incoming)
      const until = keptUntil(freshMs, note, app.now())
      if (key === undefined || until === undefined) return conditional(ifNoneMatch, response)
      return conditional(ifNoneMatch, await keep(cache, key, response, ticket, topics, until))
    } catch (error) {
      logger.error(
        { error: errorText(error), request_id: requestId, method: request.method, path, mount: mount.name },
        'a request failed',
      )
      return problemResponse({ code: 'internal', message: 'The server failed to answer; its log says why' }, requestId)
    } finally {
      cache.end()
    }
  }
  const listener = getRequestListener((request, { incoming }) => respond(request, incoming as IncomingMessage), {
    errorHandler: () =>
      problemResponse({ code: 'invalid_request', message: 'The URL or the Host header is not valid' }, ''),
  })

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
      const body = hasBody(incoming) ? await readBody(incoming, config.bodyMaxBytes) : NO_BODY
      if (body === undefined) return
      // The adapter's name for a body that has been read already.
      Object.assign(incoming, { rawBody: body })
    }
    await listener(incoming, outgoing)
  }

  server.on('request', (incoming, outgoing) => {
    const key = answerKey(incoming)
    const kept = key === undefined ? undefined : cache.get(key, now)
    if (kept !== undefined && !closing.signal.aborted) sendAnswer(incoming, outgoing, kept, nextId(incoming.headers))
    else {
      answer(incoming, outgoing).catch((error: unknown) => {
        logger.error({ error: errorText(error), method: incoming.method }, 'an answer could not be sent')
        outgoing.destroy()
      })
    }
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
    clearInterval(looking)
    closing.abort()
    const ended = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    server.closeIdleConnections()
    const cut = setTimeout(() => server.closeAllConnections(), timeouts.closeMs)
    await ended
    clearTimeout(cut)
  }
  return { host: address, port, url, close: () => (closed ??= close()) }
}
