import { z } from 'zod'
import { WHEN_FULL } from '../../../model/definition.ts'
import { PRIORITIES } from '../../../model/priority.ts'
import { Id, named, RunStatus, Text, Time } from './common.ts'

export const ConcurrencyLimit = z.strictObject({
  limit: z.int().min(1),
  group: Text.nullable(),
  when_full: z.enum(WHEN_FULL),
})
const QueuedRun = z.strictObject({
  id: Id,
  number: z.int().min(1),
  pipeline_id: Id,
  pipeline_name: Text,
  status: RunStatus,
  priority: z.enum(PRIORITIES),
})
export const Queue = named(
  'Queue',
  z.strictObject({
    concurrency: ConcurrencyLimit.nullable().describe('Of the newest version; null: it has no limit, and nobody waits'),
    running: z.array(QueuedRun).describe('What is under way and counts, the first 100'),
    running_count: z.int().min(0),
    queue: z
      .array(QueuedRun.extend({ position: z.int().min(1), since: Time }))
      .describe('What waits for its turn, the first 100: by priority and then by arrival'),
    queued_count: z.int().min(0),
  }),
)
