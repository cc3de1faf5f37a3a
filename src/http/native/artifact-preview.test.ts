import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { openNative } from '../../../test/support/native-server.ts'
import { succeeded } from '../../testing/scripted-runner.ts'
import { definition, stageSpec, taskSpec } from '../../testing/views.ts'

const work = { kind: 'runner', uses: 'package', with: { name: 'a', files: 'dist' } } as const
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')

/** A run that has kept these files. */
async function kept(files: Readonly<Record<string, Buffer>>) {
  const native = await openNative()
  const { world, client } = native
  const { id } = await world.pipeline(definition({ stages: [stageSpec({ tasks: [taskSpec({ key: 'pack', work })] })] }))
  const run = await client.runs.start(id)
  await world.settled()
  const artifacts = Object.entries(files).map(([name, bytes]) => ({
    name,
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: new Uint8Array(bytes),
  }))
  world.artifacts.set(`${run.id}/1/1`, artifacts)
  world.runner.endTask('pack', succeeded())
  await world.settled()
  return { native, path: `/api/v1/runs/${run.id}/artifacts` }
}

test('texts, JSON and small pictures are shown by what they are, not by what they are called', async () => {
  const files = {
    'notes.html': ['<script>alert(1)</script> 版本', 'text/plain; charset=utf-8'],
    'drawing.svg': ['<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', 'text/plain; charset=utf-8'],
    'report.bin': ['{"a": [1]}', 'application/json'],
    'broken.json': ['{"a": ', 'text/plain; charset=utf-8'],
    'empty.txt': ['', 'text/plain; charset=utf-8'],
    'picture.txt': [PNG.toString('latin1'), 'image/png'],
  } as const
  const bytes = (text: string) => Buffer.from(text, text.startsWith('\x89') ? 'latin1' : 'utf8')
  const { native, path } = await kept(
    Object.fromEntries(Object.entries(files).map(([name, [text]]) => [name, bytes(text)])),
  )
  await using _ = native
  for (const [name, [text, type]] of Object.entries(files)) {
    const answer = await native.send('GET', `${path}/${name}/preview`)
    expect([name, answer.status, answer.headers.get('content-type')]).toEqual([name, 200, type])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'; sandbox")
    expect(answer.headers.get('content-disposition')).toBe('inline')
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes(text))).toBe(true)
  }
})

test('of a long text the beginning is shown, in whole characters', async () => {
  const long = Buffer.from(`x${'版'.repeat(200_000)}`)
  const { native, path } = await kept({ 'long.txt': long })
  await using _ = native
  const answer = await native.send('GET', `${path}/long.txt/preview`)
  expect(answer.headers.get('millrace-truncated')).toBe('true')
  const text = await answer.text()
  expect(text).toBe(`x${'版'.repeat(Math.floor((256 * 1024 - 1) / 3))}`)
})

test('there is no preview of what is neither, of a large picture, and of what is not there', async () => {
  const { native, path } = await kept({
    'web.tar.gz': Buffer.from('1f8b080000000000', 'hex'),
    latin1: Buffer.from('caf\xe9', 'latin1'),
    'large.png': Buffer.concat([PNG, Buffer.alloc(4 * 1024 * 1024)]),
  })
  await using _ = native
  for (const name of ['web.tar.gz', 'latin1', 'large.png']) {
    const answer = await native.send('GET', `${path}/${name}/preview`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await answer.json()).toMatchObject({ code: 'not_allowed' })
  }
  expect((await native.send('GET', `${path}/none/preview`)).status).toBe(404)
})
