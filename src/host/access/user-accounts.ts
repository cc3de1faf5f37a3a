import { asId, type ProjectId, type UserId } from '../../model/id.ts'
import { accept, refuse, type Problem, type Result } from '../../model/problem.ts'
import type { Role, UserRecord } from '../../store/store.ts'
import type { Caller, NewUserInput, ProjectRef, UserChange, UserView } from '../app.ts'
import type { AuditTrail } from './audit.ts'
import { lacksServer } from './rights.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { hashPassword } from '../secrets/seal.ts'
import { unlessFull, unlessTaken } from '../store-problems.ts'

interface Dependencies {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly audit: AuditTrail
  /** The users as they are now; what is changed is put in. */
  readonly users: Map<UserId, UserRecord>
  readonly projectId: (caller: Caller, ref: ProjectRef) => Promise<Result<ProjectId>>
  readonly onChange: () => void
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}@._-]{0,63}$/u
const DOMAIN = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u
const PASSWORD_MIN = 8
export const PASSWORD_MAX = 1_024
const PROJECTS_MAX = 1_000

/** What admins do with users. Every change is checked against those that are there now, one after the other. */
export class UserAccounts {
  readonly #deps: Dependencies
  #last: Promise<unknown> = Promise.resolve()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  list(caller: Caller): Result<readonly UserView[]> {
    return lacksServer(caller, 'list users') ?? accept([...this.#deps.users.values()].map(viewOf))
  }

  create(caller: Caller, input: NewUserInput): Promise<Result<UserView>> {
    return this.#inTurn(async () => {
      const denied = lacksServer(caller, 'make a user')
      if (denied !== undefined) return denied
      const { name, domain = caller.domain, password, role } = input
      const wrong =
        (NAME.test(name) ? undefined : badName('user', name)) ??
        (DOMAIN.test(domain) ? undefined : badName('domain', domain)) ??
        passwordProblem(password)
      if (wrong !== undefined) return wrong
      const projectIds = await this.#projects(caller, input.projects)
      if (!projectIds.ok) return projectIds
      const { clock, entropy, users, audit } = this.#deps
      const createdAt = clock.now()
      const user: UserRecord = {
        id: asId<UserId>(entropy.id(createdAt)),
        name,
        domain,
        passwordHash: password === null ? null : await hashPassword(password, entropy),
        role,
        projectIds: projectIds.value,
        createdAt,
        disabledAt: null,
      }
      const detail = `role ${role}, ${projectsText(user.projectIds)}`
      const { keys: written } = audit.of(caller, 'user.create', name, detail)
      const added = await unlessTaken(`there is a user ${name} already`, written.addUser(user))
      if (!added.ok) return added
      users.set(user.id, user)
      return accept(viewOf(user))
    })
  }

  change(caller: Caller, ref: string, change: UserChange): Promise<Result<UserView>> {
    return this.#inTurn(async () => {
      const denied = lacksServer(caller, 'change a user')
      if (denied !== undefined) return denied
      const before = this.#find(ref)
      if (before === undefined) return refuse('not_found', `there is no user ${ref}`)
      const wrong = change.password === undefined ? undefined : passwordProblem(change.password)
      if (wrong !== undefined) return wrong
      const projectIds = await this.#projects(
        caller,
        change.projects === undefined ? before.projectIds : change.projects,
      )
      if (!projectIds.ok) return projectIds
      const { role = before.role, disabled = before.disabledAt !== null } = change
      const next = {
        role,
        projectIds: projectIds.value,
        disabledAt: disabled ? (before.disabledAt ?? this.#deps.clock.now()) : null,
      }
      if (isServerAdmin(before) && !isServerAdmin(next) && !this.#hasOtherAdmin(before.id)) {
        return refuse(
          'conflict',
          `${before.name} is the last admin of all projects who is enabled: make another one first`,
        )
      }
      return this.#put(caller, before, next, change)
    })
  }

  /** After the old one was checked. */
  setOwnPassword(caller: Caller, fresh: string): Promise<Result<null>> {
    return this.#inTurn(async () => {
      const wrong = passwordProblem(fresh)
      if (wrong !== undefined) return wrong
      const user = this.#deps.users.get(caller.user.id)
      if (user === undefined) return refuse('not_found', `there is no user ${caller.user.name}`)
      const put = await this.#put(caller, user, {}, { password: fresh })
      return put.ok ? accept(null) : put
    })
  }

  async #put(
    caller: Caller,
    before: UserRecord,
    next: Partial<Pick<UserRecord, 'role' | 'projectIds' | 'disabledAt'>>,
    { password }: UserChange,
  ): Promise<Result<UserView>> {
    const { entropy, users, audit, onChange } = this.#deps
    const hashed =
      password === undefined ? {} : { passwordHash: password === null ? null : await hashPassword(password, entropy) }
    const detail = changesText(before, { ...before, ...next }, password !== undefined)
    const { keys } = audit.of(caller, 'user.change', before.name, detail)
    const changed = await unlessFull(
      keys.changeUser(before.id, { ...next, ...hashed }).then((user): Result<UserRecord> => accept(user)),
    )
    if (!changed.ok) return changed
    users.set(before.id, changed.value)
    onChange()
    return accept(viewOf(changed.value))
  }

  #find(ref: string): UserRecord | undefined {
    const all = [...this.#deps.users.values()]
    return all.find(({ name }) => name === ref) ?? all.find(({ id }) => id === ref)
  }

  #hasOtherAdmin(id: UserId): boolean {
    return [...this.#deps.users.values()].some((user) => user.id !== id && isServerAdmin(user))
  }

  async #projects(
    caller: Caller,
    refs: readonly (ProjectRef | ProjectId)[] | null,
  ): Promise<Result<readonly ProjectId[] | null>> {
    if (refs === null) return accept(null)
    if (refs.length > PROJECTS_MAX)
      return refuse('invalid_request', `expected at most ${PROJECTS_MAX} projects of a user, found ${refs.length}`)
    const ids: ProjectId[] = []
    for (const ref of refs) {
      if (typeof ref === 'string') {
        ids.push(ref)
        continue
      }
      const found = await this.#deps.projectId(caller, ref)
      if (!found.ok) return found
      ids.push(found.value)
    }
    return accept([...new Set(ids)])
  }

  /** Two changes at once must not each find the other's admin. */
  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }
}

const isServerAdmin = ({ role, projectIds, disabledAt }: Pick<UserRecord, 'role' | 'projectIds' | 'disabledAt'>) =>
  role === 'admin' && projectIds === null && disabledAt === null

const viewOf = ({ passwordHash, ...user }: UserRecord): UserView => ({ ...user, hasPassword: passwordHash !== null })

type Refusal = { readonly ok: false; readonly problem: Problem }

const badName = (what: string, found: string): Refusal =>
  refuse(
    'invalid_request',
    `the name of a ${what} begins with a letter or digit and has 1 to 64 letters, digits and @ . _ -; found ${JSON.stringify(found.slice(0, 100))}`,
  )

function passwordProblem(password: string | null): Refusal | undefined {
  if (password === null || (password.length >= PASSWORD_MIN && password.length <= PASSWORD_MAX)) return undefined
  return refuse(
    'invalid_request',
    `a password has ${PASSWORD_MIN} to ${PASSWORD_MAX} characters, found ${password.length}`,
  )
}

const projectsText = (ids: readonly ProjectId[] | null): string =>
  ids === null ? 'all projects' : `projects ${ids.join(', ') || 'none'}`

function changesText(before: UserRecord, after: UserRecord, password: boolean): string {
  const role: Role | null = before.role === after.role ? null : after.role
  const projects = String(before.projectIds) === String(after.projectIds) ? null : projectsText(after.projectIds)
  const disabled = (before.disabledAt === null) === (after.disabledAt === null) ? null : after.disabledAt !== null
  return [
    role === null ? [] : `role ${role}`,
    projects ?? [],
    disabled === null ? [] : disabled ? 'disabled' : 'enabled',
    password ? 'password' : [],
  ]
    .flat()
    .join(', ')
}
