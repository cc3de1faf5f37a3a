import { z } from 'zod'
import { Id, named, Text, Time } from './common.ts'

export const User = named('User', z.strictObject({ id: Id, name: Text }))
export const Role = named('Role', z.enum(['viewer', 'operator', 'admin']))

const ProjectNames = z.array(Text.min(1).max(128)).max(1_000).nullable().describe('Ids or names; null: all projects')
export const UserAccount = named(
  'UserAccount',
  z.strictObject({
    id: Id,
    name: Text,
    domain: Text.describe('Account name for Huawei IAM'),
    role: Role,
    project_ids: z.array(Id).nullable().describe('null: all projects'),
    created_at: Time,
    disabled_at: Time.nullable().describe('null: enabled'),
    has_password: z.boolean(),
  }),
)
export const UserAccountList = named('UserAccountList', z.strictObject({ items: z.array(UserAccount) }))
export const NewUserAccount = named(
  'NewUserAccount',
  z.strictObject({
    name: Text.min(1).max(64),
    domain: Text.min(1).max(64).optional(),
    password: Text.max(1_024).nullable().default(null).describe('8 to 1,024 characters; null: only keys let in'),
    role: Role,
    projects: ProjectNames.default(null),
  }),
)
export const UserAccountChange = named(
  'UserAccountChange',
  z
    .strictObject({
      role: Role.optional(),
      projects: ProjectNames.optional(),
      disabled: z.boolean().optional(),
      password: Text.max(1_024).nullable().optional(),
    })
    .describe('What is left out stays'),
)
export const PasswordChange = named(
  'PasswordChange',
  z.strictObject({ old: Text.max(1_024), new: Text.max(1_024).describe('8 to 1,024 characters') }),
)
