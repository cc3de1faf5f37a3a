import { z } from 'zod'
import { Id, named, Text, Time } from './common.ts'
import { Role, User } from './users.ts'

export const Me = named(
  'Me',
  z.strictObject({
    user: User,
    role: Role,
    project_ids: z.array(Id).nullable().describe('null: all projects'),
    expires_at: Time.nullable().describe('When the token given ends'),
  }),
)
export const NewSession = named(
  'NewSession',
  z.union([
    z.strictObject({ user: Text.min(1).max(255), password: Text.min(1).max(1_024) }),
    z.strictObject({ token: Text.min(1).max(512) }),
  ]),
)
export const Token = named(
  'Token',
  z.strictObject({ id: Text, label: Text, user: User, created_at: Time, expires_at: Time.nullable() }),
)
export const TokenList = named('TokenList', z.strictObject({ items: z.array(Token) }))
export const NewToken = named(
  'NewToken',
  z.strictObject({
    label: Text.min(1).max(128),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null).describe('null: it has no end'),
  }),
)
export const IssuedToken = named(
  'IssuedToken',
  z.strictObject({
    id: Text,
    token: Text.describe('Shown this once; only its hash is kept'),
    label: Text,
    created_at: Time,
    expires_at: Time.nullable(),
  }),
)

export const KeyKind = z.enum(['token', 'aksk', 'bk-app'])
export const Key = named(
  'Key',
  z.strictObject({
    kind: KeyKind,
    name: Text.describe('The public part: id of a token, AK, code of an app'),
    label: Text,
    user: User,
    created_at: Time,
    expires_at: Time.nullable(),
  }),
)
export const KeyList = named('KeyList', z.strictObject({ items: z.array(Key) }))
export const NewAccessKey = named('NewAccessKey', z.strictObject({ label: Text.min(1).max(128) }))
export const IssuedAccessKey = named(
  'IssuedAccessKey',
  z.strictObject({ access_key: Text, secret_key: Text.describe('Shown this once') }),
)
export const NewBlueKingApp = named(
  'NewBlueKingApp',
  z.strictObject({ code: Text.min(1).max(64), label: Text.min(1).max(128) }),
)
export const IssuedBlueKingApp = named(
  'IssuedBlueKingApp',
  z.strictObject({ code: Text, secret: Text.describe('Shown this once; only its hash is kept') }),
)
