import type { z } from 'zod'
import type { UserView } from '../../host/app.ts'
import { accept, refuse } from '../../model/problem.ts'
import { presentUser, time, timeOrNull } from './present.ts'
import { projectRef } from './refs.ts'
import { route } from './route.ts'
import {
  IssuedAccessKey,
  IssuedBlueKingApp,
  KeyKind,
  KeyList,
  NewAccessKey,
  NewBlueKingApp,
  NewUserAccount,
  PasswordChange,
  UserAccount,
  UserAccountChange,
  UserAccountList,
} from './schema.ts'

const tag = 'access'

const presentAccount = (user: UserView): z.output<typeof UserAccount> => ({
  id: user.id,
  name: user.name,
  domain: user.domain,
  role: user.role,
  project_ids: user.projectIds === null ? null : [...user.projectIds],
  created_at: time(user.createdAt),
  disabled_at: timeOrNull(user.disabledAt),
  has_password: user.hasPassword,
})

export const listUsers = route({
  method: 'GET',
  path: '/api/v1/users',
  id: 'listUsers',
  tag,
  summary: 'All users; for admins of all projects',
  status: 200,
  answer: { json: UserAccountList },
  problems: [],
  handle: async ({ app, caller }) => {
    const users = await app.users.list(caller)
    return users.ok ? accept({ body: { items: users.value.map(presentAccount) } }) : users
  },
})

export const createUser = route({
  method: 'POST',
  path: '/api/v1/users',
  id: 'createUser',
  tag,
  summary: 'Make a user; for admins of all projects',
  body: NewUserAccount,
  status: 201,
  answer: { json: UserAccount },
  problems: ['conflict', 'not_found'],
  handle: async ({ app, caller, body: { domain, projects, ...body } }) => {
    const made = await app.users.create(caller, {
      ...body,
      ...(domain === undefined ? {} : { domain }),
      projects: projects?.map(projectRef) ?? null,
    })
    return made.ok ? accept({ body: presentAccount(made.value) }) : made
  },
})

export const updateUser = route({
  method: 'PUT',
  path: '/api/v1/users/{user}',
  id: 'updateUser',
  tag,
  summary: 'Change role, projects or password of a user, disable or enable it; for admins of all projects',
  description: 'By id or name. A disabled user’s credentials are refused from the next request on.',
  body: UserAccountChange,
  status: 200,
  answer: { json: UserAccount },
  problems: ['conflict', 'not_found'],
  handle: async ({ app, caller, param, body: { role, projects, disabled, password } }) => {
    const changed = await app.users.change(caller, param('user'), {
      ...(role === undefined ? {} : { role }),
      ...(projects === undefined ? {} : { projects: projects?.map(projectRef) ?? null }),
      ...(disabled === undefined ? {} : { disabled }),
      ...(password === undefined ? {} : { password }),
    })
    return changed.ok ? accept({ body: presentAccount(changed.value) }) : changed
  },
})

export const changePassword = route({
  method: 'POST',
  path: '/api/v1/me/password',
  id: 'changePassword',
  tag,
  summary: 'Change the own password',
  body: PasswordChange,
  status: 204,
  answer: 'nothing',
  problems: ['not_found'],
  handle: async ({ app, caller, body }) => {
    const changed = await app.users.changeOwnPassword(caller, body.old, body.new)
    return changed.ok ? accept({ body: null }) : changed
  },
})

export const listKeys = route({
  method: 'GET',
  path: '/api/v1/keys',
  id: 'listKeys',
  tag,
  summary: 'Tokens, key pairs and apps of the caller; an admin of all projects sees all',
  status: 200,
  answer: { json: KeyList },
  problems: [],
  handle: async ({ app, caller }) => {
    const keys = await app.users.keys(caller)
    return accept({
      body: {
        items: keys.map(({ kind, name, label, user, createdAt, expiresAt }) => ({
          kind,
          name,
          label,
          user: presentUser(user),
          created_at: time(createdAt),
          expires_at: timeOrNull(expiresAt),
        })),
      },
    })
  },
})

export const createAccessKey = route({
  method: 'POST',
  path: '/api/v1/access-keys',
  id: 'createAccessKey',
  tag,
  summary: 'A new Huawei key pair for the caller',
  body: NewAccessKey,
  status: 201,
  answer: { json: IssuedAccessKey },
  problems: [],
  handle: async ({ app, caller, body }) => {
    const made = await app.users.createAccessKey(caller, body.label)
    return made.ok ? accept({ body: { access_key: made.value.ak, secret_key: made.value.sk } }) : made
  },
})

export const createBlueKingApp = route({
  method: 'POST',
  path: '/api/v1/blueking-apps',
  id: 'createBlueKingApp',
  tag,
  summary: 'A new BlueKing app for the caller',
  body: NewBlueKingApp,
  status: 201,
  answer: { json: IssuedBlueKingApp },
  problems: ['conflict'],
  handle: async ({ app, caller, body }) => {
    const made = await app.users.createApp(caller, body.code, body.label)
    return made.ok ? accept({ body: { code: body.code, secret: made.value.secret } }) : made
  },
})

export const deleteKey = route({
  method: 'DELETE',
  path: '/api/v1/keys/{kind}/{name}',
  id: 'deleteKey',
  tag,
  summary: 'Revoke a token, key pair or app, at once',
  status: 204,
  answer: 'nothing',
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const kind = KeyKind.safeParse(param('kind'))
    if (!kind.success)
      return refuse(
        'not_found',
        `expected a kind of key (${KeyKind.options.join(', ')}), found ${JSON.stringify(param('kind').slice(0, 40))}`,
      )
    const revoked = await app.users.revokeKey(caller, kind.data, param('name'))
    return revoked.ok ? accept({ body: null }) : revoked
  },
})
