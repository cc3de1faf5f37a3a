import { Hono, type Handler } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { gatewayErrors } from '../kit/gateway.ts'
import { rethrow } from '../kit/serve.ts'
import { admit, type Env } from './call.ts'
import { errorResponse } from './errors.ts'
import { createGroup, deleteGroup, listGroups } from './groups.ts'
import { downloadFile, listFiles, listPackages, listVersions } from './packages.ts'
import { createPipeline, deletePipeline, listPipelines, showPipeline, updatePipeline } from './pipelines.ts'
import { decideReview, listJobs, showLog, startStage } from './stages.ts'
import { createTemplate, deleteTemplate, listTemplates, showTemplate } from './templates.ts'
import { fireWebhook } from './webhooks.ts'

/** Method and path to handler. Everything else under our prefixes is the vendor's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  routes.notFound((c) => {
    options.onUnrouted?.(c.req.raw)
    return errorResponse(gatewayErrors.noApi)
  })
  routes.onError(rethrow)

  // The URL is handed out to be called as it stands (the console shows it bare): its id is the secret.
  routes.on(['POST', 'GET'], ['/v2/manage/webhooks/:id', '/v3/manage/webhooks/:id'], (c) =>
    fireWebhook(app, c, options),
  )

  // Who calls is asked only where something is served: a path that nobody serves is 404 to everyone, as the vendor's
  // gateway has it.
  const known = admit(app, options, false)
  // YAML is sent without being signed.
  const knownDocument = admit(app, options, true)
  const on = (method: string, path: string | string[], handler: Handler<Env>): void => {
    for (const one of [path].flat()) routes.on(method, one, known, handler)
  }

  on('GET', '/v3/manage/pipelines', (c) => listPipelines(app, c))
  on('GET', '/v3/manage/pipelines/:id', (c) => showPipeline(app, c, options))
  on('DELETE', '/v3/manage/pipelines/:id', (c) => deletePipeline(app, c))
  routes.put('/v3/manage/pipelines/:id', knownDocument, (c) => updatePipeline(app, c, options))
  routes.post('/v3/manage/pipelinegroups/:group/pipelines', knownDocument, (c) => createPipeline(app, c, options))

  const groups = ['/v2/manage/pipelinegroups', '/v3/manage/pipelinegroups']
  on('GET', groups, (c) => listGroups(app, c))
  on('POST', groups, (c) => createGroup(app, c))
  on(
    'DELETE',
    groups.map((path) => `${path}/:name`),
    (c) => deleteGroup(app, c),
  )

  const stage = '/v3/manage/pipelines/:id/stages/:stage'
  on('GET', `${stage}/jobs`, (c) => listJobs(app, c))
  on('GET', `${stage}/jobs/:job/logs`, (c) => showLog(app, c))
  on('POST', `${stage}/start`, (c) => startStage(app, c))
  on('PUT', `${stage}/start_info`, (c) => decideReview(app, c))

  const templates = '/v3/manage/pipelinetemplates'
  on('GET', templates, (c) => listTemplates(app, c))
  on('GET', `${templates}/:template`, (c) => showTemplate(app, c))
  routes.post(templates, knownDocument, (c) => createTemplate(app, c))
  on('DELETE', `${templates}/:template`, (c) => deleteTemplate(app, c))

  const versions = '/v2/manage/namespaces/:namespace/packages/:package/versions'
  on('GET', '/v2/manage/packages', (c) => listPackages(app, c))
  on('GET', versions, (c) => listVersions(app, c))
  on('GET', `${versions}/:version/file_paths`, (c) => listFiles(app, c))
  on('GET', `${versions}/:version/file_paths/:path{.+}`, (c) => downloadFile(app, c))
  return routes
}
