import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { guard } from '../steps/kit/guard.ts'
import { repositoryReader } from './repository-file.ts'

test('nothing is left of reading from a server that never answers', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const asked = once(server, 'request') as Promise<[IncomingMessage]>
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/web.git`
  const read = repositoryReader(guard('127.0.0.0/8'), 'http')
  const reading = read({
    url,
    path: '.millrace.yml',
    revision: 'refs/heads/main',
    credentials: undefined,
    knownHosts: undefined,
    timeoutMs: 1_000,
  })
  const [{ socket }] = await asked
  const gone = once(socket, 'close')
  expect(await reading).toEqual({ ok: false, reason: 'not read within 1 s' })
  // Held open by the process that git has started to speak HTTP, as long as there is one.
  await gone
})
