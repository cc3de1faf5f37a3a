import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('whoever waits for nothing but a restart sees it through', { timeout: 120_000 }, () => {
  const script = `import { ownPostgresServer } from ${JSON.stringify(import.meta.resolve('./postgres-server.ts'))}
    const server = await ownPostgresServer()
    await server.restart('immediate')
    await server.restart('fast')
    console.log('again')`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'again\n', stderr: '' })
})
