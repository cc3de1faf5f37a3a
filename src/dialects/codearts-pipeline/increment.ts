import type { App, Caller } from '../../host/app.ts'
import type { PipelineView } from '../../model/view.ts'
import { variablesOf } from './dto.ts'
import { originalOf } from './original.ts'

/**
 * Values of variables of the type `autoIncrement` for the next run: the newest run's with the digits at its end one
 * higher; the default for the first run, and again when the default was edited since, or the pipeline with `is_reset`.
 * An edit of anything else leaves them growing. Two runs that are started in the same moment may get the same one.
 */
export async function nextValues(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
): Promise<readonly (readonly [name: string, value: string])[]> {
  const original = originalOf(pipeline.definition)
  if (original === null || pipeline.latestRun === null) return []
  const counters = variablesOf(original.dto).filter(({ type }) => type === 'autoIncrement')
  if (counters.length === 0) return []
  const latest = await app.runs.get(caller, { id: pipeline.latestRun.id })
  if (!latest.ok) return []
  const { definition, params, pipeline: former } = latest.value
  const values = new Map(params.map(({ name, value }) => [name, value]))
  const defaults = new Map(definition.params.map((param) => [param.name, param.default]))
  const wasEdited = former.version !== pipeline.version
  return counters.flatMap(({ name, value: start, isReset }) => {
    const value = values.get(name)
    if (typeof value !== 'string' || (wasEdited && (isReset || defaults.get(name) !== start))) return []
    return [[name, incremented(value)] as const]
  })
}

/** `1.0.9` -> `1.0.10`, `v007` -> `v008`, however many digits; without digits at its end it stays. */
export const incremented = (value: string): string =>
  value.replace(/(?<!\d)\d+$/, (digits) => String(BigInt(digits) + 1n).padStart(digits.length, '0'))
