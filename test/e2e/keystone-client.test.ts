// The identity service speaks Keystone v3, as Huawei's does; so OpenStack's own client of it (python3-keystoneclient of
// Debian, which `.ci/run` installs) signs in, looks round and signs out, unmodified but for the address.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openSampleServer } from '../support/sample-server.ts'

const SCRIPT = fileURLToPath(new URL('../support/keystone-client.py', import.meta.url))

test('OpenStack’s client of Keystone signs in for a project, for the account and for nothing, by a token too, and is refused by its own errors', async () => {
  const server = await openSampleServer()
  try {
    const { user, password, domain, project_id: project } = server.quickstart.credentials.huawei
    // Debian's own Python has Debian's packages.
    const args = [SCRIPT, server.url, user, password, domain, project]
    const { stdout } = await promisify(execFile)('/usr/bin/python3', args, { timeout: 100_000 })
    const seen = (scoped: boolean) => ({
      user: [expect.stringMatching(/^[0-9a-f]{32}$/), user, domain],
      project: scoped ? project : null,
      lives_s: 86_400,
      services: 4,
      projects: [[project, 'default']],
      own: [project],
      shown: 'default',
      domains: [domain],
      self: user,
      regions: ['millrace'],
      types: ['identity', 'cloudpipeline', 'codecheck', 'swr'],
      endpoints: 4,
      valid: expect.stringMatching(/^[0-9a-f]{32}$/),
      check: [200, 5],
      revoked: 204,
      after: 404,
    })
    expect(JSON.parse(stdout)).toEqual({
      seen: { project_id: seen(true), project_name: seen(true), domain: seen(false), none: seen(false) },
      rescoped: [project, user, true, 401],
      refused: {
        password: [401, 'Unauthorized', 'The username or password is wrong. (HTTP 401)'],
        project: [401, 'Unauthorized', 'The scope does not exist, or the user may not have it. (HTTP 401)'],
      },
    })
  } finally {
    await server.close()
  }
}, 150_000)
