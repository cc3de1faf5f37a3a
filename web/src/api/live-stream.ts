import { createClient } from '../../../src/client/client.ts'
import type { Event } from '../../../src/client/client.ts'

/** What the tabs of a browser are told by the one stream that they share. */
export type LiveMessage =
  | { readonly kind: 'event'; readonly event: Event }
  /** The stream is up, and nothing that came since it was up for the first time was missed. */
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  /** The server does not know where we were: everything must be read again. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'signed-out' }

/** The server sends a heartbeat every 15 s; a stream that is silent for longer is dead, whatever TCP says. */
const SILENT_MS = 40_000

/** Follows all events until the signal is aborted, through cuts and restarts of the server. */
export async function followAll(tell: (message: LiveMessage) => void, signal: AbortSignal): Promise<void> {
  let after: number | undefined
  while (!signal.aborted) {
    const client = createClient({ baseUrl: self.location.origin, token: null, fetch: watched(tell) })
    try {
      for await (const event of client.events.follow({ after, signal })) {
        after = event.number
        tell({ kind: 'event', event })
      }
      return
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'unauthenticated' || code === 'forbidden') return tell({ kind: 'signed-out' })
      // The server was set back to an earlier time: what we have seen has not happened there.
      after = undefined
      tell({ kind: 'reset' })
      await new Promise((resolve) => setTimeout(resolve, 2_000))
    }
  }
}

/** A fetch that tells whether the stream is up, and cuts one that has gone silent. */
function watched(tell: (message: LiveMessage) => void) {
  return async (input: string, init: RequestInit = {}): Promise<Response> => {
    const cut = new AbortController()
    const signal = init.signal == null ? cut.signal : AbortSignal.any([init.signal, cut.signal])
    let response: Response
    try {
      response = await fetch(input, { ...init, signal })
    } catch (error) {
      tell({ kind: 'down' })
      throw error
    }
    if (!response.ok || response.body === null) {
      tell({ kind: 'down' })
      return response
    }
    tell({ kind: 'up' })
    return new Response(
      noticing(response.body, () => cut.abort(), tell),
      response,
    )
  }
}

function noticing(
  body: ReadableStream<Uint8Array>,
  onSilence: () => void,
  tell: (message: LiveMessage) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let timer: ReturnType<typeof setTimeout> | undefined
  return new ReadableStream({
    pull: async (controller) => {
      timer = setTimeout(onSilence, SILENT_MS)
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        tell({ kind: 'down' })
        controller.close()
      } catch (error) {
        tell({ kind: 'down' })
        controller.error(error)
      } finally {
        clearTimeout(timer)
      }
    },
    cancel: async (reason) => {
      clearTimeout(timer)
      await reader.cancel(reason)
    },
  })
}
