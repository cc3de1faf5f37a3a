import { z } from 'zod'
import { EVENT_TYPES } from '../event-types.ts'
import { Actor } from './cause.ts'
import { Count, Id, Json, named, Time } from './common.ts'

export const Event = named(
  'Event',
  z.strictObject({
    number: z.int().min(1).describe('Counts all events of the server; the id in the stream'),
    run_id: Id,
    seq: z.int().min(1).describe('Counts the events of the run'),
    at: Time,
    actor: Actor,
    type: z.enum(EVENT_TYPES),
    node: z.strictObject({ id: Id, index: Count }).nullable(),
    data: z.record(z.string(), Json).describe('What else belongs to an event of this type'),
  }),
)
export const EventList = named(
  'EventList',
  z.strictObject({
    items: z.array(Event),
    next: z.int().nullable().describe('Give it as `after` to get what follows'),
  }),
)
