import type { IncomingMessage } from 'node:http'
import { getPath } from 'hono/utils/url'
import type { Instant } from '../model/time.ts'
import type { AnswerCache } from './answer-cache.ts'
import { compressed, takesGzip } from './compressed.ts'
import { conditional } from './conditional.ts'
import type { CredentialNote, Noted } from './credentials.ts'
import { answerKey, keptUntil, taken, takeHints } from './fast-lane.ts'
import { errorText, type Logger } from './logger.ts'
import type { Mount } from './mounts.ts'
import { problemResponse } from './problem.ts'

interface Dependencies {
  readonly cache: AnswerCache
  readonly noted: Noted
  readonly mountFor: (path: string) => Mount | undefined
  readonly now: () => Instant
  readonly logger: Logger
}

/**
 * The ordinary way of a request: to the owner of its path, and its answer into the cache when that may be. Never
 * rejects: what a mount throws is an internal problem, and the log says which request it was.
 */
export function responder(deps: Dependencies): (request: Request, incoming: IncomingMessage) => Promise<Response> {
  const { cache, noted, mountFor, logger } = deps

  const made = async (mount: Mount, request: Request, incoming: IncomingMessage): Promise<Response> => {
    const source = incoming.socket.remoteAddress ?? null
    const note: CredentialNote = { expiresAt: null, once: false, source, callers: [] }
    // Taken before anything is read: what changes from here on may be missing in the answer.
    const ticket = cache.begin()
    try {
      const made = await noted(note, () => mount.handle(request))
      const response =
        request.method === 'GET' && mount.compresses && takesGzip(incoming) ? await compressed(made) : made
      const { topics, freshMs } = takeHints(response)
      if (topics === null || response.status !== 200) return response
      const key = answerKey(incoming)
      const until = keptUntil(freshMs, note, deps.now())
      if (key === undefined || until === undefined) return response
      const { answer, response: again } = await taken(response)
      cache.put(ticket, key, answer, topics, until)
      return again
    } finally {
      cache.end()
    }
  }

  return async (request, incoming) => {
    const requestId = String(incoming.headers['x-request-id'])
    const { method } = request
    // As the routers behind the mounts read it: an escaped letter is that letter (RFC 3986, section 6.2.2.2).
    const path = getPath(request)
    const mount = mountFor(path)
    if (mount === undefined) return problemResponse({ code: 'not_found', message: `Nothing is at ${path}` }, requestId)
    try {
      const response = await made(mount, request, incoming)
      const isRead = method === 'GET' || method === 'HEAD'
      return isRead ? conditional(incoming.headers['if-none-match'], response) : response
    } catch (error) {
      const fields = { error: errorText(error), request_id: requestId, method, path, mount: mount.name }
      logger.error(fields, 'a request failed')
      return problemResponse({ code: 'internal', message: 'The server failed to answer; its log says why' }, requestId)
    }
  }
}
