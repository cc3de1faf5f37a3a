import { z } from 'zod'
import { NODE_ACTIONS, RUN_ACTIONS } from '../../../model/command.ts'
import { NODE_STATUSES, RUN_STATUSES } from '../../../model/status.ts'

/** Schemas with a name in the OpenAPI document. */
export const names = z.registry<{ id: string }>()
export const named = <Schema extends z.ZodType>(id: string, schema: Schema): Schema => {
  names.add(schema, { id })
  return schema
}

export const Id = z
  .string()
  .regex(/^[0-9a-f]{32}$/)
  .describe('32 lowercase hex digits')
export const Serial = z.int().min(1).describe('Integer name, unique in the server')
export const Time = z.iso.datetime({ precision: 3 }).describe('UTC with milliseconds')
export const Ms = z.int().min(0).describe('Milliseconds')
export const Text = z.string()
export const Count = z.int().min(0)
export const Names = z.record(z.string(), z.string())
export const Cursor = z.string().nullable().describe('Give it as `cursor` to get what follows; null: that was all')

export const RunStatus = named('RunStatus', z.enum(RUN_STATUSES))
export const NodeStatus = named('NodeStatus', z.enum(NODE_STATUSES))
export const RunAction = named('RunAction', z.enum(RUN_ACTIONS))
export const NodeAction = named('NodeAction', z.enum(NODE_ACTIONS))
export const Json = z.json().describe('Any JSON value')
export const Values = z.record(z.string(), Json)
