import type { Route } from './route.ts'
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
