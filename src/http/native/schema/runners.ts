import { z } from 'zod'
import { Count, named, Text, Time } from './common.ts'

export const Runner = named(
  'Runner',
  z.strictObject({
    id: Text.describe('`embedded`: the one that is a part of the server'),
    name: Text,
    kind: z.enum(['embedded', 'remote']),
    labels: z.array(Text),
    slots: z.int().min(1).describe('Tasks that it does at once'),
    busy: Count.describe('Tasks that it has'),
    status: z
      .enum(['online', 'silent', 'draining', 'offline'])
      .describe('silent: not heard of for longer than it should be, and not given up yet'),
    paused: z.boolean().describe('It gets nothing until it is resumed'),
    last_seen_at: Time.nullable(),
    created_at: Time.nullable(),
    version: Text.nullable(),
  }),
)
export const RunnerList = named('RunnerList', z.strictObject({ items: z.array(Runner) }))
export const NewRunner = named(
  'NewRunner',
  z.strictObject({ name: Text.min(1).max(64).describe('Letters, digits and _ . -; unique in the server') }),
)
export const IssuedRunner = named(
  'IssuedRunner',
  z.strictObject({ runner: Runner, token: Text.describe('Shown this once; only its hash is kept') }),
)
