import type { Instant } from '../../../model/time.ts'
import type { KeyKind, KeyRecord, UserRecord } from '../../store.ts'
import { SELECT_USER } from '../reads/keys.ts'
import { userRecord, type UserRow } from '../rows.ts'
import { refuse, type Writer } from './writer.ts'

export function addUser({ connection }: Writer, user: UserRecord): void {
  if (connection.get('select 1 from users where id = ? or name = ?', user.id, user.name) !== undefined) {
    refuse('conflict', `there is a user ${user.id} or ${JSON.stringify(user.name)} already`)
  }
  connection.run(
    `insert into users (id, name, domain, password_hash, role, project_ids, created_at, disabled_at)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    user.id,
    user.name,
    user.domain,
    user.passwordHash,
    user.role,
    user.projectIds === null ? null : JSON.stringify(user.projectIds),
    user.createdAt,
    user.disabledAt,
  )
}

export function changeUser(
  { connection }: Writer,
  id: UserRecord['id'],
  change: Partial<Pick<UserRecord, 'passwordHash' | 'role' | 'projectIds' | 'disabledAt'>>,
): UserRecord {
  const row = connection.get<UserRow>(`${SELECT_USER} where id = ?`, id)
  if (row === undefined) return refuse('missing', `there is no user ${id}`)
  const user = { ...userRecord(row), ...change }
  connection.run(
    'update users set password_hash = ?, role = ?, project_ids = ?, disabled_at = ? where id = ?',
    user.passwordHash,
    user.role,
    user.projectIds === null ? null : JSON.stringify(user.projectIds),
    user.disabledAt,
    id,
  )
  return user
}

export function addKey({ connection }: Writer, key: KeyRecord): void {
  if (connection.get('select 1 from keys where kind = ? and name = ?', key.kind, key.name) !== undefined) {
    refuse('conflict', `there is a ${key.kind} ${JSON.stringify(key.name)} already`)
  }
  if (connection.get('select 1 from users where id = ?', key.userId) === undefined) {
    refuse('missing', `there is no user ${key.userId} for the ${key.kind}`)
  }
  connection.run(
    `insert into keys (kind, name, secret, user, label, created_at, expires_at, revoked_at)
     values (?, ?, ?, ?, ?, ?, ?, ?)`,
    key.kind,
    key.name,
    key.secret,
    key.userId,
    key.label,
    key.createdAt,
    key.expiresAt,
    key.revokedAt,
  )
}

export function revokeKey({ connection }: Writer, kind: KeyKind, name: string, at: Instant): void {
  const changed = connection.run(
    'update keys set revoked_at = coalesce(revoked_at, ?) where kind = ? and name = ?',
    at,
    kind,
    name,
  )
  if (changed === 0) refuse('missing', `there is no ${kind} ${JSON.stringify(name)}`)
}

export function putSetting({ connection }: Writer, name: string, value: string): void {
  connection.run('insert or replace into settings (name, value) values (?, ?)', name, value)
}
