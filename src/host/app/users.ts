import type { ProjectId, UserId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { UserRef } from '../../model/view.ts'
import type { Caller } from './access.ts'
import type { ProjectRef } from './pipelines.ts'

/**
 * Users and their keys, for admins of all projects; everyone changes their own password and sees their own keys. What is
 * changed counts at once: the next request of a disabled user is refused.
 */
export interface Users {
  /** In the order they were added. */
  list(caller: Caller): Promise<Result<readonly UserView[]>>
  create(caller: Caller, input: NewUserInput): Promise<Result<UserView>>
  /**
   * What is left out stays. By id or name. Refused as `conflict` when nobody would be left who is an admin of all
   * projects and enabled.
   */
  change(caller: Caller, ref: string, change: UserChange): Promise<Result<UserView>>
  /** Wrong guesses count as those of signing in. */
  changeOwnPassword(caller: Caller, old: string, fresh: string): Promise<Result<null>>
  /** Those that are good now; an admin of all projects sees those of everybody. */
  keys(caller: Caller): Promise<readonly KeyView[]>
  /** A Huawei key pair for the caller, without an end. Gives the secret, once. */
  createAccessKey(caller: Caller, label: string): Promise<Result<{ readonly ak: string; readonly sk: string }>>
  /** A BlueKing app for the caller. Gives the secret, once. `code`: 1 to 64 letters, digits, `_`, `-` and `.` */
  createApp(caller: Caller, code: string, label: string): Promise<Result<{ readonly secret: string }>>
  /** At once. One's own, or anybody's for an admin of all projects. */
  revokeKey(caller: Caller, kind: KeyView['kind'], name: string): Promise<Result<null>>
}
export interface NewUserInput {
  /** 1 to 64 characters, unique in the server. */
  readonly name: string
  /** Huawei IAM's account name. Without it: the caller's. */
  readonly domain?: string
  /** 8 to 1,024 characters; null: signs in by keys only. */
  readonly password: string | null
  readonly role: Caller['role']
  /** null: all projects. */
  readonly projects: readonly ProjectRef[] | null
}
export interface UserChange {
  readonly role?: Caller['role']
  readonly projects?: readonly ProjectRef[] | null
  readonly disabled?: boolean
  readonly password?: string | null
}
export interface UserView {
  readonly id: UserId
  readonly name: string
  readonly domain: string
  readonly role: Caller['role']
  readonly projectIds: readonly ProjectId[] | null
  readonly createdAt: Instant
  /** null: enabled. */
  readonly disabledAt: Instant | null
  readonly hasPassword: boolean
}
export interface KeyView {
  readonly kind: 'token' | 'aksk' | 'bk-app'
  /** The public part. */
  readonly name: string
  readonly label: string
  readonly user: UserRef
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
}
