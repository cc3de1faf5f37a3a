import type { Json } from '../../../model/json.ts'
import { maskedJson } from '../../kit/credentials.ts'
import { STARS } from '../credentials.ts'
import type { Face, Operation } from './face.ts'
import type { Call } from '../route.ts'

const SECOND_MS = 1_000

/**
 * A message as their server writes it: no blank after the colons, no id, no retry. A line feed within the data begins a
 * line of its own with `data:`, as gin does it; what stands on one line, as JSON always does, is one line.
 */
const message = (data: string): string =>
  `event:message\ndata:${data.replaceAll('\r', '').replaceAll('\n', '\ndata:')}\n\n`

/** The same question again every second, for as long as the client stays: also after the task has ended. */
export const polled = (
  call: Call,
  face: Face,
  operation: Operation,
  first: Json,
  again: () => Promise<Json | undefined>,
): Response =>
  stream(call, face, operation, async function* (until) {
    yield message(maskedJson(first, STARS))
    while (!until.aborted) {
      await call.options.streams?.wait(SECOND_MS, until)
      if (until.aborted) return
      const value = await again()
      // What is gone has nothing more to say; their poll ends with the first error, too.
      if (value === undefined) return
      yield message(maskedJson(value, STARS))
    }
  })

/** Lines of a log, each a message of its own, bare. */
export const lines = (
  call: Call,
  face: Face,
  operation: Operation,
  logs: (until: AbortSignal) => AsyncIterable<readonly string[]>,
): Response =>
  stream(call, face, operation, async function* (until) {
    for await (const some of logs(until)) yield some.map((line) => message(line.replace(/\r?\n$/, ''))).join('')
  })

function stream(
  { options, request }: Call,
  face: Face,
  operation: Operation,
  chunks: (until: AbortSignal) => AsyncIterable<string>,
): Response {
  const body = options.streams?.open(request, async function* (until) {
    const encoder = new TextEncoder()
    for await (const chunk of chunks(until)) yield encoder.encode(chunk)
  })
  if (body === undefined) return face.operation(operation, 'too many streams are open on this server')
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' },
  })
}
