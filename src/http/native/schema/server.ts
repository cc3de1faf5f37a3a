import { z } from 'zod'
import { named, Text } from './common.ts'

const ServerSetting = z.strictObject({
  name: Text.describe('Variable that sets it'),
  value: Text.nullable().describe('What holds; null: nothing, or that it is not told'),
  is_secret: z.boolean().describe('It may hold a password: `value` says at most that it is set'),
  standard: Text.describe('What holds when nobody sets it'),
  doc: Text,
})
export const ServerInfo = named(
  'ServerInfo',
  z.strictObject({ version: Text, base_url: Text, settings: z.array(ServerSetting) }),
)
