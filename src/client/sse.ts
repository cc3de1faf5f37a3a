/** A message of a `text/event-stream` (WHATWG HTML, section 9.2.6), as far as our server writes it. */
export interface Message {
  /** null: none was given. */
  readonly id: string | null
  /** Empty: the message only says where the stream is. */
  readonly data: string
}

/** Longest line that is taken: an event of ours is far below. */
const LINE_MAX = 8 * 1_024 * 1_024

/** Messages of a stream of bytes; comments (heartbeats) come as undefined, so that the reader knows it is alive. */
export async function* readMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Message | undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  let id: string | null = null
  let data: string[] = []
  let isPlaced = false
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    if (rest.length > LINE_MAX) throw new Error(`a line of the stream is longer than ${LINE_MAX} characters`)
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 || isPlaced) yield { id, data: data.join('\n') }
        data = []
        isPlaced = false
      } else if (line.startsWith(':')) {
        yield undefined
      } else {
        const [field = ''] = line.split(':', 1)
        const value = line.slice(field.length + 1).replace(/^ /, '')
        if (field === 'data') data.push(value)
        else if (field === 'id') {
          id = value
          isPlaced = true
        }
      }
    }
  }
}

/** The bytes of a body, released when the reader stops. Not every engine can iterate a ReadableStream by itself. */
export async function* readBytes(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
