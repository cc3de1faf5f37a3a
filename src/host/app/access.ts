import type { ProjectId, UserId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { UserRef } from '../../model/view.ts'

/** Who calls, after a credential was checked. */
export interface Caller {
  readonly user: UserRef
  readonly role: 'viewer' | 'operator' | 'admin'
  /** Account name for Huawei IAM. */
  readonly domain: string
  /** null: all projects. */
  readonly projectIds: readonly ProjectId[] | null
  /** The credential's end; null: none. */
  readonly expiresAt: Instant | null
}

/** Credentials. All comparisons take constant time; failures say nothing about which part was wrong but where a vendor's wire does. */
export interface Access {
  /** A native token `mr_<id>_<secret>`, as given in `Authorization: Bearer`, `X-Auth-Token` or a KodeRover API key. */
  byToken(token: string): Promise<Caller | undefined>
  /**
   * A Huawei key pair: the secret key (to check a signature with) and the caller it stands for.
   * `locked` after more than 5 failures within 5 minutes; tell failures with {@link failedSignature}. A temporary pair
   * is `unknown` without its security token.
   */
  byAccessKey(
    ak: string,
    securityToken?: string | null,
  ): Promise<{ readonly secret: string; readonly caller: Caller } | 'unknown' | 'locked'>
  failedSignature(ak: string): void
  /** A BlueKing app. `unknown` code, `wrong` secret, or the app's caller. */
  byApp(code: string, secret: string): Promise<Caller | 'unknown' | 'wrong'>
  /**
   * undefined: wrong, or too many were wrong lately. `source`: where the guess comes from, e.g. an address. One source is
   * locked out of one name after more than 5 failures within 5 minutes, and all sources together after 100, so that
   * nobody locks somebody else out by guessing alone.
   */
  byPassword(name: string, password: string, domain: string | null, source?: string | null): Promise<Caller | undefined>
  /** A new token for this caller, e.g. Huawei IAM's of 24 h. Gives the plain text, once. */
  issueToken(
    caller: Caller,
    label: string,
    expiresAt: Instant | null,
  ): Promise<{ readonly token: string; readonly issuedAt: Instant }>
  /** A key pair for this caller that ends by itself, and is good only with its security token. Gives the texts, once. */
  issueAccessKey(
    caller: Caller,
    label: string,
    expiresAt: Instant,
  ): Promise<{ readonly ak: string; readonly sk: string; readonly securityToken: string }>
  /**
   * Whether the credential that this caller was found by is still good, and means the same: not removed, not over, its
   * user not disabled, with the same rights. Reads no disk. A caller that was not found here is judged by its user alone.
   */
  isValid(caller: Caller): boolean
  revokeToken(caller: Caller, id: string): Promise<Result<null>>
  tokens(caller: Caller): Promise<
    readonly {
      readonly id: string
      readonly label: string
      readonly user: UserRef
      readonly createdAt: Instant
      readonly expiresAt: Instant | null
    }[]
  >
  user(name: string): Promise<UserRef | undefined>
  userById(id: UserId): Promise<UserRef | undefined>
}
