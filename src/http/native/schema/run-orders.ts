import { z } from 'zod'
import { PRIORITIES } from '../../../model/priority.ts'
import { Json, Ms, named, Text, Values } from './common.ts'

/** Values of params: what a definition's param types can take. */
const ParamValues = z.record(Text.min(1).max(64), Json)
const RunAnnotations = z.record(Text.min(1).max(128), Text.max(65_536))
const Keys = z.array(Text.min(1).max(64)).max(20_000)
export const NewRun = named(
  'NewRun',
  z.strictObject({
    params: ParamValues.default({}),
    wait: z.boolean().default(false).describe('Stay `waiting` until someone starts it'),
    annotations: RunAnnotations.optional().describe('Free names; `title` is what people call it'),
    only: Keys.optional().describe('Keys of stages and tasks: the others are left out'),
    exclude: Keys.optional().describe('Keys of stages and tasks that are left out'),
    priority: z.enum(PRIORITIES).optional().describe('In place of that of the definition'),
  }),
)
export const Rerun = named(
  'Rerun',
  z.strictObject({
    params: ParamValues.default({}).describe('In place of those of the run; the others stay'),
    annotations: RunAnnotations.optional().describe('In place of those of the run; the others stay'),
    only: Keys.optional().describe(
      'Keys of stages and tasks: the others are left out. Without it and `exclude`: as the run did',
    ),
    exclude: Keys.optional().describe('Keys of stages and tasks that are left out'),
    priority: z.enum(PRIORITIES).optional().describe('In place of that of the run'),
  }),
)
export const RunActionInput = named(
  'RunActionInput',
  z.strictObject({
    reason: Text.max(4_096).optional().describe('With `cancel`'),
    force: z.boolean().optional().describe('With `cancel`: end now, do not wait for processes to be gone'),
    mode: z
      .enum(['stop', 'force', 'after-current'])
      .optional()
      .describe('With `cancel`. after-current: what is at work ends by itself. Default stop'),
    params: Values.optional().describe('With `modify`: other values, seen by what has not begun'),
  }),
)
export const NodeActionInput = named(
  'NodeActionInput',
  z.strictObject({
    comment: Text.max(4_096).optional(),
    inputs: Values.optional().describe("With `retry`: in place of the definition's, whole"),
    outputs: Values.optional().describe('With `callback`'),
    succeeded: z.boolean().optional().describe('With `callback`. Default true'),
    version: Text.max(64).optional().describe('With `callback`: refused when the node has another by now'),
    edges: z.array(Text.max(64)).max(1_000).optional().describe('With `choose`: keys of edges out of a failed gateway'),
    by_ms: Ms.optional().describe('With `delay`'),
  }),
)
