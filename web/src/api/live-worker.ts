import { followAll, type LiveMessage } from './live-stream.ts'

/**
 * Shared by all tabs of a browser: over HTTP/1.1 a browser opens at most six connections to a server, so a stream for
 * each tab would leave the seventh tab without an answer.
 */

const ports = new Set<MessagePort>()
let stop: AbortController | undefined
let state: LiveMessage = { kind: 'down' }

function tell(message: LiveMessage): void {
  if (message.kind === 'up' || message.kind === 'down') state = message
  if (message.kind === 'signed-out') stop = undefined
  for (const port of ports) port.postMessage(message)
}

/** A tab says hello when somebody is signed in, and goes when it closes or signs out. */
function onMessage(port: MessagePort, word: unknown): void {
  if (word === 'hello') {
    ports.add(port)
    if (stop === undefined) {
      stop = new AbortController()
      void followAll(tell, stop.signal)
    } else port.postMessage(state)
  } else if (word === 'bye') {
    ports.delete(port)
    if (ports.size > 0) return
    stop?.abort()
    stop = undefined
  }
}

self.addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports
  if (port === undefined) return
  port.addEventListener('message', ({ data }) => onMessage(port, data))
  port.start()
})
