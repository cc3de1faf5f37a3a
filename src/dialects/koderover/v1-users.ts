import type { Caller } from '../../host/app.ts'
import { json } from './errors.ts'
import type { Call, Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'

const route = familyOf(V1)

export const userRoutes: readonly Route[] = [
  route('GET', '/api/user/overview', 'who is signed in', ({ caller }: Call) => json(200, presentUser(caller))),
  route('GET', '/api/users', 'users: nobody sees others than themselves here', ({ caller }: Call) =>
    json(200, [presentUser(caller)]),
  ),
]

/** Their roles are user, power-user, admin and super-admin. */
const ROLES = { viewer: 'user', operator: 'power-user', admin: 'admin' } as const satisfies Record<
  Caller['role'],
  string
>

const presentUser = ({ user, role, projectIds }: Caller) => ({
  id: user.id,
  name: user.name,
  role: role === 'admin' && projectIds === null ? 'super-admin' : ROLES[role],
})
