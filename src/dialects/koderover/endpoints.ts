import type { EndpointRow } from '../kit/endpoints.ts'

const v1 = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, from: string): EndpointRow => ({
  method,
  path,
  family: 'V1 (2017)',
  source: 'sibling',
  from,
  served: true,
})

export const endpoints: readonly EndpointRow[] = [
  {
    ...v1('GET', '/api/tasks/id/:id/pipeline/:name', 'where a task is; spock’s page 查询任务, error 6806'),
    source: 'seed',
  },
  v1('DELETE', '/api/tasks/id/:id/pipeline/:name', 'cancel, error 6809'),
  v1('GET', '/api/tasks/restart/id/:id/pipeline/:name', 'everything that failed, again; July 2017, error 6903'),
  v1('GET', '/api/tasks/pipeline/:name', 'its newest 100 tasks, whole; error 6810'),
  v1('GET', '/api/tasks/running', 'at most 100 under way; error 6808'),
  v1('POST', '/api/tasks', 'run a pipeline: `{pipeline_name, branch, ...}`; errors 400, 6901'),
  v1('GET', '/api/pipelines', 'definitions; error 6802'),
  v1('GET', '/api/pipelines/:name', 'one definition; error 6803'),
  v1('POST', '/api/user/signin', 'a form with username and password gives a session; errors 400, 401'),
  v1('GET', '/api/user/signout', 'the session ends'),
]
