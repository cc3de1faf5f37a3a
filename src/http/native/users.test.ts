import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { createClient } from '../../client/client.ts'
import { checkedFetch } from './checked-fetch.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

const as = (token: string) => createClient({ baseUrl: native.server.url, token, fetch: checkedFetch })

test('secrets are set, listed and removed, of a project and of a pipeline, and no answer has a value', async () => {
  const { client } = native
  await client.pipelines.create({ project: 'default', definition: 'name: web\ntasks: [{key: a, script: make}]\n' })
  const owners = [{ project: 'default' }, { pipeline: 'web' }, { pipeline: 'web', project: 'default' }] as const
  for (const owner of owners) {
    const set = await client.secrets.set(owner, 'TOKEN', 'a value that nobody reads')
    expect(set).toMatchObject({ name: 'TOKEN', last_used_at: null, created_by: { name: 'ci' } })
    const { items } = await client.secrets.list(owner)
    expect(items.map(({ name }) => name)).toEqual(['TOKEN'])
    expect(JSON.stringify([set, items])).not.toContain('nobody reads')
    await client.secrets.remove(owner, 'TOKEN')
    await expect(client.secrets.remove(owner, 'TOKEN')).rejects.toMatchObject({ code: 'not_found' })
  }
  await expect(client.secrets.set({ project: 'default' }, 'TOKEN', 'short')).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await expect(client.secrets.set({ project: 'default' }, 'TOKEN', 'x'.repeat(40_000))).rejects.toThrow()
})

test('a disabled user is refused by the next request, also where the answer was kept', async () => {
  const { client, world } = native
  await client.users.create({ name: 'li', role: 'viewer', password: 'a password of theirs' })
  const li = await world.app.access.byPassword('li', 'a password of theirs', null)
  const { token } = await world.app.access.issueToken(li!, 'ci', null)
  const { id } = await client.pipelines.create({
    project: 'default',
    definition: 'name: kept\ntasks: [{key: a, uses: noop}]\n',
  })
  for (let time = 0; time < 3; time += 1) expect((await as(token).pipelines.get(id)).name).toBe('kept')
  await client.users.change('li', { disabled: true })
  await expect(as(token).pipelines.get(id)).rejects.toMatchObject({ code: 'unauthenticated' })
  expect((await client.users.list()).items.find(({ name }) => name === 'li')?.disabled_at).not.toBeNull()
  await client.users.change('li', { disabled: false, role: 'operator', projects: [] })
  await expect(as(token).pipelines.get(id)).rejects.toMatchObject({ code: 'not_found' })
})

test('keys are made, shown once, listed and revoked; the own password is changed', async () => {
  const { client } = native
  const pair = await client.keys.createAccessKey('sdk')
  const app = await client.keys.createApp('app_one', 'esb')
  const listed = (await client.keys.list()).items
  expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining([pair.access_key, 'app_one']))
  expect(JSON.stringify(listed)).not.toMatch(new RegExp(`${pair.secret_key}|${app.secret}`))
  await client.keys.revoke('aksk', pair.access_key)
  await expect(client.keys.revoke('aksk', pair.access_key)).rejects.toMatchObject({ code: 'not_found' })
  expect((await native.send('DELETE', '/api/v1/keys/nonsense/x')).status).toBe(404)
  await expect(client.users.changeOwnPassword('wrong', 'a password that is new')).rejects.toMatchObject({
    code: 'forbidden',
  })
  await client.users.changeOwnPassword(native.world.credentials.password, 'a password that is new')
})

test('the audit record is read in pages, filtered, and by no operator', async () => {
  const { client, world } = native
  const page = await client.audit.list({ action: 'secret.', limit: 2 })
  expect(page.items.map(({ action }) => action)).toEqual(['secret.remove', 'secret.set'])
  const next = await client.audit.list({ action: 'secret.', limit: 2, cursor: page.next ?? '' })
  expect(next.items).toHaveLength(2)
  expect(next.items[0]?.number).toBeLessThan(page.items.at(-1)?.number ?? 0)
  const { token } = await world.app.access.issueToken({ ...world.admin }, 'mine', null)
  expect((await as(token).audit.list({ actor: 'ci', from: new Date(0).toISOString() })).items.length).toBeGreaterThan(5)
  await client.users.create({ name: 'op', role: 'operator', password: 'a password of theirs' })
  const op = await world.app.access.byPassword('op', 'a password of theirs', null)
  const { token: theirs } = await world.app.access.issueToken(op!, 'ci', null)
  for (const path of ['/api/v1/audit', '/api/v1/users']) {
    expect((await native.send('GET', path, { token: theirs })).status).toBe(403)
  }
})
