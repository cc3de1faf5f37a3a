import { describe, expect, test } from 'vitest'
import { openWorld } from '../../testing/world.ts'
import type { Caller, UserChange } from '../app.ts'

const PASSWORD = 'a password of theirs'

async function openUsers() {
  const world = await openWorld()
  const { users, access, audit } = world.app
  const make = async (name: string, role: Caller['role'] = 'operator', projects: readonly string[] | null = null) => {
    const made = await users.create(world.admin, {
      name,
      role,
      password: PASSWORD,
      projects: projects?.map((project) => ({ name: project })) ?? null,
    })
    if (!made.ok) throw new Error(made.problem.message)
    return made.value
  }
  const signIn = async (name: string, password = PASSWORD): Promise<Caller> => {
    const caller = await access.byPassword(name, password, null)
    if (caller === undefined) throw new Error(`${name} is not let in`)
    return caller
  }
  const change = (name: string, to: UserChange, by = world.admin) => users.change(by, name, to)
  const noted = async (action: string) => {
    const page = await audit.list(world.admin, { action }, { before: null, limit: 100 })
    if (!page.ok) throw new Error(page.problem.message)
    return page.value.items.map((entry) => [entry.actor.name, entry.action, entry.target, entry.detail])
  }
  return { ...world, users, access, audit, make, signIn, change, noted }
}

describe('users', () => {
  test('are made with a role and projects, sign in, and are listed without their passwords', async () => {
    const { users, admin, make, signIn, project, noted, restarted } = await openUsers()
    const li = await make('li', 'operator', ['default'])
    expect(li).toMatchObject({ name: 'li', domain: admin.domain, role: 'operator', projectIds: [project.id] })
    expect(await signIn('li')).toMatchObject({ user: { id: li.id }, role: 'operator', projectIds: [project.id] })
    const listed = await users.list(admin)
    expect(listed).toMatchObject({
      ok: true,
      value: [{ name: 'ci' }, { name: 'li', hasPassword: true, disabledAt: null }],
    })
    expect(JSON.stringify(listed)).not.toMatch(/scrypt|password of/)
    expect(await noted('user.create')).toEqual([['ci', 'user.create', 'li', `role operator, projects ${project.id}`]])
    const next = await restarted()
    expect(await next.app.access.byPassword('li', PASSWORD, null)).toMatchObject({ role: 'operator' })
  })

  test('that are disabled are let in by nothing from then on, and again when they are enabled', async () => {
    const { access, users, make, signIn, change, host } = await openUsers()
    const li = await make('li')
    const caller = await signIn('li')
    const { token } = await access.issueToken(caller, 'ci', null)
    const pair = await users.createAccessKey(caller, 'sdk')
    const app = await users.createApp(caller, 'app_of_li', 'esb')
    if (!pair.ok || !app.ok) throw new Error('the keys were refused')
    const told: string[] = []
    host.app.feed.onChange((topics) => told.push(...topics))
    const lets = async () => [
      (await access.byToken(token)) !== undefined,
      typeof (await access.byAccessKey(pair.value.ak)) === 'object',
      typeof (await access.byApp('app_of_li', app.value.secret)) === 'object',
      (await access.byPassword('li', PASSWORD, null)) !== undefined,
    ]
    expect(await lets()).toEqual([true, true, true, true])
    expect(await change('li', { disabled: true })).toMatchObject({ ok: true, value: { id: li.id } })
    expect(told).toContain('keys')
    expect(await lets()).toEqual([false, false, false, false])
    await change(li.id, { disabled: false })
    expect(await lets()).toEqual([true, true, true, true])
  })

  test('have what was changed with their next request, also on another server after this one', async () => {
    const { access, make, signIn, change, restarted, noted } = await openUsers()
    await make('li')
    const { token } = await access.issueToken(await signIn('li'), 'ci', null)
    await change('li', { role: 'viewer', projects: [] })
    expect(await access.byToken(token)).toMatchObject({ role: 'viewer', projectIds: [] })
    await change('li', { password: 'another one of theirs' })
    expect(await access.byPassword('li', PASSWORD, null)).toBeUndefined()
    await signIn('li', 'another one of theirs')
    expect(await (await restarted()).app.access.byToken(token)).toMatchObject({ role: 'viewer', projectIds: [] })
    expect((await noted('user.change')).map(([, , , detail]) => detail)).toEqual([
      'password',
      'role viewer, projects none',
    ])
  })

  test('never leave the server without an admin of all projects', async () => {
    const { make, change } = await openUsers()
    await make('some', 'admin', ['default'])
    for (const to of [{ disabled: true }, { role: 'operator' }, { projects: [{ name: 'default' }] }] as const) {
      expect(await change('ci', to)).toMatchObject({ ok: false, problem: { code: 'conflict' } })
    }
    await make('second', 'admin')
    const both = await Promise.all([change('ci', { disabled: true }), change('second', { disabled: true })])
    expect(both.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('change their own password when they know the old one, which is not to be guessed', async () => {
    const { users, make, signIn } = await openUsers()
    await make('li')
    const caller = await signIn('li')
    expect(await users.changeOwnPassword(caller, PASSWORD, 'short')).toMatchObject({
      problem: { code: 'invalid_request' },
    })
    expect(await users.changeOwnPassword(caller, PASSWORD, 'a new one of theirs')).toEqual({ ok: true, value: null })
    await signIn('li', 'a new one of theirs')
    for (let guess = 0; guess < 6; guess += 1) {
      expect(await users.changeOwnPassword(caller, `guess ${guess}`, PASSWORD)).toMatchObject({ ok: false })
    }
    expect(await users.changeOwnPassword(caller, 'a new one of theirs', PASSWORD)).toMatchObject({ ok: false })
  })

  test.each<[string, Parameters<Awaited<ReturnType<typeof openUsers>>['users']['create']>[1], string]>([
    ['a name that is there', { name: 'ci', password: null, role: 'viewer', projects: null }, 'conflict'],
    ['a name with a blank', { name: 'a b', password: null, role: 'viewer', projects: null }, 'invalid_request'],
    ['a short password', { name: 'a', password: 'seven77', role: 'viewer', projects: null }, 'invalid_request'],
    [
      'a project that is not there',
      { name: 'a', password: null, role: 'viewer', projects: [{ name: 'no' }] },
      'not_found',
    ],
  ])('are not made with %s', async (_, input, code) => {
    const { users, admin } = await openUsers()
    expect(await users.create(admin, input)).toMatchObject({ ok: false, problem: { code } })
    expect(await users.list(admin)).toMatchObject({ value: [{ name: 'ci' }] })
  })

  test('are the business of admins of all projects alone', async () => {
    const { users, audit, admin, make } = await openUsers()
    await make('li')
    const others: readonly Caller[] = [
      { ...admin, role: 'operator' },
      { ...admin, role: 'viewer' },
      { ...admin, projectIds: [] },
    ]
    for (const caller of others) {
      const input = { name: 'x', password: null, role: 'admin', projects: null } as const
      expect(await users.list(caller)).toMatchObject({ problem: { code: 'forbidden' } })
      expect(await users.create(caller, input)).toMatchObject({ problem: { code: 'forbidden' } })
      expect(await users.change(caller, 'li', { disabled: true })).toMatchObject({ problem: { code: 'forbidden' } })
      expect(await audit.list(caller, {}, { before: null, limit: 1 })).toMatchObject({ problem: { code: 'forbidden' } })
    }
  })
})

describe('keys', () => {
  test('are listed and revoked by who has them, and by admins of all projects', async () => {
    const { users, access, admin, make, signIn } = await openUsers()
    await make('li')
    await make('chen', 'admin', ['default'])
    const [li, chen] = [await signIn('li'), await signIn('chen')]
    const { token } = await access.issueToken(li, 'ci', null)
    const id = token.split('_')[1] ?? ''
    expect((await users.keys(li)).map(({ kind, name, user }) => [kind, name, user.name])).toEqual([['token', id, 'li']])
    expect(await users.keys(chen)).toEqual([])
    expect((await users.keys(admin)).map(({ kind }) => kind)).toEqual(['token', 'aksk', 'bk-app', 'token'])
    expect(JSON.stringify(await users.keys(admin))).not.toContain(token.split('_')[2])
    expect(await users.revokeKey(chen, 'token', id)).toMatchObject({ problem: { code: 'not_found' } })
    expect(await users.revokeKey(li, 'token', id)).toEqual({ ok: true, value: null })
    expect(await access.byToken(token)).toBeUndefined()
  })

  test('without an end are not made with a credential that has one', async () => {
    const { users, admin } = await openUsers()
    const ending = { ...admin, expiresAt: 1 }
    expect(await users.createAccessKey(ending, 'x')).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await users.createApp(ending, 'x', 'x')).toMatchObject({ problem: { code: 'forbidden' } })
    expect(await users.createApp(admin, 'a b', 'x')).toMatchObject({ problem: { code: 'invalid_request' } })
    expect(await users.createApp(admin, 'esb_test', 'x')).toMatchObject({ problem: { code: 'conflict' } })
  })
})

describe('the audit record', () => {
  test('has failed sign-ins and lock-outs, of users that there are', async () => {
    const { access, noted } = await openUsers()
    for (let guess = 0; guess < 8; guess += 1) await access.byPassword('ci', 'wrong', null, '192.0.2.7')
    await access.byPassword('nobody', 'wrong', null, '192.0.2.7')
    expect(await noted('sign-in.')).toEqual([
      ['millrace', 'sign-in.locked', 'ci', '192.0.2.7'],
      ...Array.from({ length: 5 }, () => ['millrace', 'sign-in.failed', 'ci', '192.0.2.7']),
    ])
  })

  test('has projects, pipelines and keys, in pages', async () => {
    const { app, admin, audit, access, project, noted } = await openUsers()
    const definition = 'name: web\ntasks: [{key: a, script: make}]\n'
    const made = await app.pipelines.create(admin, { project: { id: project.id }, text: definition })
    if (!made.ok) throw new Error(made.problem.message)
    await app.pipelines.update(admin, { id: made.value.id }, { text: `${definition}\n`, expectedVersion: null })
    await app.pipelines.remove(admin, { id: made.value.id })
    await app.projects.update(admin, { id: project.id }, { description: 'x' })
    const { token } = await access.issueToken(admin, 'ci', null)
    await access.revokeToken(admin, token.split('_')[1] ?? '')
    expect((await noted('')).map(([, action]) => action)).toEqual([
      'token.revoke',
      'token.create',
      'project.update',
      'pipeline.delete',
      'pipeline.update',
      'pipeline.create',
      'project.create',
      'bk-app.create',
      'aksk.create',
      'token.create',
    ])
    const first = await audit.list(admin, {}, { before: null, limit: 2 })
    if (!first.ok) throw new Error(first.problem.message)
    const second = await audit.list(admin, {}, { before: first.value.next, limit: 2 })
    expect(second).toMatchObject({ value: { items: [{ action: 'project.update' }, { action: 'pipeline.delete' }] } })
  })
})
