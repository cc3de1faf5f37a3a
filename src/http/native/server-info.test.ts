import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

test('what the server runs with is for admins of all projects', async () => {
  const { client, send, world } = native
  expect(await client.server()).toMatchObject({ version: '0.0.0', base_url: native.server.url })
  for (const [name, role, projects] of [
    ['looks', 'viewer', null],
    ['works', 'operator', null],
    ['of-one', 'admin', [world.project.name]],
  ] as const) {
    await client.users.create({
      name,
      role,
      password: 'a long password',
      projects: projects === null ? null : [...projects],
    })
    const caller = await world.app.access.byPassword(name, 'a long password', null)
    if (caller === undefined) throw new Error('the user was just made')
    const { token } = await world.app.access.issueToken(caller, 'test', null)
    expect([name, (await send('GET', '/api/v1/server', { token })).status]).toEqual([name, 403])
  }
})
