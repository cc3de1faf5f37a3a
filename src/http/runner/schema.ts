import { z } from 'zod'
import type { Failure, FailureKind } from '../../model/failure.ts'
import { parseRunId, type RunId } from '../../model/id.ts'
import type { Json } from '../../model/json.ts'
import { OUTPUTS_MAX_BYTES } from '../../model/limits.ts'
import {
  INCARNATION,
  RUNNER_HOLDS_MAX,
  RUNNER_LABEL,
  RUNNER_LABELS_MAX,
  RUNNER_SLOTS_MAX,
  RUNNER_WORKSPACES_MAX,
  type RunnerHello,
  type RunnerPoll,
  type RunnerReport,
} from '../../model/runner.ts'

/** What runners send, held against it to the last field: they are not trusted more than any other client. */

const Count = z.int().min(0)
const Text = z.string().max(4_096)
const RunIdText = z.string().transform((text, context): RunId => {
  const id = parseRunId(text)
  if (id !== undefined) return id
  context.addIssue('expected 32 hex digits')
  return z.NEVER
})
const Incarnation = z.string().regex(INCARNATION)
const Ref = z.strictObject({ runId: RunIdText, node: Count, attempt: Count, fence: Count })

/** Of another protocol nothing is known but that it says its number; what else is in it does not matter then. */
export const HelloNumber = z.looseObject({ protocol: z.int() })

export const Hello = z.strictObject({
  protocol: z.int(),
  incarnation: Incarnation,
  name: z.string().max(64).nullable(),
  version: z.string().max(64),
  labels: z.array(z.string().regex(RUNNER_LABEL)).max(RUNNER_LABELS_MAX),
  slots: z.int().min(1).max(RUNNER_SLOTS_MAX),
  holds: z.array(Ref).max(RUNNER_HOLDS_MAX),
  workspaces: z.array(RunIdText).max(RUNNER_WORKSPACES_MAX),
}) satisfies z.ZodType<RunnerHello>

export const Poll = z.strictObject({
  session: z.string().max(64),
  ack: Count,
  draining: z.boolean(),
  cleaned: z.array(z.strictObject({ runId: RunIdText, problem: Text.nullable() })).max(RUNNER_WORKSPACES_MAX),
}) satisfies z.ZodType<RunnerPoll>

type Shape<Kind extends FailureKind> = z.ZodType<Omit<Extract<Failure, { kind: Kind }>, 'kind'>>
const Reason = z.strictObject({ kind: z.string(), reason: Text })
const Duration = z.int().min(0)

/** null: not a runner's to say. */
const failures: { readonly [Kind in FailureKind]: Shape<Kind> | null } = {
  'exit-code': z.strictObject({ kind: z.string(), code: z.int().min(0).max(255) }),
  signal: z.strictObject({ kind: z.string(), signal: z.string().regex(/^[A-Z0-9+]{1,32}$/) }),
  'out-of-memory': z.strictObject({ kind: z.string(), limitBytes: Count.nullable() }),
  'output-limit': Reason,
  'said-no': Reason,
  'cannot-start': Reason,
  'missing-tool': z.strictObject({ kind: z.string(), tool: Text }),
  'disk-full': z.strictObject({ kind: z.string(), what: Text }),
  unauthorized: Reason,
  internal: Reason,
  timeout: z.strictObject({ kind: z.string(), afterMs: Duration }),
  lost: null,
  rejected: null,
  forced: null,
  'no-branch': null,
  'many-branches': null,
  condition: null,
  'loop-limit': null,
  'not-started': null,
  expired: null,
}

const FailureWord = z.unknown().transform((value, context): Failure => {
  const { kind } = z.looseObject({ kind: z.string() }).safeParse(value).data ?? { kind: '' }
  const shape = Object.hasOwn(failures, kind) ? failures[kind as FailureKind] : null
  if (shape?.safeParse(value).success === true) return value as Failure
  context.addIssue('expected a failure that a runner may report')
  return z.NEVER
})

const Outputs = z
  .record(z.string().min(1).max(128), z.json())
  .refine((outputs) => Buffer.byteLength(JSON.stringify(outputs)) <= OUTPUTS_MAX_BYTES * 2, 'expected at most 64 KiB')
  .transform((outputs) => outputs as Readonly<Record<string, Json>>)
  .nullable()

export const Report = z.strictObject({
  logBytes: Count,
  result: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('succeeded'), outputs: Outputs }),
    z.strictObject({ kind: z.literal('failed'), failure: FailureWord, outputs: Outputs }),
    z.strictObject({ kind: z.literal('cancelled') }),
    z.strictObject({ kind: z.literal('lost'), reason: Text }),
  ]),
}) satisfies z.ZodType<RunnerReport>
