import type { Caller } from '../../host/app.ts'
import type { Instant } from '../../model/time.ts'
import { json, problemAnswer } from './errors.ts'
import type { Call, Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import type { User } from './wire.ts'

const route = familyOf(V1)

export const userRoutes: readonly Route[] = [
  route('GET', '/api/user/overview', 'who is signed in', overview),
  route('GET', '/api/users', 'all users, for an admin of all projects; errors 403, 6003', list),
  route('GET', '/api/roles', 'the words for roles', () => json(200, ['user', 'power-user', 'admin', 'super-admin'])),
]

/** Their roles are user, power-user, admin and super-admin; `staff` in the samples is older than these. */
const ROLES = { viewer: 'user', operator: 'power-user', admin: 'admin' } as const satisfies Record<
  Caller['role'],
  string
>

/** What is known of a user here. */
interface Known {
  readonly name: string
  readonly role: Caller['role']
  readonly projectIds: Caller['projectIds']
  readonly disabled: boolean
  readonly createdAt: Instant | null
}

async function overview(call: Call): Promise<Response> {
  const { user, role, projectIds } = call.caller
  return json(200, presentUser(call, { name: user.name, role, projectIds, disabled: false, createdAt: null }))
}

async function list(call: Call): Promise<Response> {
  const users = await call.app.users.list(call.caller)
  if (!users.ok) return problemAnswer('listUsers', users.problem)
  return json(
    200,
    users.value.map((user) => presentUser(call, { ...user, disabled: user.disabledAt !== null })),
  )
}

/** How Go writes a time that nobody has set. */
const UNSET = '0001-01-01T00:00:00Z'

const presentUser = (call: Call, { name, role, projectIds, disabled, createdAt }: Known): User => ({
  username: name,
  title: '',
  name,
  nickname: '',
  email: '',
  roles: [role === 'admin' && projectIds === null ? 'super-admin' : ROLES[role]],
  disabled,
  manager: '',
  team: '',
  mobile: '',
  mobile2: '',
  office: '',
  join_at: UNSET,
  number: 0,
  nation: '',
  created_at: createdAt === null ? UNSET : call.time(createdAt),
  updated_at: createdAt === null ? UNSET : call.time(createdAt),
  last_active_ip: '',
  last_active_at: UNSET,
  parents: [],
})
