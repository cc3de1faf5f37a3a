// Requests at the edge of HTTP/1.1, as bytes: what a proxy before us may read otherwise is nobody's request.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openNative, type NativeServer } from '../../test/support/native-server.ts'

let shared: NativeServer
beforeAll(async () => {
  shared = await openNative({ config: { bodyMaxBytes: 1_000 } })
})
afterAll(() => shared.server.close())

/** All that comes back until the server ends the connection. */
async function exchange(bytes: string): Promise<string> {
  const socket: Socket = connect(shared.server.port, shared.server.host)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}
const statusesOf = (answer: string): readonly string[] =>
  [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, s]) => s!)
const HEALTH = 'GET /healthz HTTP/1.1\r\n'

describe('one request is all that is read of', () => {
  test.each([
    ['two hosts', `${HEALTH}Host: a\r\nHOST: b\r\n\r\n`],
    ['chunks of HTTP/1.0', 'POST /api/v1/validate HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a length and chunks', `${HEALTH}Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['two lengths', `${HEALTH}Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n`],
    ['an unknown coding', `${HEALTH}Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n`],
    ['a blank before the colon', `${HEALTH}Host: a\r\nTransfer-Encoding : chunked\r\n\r\n`],
    ['a folded line', `${HEALTH}Host: a\r\nX-A: 1\r\n b: 2\r\n\r\n`],
    ['lines without a carriage return', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
  ])('%s: 400, and the connection ends before what follows', async (_, bytes) => {
    const answer = await exchange(`${bytes}${HEALTH}Host: a\r\nConnection: close\r\n\r\n`)
    expect(statusesOf(answer)).toEqual(['400'])
    expect(answer).toMatch(/^x-request-id: /im)
    expect(answer).toContain('urn:millrace:problem:invalid_request')
  })

  test('also where the answer to one host is kept', async () => {
    for (let n = 0; n < 2; n += 1) await exchange(`${HEALTH}Host: a\r\nConnection: close\r\n\r\n`)
    expect(statusesOf(await exchange(`${HEALTH}Host: a\r\nHost: a\r\n\r\n`))).toEqual(['400'])
  })
})

describe('a body that is too long by its own word', () => {
  const head = (more: string): string =>
    `POST /api/v1/validate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${shared.world.credentials.token}\r\n${more}\r\n`

  test('is refused before it comes, and the connection ends', async () => {
    expect(statusesOf(await exchange(head('Content-Length: 1001\r\n')))).toEqual(['413'])
  })

  test('is not waited for when the client asks first, another one is', async () => {
    expect(statusesOf(await exchange(head('Expect: 100-continue\r\nContent-Length: 1001\r\n')))).toEqual(['413'])
    const asked = head('Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n')
    expect(statusesOf(await exchange(`${asked}{}`))[0]).toBe('100')
  })
})

test('a tunnel is refused in so many words', async () => {
  const answer = await exchange('CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n')
  expect(statusesOf(answer)).toEqual(['405'])
  expect(answer).toContain('Allow: GET, HEAD')
})

test('a refusal does not send a long name back', async () => {
  const { token } = shared.world.credentials
  for (const path of ['pipelines', 'projects', 'runs']) {
    const response = await fetch(`${shared.server.url}/api/v1/${path}/${'a'.repeat(50_000)}`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    expect([path, response.status, (await response.text()).length < 1_000]).toEqual([path, 404, true])
  }
})
