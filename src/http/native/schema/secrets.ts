import { z } from 'zod'
import { named, Text, Time } from './common.ts'
import { User } from './users.ts'

export const Secret = named(
  'Secret',
  z
    .strictObject({
      name: Text,
      created_at: Time,
      created_by: User,
      updated_at: Time,
      updated_by: User,
      last_used_at: Time.nullable().describe('When a task was last given it, to the minute'),
    })
    .describe('Its value is never given'),
)
export const SecretList = named('SecretList', z.strictObject({ items: z.array(Secret) }))
export const SecretValue = named(
  'SecretValue',
  z.strictObject({ value: Text.max(32_768).describe('8 to 32,768 bytes as UTF-8, blanks around it not counted') }),
)
