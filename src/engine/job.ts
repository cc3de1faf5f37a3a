import type { Json, JsonObject } from '../model/json.ts'
import type { Job } from '../model/job.ts'
import { GRACE_MS } from '../model/limits.ts'
import { textOf, valueOf } from './render.ts'
import { taskAt, taskPlan, type Run } from './run.ts'

/**
 * What a runner needs to do the present attempt of a task: inputs and environment with every `${{ ... }}` rendered.
 * @param verbatim input fields that are taken as they are written.
 */
export function jobOf(run: Run, node: number, verbatim: readonly string[]): Job {
  const { spec } = taskPlan(run.plan, node)
  const { attempt, fence, inputs, rollingBack } = taskAt(run, node)
  const work = rollingBack && spec.rollback !== null ? spec.rollback : spec.work
  if (work.kind !== 'runner') throw new TypeError(`task ${spec.key} needs no runner: its work is ${work.kind}`)
  const input: Record<string, JsonObject[string]> = {}
  for (const [field, value] of Object.entries(rollingBack ? work.with : (inputs ?? work.with))) {
    input[field] = verbatim.includes(field) ? value : valueOf(run, node, value)
  }
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(run.params)) env[name] = asText(value)
  for (const [name, value] of Object.entries({ ...run.plan.definition.env, ...spec.env }))
    env[name] = textOf(run, node, value)
  return {
    runId: run.id,
    node,
    attempt,
    fence,
    uses: work.uses,
    with: input,
    env: { ...env, ...facts(run, node, attempt) },
    graceMs: GRACE_MS,
  }
}

/** As templates splice it: text as it is, null as nothing, the rest as JSON. */
function asText(value: Json): string {
  if (value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a task may know of where it is. */
function facts(run: Run, node: number, attempt: number): Record<string, string> {
  const { key } = taskPlan(run.plan, node).spec
  return {
    CI: 'true',
    MILLRACE: 'true',
    MILLRACE_PIPELINE: run.name,
    MILLRACE_RUN_ID: run.id,
    MILLRACE_RUN_NUMBER: String(run.number),
    MILLRACE_TASK: key,
    MILLRACE_TRY: String(attempt),
  }
}
