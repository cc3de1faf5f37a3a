import { z } from 'zod'
import type { Delivery, NotificationView } from '../../host/app.ts'
import { accept } from '../../model/problem.ts'
import { withNext } from './paging.ts'
import { time, timeOrNull } from './present.ts'
import * as query from './query.ts'
import { pipelineRef, projectRef } from './refs.ts'
import { route } from './route.ts'
import {
  DeliveryList,
  Delivery as DeliveryWire,
  DELIVERY_STATES,
  IssuedNotification,
  NewNotification,
  Notification,
  NotificationList,
  NotificationSecret,
} from './schema.ts'

const tag = 'notifications'

const present = (one: NotificationView): z.output<typeof Notification> => ({
  id: one.id,
  name: one.name,
  project_id: one.projectId,
  pipeline_id: one.pipelineId,
  events: [...one.events],
  to: one.to.kind === 'webhook' ? one.to : { kind: 'email', addresses: [...one.to.addresses] },
  disabled: one.disabled === null ? null : { at: time(one.disabled.at), reason: one.disabled.reason },
  created_at: time(one.createdAt),
  created_by: { id: one.createdBy.id, name: one.createdBy.name },
})

const presentDelivery = (one: Delivery): z.output<typeof DeliveryWire> => ({
  id: one.id,
  project_id: one.projectId,
  run_id: one.runId,
  kind: one.kind,
  target: one.target,
  state: one.state,
  tries: one.tries,
  created_at: time(one.createdAt),
  updated_at: time(one.updatedAt),
  next_at: timeOrNull(one.nextAt),
  error: one.error,
})

export const listNotifications = route({
  method: 'GET',
  path: '/api/v1/projects/{project}/notifications',
  id: 'listNotifications',
  tag,
  summary: 'Who is told of runs of a project; for operators',
  status: 200,
  answer: { json: NotificationList },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const found = await app.notifications.list(caller, projectRef(param('project')))
    return found.ok ? accept({ body: { items: found.value.map(present) } }) : found
  },
})

export const createNotification = route({
  method: 'POST',
  path: '/api/v1/projects/{project}/notifications',
  id: 'createNotification',
  tag,
  summary: 'Have somebody told of runs',
  description:
    'For admins. A webhook is signed as Standard Webhooks are, with the secret that is given here once. What is not taken with 2xx is sent again for three days, then it is dead; 410 disables the notification.',
  body: NewNotification,
  status: 201,
  answer: { json: IssuedNotification },
  problems: ['not_found', 'conflict'],
  handle: async ({ app, caller, param, body: { pipeline, ...body } }) => {
    const project = projectRef(param('project'))
    const made = await app.notifications.create(caller, {
      ...body,
      project,
      pipeline: pipeline === null ? null : pipelineRef(pipeline, param('project')),
    })
    if (!made.ok) return made
    const { notification, secret } = made.value
    return accept({ body: { ...present(notification), secret }, headers: { 'cache-control': 'no-store' } })
  },
})

export const rotateNotification = route({
  method: 'POST',
  path: '/api/v1/notifications/{notification}/rotate',
  id: 'rotateNotification',
  tag,
  summary: 'A new secret; that of before signs beside it for 24 hours',
  status: 200,
  answer: { json: NotificationSecret },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param }) => {
    const made = await app.notifications.rotate(caller, param('notification'))
    return made.ok ? accept({ body: made.value, headers: { 'cache-control': 'no-store' } }) : made
  },
})

export const enableNotification = route({
  method: 'POST',
  path: '/api/v1/notifications/{notification}/enable',
  id: 'enableNotification',
  tag,
  summary: 'Take up again one that its receiver has had disabled',
  status: 200,
  answer: { json: Notification },
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const enabled = await app.notifications.enable(caller, param('notification'))
    return enabled.ok ? accept({ body: present(enabled.value) }) : enabled
  },
})

export const testNotification = route({
  method: 'POST',
  path: '/api/v1/notifications/{notification}/test',
  id: 'testNotification',
  tag,
  summary: 'Send a message that tells of no run, to see whether it comes through',
  description: 'For admins. One in ten seconds. The delivery says what became of it.',
  status: 201,
  answer: { json: DeliveryWire },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param }) => {
    const made = await app.notifications.test(caller, param('notification'))
    return made.ok ? accept({ body: presentDelivery(made.value) }) : made
  },
})

export const deleteNotification = route({
  method: 'DELETE',
  path: '/api/v1/notifications/{notification}',
  id: 'deleteNotification',
  tag,
  summary: 'Tell them no more',
  status: 204,
  answer: 'nothing',
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const removed = await app.notifications.remove(caller, param('notification'))
    return removed.ok ? accept({ body: null }) : removed
  },
})

export const listDeliveries = route({
  method: 'GET',
  path: '/api/v1/deliveries',
  id: 'listDeliveries',
  tag,
  summary: 'What others were told, or are to be, newest first; for operators',
  description: 'Notifications and commit statuses of the last 30 days. `state=dead` are those that were given up.',
  query: z.object({
    project: query.name.describe('Id or name'),
    notification: query.name.describe('Id'),
    state: z.enum(DELIVERY_STATES).optional(),
    limit: query.limit(50, 100),
    cursor: query.cursor,
  }),
  status: 200,
  answer: { json: DeliveryList },
  problems: ['not_found'],
  handle: async ({ app, caller, query: { project, notification, state, limit, cursor }, url }) => {
    const filter = {
      ...(project === undefined ? {} : { project: projectRef(project) }),
      ...(notification === undefined ? {} : { notification }),
      ...(state === undefined ? {} : { state }),
    }
    const page = await app.notifications.deliveries(caller, filter, { before: cursor ?? null, limit })
    if (!page.ok) return page
    const next = page.value.next === null ? null : String(page.value.next)
    return accept({ body: { items: page.value.items.map(presentDelivery), next }, headers: withNext(url, next) })
  },
})

export const replayDelivery = route({
  method: 'POST',
  path: '/api/v1/deliveries/{delivery}/replay',
  id: 'replayDelivery',
  tag,
  summary: 'Send it again, from its first try, under the same id',
  status: 200,
  answer: { json: DeliveryWire },
  problems: ['not_found', 'not_allowed'],
  handle: async ({ app, caller, param }) => {
    const again = await app.notifications.replay(caller, param('delivery'))
    return again.ok ? accept({ body: presentDelivery(again.value) }) : again
  },
})
