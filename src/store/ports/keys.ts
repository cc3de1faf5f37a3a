import type { ProjectId, UserId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'

/** Users and credentials. What can be hashed is hashed, what must be read again is sealed, before it comes here. */
export interface Keys {
  /** Rejects as `conflict` when the id or the name is taken. */
  addUser(user: UserRecord): Promise<void>
  user(
    ref: { readonly by: 'id'; readonly id: UserId } | { readonly by: 'name'; readonly name: string },
  ): Promise<UserRecord | undefined>
  /** In the order they were added. */
  users(): Promise<readonly UserRecord[]>
  /** What is left out stays. Rejects as `missing` when there is no such user. */
  changeUser(
    id: UserId,
    change: Partial<Pick<UserRecord, 'passwordHash' | 'role' | 'projectIds' | 'disabledAt'>>,
  ): Promise<UserRecord>
  /** Rejects as `conflict` when the kind has this name already, as `missing` when there is no such user. */
  addKey(key: KeyRecord): Promise<void>
  /** By kind and public part; also a revoked or expired one. */
  key(kind: KeyKind, name: string): Promise<KeyRecord | undefined>
  /** In the order they were added. */
  keys(): Promise<readonly KeyRecord[]>
  /** Rejects as `missing` when there is none. A second call changes nothing. */
  revokeKey(kind: KeyKind, name: string, at: Instant): Promise<void>
  /** Settings of the server, e.g. that the first start has been done. */
  setting(name: string): Promise<string | undefined>
  putSetting(name: string, value: string): Promise<void>
}
export interface UserRecord {
  readonly id: UserId
  readonly name: string
  /** Huawei IAM's account name. */
  readonly domain: string
  /** `scrypt:N:r:p:salt:hash`, or null: no password. */
  readonly passwordHash: string | null
  readonly role: Role
  /** null: all projects. */
  readonly projectIds: readonly ProjectId[] | null
  readonly createdAt: Instant
  /** Since then none of its credentials is good. */
  readonly disabledAt: Instant | null
}
/** `viewer` reads, `operator` also starts, controls and reviews runs, `admin` also changes projects, pipelines, keys. */
export type Role = 'viewer' | 'operator' | 'admin'
export type KeyKind = 'token' | 'aksk' | 'bk-app' | 'runner'
export interface KeyRecord {
  readonly kind: KeyKind
  /** The public part: a token's id, the AK, the bk_app_code. */
  readonly name: string
  /** SHA-256 (hex) of the secret part; for `aksk` the sealed secret (AES-256-GCM), as signatures must be made again. */
  readonly secret: string
  readonly userId: UserId
  readonly label: string
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
  readonly revokedAt: Instant | null
}
