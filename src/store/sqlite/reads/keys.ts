import type { UserId } from '../../../model/id.ts'
import type { KeyKind, KeyRecord, UserRecord } from '../../store.ts'
import { keyRecord, type KeyRow, SELECT_KEY } from '../../kit/rows.ts'
import type { Connection } from '../connection.ts'
import { userRecord, type UserRow } from '../rows.ts'

export const SELECT_USER =
  'select id, name, domain, password_hash, role, project_ids, created_at, disabled_at from users'

export function user(
  connection: Connection,
  ref: { readonly by: 'id'; readonly id: UserId } | { readonly by: 'name'; readonly name: string },
): UserRecord | undefined {
  const row =
    ref.by === 'id'
      ? connection.get<UserRow>(`${SELECT_USER} where id = ?`, ref.id)
      : connection.get<UserRow>(`${SELECT_USER} where name = ?`, ref.name)
  return row === undefined ? undefined : userRecord(row)
}

export function users(connection: Connection): UserRecord[] {
  return connection.all<UserRow>(`${SELECT_USER} order by place`).map(userRecord)
}

export function key(connection: Connection, kind: KeyKind, name: string): KeyRecord | undefined {
  const row = connection.get<KeyRow>(`${SELECT_KEY} where kind = ? and name = ?`, kind, name)
  return row === undefined ? undefined : keyRecord(row)
}

export function keys(connection: Connection): KeyRecord[] {
  return connection.all<KeyRow>(`${SELECT_KEY} order by place`).map(keyRecord)
}

export function setting(connection: Connection, name: string): string | undefined {
  return connection.get<{ value: string }>('select value from settings where name = ?', name)?.value
}
