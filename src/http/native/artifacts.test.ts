import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { openNative } from '../../../test/support/native-server.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = { kind: 'runner', uses: 'package', with: { name: 'web.tar.gz', files: 'dist' } } as const

async function kept() {
  const native = await openNative()
  const { world, client } = native
  const { id } = await world.pipeline(definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'pack', work })] })] }))
  const run = await client.runs.start(id)
  await world.settled()
  const bytes = new TextEncoder().encode('0123456789')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  world.artifacts.set(`${run.id}/1/1`, [{ name: 'web.tar.gz', sizeBytes: 10, sha256, bytes }])
  world.runner.endTask('pack', succeeded())
  await world.settled()
  return { native, run, sha256, path: `/api/v1/runs/${run.id}/artifacts` }
}

test('what a run has kept is listed and given, whole or a range of it', async () => {
  const { native, run, sha256, path } = await kept()
  await using _ = native
  expect(await (await native.send('GET', path)).json()).toMatchObject({
    items: [{ name: 'web.tar.gz', size: 10, sha256, node: { key: 'pack' }, attempt: 1 }],
  })
  const get = (range?: string) =>
    native.send('GET', `${path}/web.tar.gz`, range === undefined ? {} : { headers: { range } })
  const whole = await get()
  expect([whole.status, whole.headers.get('content-length'), await whole.text()]).toEqual([200, '10', '0123456789'])
  expect(whole.headers.get('etag')).toBe(`"${sha256}"`)
  for (const [range, expected, part] of [
    ['bytes=2-4', 'bytes 2-4/10', '234'],
    ['bytes=7-', 'bytes 7-9/10', '789'],
    ['bytes=-3', 'bytes 7-9/10', '789'],
    ['bytes=5-900', 'bytes 5-9/10', '56789'],
  ] as const) {
    const answer = await get(range)
    expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([206, expected, part])
  }
  const beyond = await get('bytes=10-')
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10'])
  expect((await get('bytes=0-1,3-4')).status).toBe(200)
  expect((await native.send('GET', `${path}/other`)).status).toBe(404)
  expect((await native.send('GET', `/api/v1/runs/${run.id}/artifacts/..%2Fx`)).status).toBe(404)
})
