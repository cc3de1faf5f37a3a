import type { EndpointRow } from '../kit/endpoints.ts'
import type { Route } from './route.ts'
import { V1, webSocket } from './rows.ts'
import { buildRoutes } from './v1-builds.ts'
import { cronRoutes } from './v1-cron.ts'
import { pipelineRoutes } from './v1-pipelines.ts'
import { queueRoutes } from './v1-queue.ts'
import { taskRoutes } from './v1-tasks.ts'
import { testRoutes } from './v1-tests.ts'
import { userRoutes } from './v1-users.ts'

/** Fixed paths come before those with a part that varies. */
export const v1Routes: readonly Route[] = [
  ...pipelineRoutes,
  ...queueRoutes,
  ...taskRoutes,
  ...buildRoutes,
  ...testRoutes,
  ...cronRoutes,
  ...userRoutes,
]

export const webSockets: readonly EndpointRow[] = [
  webSocket(V1, '/api/tasks/ws/id/:id/pipeline/:name', 'one task, as it changes; August 2017'),
  webSocket(V1, '/api/tasks/ws/pipeline/:name', 'a pipeline’s tasks, as they change'),
  webSocket(V1, '/api/tasks/running/realtime', 'what is under way, as it changes'),
  webSocket(V1, '/api/queue/ws', 'the queue, as it changes'),
  webSocket(V1, '/api/builds/:owner/:name/ws/logs/:buildNum/:jobNum', 'a build’s log, a line a message'),
]
