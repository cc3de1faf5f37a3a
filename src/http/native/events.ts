import { z } from 'zod'
import type { App, Caller, FeedSelection } from '../../host/app.ts'
import type { EventRecord } from '../../model/event.ts'
import { accept, type Result } from '../../model/problem.ts'
import { presentEvent } from './present-event.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef, runRef } from './refs.ts'
import { route } from './route.ts'
import { EventList } from './schema.ts'
import { pulledStream } from '../streams.ts'

const tag = 'events'

const selectionFields = {
  project: query.name.describe('Id or name'),
  pipeline: query.name.describe('Id, or name with `project`'),
  run: query.name.describe('Id or serial'),
}
type Selection = z.output<z.ZodObject<typeof selectionFields>>

/** Names become ids here, so that what does not exist is said at once and not followed for ever. */
async function selectionOf(app: App, caller: Caller, given: Selection): Promise<Result<FeedSelection>> {
  const pipeline =
    given.pipeline === undefined ? null : await app.pipelines.get(caller, pipelineRef(given.pipeline, given.project))
  if (pipeline !== null && !pipeline.ok) return pipeline
  const run = given.run === undefined ? null : await app.runs.get(caller, runRef(given.run))
  if (run !== null && !run.ok) return run
  return accept({
    ...(given.project === undefined ? {} : { project: projectRef(given.project) }),
    ...(pipeline === null ? {} : { pipelineId: pipeline.value.id }),
    ...(run === null ? {} : { runId: run.value.id }),
  })
}

const after = query.integer(0, Number.MAX_SAFE_INTEGER)

export const listRunEvents = route({
  method: 'GET',
  path: '/api/v1/runs/{run}/events',
  id: 'listRunEvents',
  tag,
  summary: 'What happened to a run, in order',
  query: z.object({
    after: after.default(0).describe('Only those with a higher `seq`'),
    limit: query.limit(100, 1_000),
  }),
  status: 200,
  answer: { json: EventList },
  problems: ['not_found'],
  handle: async ({ app, caller, param, query: given }) => {
    const events = await app.runs.events(caller, runRef(param('run')), given.after, given.limit)
    if (!events.ok) return events
    const last = events.value.length < given.limit ? null : (events.value.at(-1)?.seq ?? null)
    return accept({ body: { items: events.value.map(presentEvent), next: last } })
  },
})

export const listEvents = route({
  method: 'GET',
  path: '/api/v1/events',
  id: 'listEvents',
  tag,
  summary: 'What happened in the whole server, in order',
  query: z.object({
    ...selectionFields,
    after: after.default(0).describe('Only those with a higher `number`'),
    limit: query.limit(100, 1_000),
  }),
  status: 200,
  answer: { json: EventList },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, query: given }) => {
    const selection = await selectionOf(app, caller, given)
    if (!selection.ok) return selection
    const events = await app.feed.read(caller, given.after, selection.value, given.limit)
    if (!events.ok) return events
    const last = events.value.length < given.limit ? null : (events.value.at(-1)?.number ?? null)
    return accept({ body: { items: events.value.map(presentEvent), next: last } })
  },
})

export const followEvents = route({
  method: 'GET',
  path: '/api/v1/events/stream',
  id: 'followEvents',
  tag,
  summary: 'The same as server-sent events, as they happen',
  description:
    'The `id` of every message is the number of its event: a client that comes back with Last-Event-ID gets exactly what it has missed. The first message has only an `id`: where the stream begins. Comments are heartbeats.',
  query: z.object({
    ...selectionFields,
    after: after.optional().describe('Begin after this number; without it and without Last-Event-ID: with what comes'),
  }),
  headers: { 'Last-Event-ID': 'Number of the last event that was seen; wins over `after`' },
  status: 200,
  answer: { bytes: 'text/event-stream' },
  problems: ['not_found', 'conflict', 'too_many_requests'],
  handle: async ({ app, caller, query: given, header, signal, context }) => {
    const selection = await selectionOf(app, caller, given)
    if (!selection.ok) return selection
    // Another server may have told of more than this one has heard of.
    const seen = Number(header('last-event-id') ?? given.after ?? 0)
    if (seen > app.feed.last()) await app.feed.catchUp().catch(() => undefined)
    const from = startOf(header('last-event-id'), given.after, app.feed.last())
    if (!from.ok) return from
    const place = context.streams.take()
    if (place === undefined) {
      return { ok: false, problem: { code: 'too_many_requests', message: 'Too many streams are open on this server' } }
    }
    const stop = new AbortController()
    const { release } = place
    const ended = AbortSignal.any([signal, context.closing, place.until, stop.signal])
    const events = await app.feed.follow(caller, from.value, selection.value, ended)
    if (!events.ok) {
      release()
      return events
    }
    const bytes = pulledStream(messages(events.value, from.value), () => {
      release()
      stop.abort()
    })
    // Proxies that collect answers before they pass them on would hold the stream back.
    return accept({ bytes, headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' } })
  },
})

function startOf(lastEventId: string | undefined, given: number | undefined, newest: number): Result<number> {
  const wanted = lastEventId === undefined || lastEventId === '' ? (given ?? newest) : Number(lastEventId)
  if (Number.isSafeInteger(wanted) && wanted >= 0 && wanted <= newest) return accept(wanted)
  // A number from another life of the server (a restored backup): waiting for it would miss everything before.
  const message = `The newest event is ${newest}, found ${JSON.stringify(lastEventId ?? given)}: begin anew`
  return { ok: false, problem: { code: 'invalid_request', message } }
}

const encoder = new TextEncoder()
/**
 * How long a reader waits before it comes back after a cut, and where the stream begins: a message without data, which
 * tells of nothing and yet sets the Last-Event-ID. A reader that is cut off before its first event misses nothing.
 */
const hello = (from: number): Uint8Array => encoder.encode(`retry: 1000\nid: ${from}\n\n`)
const HEARTBEAT = encoder.encode(': \n\n')

async function* messages(events: AsyncIterable<EventRecord | undefined>, from: number): AsyncGenerator<Uint8Array> {
  yield hello(from)
  for await (const event of events) {
    // JSON has no line feeds of its own, so one data line holds it.
    yield event === undefined
      ? HEARTBEAT
      : encoder.encode(`id: ${event.number}\ndata: ${JSON.stringify(presentEvent(event))}\n\n`)
  }
}
