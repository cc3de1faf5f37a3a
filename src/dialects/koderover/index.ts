import type { Dialect } from '../dialect.ts'
import { endpoints } from './endpoints.ts'
import { createRoutes, laterPrefixes } from './routes.ts'

/** Narrow ones: `/api/v1` is the native API's, `/api/c` and `/api/bk-sops` are BlueKing's. */
const FIRST_PREFIXES = [
  '/api/pipelines',
  '/api/pipeline',
  '/api/status',
  '/api/builds',
  '/api/tasks',
  '/api/queue',
  '/api/users',
  '/api/roles',
  '/api/task',
  '/api/user',
  '/api/cron',
]

/** KodeRover: its first generation (spock / aslan, 2017), V2 of October 2017, and Zadig. */
export const koderover: Dialect = {
  name: 'koderover',
  prefixes: [...FIRST_PREFIXES, ...laterPrefixes].toSorted((a, b) => b.length - a.length),
  endpoints,
  asks: ({ number, pipeline }, token) => ({
    system: 'KodeRover',
    path: `/api/tasks/id/${number}/pipeline/${encodeURIComponent(pipeline.name)}`,
    headers: { Authorization: `X-API-KEY ${token}` },
    about: 'run',
  }),
  create: createRoutes,
}
