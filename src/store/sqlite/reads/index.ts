import {
  audits,
  countPipelines,
  deletedProjects,
  pipeline,
  pipelines,
  projects,
  version,
  versions,
  webhook,
} from './catalog.ts'
import { document, documents } from './documents.ts'
import { key, keys, setting, user, users } from './keys.ts'
import { entries, eventEntries, feedEntries, lastNumber } from './log.ts'
import { dueMessages, message, messages, newestOf, nextDue } from './outbox.ts'
import { count, idempotent, list, live, snapshot, summaries, summary } from './runs.ts'
import { secrets } from './secrets.ts'

/** Every operation of the reading thread, by the name that the main thread calls it by. */
export const reads = {
  audits,
  count,
  countPipelines,
  deletedProjects,
  document,
  documents,
  dueMessages,
  entries,
  eventEntries,
  feedEntries,
  idempotent,
  key,
  keys,
  lastNumber,
  list,
  live,
  message,
  messages,
  newestOf,
  nextDue,
  pipeline,
  pipelines,
  projects,
  secrets,
  setting,
  snapshot,
  summaries,
  summary,
  user,
  users,
  version,
  versions,
  webhook,
} as const
