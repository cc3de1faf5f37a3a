import type { EndpointRow } from '../kit/endpoints.ts'
import type { Route } from './route.ts'
import { familyOf, V2, webSocket } from './rows.ts'
import { v2Face } from './zadig/face.ts'
import { pipelineHandlers } from './zadig/pipelines.ts'
import { PENDING, RUNNING } from './zadig/request.ts'
import { presentV2Task } from './zadig/task.ts'
import { taskHandlers } from './zadig/tasks.ts'

const route = familyOf(V2)
const pipelines = pipelineHandlers(v2Face, 'v2')
const tasks = taskHandlers(v2Face, presentV2Task)

export const v2Routes: readonly Route[] = [
  route('POST', '/api/v2/pipelines', 'create, with `sub_tasks[]`; error 6800', pipelines.create),
  route('GET', '/api/v2/pipelines', 'all; error 6802', pipelines.list),
  route('GET', '/api/v2/pipelines/:name', 'one; error 6803', pipelines.get),
  route('PUT', '/api/v2/pipelines/:name', 'update; error 6801', pipelines.update),
  route('DELETE', '/api/v2/pipelines/:name', 'delete; error 6804', pipelines.remove),
  route(
    'POST',
    '/api/v2/tasks',
    'run a pipeline; in the documents of V2 it is not, Zadig has it; error 6901',
    tasks.create,
  ),
  route('GET', '/api/v2/tasks/running', 'under way; error 6808', tasks.some({ statuses: RUNNING }), {
    also: ['/api/v2/tasks/ws/running'],
  }),
  route('GET', '/api/v2/tasks/pending', 'in the queue; error 6808', tasks.some({ statuses: PENDING }), {
    also: ['/api/v2/tasks/ws/pending'],
  }),
  route('GET', '/api/v2/tasks/id/:id/pipelines/:name', 'one task; error 6806', tasks.get, {
    also: ['/api/v2/tasks/ws/id/:id/pipelines/:name'],
  }),
  route('POST', '/api/v2/tasks/id/:id/pipelines/:name/cancel', 'cancel; error 6809', tasks.cancel),
  route('POST', '/api/v2/tasks/id/:id/pipelines/:name/restart', 'what failed of it, again; error 6903', tasks.restart),
]

export const v2WebSockets: readonly EndpointRow[] = [
  '/api/v2/tasks/ws/running',
  '/api/v2/tasks/ws/pending',
  '/api/v2/tasks/ws/id/:id/pipelines/:name',
].map((path) => webSocket(V2, path, 'the same, as it changes'))
