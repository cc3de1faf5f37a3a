import type { Hono, MiddlewareHandler } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import type { Env } from '../kit/receive.ts'
import { Desk } from './desk.ts'
import { TemplateCalls } from './template-calls.ts'
import { BatchCalls } from './v5-batch.ts'
import { FactCalls } from './v5-facts.ts'
import { GroupCalls } from './v5-groups.ts'
import { PipelineCalls } from './v5-pipelines.ts'
import { RightsCalls } from './v5-rights.ts'
import { RunCalls } from './v5-runs.ts'
import { StepCalls } from './v5-steps.ts'
import { TagCalls } from './v5-tags.ts'
import { VariableGroupCalls } from './v5-variable-groups.ts'
import { WebhookCalls } from './v5-webhooks.ts'

/** A step is put off by an hour: the call says nothing of how long. */
const DELAY_MS = 3_600_000

/** The v5 family, and templates of both. Fixed paths stand before those with an id. */
export function addV5Routes(routes: Hono<Env>, who: MiddlewareHandler<Env>, app: App, options: DialectOptions): void {
  const desk = new Desk(app, options)
  const pipelines = new PipelineCalls(desk)
  const runs = new RunCalls(desk)
  const steps = new StepCalls(desk)
  const groups = new GroupCalls(desk)
  const webhooks = new WebhookCalls(desk)

  routes.post('/v5/:project/api/pipelines', who, (c) => pipelines.create(c))
  routes.post('/v5/:project/api/pipelines/list', who, (c) => pipelines.list(c))
  routes.post('/v5/:project/api/pipelines/status', who, (c) => pipelines.batch(c))
  const batch = new BatchCalls(desk, runs, pipelines)
  routes.post('/v5/:project/api/pipelines/batch-runs', who, (c) => batch.start(c))
  routes.post('/v5/:project/api/pipelines/batch-runs/result', who, (c) => batch.result(c))
  routes.post('/v5/:project/api/pipelines/batch-delete', who, (c) => batch.remove(c))
  routes.post('/v5/:project/api/pipelines/pipelines-version', who, (c) => batch.versions(c))
  routes.get('/v5/:project/api/pipelines/:id', who, (c) => pipelines.show(c))
  routes.put('/v5/:project/api/pipelines/:id', who, (c) => pipelines.edit(c))
  routes.delete('/v5/:project/api/pipelines/:id', who, (c) => pipelines.remove(c))
  routes.put('/v5/:project/api/pipelines/:id/ban', who, (c) => pipelines.ban(c, true))
  routes.put('/v5/:project/api/pipelines/:id/unban', who, (c) => pipelines.ban(c, false))
  routes.get('/v5/:project/api/pipelines/:id/webhook', who, (c) => webhooks.show(c))
  routes.post('/v5/:project/pipelines/:id/webhook/callback-run/:region', (c) => webhooks.fire(c))

  const facts = new FactCalls(desk)
  routes.get('/v5/:project/api/pipelines/:id/list-runtime-vars', who, (c) => facts.runtimeVariables(c))
  routes.get('/v5/:project/api/pipelines/:id/list-system-vars', who, (c) => facts.systemVariables(c))
  routes.get('/v5/:project/api/pipelines/:id/pipelines-modify-historys', who, (c) => facts.history(c))
  routes.get('/v5/:project/api/pipelines/:id/trigger-failed-record', who, (c) => facts.refusals(c))

  const rights = new RightsCalls(desk)
  const permissions = '/v5/:project/api/pipeline-permissions/:id'
  routes.get(`${permissions}/permission-switch`, who, (c) => rights.showSwitch(c))
  routes.put(`${permissions}/update-permission-switch`, who, (c) => rights.setSwitch(c))
  routes.get(`${permissions}/role-permission`, who, (c) => rights.ofRoles(c))
  routes.get(`${permissions}/user-permission`, who, (c) => rights.ofUsers(c))
  routes.post(`${permissions}/update-role-permission`, who, (c) => rights.setRole(c))
  routes.post(`${permissions}/update-user-permission`, who, (c) => rights.setUser(c))
  const ofMany = '/v5/:project/api/pipeline-permissions/pipeline/batch-role-permission'
  routes.post(ofMany, who, (c) => rights.setRolesOfMany(c))
  routes.post('/v5/:tenant/api/pipelines/check-rights', who, (c) => rights.ofCaller(c))

  routes.post('/v5/:project/api/pipelines/:id/run', who, (c) => runs.start(c))
  routes.get('/v5/:project/api/pipelines/:id/queued-pipeline', who, (c) => runs.queue(c))
  routes.post('/v5/:project/api/pipelines/:id/:run/cancel-queuing/:queue', who, (c) => runs.leaveQueue(c))
  const history = '/v5/:project/api/pipelines/:id/pipeline-runs'
  routes.get(`${history}/detail`, who, (c) => runs.detail(c))
  routes.post(`${history}/list`, who, (c) => runs.list(c))
  routes.post(`${history}/:run/stop`, who, (c) => runs.stop(c))
  routes.put(`${history}/:run/retry`, who, (c) => runs.retry(c))
  routes.get(`${history}/:run/artifacts`, who, (c) => steps.artifacts(c))
  routes.get(`${history}/:run/run-variables`, who, (c) => runs.variables(c))
  routes.get(`${history}/:run/steps/outputs`, who, (c) => steps.outputs(c))

  const step = `${history}/:run/jobs/:job/steps/:step`
  routes.post(`${step}/logs`, who, (c) => steps.logs(c))
  routes.post(`${step}/exec-log`, who, (c) => steps.logs(c))
  routes.get(`${step}/jump-link`, who, (c) => steps.jumpLink(c))
  routes.post(`${step}/pass`, who, (c) => steps.act(c, { action: 'approve' }))
  routes.post(`${step}/refuse`, who, (c) => steps.act(c, { action: 'reject' }))
  routes.post(`${step}/delay`, who, (c) => steps.act(c, { action: 'delay', byMs: DELAY_MS }))
  routes.post(`${step}/delay-pass`, who, (c) => steps.passDelay(c))
  routes.post(`${step}/delay-refuse`, who, (c) => steps.refuseDelay(c))
  routes.post(`${step}/resume`, who, (c) => steps.resume(c))
  const manual = `${history}/:run/steps/:step/manual`
  routes.post(`${manual}/pass`, who, (c) => steps.act(c, { action: 'approve' }))
  routes.post(`${manual}/refuse`, who, (c) => steps.act(c, { action: 'reject' }))

  const templates = new TemplateCalls(desk, pipelines)
  const template = '/v5/:project/api/pipeline-templates'
  routes.post(template, who, (c) => templates.create(c))
  routes.post(`${template}/list`, who, (c) => templates.list(c))
  routes.get(`${template}/:id`, who, (c) => templates.show(c))
  routes.put(`${template}/:id`, who, (c) => templates.edit(c))
  routes.delete(`${template}/:id`, who, (c) => templates.remove(c))
  routes.post(`${template}/:id/favorite`, who, (c) => templates.favour(c))
  routes.post(`${template}/:id/create-pipeline`, who, (c) => templates.createPipeline(c))
  routes.post('/v3/pipeline/templates/list', who, (c) => templates.list(c))
  routes.post('/v3/templates/task', who, (c) => templates.createTask(c))
  routes.get('/v3/templates', who, (c) => templates.listV3(c))
  routes.get('/v3/templates/:id/status', who, (c) => templates.taskStatus(c))
  routes.get('/v3/templates/:id', who, (c) => templates.showV3(c))

  const group = '/v5/:project/api/pipeline-group'
  routes.post(`${group}/create`, who, (c) => groups.create(c))
  routes.post(`${group}/update`, who, (c) => groups.rename(c))
  routes.delete(`${group}/delete`, who, (c) => groups.remove(c))
  routes.get(`${group}/tree`, who, (c) => groups.tree(c))
  routes.post(`${group}/pipeline/move`, who, (c) => groups.move(c))
  routes.post(`${group}/swap`, who, (c) => groups.swap(c))

  const variables = new VariableGroupCalls(desk, pipelines)
  const variable = '/v5/:project/api/pipeline/variable/group'
  routes.post(`${variable}/create`, who, (c) => variables.create(c))
  routes.post(`${variable}/list`, who, (c) => variables.list(c))
  routes.get(`${variable}/pipeline`, who, (c) => variables.ofPipeline(c))
  routes.post(`${variable}/relation`, who, (c) => variables.bind(c))
  routes.put(`${variable}/update`, who, (c) => variables.update(c))
  routes.delete(`${variable}/delete`, who, (c) => variables.remove(c))
  routes.get(`${variable}/:id`, who, (c) => variables.show(c))

  routes.get('/v5/:tenant/api/dashboard/pipeline-count', who, (c) => facts.counts(c))

  const tags = new TagCalls(desk)
  const tag = '/v5/:project/api/pipeline-tag'
  routes.post(`${tag}/create`, who, (c) => tags.create(c))
  routes.get(`${tag}/list`, who, (c) => tags.list(c))
  routes.post(`${tag}/update`, who, (c) => tags.update(c))
  routes.delete(`${tag}/delete`, who, (c) => tags.remove(c))
  routes.post(`${tag}/set-tags`, who, (c) => tags.set(c))
}
