import type { Chunks } from './answer-cache.ts'

/** Bodies of responses that were made of chunks. */
const bodies = new WeakMap<Response, Chunks>()

/** A response that goes out chunk by chunk as it is: to read 8 MiB out of one is to copy them twice. */
export function chunksResponse(body: Chunks, init: ResponseInit): Response {
  const chunks = body.chunks.values()
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
  const response = new Response(stream, init)
  bodies.set(response, body)
  return response
}

/** The same of chunks that nobody has counted. */
export const inChunks = (chunks: readonly Buffer[], init: ResponseInit): Response =>
  chunksResponse({ chunks, length: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }, init)

export const chunksOf = (response: Response): Chunks | undefined => bodies.get(response)

/** All that is in it; what it was made of is not read from there. */
export async function wholeBody(response: Response): Promise<Buffer<ArrayBuffer>> {
  const made = chunksOf(response)
  return made === undefined ? Buffer.from(await response.arrayBuffer()) : Buffer.concat(made.chunks, made.length)
}
