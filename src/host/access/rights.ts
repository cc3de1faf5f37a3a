import type { ProjectId } from '../../model/id.ts'
import { refuse, type Problem } from '../../model/problem.ts'
import type { Role } from '../../store/store.ts'
import type { Caller } from '../app.ts'

const RANK = { viewer: 0, operator: 1, admin: 2 } as const satisfies Record<Role, number>

/** What a caller may not see does not exist for them. */
export const maySee = (caller: Caller, projectId: ProjectId): boolean =>
  caller.projectIds === null || caller.projectIds.includes(projectId)

/** @returns the refusal when the caller's role is below the one that it takes. */
export function lacks(
  caller: Caller,
  role: Role,
  what: string,
): { readonly ok: false; readonly problem: Problem } | undefined {
  if (RANK[caller.role] >= RANK[role]) return undefined
  return refuse('forbidden', `${caller.user.name} may not ${what}: it takes the role ${role}, found ${caller.role}`)
}

/** @returns the refusal for who is not an admin of the whole server: one of some projects could give themselves the rest. */
export function lacksServer(caller: Caller, what: string) {
  if (caller.role === 'admin' && caller.projectIds === null) return undefined
  const found = caller.role === 'admin' ? 'admin of some projects' : caller.role
  return refuse('forbidden', `${caller.user.name} may not ${what}: it takes an admin of all projects, found ${found}`)
}
