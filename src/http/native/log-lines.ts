import { z } from 'zod'
import type { LogSource } from '../../host/app.ts'
import { accept, type Problem } from '../../model/problem.ts'
import { timeOrNull } from './present.ts'
import * as query from './query.ts'
import { nodeRef, runRef } from './refs.ts'
import { type NativeContext, route } from './route.ts'
import { LogLines, LogMatches } from './schema.ts'

/** How long an answer waits for something to be added. */
const WAIT_MS = 20_000

const whole = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value),
    z.int().min(min).max(max),
  )
const attempt = query.integer(1, 1_000_000).optional().describe('The present one without it')
const LINES_MAX = 1_000_000_000

export const getLogLines = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/nodes/{node}/log/lines',
  id: 'getLogLines',
  tag: 'logs',
  summary: "Lines of an attempt's log by their numbers",
  description:
    'For logs of millions of lines: where lines are is remembered, so that a window anywhere costs no more than its size. With `beyond`, the answer waits up to 20 s until the log is longer than that or has ended: a reader at the end asks again and again and misses nothing. At most 1 MiB of text; go on with the next number.',
  query: z.object({
    attempt,
    from: whole(-LINES_MAX, LINES_MAX).default(1).describe('The first line, from 1; negative: so many before the end'),
    count: query.limit(200, 1_000),
    beyond: query.integer(0, Number.MAX_SAFE_INTEGER).optional().describe('Bytes that the reader has seen'),
  }),
  status: 200,
  answer: { json: LogLines },
  problems: ['not_found', 'too_many_requests'],
  handle: async ({ app, caller, param, query: { attempt: wanted, from, count, beyond }, signal, context }) => {
    const found = await app.runs.log(caller, runRef(param('run')), nodeRef(param('node')), wanted ?? null)
    if (!found.ok) return found
    const log = found.value
    const refused = beyond === undefined ? undefined : await grown(log, beyond, signal, context)
    if (refused !== undefined) return { ok: false, problem: refused }
    // First whether it has ended, then what there is: the other way round, a line in between would be lost.
    const ended = log.ended()
    const index = context.logs.of(log)
    await index.extend(log, signal)
    const { size, total } = index.extent
    const first = from < 0 ? Math.max(1, total + from + 1) : Math.max(1, from)
    const lines = first > total ? [] : await index.lines(log, first, count, signal)
    const times = await log.times(lines.map(({ offset }) => offset))
    const timed = lines.map((line, at) => ({ ...line, at: timeOrNull(times[at] ?? null) }))
    return accept({ body: { attempt: log.attempt, total, size, ended, lines: timed } })
  },
})

/** @returns why there is no answer: too many wait, or who waits would not be let in any more. */
async function grown(
  log: LogSource,
  beyond: number,
  signal: AbortSignal,
  context: NativeContext,
): Promise<Problem | undefined> {
  if (log.ended() || (await log.size()) > beyond) return undefined
  const place = context.streams.take()
  if (place === undefined) return { code: 'too_many_requests', message: 'Too many streams are open on this server' }
  const until = AbortSignal.any([signal, context.closing, place.until, AbortSignal.timeout(WAIT_MS)])
  try {
    for await (const _ of log.follow(beyond, until)) break
  } finally {
    place.release()
  }
  return place.until.aborted
    ? { code: 'unauthenticated', message: 'The token is not known, or no longer valid' }
    : undefined
}

export const searchLog = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/nodes/{node}/log/search',
  id: 'searchLog',
  tag: 'logs',
  summary: "Lines of an attempt's log that hold a text",
  description:
    'A text, not a pattern; ASCII letters in either case. Of each line its first 64 KiB are looked at, as its bytes are: a text that changes its colour in the middle is not found.',
  query: z.object({
    attempt,
    text: z.string().min(1).max(256),
    from: query.integer(1, LINES_MAX).default(1).describe('The first line to look at'),
    limit: query.limit(100, 1_000),
  }),
  status: 200,
  answer: { json: LogMatches },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: { attempt: wanted, text, from, limit }, signal, context }) => {
    const found = await app.runs.log(caller, runRef(param('run')), nodeRef(param('node')), wanted ?? null)
    if (!found.ok) return found
    const index = context.logs.of(found.value)
    await index.extend(found.value, signal)
    const { items, next } = await index.search(found.value, text, { from, limit, signal })
    return accept({ body: { attempt: found.value.attempt, items: [...items], next } })
  },
})
