import { FRAMES_HEADER, type DialectOptions } from '../dialect.ts'

/** How often it is asked again: as their servers did it. */
const SECOND_MS = 1_000

export const wantsWebSocket = (request: Request): boolean =>
  request.headers.get('Upgrade')?.toLowerCase() === 'websocket'

/**
 * What GET on the same path answers, as the WebSockets of 2017 sent it: a message with the whole at first, and another
 * one whenever it has changed; of a log, a message a line. Refusals are those of GET.
 * @param ask answers the request as GET.
 */
export async function framed(
  request: Request,
  options: DialectOptions,
  ask: (request: Request) => Promise<Response>,
): Promise<Response> {
  const first = await ask(request)
  if (first.status !== 200) return first
  if (first.headers.get('Content-Type')?.startsWith('text/plain') === true) return marked(first.body)
  let said = await first.text()
  const body = options.streams?.open(request, async function* (until) {
    const encoder = new TextEncoder()
    yield encoder.encode(`${said}\n`)
    while (!until.aborted) {
      await options.streams?.wait(SECOND_MS, until)
      if (until.aborted) return
      const again = await ask(request)
      // What is gone has nothing more to say.
      if (again.status !== 200) return
      const text = await again.text()
      if (text !== said) yield encoder.encode(`${text}\n`)
      said = text
    }
  })
  return marked(body ?? null)
}

const marked = (body: ReadableStream<Uint8Array> | null): Response =>
  new Response(
    body ?? '{"message":"Service Unavailable","code":"503","description":"too many streams are open on this server"}',
    {
      status: body === null ? 503 : 200,
      headers: body === null ? { 'Content-Type': 'application/json; charset=utf-8' } : { [FRAMES_HEADER]: 'lines' },
    },
  )
