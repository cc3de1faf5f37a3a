import type { Dialect } from '../dialect.ts'
import { endpoints } from './endpoints.ts'
import { createRoutes } from './routes.ts'

/** KodeRover in its first generation (spock / aslan, 2017): tasks of a pipeline with up to four sub-tasks. */
export const koderover: Dialect = {
  name: 'koderover',
  // Narrow ones: `/api/v1` is the native API's, `/api/c` and `/api/bk-sops` are BlueKing's.
  prefixes: [
    '/api/pipelines',
    '/api/pipeline',
    '/api/status',
    '/api/builds',
    '/api/tasks',
    '/api/queue',
    '/api/users',
    '/api/task',
    '/api/user',
    '/api/cron',
  ],
  endpoints,
  create: createRoutes,
}
