import type { EndpointRow } from '../kit/endpoints.ts'
import { NO_WEBSOCKET, notServed, V1 } from './rows.ts'
import { sessionRows } from './session.ts'
import { v1Routes } from './v1.ts'
import { v2Routes, v2WebSockets } from './v2.ts'
import { zadigNotServed, zadigRoutes } from './zadig.ts'

const webSockets = [
  ['/api/tasks/ws/id/:id/pipeline/:name', 'one task, as it changes; August 2017'],
  ['/api/tasks/ws/pipeline/:name', 'a pipeline’s tasks, as they change'],
  ['/api/tasks/running/realtime', 'what is under way, as it changes'],
  ['/api/queue/ws', 'the queue, as it changes'],
  ['/api/builds/:owner/:name/ws/logs/:buildNum/:jobNum', 'a build’s log'],
] as const

export const endpoints: readonly EndpointRow[] = [
  ...v1Routes.map(({ row }) => row),
  ...sessionRows,
  ...webSockets.map(([path, from]) => notServed(V1, 'WS', path, from, NO_WEBSOCKET)),
  ...v2Routes.map(({ row }) => row),
  ...v2WebSockets,
  ...zadigRoutes.map(({ row }) => row),
  ...zadigNotServed,
]
