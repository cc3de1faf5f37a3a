import { z } from 'zod'
import type { LogSource } from '../../host/app.ts'
import { accept } from '../../model/problem.ts'
import * as query from './query.ts'
import { nodeRef, runRef } from './refs.ts'
import { route } from './route.ts'
import { pulledStream } from '../streams.ts'

const CHUNK_BYTES = 256 * 1_024

const offset = z
  .preprocess((value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value), z.int())
  .default(0)

export const getLog = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/nodes/{node}/log',
  id: 'getLog',
  tag: 'logs',
  summary: "An attempt's log, byte for byte",
  description:
    'Answer headers: Millrace-Log-Attempt, Millrace-Log-Offset (of the first byte), Millrace-Log-Size (so far), Millrace-Log-Ended (whether more can come). With `follow` the answer goes on until the last byte; if it ends because the server closes, Millrace-Log-Ended of another request tells.',
  query: z.object({
    attempt: query.integer(1, 1_000_000).optional().describe('The present one without it'),
    offset: offset.describe('First byte; negative: so many before the end'),
    follow: query.flag.describe('true: go on with what comes'),
  }),
  status: 200,
  answer: { bytes: 'text/plain' },
  problems: ['not_found', 'too_many_requests'],
  handle: async ({ app, caller, param, query: given, signal, context }) => {
    const found = await app.runs.log(caller, runRef(param('run')), nodeRef(param('node')), given.attempt ?? null)
    if (!found.ok) return found
    const log = found.value
    // First whether it has ended, then how long it is: the other way round, a byte in between would be lost.
    const ended = log.ended()
    const size = await log.size()
    const begin = Math.min(given.offset < 0 ? Math.max(0, size + given.offset) : given.offset, Number.MAX_SAFE_INTEGER)
    const headers = {
      'content-type': 'text/plain; charset=utf-8',
      // Scripts printed by a build must not run in the reader's browser.
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'millrace-log-attempt': String(log.attempt),
      'millrace-log-offset': String(begin),
      'millrace-log-size': String(size),
      'millrace-log-ended': String(ended),
    }
    const stop = new AbortController()
    if (given.follow !== 'true') {
      const bytes = pulledStream(stored(log, begin, size, signal), () => stop.abort())
      return accept({ bytes, headers: { ...headers, 'content-length': String(Math.max(0, size - begin)) } })
    }
    const place = context.streams.take()
    if (place === undefined) {
      return { ok: false, problem: { code: 'too_many_requests', message: 'Too many streams are open on this server' } }
    }
    const { release } = place
    const until = AbortSignal.any([signal, context.closing, place.until, stop.signal])
    const bytes = pulledStream(log.follow(begin, until), () => {
      release()
      stop.abort()
    })
    return accept({ bytes, headers: { ...headers, 'x-accel-buffering': 'no' } })
  },
})

async function* stored(log: LogSource, begin: number, end: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = begin; at < end && !signal.aborted;) {
    const bytes = await log.read(at, Math.min(CHUNK_BYTES, end - at))
    if (bytes.length === 0) throw new Error(`the log of attempt ${log.attempt} had ${end} bytes and ends at ${at}`)
    yield bytes
    at += bytes.length
  }
}
