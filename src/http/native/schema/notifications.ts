import { z } from 'zod'
import { Count, Cursor, Id, named, Text, Time } from './common.ts'
import { User } from './users.ts'

const NOTIFICATION_EVENTS = ['ended', 'failed', 'recovered', 'needs_person'] as const
const NotificationTo = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('webhook'), url: Text.max(2_048) }),
  z.strictObject({ kind: z.literal('email'), addresses: z.array(Text.max(320)).min(1).max(20) }),
])
const notificationFields = {
  id: Id,
  name: Text,
  project_id: Id,
  pipeline_id: Id.nullable().describe('null: of all pipelines of the project'),
  events: z.array(z.enum(NOTIFICATION_EVENTS)),
  to: NotificationTo,
  disabled: z.strictObject({ at: Time, reason: Text }).nullable().describe('By its receiver, with 410'),
  created_at: Time,
  created_by: User,
}
export const Notification = named('Notification', z.strictObject(notificationFields))
export const NotificationList = named('NotificationList', z.strictObject({ items: z.array(Notification) }))
export const IssuedNotification = named(
  'IssuedNotification',
  z.strictObject({
    ...notificationFields,
    secret: Text.nullable().describe('What the receiver checks signatures with: given once. null: it is an e-mail'),
  }),
)
export const NotificationSecret = named('NotificationSecret', z.strictObject({ secret: Text }))
export const NewNotification = named(
  'NewNotification',
  z.strictObject({
    name: Text.min(1).max(128),
    pipeline: Text.min(1).max(128).nullable().default(null).describe('Id or name; null: all of the project'),
    events: z
      .array(z.enum(NOTIFICATION_EVENTS))
      .min(1)
      .max(4)
      .describe(
        'ended: however; failed: unsuccessfully, and not cancelled; recovered: the first success after that; needs_person: a review, a held node, a start',
      ),
    to: NotificationTo,
  }),
)
export const DELIVERY_STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const
export const Delivery = named(
  'Delivery',
  z.strictObject({
    id: Text.describe('Also what the receiver gets as webhook-id'),
    project_id: Id,
    run_id: Id.nullable(),
    kind: Text.describe('webhook, email or status'),
    target: Text.describe('Id of the notification; of a commit status the address of the forge'),
    state: z.enum(DELIVERY_STATES).describe('dead: given up; superseded: a newer commit status took its place'),
    tries: Count,
    created_at: Time,
    updated_at: Time,
    next_at: Time.nullable().describe('Of the next try'),
    error: Text.nullable().describe('What the last try came to'),
  }),
)
export const DeliveryList = named('DeliveryList', z.strictObject({ items: z.array(Delivery), next: Cursor }))
