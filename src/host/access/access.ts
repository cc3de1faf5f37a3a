import type { Actor } from '../../model/event.ts'
import type { ProjectId, UserId } from '../../model/id.ts'
import { asId } from '../../model/id.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { KeyKind, KeyRecord, Keys, Role, UserRecord } from '../../store/store.ts'
import type { Access, Caller, KeyView, NewUserInput, ProjectRef, UserChange, Users } from '../app.ts'
import type { AuditTrail } from './audit.ts'
import { lacksServer } from './rights.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { Lockout } from './lockout.ts'
import { accessKeyPlace } from '../secrets/seal-key.ts'
import { unlessFull, unlessTaken } from '../store-problems.ts'
import { PASSWORD_MAX, UserAccounts } from './user-accounts.ts'
import { Turns } from '../turns.ts'
import { hashPassword, hashSecret, isPassword, isSameSecret, seal, unseal } from '../secrets/seal.ts'

interface Dependencies {
  readonly keys: Keys
  readonly clock: Clock
  readonly entropy: Entropy
  /** 32 bytes; seals secrets that must be read again. */
  readonly sealKey: Uint8Array
  readonly audit: AuditTrail
  readonly projectId: (caller: Caller, ref: ProjectRef) => Promise<Result<ProjectId>>
  /** Caches that hold answers given to a credential forget them. */
  readonly onChange: () => void
}

export interface NewUser {
  readonly name: string
  readonly domain: string
  readonly password: string | null
  readonly role: Role
  /** The projects it sees; without it, all. */
  readonly projectIds?: readonly ProjectId[]
}

/** A longer one is no token of ours. */
const TOKEN_MAX = 512
const NAME_MAX = 255
/** Guesses at one password from all sources together, within five minutes. */
const CROWD_FAILURES_MAX = 100
/** So many new keys bring a look at those that have expired. */
const ADDED_MAX = 1_000

/** Users and credentials, all in memory: checking one reads no disk. */
export class Credentials implements Access, Users {
  readonly #deps: Dependencies
  readonly #users = new Map<UserId, UserRecord>()
  readonly #keys = new Map<string, KeyRecord>()
  readonly #lockout: Lockout
  /** Of guesses from everywhere. */
  readonly #crowd: Lockout
  readonly #guesses = new Turns<string>()
  readonly #accounts: UserAccounts
  /** Not a part of callers: who it is does not say by what it was found. */
  readonly #foundBy = new WeakMap<Caller, Pick<KeyRecord, 'kind' | 'name'>>()
  #added = 0

  private constructor(deps: Dependencies) {
    this.#deps = deps
    this.#lockout = new Lockout(deps.clock)
    this.#crowd = new Lockout(deps.clock, CROWD_FAILURES_MAX)
    this.#accounts = new UserAccounts({ ...deps, users: this.#users })
  }

  static async open(deps: Dependencies): Promise<Credentials> {
    const credentials = new Credentials(deps)
    await credentials.reload()
    return credentials
  }

  /** As the store has them now: another server may have changed them. */
  async reload(): Promise<void> {
    const [users, keys] = [await this.#deps.keys.users(), await this.#deps.keys.keys()]
    this.#users.clear()
    this.#keys.clear()
    for (const user of users) this.#users.set(user.id, user)
    for (const key of keys) this.#keys.set(nameOf(key.kind, key.name), key)
    this.#forget()
  }

  async byToken(token: string): Promise<Caller | undefined> {
    const [prefix, id, secret] = token.length > TOKEN_MAX ? [] : token.split('_', 3)
    if (prefix !== 'mr' || id === undefined || secret === undefined) return undefined
    const key = this.#usable('token', id)
    if (key === undefined || token !== `mr_${id}_${secret}` || !isSameSecret(secret, key.secret)) return undefined
    return this.#caller(key)
  }

  async byAccessKey(
    ak: string,
    securityToken: string | null = null,
  ): Promise<{ readonly secret: string; readonly caller: Caller } | 'unknown' | 'locked'> {
    if (this.#lockout.isLocked(`aksk:${ak}`)) return 'locked'
    const key = this.#usable('aksk', ak)
    const caller = key === undefined ? undefined : this.#caller(key)
    if (key === undefined || caller === undefined) return 'unknown'
    // Of a temporary pair the hash of its security token is sealed with the secret.
    const [secret = '', tokenHash] = unseal(this.#deps.sealKey, key.secret, accessKeyPlace(ak)).split('\n')
    if (tokenHash !== undefined && !isSameSecret(securityToken ?? '', tokenHash)) return 'unknown'
    return { secret, caller }
  }

  failedSignature(ak: string): void {
    const name = `aksk:${ak}`
    this.#lockout.failed(name)
    if (this.#lockout.isLocked(name)) void this.#deps.audit.note(SERVER, 'key.locked', name)
  }

  async byApp(code: string, secret: string): Promise<Caller | 'unknown' | 'wrong'> {
    const key = this.#usable('bk-app', code)
    if (key === undefined) return 'unknown'
    if (!isSameSecret(secret, key.secret)) return 'wrong'
    return this.#caller(key) ?? 'unknown'
  }

  async byPassword(
    name: string,
    password: string,
    domain: string | null,
    source: string | null = null,
  ): Promise<Caller | undefined> {
    if (password.length > PASSWORD_MAX || name.length > NAME_MAX) return undefined
    // In turns: many guesses at once must not all be looked at before the first one counts.
    return this.#guesses.take(name, () => this.#guess(name, password, domain, source))
  }

  async #guess(
    name: string,
    password: string,
    domain: string | null,
    source: string | null,
  ): Promise<Caller | undefined> {
    const own = `user:${name}@${source ?? ''}`
    if (this.#lockout.isLocked(own) || this.#crowd.isLocked(name)) return undefined
    const user = [...this.#users.values()].find(
      (one) => one.name === name && (domain === null || one.domain === domain),
    )
    const right = await isPassword(password, user?.passwordHash ?? null)
    if (!right || user === undefined || user.disabledAt !== null) {
      this.#lockout.failed(own)
      this.#crowd.failed(name)
      // Of names that nobody has there is no end.
      if (user !== undefined) await this.#noteFailure(user.name, own, source)
      return undefined
    }
    return callerOf(user, null)
  }

  async #noteFailure(name: string, own: string, source: string | null): Promise<void> {
    const locked = this.#lockout.isLocked(own) || this.#crowd.isLocked(name)
    await this.#deps.audit.note(SERVER, locked ? 'sign-in.locked' : 'sign-in.failed', name, source ?? '')
  }

  async issueToken(
    caller: Caller,
    label: string,
    expiresAt: Instant | null,
  ): Promise<{ readonly token: string; readonly issuedAt: Instant }> {
    const { entropy } = this.#deps
    const [id, secret] = [entropy.bytes(8).toString('hex'), entropy.bytes(32).toString('hex')]
    const { keys } = this.#deps.audit.of(caller, 'token.create', id, label)
    const key = await this.#add(keys, 'token', id, hashSecret(secret), caller.user.id, label, expiresAt)
    return { token: `mr_${id}_${secret}`, issuedAt: key.createdAt }
  }

  async issueAccessKey(
    caller: Caller,
    label: string,
    expiresAt: Instant,
  ): Promise<{ readonly ak: string; readonly sk: string; readonly securityToken: string }> {
    const { entropy, sealKey } = this.#deps
    const ak = `HST${entropy.bytes(9).toString('hex').toUpperCase().slice(0, 17)}`
    const sk = entropy.bytes(20).toString('hex')
    const securityToken = entropy.bytes(64).toString('base64url')
    const sealed = seal(sealKey, `${sk}\n${hashSecret(securityToken)}`, accessKeyPlace(ak), entropy)
    await this.#add(this.#deps.keys, 'aksk', ak, sealed, caller.user.id, label, expiresAt)
    return { ak, sk, securityToken }
  }

  isValid(caller: Caller): boolean {
    const user = this.#users.get(caller.user.id)
    if (user === undefined || user.disabledAt !== null || user.role !== caller.role) return false
    if (String(user.projectIds) !== String(caller.projectIds)) return false
    if (caller.expiresAt !== null && caller.expiresAt <= this.#deps.clock.now()) return false
    const key = this.#foundBy.get(caller)
    return key === undefined || this.#usable(key.kind, key.name) !== undefined
  }

  async revokeToken(caller: Caller, id: string): Promise<Result<null>> {
    const key = this.#keys.get(nameOf('token', id))
    if (key === undefined || !mayTouch(caller, key)) return refuse('not_found', `there is no token ${id}`)
    return unlessFull(this.#revoke(caller, key))
  }

  async #revoke(caller: Caller, { kind, name, userId }: KeyRecord): Promise<Result<null>> {
    const { audit, clock, onChange } = this.#deps
    const { keys } = audit.of(caller, `${kind}.revoke`, name, `of ${this.#users.get(userId)?.name ?? userId}`)
    await keys.revokeKey(kind, name, clock.now())
    this.#keys.delete(nameOf(kind, name))
    onChange()
    return accept(null)
  }

  async tokens(caller: Caller) {
    return [...this.#keys.values()]
      .filter((key) => key.kind === 'token' && this.#usable(key.kind, key.name) !== undefined)
      .filter((key) => mayTouch(caller, key))
      .map(({ name, label, userId, createdAt, expiresAt }) => ({
        id: name,
        label,
        user: { id: userId, name: this.#users.get(userId)?.name ?? '' },
        createdAt,
        expiresAt,
      }))
  }

  async user(name: string) {
    const found = [...this.#users.values()].find((user) => user.name === name)
    return found === undefined ? undefined : { id: found.id, name: found.name }
  }

  async userById(id: UserId) {
    const found = this.#users.get(id)
    return found === undefined ? undefined : { id, name: found.name }
  }

  async list(caller: Caller) {
    return this.#accounts.list(caller)
  }

  create(caller: Caller, input: NewUserInput) {
    return this.#accounts.create(caller, input)
  }

  change(caller: Caller, ref: string, change: UserChange) {
    return this.#accounts.change(caller, ref, change)
  }

  async changeOwnPassword(caller: Caller, old: string, fresh: string): Promise<Result<null>> {
    const found = await this.byPassword(caller.user.name, old, caller.domain, `own password of ${caller.user.id}`)
    if (found === undefined) {
      return refuse('forbidden', 'the old password is wrong, or too many were wrong lately: try again in 5 minutes')
    }
    return this.#accounts.setOwnPassword(caller, fresh)
  }

  async keys(caller: Caller): Promise<readonly KeyView[]> {
    return [...this.#keys.values()]
      .filter((key) => this.#usable(key.kind, key.name) !== undefined && mayTouch(caller, key))
      .flatMap(({ kind, name, label, userId, createdAt, expiresAt }): readonly KeyView[] => {
        // A runner's is shown, and removed, with the runner.
        if (kind === 'runner') return []
        const user = { id: userId, name: this.#users.get(userId)?.name ?? '' }
        return [{ kind, name, label, user, createdAt, expiresAt }]
      })
  }

  async createAccessKey(caller: Caller, label: string): Promise<Result<{ readonly ak: string; readonly sk: string }>> {
    if (caller.expiresAt !== null) return outlives('a key pair')
    return unlessFull(this.addAccessKey(caller, label).then(accept))
  }

  async createApp(caller: Caller, code: string, label: string): Promise<Result<{ readonly secret: string }>> {
    if (caller.expiresAt !== null) return outlives('an app')
    if (!APP_CODE.test(code)) {
      const found = JSON.stringify(code.slice(0, 100))
      return refuse('invalid_request', `the code of an app has 1 to 64 letters, digits, _, - and ., found ${found}`)
    }
    return unlessTaken(`there is, or was, an app ${code} already`, this.addApp(caller, code, label))
  }

  async revokeKey(caller: Caller, kind: KeyKind, name: string): Promise<Result<null>> {
    const key = this.#keys.get(nameOf(kind, name))
    if (key === undefined || !mayTouch(caller, key)) return refuse('not_found', `there is no ${kind} ${name}`)
    return unlessFull(this.#revoke(caller, key))
  }

  // Below: what set-up uses; no dialect and no route reaches it.

  async addUser(input: NewUser): Promise<Caller> {
    const { clock, entropy, keys } = this.#deps
    const createdAt = clock.now()
    const user: UserRecord = {
      id: asId<UserId>(entropy.id(createdAt)),
      name: input.name,
      domain: input.domain,
      passwordHash: input.password === null ? null : await hashPassword(input.password, entropy),
      role: input.role,
      projectIds: input.projectIds ?? null,
      createdAt,
      disabledAt: null,
    }
    await keys.addUser(user)
    this.#users.set(user.id, user)
    return callerOf(user, null)
  }

  /** A Huawei key pair in the usual form: AK of 20 upper-case letters and digits, SK of 40 characters. */
  async addAccessKey(caller: Caller, label: string): Promise<{ readonly ak: string; readonly sk: string }> {
    const { entropy, sealKey } = this.#deps
    const ak = entropy.bytes(10).toString('hex').toUpperCase()
    const sk = entropy.bytes(20).toString('hex')
    const { keys } = this.#deps.audit.of(caller, 'aksk.create', ak, label)
    await this.#add(keys, 'aksk', ak, seal(sealKey, sk, accessKeyPlace(ak), entropy), caller.user.id, label, null)
    return { ak, sk }
  }

  async addApp(caller: Caller, code: string, label: string): Promise<{ readonly secret: string }> {
    const secret = this.#deps.entropy.bytes(32).toString('hex')
    const { keys } = this.#deps.audit.of(caller, 'bk-app.create', code, label)
    await this.#add(keys, 'bk-app', code, hashSecret(secret), caller.user.id, label, null)
    return { secret }
  }

  async #add(
    keys: Pick<Keys, 'addKey'>,
    kind: KeyKind,
    name: string,
    secret: string,
    userId: UserId,
    label: string,
    expiresAt: Instant | null,
  ): Promise<KeyRecord> {
    const key: KeyRecord = {
      kind,
      name,
      secret,
      userId,
      label,
      createdAt: this.#deps.clock.now(),
      expiresAt,
      revokedAt: null,
    }
    await keys.addKey(key)
    this.#keys.set(nameOf(kind, name), key)
    this.#added += 1
    if (this.#added >= ADDED_MAX) this.#forget()
    return key
  }

  /** Vendors' clients log in again and again, each time for a token of a day: those that are over go. The store has them. */
  #forget(): void {
    this.#added = 0
    for (const [name, key] of this.#keys) if (this.#usable(key.kind, key.name) === undefined) this.#keys.delete(name)
  }

  #usable(kind: KeyKind, name: string): KeyRecord | undefined {
    const key = this.#keys.get(nameOf(kind, name))
    if (key === undefined || key.revokedAt !== null) return undefined
    return key.expiresAt === null || key.expiresAt > this.#deps.clock.now() ? key : undefined
  }

  #caller(key: KeyRecord): Caller | undefined {
    const user = this.#users.get(key.userId)
    if (user === undefined || user.disabledAt !== null) return undefined
    const caller = callerOf(user, key.expiresAt)
    this.#foundBy.set(caller, key)
    return caller
  }
}

const SERVER: Actor = { kind: 'server', name: 'millrace' }
const APP_CODE = /^[\w.-]{1,64}$/

/** An admin of some projects has nothing to do with who sees the others. */
const mayTouch = (caller: Caller, key: KeyRecord): boolean =>
  key.userId === caller.user.id || lacksServer(caller, '') === undefined

/** Nobody makes a credential that outlives the one it was asked for with. */
const outlives = (what: string) =>
  refuse('forbidden', `${what} has no end: it is not made with a credential that has one`)

const nameOf = (kind: KeyKind, name: string): string => `${kind}:${name}`

const callerOf = (user: UserRecord, expiresAt: Instant | null): Caller => ({
  user: { id: user.id, name: user.name },
  role: user.role,
  domain: user.domain,
  projectIds: user.projectIds,
  expiresAt,
})
