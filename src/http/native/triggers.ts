import { z } from 'zod'
import type { Fired as FiredRun } from '../../host/app.ts'
import { accept } from '../../model/problem.ts'
import { idempotencyKeyOf, KEY_HEADER } from './idempotency-key.ts'
import { time } from './present.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef } from './refs.ts'
import { route } from './route.ts'
import type { Fired } from './schema.ts'
import { FiredList, NextFires, Publication, WebhookSecret } from './schema.ts'

const tag = 'triggers'
const inProject = { project: query.name.describe('Id or name; needed when two projects have a pipeline of this name') }

export const presentFired = ({ run, stage, started }: FiredRun): z.output<typeof Fired> => ({
  run: { id: run.id, number: run.number, serial: run.serial, status: run.status },
  stage,
  started,
})

export const nextFires = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/next',
  id: 'nextFires',
  tag,
  summary: 'When its schedules come due next, and which triggers were refused',
  query: z.object({ ...inProject, count: query.limit(10, 100) }),
  status: 200,
  answer: { json: NextFires },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, query: { project, count } }) => {
    const found = await app.pipelines.nextFires(caller, pipelineRef(param('pipeline'), project), count)
    if (!found.ok) return found
    const { fires, refusals } = found.value
    return accept({
      body: {
        fires: fires.map(({ trigger, at }) => ({ trigger, at: time(at) })),
        refusals: refusals.map(({ trigger, at, message }) => ({ trigger, at: time(at), message })),
      },
    })
  },
})

export const getWebhookSecret = route({
  method: 'GET',
  path: '/api/v1/pipelines/{pipeline}/webhooks/{webhook}/secret',
  id: 'getWebhookSecret',
  tag,
  summary: 'What calls of a signed webhook are signed with; that of a stage is called `stage/webhook`',
  description:
    'For admins. Give it to the sender as it is: GitHub, Gitea and GitLab take it as secret, senders of Standard Webhooks as their key. One that came sealed with the definition is told to nobody.',
  query: z.object(inProject),
  status: 200,
  answer: { json: WebhookSecret },
  problems: ['not_found', 'not_allowed', 'conflict'],
  handle: async ({ app, caller, param, query: { project } }) => {
    const ref = pipelineRef(param('pipeline'), project)
    const secret = await app.pipelines.webhookSecret(caller, ref, param('webhook'))
    return secret.ok ? accept({ body: { secret: secret.value }, headers: { 'cache-control': 'no-store' } }) : secret
  },
})

export const publish = route({
  method: 'POST',
  path: '/api/v1/projects/{project}/channels/{channel}',
  id: 'publish',
  tag,
  summary: 'Publish to a channel of a project',
  description:
    'Fires every run that waits for the channel, and a new one of each pipeline that listens to it and has none waiting.',
  body: Publication,
  headers: KEY_HEADER,
  status: 202,
  answer: { json: FiredList },
  problems: ['not_found'],
  handle: async ({ app, caller, param, body, header }) => {
    const key = idempotencyKeyOf(header)
    if (!key.ok) return key
    const fired = await app.runs.publish(caller, {
      project: projectRef(param('project')),
      channel: param('channel'),
      params: body.params,
      ...key.value,
    })
    return fired.ok ? accept({ body: { items: fired.value.map(presentFired) } }) : fired
  },
})
