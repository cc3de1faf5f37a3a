import { type Keys, StoreError } from '../store.ts'
import type { Statements } from './database.ts'
import { keyRecord, type KeyRow, SELECT_KEY } from '../kit/rows.ts'
import { userRecord, type UserRow } from './rows.ts'

const SELECT_USER = 'select id, name, domain, password_hash, role, project_ids, created_at, disabled_at from users'

export function postgresKeys(database: Statements): Keys {
  return {
    addUser: async (user) => {
      const { id, name, domain, passwordHash, role, projectIds, createdAt, disabledAt } = user
      await database.rows(
        `insert into users (place, id, name, domain, password_hash, role, project_ids, created_at, disabled_at)
         values (next_of('user'), $1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, name, domain, passwordHash, role, projectIds, createdAt, disabledAt],
      )
    },
    user: async (ref) => {
      const [row] =
        ref.by === 'id'
          ? await database.rows<UserRow>(`${SELECT_USER} where id = $1`, [ref.id])
          : await database.rows<UserRow>(`${SELECT_USER} where name = $1`, [ref.name])
      return row === undefined ? undefined : userRecord(row)
    },
    changeUser: (id, change) =>
      database.transaction(async (session) => {
        const [row] = await session.rows<UserRow>(`${SELECT_USER} where id = $1 for update`, [id])
        if (row === undefined) throw new StoreError('missing', `there is no user ${id}`)
        const user = { ...userRecord(row), ...change }
        const { passwordHash, role, projectIds, disabledAt } = user
        await session.rows(
          'update users set password_hash = $2, role = $3, project_ids = $4, disabled_at = $5 where id = $1',
          [id, passwordHash, role, projectIds, disabledAt],
        )
        return user
      }),
    users: async () => (await database.rows<UserRow>(`${SELECT_USER} order by place`)).map(userRecord),
    addKey: async ({ kind, name, secret, userId, label, createdAt, expiresAt, revokedAt }) => {
      await database.rows(
        `insert into keys (place, kind, name, secret, "user", label, created_at, expires_at, revoked_at)
         values (next_of('key'), $1, $2, $3, $4, $5, $6, $7, $8)`,
        [kind, name, secret, userId, label, createdAt, expiresAt, revokedAt],
      )
    },
    key: async (kind, name) => {
      const [row] = await database.rows<KeyRow>(`${SELECT_KEY} where kind = $1 and name = $2`, [kind, name])
      return row === undefined ? undefined : keyRecord(row)
    },
    keys: async () => (await database.rows<KeyRow>(`${SELECT_KEY} order by place`)).map(keyRecord),
    revokeKey: (kind, name, at) =>
      database.transaction(async (session) => {
        const sql =
          'update keys set revoked_at = coalesce(revoked_at, $3) where kind = $1 and name = $2 returning 1 as found'
        const found = await session.rows(sql, [kind, name, at])
        if (found.length === 0) throw new StoreError('missing', `there is no ${kind} ${JSON.stringify(name)}`)
      }),
    setting: async (name) => {
      const sql = 'select value from settings where name = $1'
      return (await database.rows<{ readonly value: string }>(sql, [name]))[0]?.value
    },
    putSetting: async (name, value) => {
      const sql =
        'insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value'
      await database.rows(sql, [name, value])
    },
  }
}
