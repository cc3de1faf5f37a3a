import { z } from 'zod'
import { Actor } from './cause.ts'
import { Cursor, named, Text, Time } from './common.ts'

export const AuditEntry = named(
  'AuditEntry',
  z.strictObject({
    number: z.int().min(1),
    at: Time,
    actor: Actor,
    action: Text.describe('Thing and verb: `secret.set`, `user.change`, `sign-in.locked`'),
    target: Text,
    detail: Text,
  }),
)
export const AuditList = named('AuditList', z.strictObject({ items: z.array(AuditEntry), next: Cursor }))
