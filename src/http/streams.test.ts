import { describe, expect, test } from 'vitest'
import { CredentialWatch } from './credential-watch.ts'
import { dialectStreams, StreamSlots } from './streams.ts'

const app = { access: { isValid: () => true }, feed: { onChange: () => () => undefined } }
const credentials = new CredentialWatch(app)
const BYTES = new TextEncoder().encode('data:1\n\n')

function opened(request = new Request('http://localhost/'), slots = new StreamSlots(1, credentials)) {
  const closing = new AbortController()
  let until: AbortSignal | undefined
  const streams = dialectStreams(slots, closing.signal)
  const body = streams.open(request, async function* (signal) {
    until = signal
    yield BYTES
    await streams.wait(3_600_000, signal)
  })
  return { slots, closing, body, until: () => until }
}

describe('a dialect’s stream', () => {
  test('gives its place back when the reader goes away', async () => {
    const { slots, body, until } = opened()
    const reader = body!.getReader()
    expect((await reader.read()).value).toEqual(BYTES)
    expect(slots.open).toBe(1)
    await reader.cancel()
    expect([slots.open, until()?.aborted]).toEqual([0, true])
  })

  test('ends when the server closes, in the midst of a wait', async () => {
    const { slots, body, closing } = opened()
    const reader = body!.getReader()
    await reader.read()
    const rest = reader.read()
    closing.abort()
    expect((await rest).done).toBe(true)
    expect(slots.open).toBe(0)
  })

  test('is refused when all places are taken', () => {
    const slots = new StreamSlots(1, credentials)
    expect(opened(undefined, slots).body).toBeDefined()
    expect(opened(undefined, slots).body).toBeUndefined()
  })

  test('ends at once for HEAD, whose body nobody will read', async () => {
    const { body, slots } = opened(new Request('http://localhost/', { method: 'HEAD' }))
    expect(slots.open).toBe(0)
    expect(await new Response(body).text()).toBe('')
  })

  test('waits no longer than it was told', async () => {
    const streams = dialectStreams(new StreamSlots(1, credentials), new AbortController().signal)
    await expect(streams.wait(0, new AbortController().signal)).resolves.toBeUndefined()
    await expect(streams.wait(3_600_000, AbortSignal.abort())).resolves.toBeUndefined()
  })
})
