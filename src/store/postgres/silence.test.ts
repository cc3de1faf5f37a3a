import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { postgresServer } from '../../testing/postgres-server.ts'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit } from '../conformance/samples.ts'
import type { Store } from '../store.ts'
import { openPostgresStore } from './index.ts'

/** A database whose machine goes without a word: what is sent to it is taken, and nothing ever comes back. */

interface Line {
  readonly url: string
  /** Of the connections that there are: those made later reach the database, as when another machine took its place. */
  readonly fallSilent: () => void
}

async function lineTo(target: URL): Promise<Line> {
  const ends = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    near.pipe(far)
    far.pipe(near)
    for (const end of [near, far]) ends.add(end.on('error', () => {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const end of ends) end.destroy()
    server.close()
  })
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    fallSilent: () => {
      for (const end of ends) end.unpipe().resume()
    },
  }
}

let schemas = 0

async function openOver(line: Line, onFatal: (error: Error) => void): Promise<Store> {
  const store = await openPostgresStore({
    url: line.url,
    schema: `silence_${(schemas += 1)}`,
    statementTimeoutMs: 1_000,
    silenceMs: 500,
    onFatal,
  })
  onTestFinished(() => store.close())
  return store
}

test('a read and a write of a database that is gone without a word are refused, and the next ones reach the one in its place', async () => {
  const line = await lineTo(new URL((await postgresServer()).url))
  const store = await openOver(line, () => {})
  await store.keys.putSetting('s', 'before')
  line.fallSilent()
  await expectRefusal('full', store.keys.putSetting('s', 'lost'))
  await expect.poll(() => store.keys.setting('s').catch(() => 'nothing yet'), { timeout: 20_000 }).toBe('before')
  await store.keys.putSetting('s', 'after')
  expect(await store.keys.setting('s')).toBe('after')
})

test('a commit to a database that is gone without a word ends the store: nobody knows whether it was done', async () => {
  const fatal = Promise.withResolvers<Error>()
  const line = await lineTo(new URL((await postgresServer()).url))
  const store = await openOver(line, fatal.resolve)
  const run = await addRun(store, await addPipeline(store))
  line.fallSilent()
  await expectRefusal('full', store.runs.commit(nextCommit(run.id, 1)))
  expect((await fatal.promise).message).toContain('while it committed')
})
